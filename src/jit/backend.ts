// What compilation asks of a backend: a device that turns programs into executables and holds values.
import { DeviceError } from '../core/errors.ts';
import type { TypedArray, DType } from '../core/dtype.ts';
import { HostStorage } from '../core/host.ts';
import type { Program } from '../core/program.ts';
import type { ConcreteTensor } from '../core/tensor.ts';
import { type Device, type Storage, type Tensor } from '../core/tensor.ts';
import type { Plan } from './kernel.ts';

/** A compiled program. It may still be compiling: a run queues behind that, and a failure surfaces where a result is read. */
export interface Executable {
  /** Absent on devices that interpret. */
  readonly plan?: Plan;
  /** On a GPU: the dispatches of one run, of a loop of unknown length those of one round. */
  readonly dispatches?: number;
  /**
   * Runs on concrete inputs of the program's shapes and dtypes. Inputs at donated positions lose their storage if the
   * run succeeds; the others are left alone. One storage an output.
   */
  run(inputs: readonly ConcreteTensor[]): readonly Storage[];
}

export interface Backend extends Device {
  /** Compiles a simplified program. `donated`: positions of inputs whose memory the outputs may take. */
  compile(program: Program, donated: ReadonlySet<number>): Executable;
  /** A copy of elements on this device; `weak`: of a JS number. */
  upload(elements: TypedArray, dtype: DType, weak: boolean): Storage;
}

let standard: Backend | undefined;
/** Installs or changes the device of values that are on none yet. */
export const setDefaultBackend = (b: Backend): void => {
  standard = b;
};
export const defaultBackend = (): Backend => {
  if (standard === undefined)
    throw new DeviceError(
      'device',
      "no device is installed; import from 'cotangent', whose entry installs the WebAssembly one",
    );
  return standard;
};

const isBackend = (d: Device): d is Backend => 'compile' in d;

/** Whether a value is held to no device. */
const free = ({ roaming, device }: Storage): boolean => roaming !== undefined || !isBackend(device);
/** Marks results that were computed of nothing, or of such results and values of no device. A GPU's cannot be read at once. */
export const letRoam = (inputs: readonly Tensor[], results: readonly Storage[]): void => {
  const storages = inputs.map((x) => (x as ConcreteTensor).storage);
  if (storages.length > 0 && !storages.some((s) => s.roaming === 'result')) return;
  for (const s of results) if (s.device.kind !== 'webgpu' && storages.every(free)) s.roaming = 'result';
};

/**
 * The device that a computation on these values runs on: the one chosen, else that of the committed ones, else the default. Values that
 * roam are brought there. `nameOf`: of an input, for errors.
 */
export const backendFor = (
  op: string,
  inputs: readonly Tensor[],
  chosen?: Backend,
  nameOf: (input: number) => string = (i) => `operand ${i}`,
): Backend => {
  let found = chosen;
  let first = -1;
  let roaming = false;
  for (let i = 0; i < inputs.length; i++) {
    const { storage } = inputs[i] as ConcreteTensor;
    const { device } = storage;
    if (storage.roaming !== undefined) roaming = true;
    else if (isBackend(device) && found === undefined) [found, first] = [device, i];
    // The reference reads values wherever they are.
    else if (isBackend(device) && device !== found && chosen?.kind !== 'reference') {
      const another = device.name === found!.name ? ', another device of that name' : '';
      throw new DeviceError(
        op,
        first < 0
          ? `${nameOf(i)} is on the device ${device.name}, the program runs on ${found!.name}${another}; move it with devicePut(x, device)`
          : `got values on two devices, ${nameOf(first)} on ${found!.name} and ${nameOf(i)} on ${device.name}${another}; bring them together with devicePut(x, device)`,
      );
    }
  }
  const backend = found ?? defaultBackend();
  if (roaming)
    for (const x of inputs as readonly ConcreteTensor[])
      if (x.storage.roaming !== undefined && x.storage.device !== backend)
        x.relocate(new HostStorage(x.storage.readSync()));
  return backend;
};
