// For tests of the GPU backend: a device of the library over the tests' GPU, and comparison of two devices' results.
import { afterAll, expect } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import { defaultDevice, devicePut, jit } from '../../src/index.ts';
import { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from '../../src/wgsl/device.ts';
import type { GpuDevice } from '../../src/wgsl/gpu.ts';
import { compareResults, resultsOf } from '../backends/case.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';

export { expectClose } from '../backends/case.ts';

/** A device that lives as long as the test file. */
export const gpuDevice = async (options?: WebGpuOptions): Promise<WebGpuDevice> => {
  const gpu = await testGpuDevice();
  afterAll(() => gpu.destroy());
  return createWebGpuDevice(gpu, options);
};

/** Runs a function on both devices and compares all results. */
export const agree = async (
  device: WebGpuDevice,
  f: (...args: readonly Tensor[]) => unknown,
  args: readonly Tensor[],
  tolerance = 2e-6,
): Promise<void> => {
  const there = devicePut(args, device);
  const want = await resultsOf(jit(f)(...args));
  expect(defaultDevice().kind).toBe('wasm');
  compareResults(await resultsOf(jit(f, { device })(...there)), want, tolerance);
};

/** A GPU with some of its members replaced. */
export const changed = (real: GPUDevice, over: Readonly<Record<string, unknown>>): GpuDevice =>
  new Proxy(real as unknown as Record<string, unknown>, {
    get: (target, name: string) => {
      if (name in over) return over[name];
      const member = target[name];
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(target) : member;
    },
  }) as unknown as GpuDevice;

/** What a device was asked for. */
export interface Counts {
  submits: number;
  groups: number;
  buffers: number;
  dispatches: number;
}
export const noCounts: Readonly<Counts> = { submits: 0, groups: 0, buffers: 0, dispatches: 0 };

/** The device, counting what it is asked for. */
export const counting = (real: GPUDevice, counts: Counts): GpuDevice =>
  changed(real, {
    createCommandEncoder: () => {
      const encoder = real.createCommandEncoder();
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (...args) => {
        const pass = begin(...args);
        const dispatch = pass.dispatchWorkgroups.bind(pass);
        pass.dispatchWorkgroups = (...sizes) => {
          counts.dispatches++;
          dispatch(...sizes);
        };
        const indirect = pass.dispatchWorkgroupsIndirect.bind(pass);
        pass.dispatchWorkgroupsIndirect = (...where) => {
          counts.dispatches++;
          indirect(...where);
        };
        return pass;
      };
      return encoder;
    },
    createBindGroup: (d: GPUBindGroupDescriptor) => {
      counts.groups++;
      return real.createBindGroup(d);
    },
    createBuffer: (d: GPUBufferDescriptor) => {
      counts.buffers++;
      return real.createBuffer(d);
    },
    queue: {
      submit: (c: GPUCommandBuffer[]) => {
        counts.submits++;
        real.queue.submit(c);
      },
      writeBuffer: (...args: Parameters<GPUQueue['writeBuffer']>) => real.queue.writeBuffer(...args),
      onSubmittedWorkDone: () => real.queue.onSubmittedWorkDone(),
    },
  });
