// Values on their way from a device that cannot be read at once to another one.
import type { TypedArray } from './dtype.ts';
import { DeviceError } from './errors.ts';
import { HostStorage } from './host.ts';
import type { Device, Storage } from './tensor.ts';

/** Elements that are being read; computing with them before they are there is an error that says how to wait. */
export class ArrivingStorage extends HostStorage {
  override readonly device: Device;
  #arrived: TypedArray | undefined;
  readonly #from: Device;
  readonly #done: Promise<void>;

  constructor(source: Storage, target: Device) {
    super(new Float32Array(0));
    this.device = target;
    this.#from = source.device;
    this.#done = source.read().then((elements) => {
      this.#arrived = elements;
    });
    // Heard by whoever waits for the value.
    this.#done.catch(() => undefined);
  }
  override get elements(): TypedArray {
    if (this.#arrived === undefined)
      throw new DeviceError(
        'devicePut',
        `the value is still on its way from ${this.#from.name}, which cannot be read at once; wait for it: const y = await blockUntilReady(devicePut(x, device))`,
      );
    return this.#arrived;
  }
  override async read(): Promise<TypedArray> {
    await this.#done;
    return super.read();
  }
  ready(): Promise<void> {
    return this.#done;
  }
}
