// A GPU for Node: what `devices.webgpu` of the root does, with the choice of backends and as a task.
import type { taskEither as TE } from 'fp-ts';
import type { DeviceError } from '../core/errors.ts';
import { acquireWebGpu, webgpuTask, type AcquireOptions } from '../wgsl/acquire.ts';
import type { WebGpuDevice } from '../wgsl/device.ts';

export type NodeGpuOptions = AcquireOptions;

/**
 * A WebGPU device in Node, as a task; a `Left` holds a DeviceError that tells what was tried.
 *
 * @example
 * const device = pipe(await webgpuDeviceTask()(), either.getOrElse((): Backend => defaultDevice()));
 */
export const webgpuDeviceTask = (options: NodeGpuOptions = {}): TE.TaskEither<DeviceError, WebGpuDevice> =>
  webgpuTask(options);

/**
 * A WebGPU device in Node, through Dawn (`npm install webgpu`): `devices.webgpu` under its older name.
 *
 * @example
 * const device = await webgpuDevice();
 * const step = jit(trainStep, { device });
 */
export const webgpuDevice = (options: NodeGpuOptions = {}): Promise<WebGpuDevice> => acquireWebGpu(options);
