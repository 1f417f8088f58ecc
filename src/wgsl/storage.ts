// Values of a WebGPU device: a run of words in a buffer, perhaps not computed yet.
import type { DType, TypedArray } from '../core/dtype.ts';
import { DeviceError } from '../core/errors.ts';
import type { Device, Storage } from '../core/tensor.ts';
import type { Counters } from './counters.ts';
import { mapRead, usage, type GpuDevice } from './gpu.ts';
import type { Block, BlockPool } from './pool.ts';
import type { Completion, WorkQueue } from './queue.ts';
import { fromWords, wordBytes } from './types.ts';

/** What storages share: the device and its machinery. */
export interface Home {
  readonly device: Device;
  readonly gpu: GpuDevice;
  readonly pool: BlockPool;
  readonly queue: WorkQueue;
  readonly counters: Counters;
  /** Throws where the device was lost or reported an error that nobody handled. */
  check(): void;
  readonly finalizer: FinalizationRegistry<Block>;
}

/** A value in a buffer. Its memory is reused when it is disposed of, or some time after nothing refers to it. */
export class WebGpuStorage implements Storage {
  readonly device: Device;
  readonly dtype: DType;
  readonly block: Block;
  /** Bytes from the start of the buffer. */
  readonly offset: number;
  readonly length: number;
  /** Of the work that computes the value. */
  readonly completion: Completion;
  readonly #home: Home;
  #live = true;

  constructor(home: Home, dtype: DType, block: Block, offset: number, length: number, completion: Completion) {
    this.device = home.device;
    this.dtype = dtype;
    this.block = block;
    this.offset = offset;
    this.length = length;
    this.completion = completion;
    this.#home = home;
    home.finalizer.register(this, block, this);
  }

  get bytes(): number {
    return this.length * wordBytes;
  }

  /** Resolves when the value was computed; rejects with the error of what should have computed it. */
  async ready(): Promise<void> {
    // One word that arrives is a fence for everything submitted before.
    await this.#fetch(Math.min(this.bytes, wordBytes), () => undefined);
  }

  async read(): Promise<TypedArray> {
    return this.#fetch(this.bytes, (bytes) => fromWords(bytes, this.dtype, this.length));
  }

  /** Brings the first bytes over. The copy is queued now, since what comes later may write over the value. */
  async #fetch<T>(bytes: number, use: (bytes: ArrayBuffer) => T): Promise<T> {
    if (!this.#live) throw new DeviceError('webgpu', 'the value was freed');
    const { gpu, queue } = this.#home;
    if (bytes === 0) {
      await this.completion.settled;
      if (this.completion.state === 'failed') throw this.completion.error;
      return use(new ArrayBuffer(0));
    }
    const staging = gpu.createBuffer({ size: bytes, usage: usage.staging });
    try {
      const copied = queue.push(() => {
        const encoder = gpu.createCommandEncoder();
        encoder.copyBufferToBuffer(this.block.buffer, this.offset, staging, 0, bytes);
        gpu.queue.submit([encoder.finish()]);
      }, [this.completion]);
      await copied.settled;
      if (copied.state === 'failed') throw copied.error;
      await staging.mapAsync(mapRead);
      this.#home.check();
      const result = use(staging.getMappedRange());
      staging.unmap();
      return result;
    } finally {
      staging.destroy();
    }
  }

  readSync(): never {
    throw new DeviceError(
      'dataSync',
      'a value on a GPU cannot be read at once; use await x.data(), await x.array() or await x.item(), or compute on the WebAssembly device',
    );
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#home.finalizer.unregister(this);
    this.#home.pool.give(this.block);
  }

  /** Takes the buffer away without freeing it: a result of donated memory has it now. */
  surrender(): void {
    this.#live = false;
    this.#home.finalizer.unregister(this);
  }
}
