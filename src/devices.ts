// Devices as users see them: choosing one, moving values, waiting for them, and looking at memory.
import { DeviceError } from './core/errors.ts';
import { leafTensor } from './core/functional.ts';
import { refuseEscaped } from './core/interpreter.ts';
import { ConcreteTensor, type Tensor } from './core/tensor.ts';
import { flatten, unflatten } from './core/tree.ts';
import { defaultBackend, setDefaultBackend, type Backend } from './jit/backend.ts';
import { createReferenceDevice } from './reference/device.ts';
import { createWasmDevice, type WasmDevice, type WasmMemory, type WasmOptions } from './wasm/device.ts';

/** Makers of devices; each call makes one with a memory of its own. */
export const devices: {
  readonly wasm: (options?: WasmOptions) => WasmDevice;
  /** The plain interpreter: slow, obvious, for comparison. */
  readonly reference: (options?: { readonly float64?: boolean }) => Backend;
} = { wasm: createWasmDevice, reference: createReferenceDevice };

/**
 * The device of values that are on none yet; given one, makes it that.
 * @example
 * defaultDevice().kind; // 'wasm'
 */
export const defaultDevice = (device?: Backend): Backend => {
  if (device !== undefined) setDefaultBackend(device);
  return defaultBackend();
};

/**
 * A tree with every tensor on a device (`jax.device_put`); values that are there already stay themselves.
 * @example
 * devicePut(tensor([1, 2]), defaultDevice()); // [1, 2]
 */
export const devicePut = <T>(tree: T, device: Backend): T => {
  const { leaves, structure } = flatten(tree, 'devicePut');
  const xs = leaves.map(leafTensor);
  refuseEscaped('devicePut', xs);
  return unflatten<T>(
    structure,
    xs.map((x) => {
      const { storage } = x as ConcreteTensor;
      return storage.device === device
        ? x
        : new ConcreteTensor(x.shape, x.dtype, device.upload(storage.readSync(), x.dtype), x.weak);
    }),
  );
};

/** Resolves with the tree when all of its values have been computed (`jax.block_until_ready`). */
export const blockUntilReady = async <T>(tree: T): Promise<T> => {
  for (const x of flatten(tree, 'blockUntilReady').leaves) if (typeof x !== 'number') await (x as Tensor).ready();
  return tree;
};

/**
 * What the default device's memory holds: bytes of values, of everything allocated, the peak, the budget.
 * @example
 * memory().budget > 0; // true
 */
export const memory = (): WasmMemory => {
  const device = defaultBackend();
  if (!('memory' in device)) throw new DeviceError('memory', `the device ${device.name} does not count its memory`);
  return (device as WasmDevice).memory();
};
