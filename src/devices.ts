// Devices as users see them: choosing one, moving values, waiting for them, and looking at memory.
import { ArrivingStorage } from './core/arriving.ts';
import { DeviceError } from './core/errors.ts';
import { leafTensor } from './core/functional.ts';
import { refuseEscaped } from './core/interpreter.ts';
import { ConcreteTensor, type Tensor } from './core/tensor.ts';
import { flatten, unflatten } from './core/tree.ts';
import { defaultBackend, setDefaultBackend, type Backend } from './jit/backend.ts';
import { createReferenceDevice } from './reference/device.ts';
import { createWasmDevice, type WasmDevice, type WasmMemory, type WasmOptions } from './wasm/device.ts';
import type { AcquireOptions } from './wgsl/acquire.ts';
import type { WebGpuDevice, WebGpuMemory } from './wgsl/device.ts';

export interface BestOptions extends AcquireOptions {
  /** Told why there is no WebGPU device, when there is none. */
  readonly onFallback?: (reason: Error) => void;
}

/** A WebGPU device, from `navigator.gpu` or, in Node, from Dawn; its code is loaded by the first call. */
const webgpu = async (options: AcquireOptions = {}): Promise<WebGpuDevice> =>
  (await import('./wgsl/acquire.ts')).acquireWebGpu(options);

const best = async ({ onFallback, ...options }: BestOptions = {}): Promise<WebGpuDevice | WasmDevice> => {
  try {
    return await webgpu(options);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    onFallback?.(error);
    const standard = defaultBackend();
    return standard.kind === 'wasm' ? (standard as WasmDevice) : createWasmDevice();
  }
};

/** Makers of devices; each call makes one with a memory of its own. */
export const devices: {
  readonly wasm: (options?: WasmOptions) => WasmDevice;
  /** The plain interpreter: slow, obvious, for comparison. */
  readonly reference: (options?: { readonly float64?: boolean }) => Backend;
  /**
   * A WebGPU device: by `navigator.gpu` in browsers and workers, by the optional package `webgpu` (Dawn) in Node. Where there is no
   * adapter it rejects with a DeviceError that says what was tried and what to do; it never falls back.
   * @example
   * const gpu = await devices.webgpu();
   * const double = jit((x) => mul(x, 2), { device: gpu });
   * await double(tensor([1, 2])).array(); // [2, 4]
   */
  readonly webgpu: (options?: AcquireOptions) => Promise<WebGpuDevice>;
  /**
   * A WebGPU device where there is one, else the WebAssembly device: `kind` says which, `onFallback` hears why.
   * @example
   * const device = await devices.best({ onFallback: (reason) => console.warn(reason.message) });
   * device.kind; // 'webgpu' or 'wasm'
   */
  readonly best: (options?: BestOptions) => Promise<WebGpuDevice | WasmDevice>;
} = { wasm: createWasmDevice, reference: createReferenceDevice, webgpu, best };

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
 * A tree with every tensor on a device (`jax.device_put`); values that are there already stay themselves. What comes from a GPU is on
 * its way for a while: wait for it with `blockUntilReady` before computing with it elsewhere, or just read it.
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
      if (storage.device === device && storage.roaming === undefined) return x;
      const there =
        storage.device.kind === 'webgpu'
          ? new ArrivingStorage(storage, device)
          : device.upload(storage.readSync(), x.dtype, x.weak);
      return new ConcreteTensor(x.shape, x.dtype, there, x.weak);
    }),
  );
};

/**
 * Resolves with the tree when all of its values have been computed, and have arrived where they were put (`jax.block_until_ready`).
 * @example
 * await blockUntilReady(tensor([1, 2])); // [1, 2]
 */
export const blockUntilReady = async <T>(tree: T): Promise<T> => {
  // All at once, so that a tree on a GPU takes one round trip.
  const tensors = flatten(tree, 'blockUntilReady').leaves.filter((x): x is Tensor => typeof x !== 'number');
  await Promise.all(tensors.map((x) => x.ready()));
  return tree;
};

/**
 * What a device's memory holds, the default device's if none is given: bytes of values, of everything allocated, the peak, the budget.
 * @example
 * memory().budget > 0; // true
 */
export function memory(device: WebGpuDevice): WebGpuMemory;
export function memory(device?: Backend): WasmMemory;
export function memory(device: Backend = defaultBackend()): WasmMemory | WebGpuMemory {
  if (!('memory' in device)) throw new DeviceError('memory', `the device ${device.name} does not count its memory`);
  return (device as WasmDevice | WebGpuDevice).memory();
}
