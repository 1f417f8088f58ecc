// For tests of the GPU backend: a device of the library over the tests' GPU, and comparison of two devices' results.
import { afterAll, expect } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import { defaultDevice, devicePut, jit, tree } from '../../src/index.ts';
import { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from '../../src/wgsl/device.ts';
import type { GpuDevice } from '../../src/wgsl/gpu.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';

/** A device that lives as long as the test file. */
export const gpuDevice = async (options?: WebGpuOptions): Promise<WebGpuDevice> => {
  const gpu = await testGpuDevice();
  afterAll(() => gpu.destroy());
  return createWebGpuDevice(gpu, options);
};

/** Numbers by class (NaN, infinities, zero of either sign) and within a tolerance relative to the larger of 1e-30 and the number. */
export const expectClose = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what = ''): void => {
  expect(got.length, what).toBe(want.length);
  const scale = Math.max(...Array.from(want, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i]!, want[i]!];
    if (Object.is(a, b) || a === b) continue;
    const off = Math.abs(a - b) / Math.max(Math.abs(b), scale * 1e-3, 1e-30);
    if (!(off <= tolerance)) expect.fail(`${what} element ${i}: ${a} on the GPU, ${b} in WebAssembly (${off} apart)`);
  }
};

/** Runs a function on both devices and compares all results. */
export const agree = async (
  device: WebGpuDevice,
  f: (...args: readonly Tensor[]) => unknown,
  args: readonly Tensor[],
  tolerance = 2e-6,
): Promise<void> => {
  const there = devicePut(args, device);
  const want = tree.leaves(jit(f)(...args)) as readonly Tensor[];
  const got = tree.leaves(jit(f, { device })(...there)) as readonly Tensor[];
  expect(defaultDevice().kind).toBe('wasm');
  expect(got.length).toBe(want.length);
  for (let i = 0; i < got.length; i++) {
    expect(got[i]!.dtype).toBe(want[i]!.dtype);
    expectClose(await got[i]!.data(), await want[i]!.data(), tolerance, `result ${i}`);
  }
};

/** What a device was asked for. */
export interface Counts {
  submits: number;
  groups: number;
  buffers: number;
  dispatches: number;
}
export const noCounts: Readonly<Counts> = { submits: 0, groups: 0, buffers: 0, dispatches: 0 };

/** The device, counting what it is asked for. */
export const counting = (real: GPUDevice, counts: Counts): GpuDevice => {
  const over: Record<string, unknown> = {
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
  };
  return new Proxy(real as unknown as Record<string, unknown>, {
    get: (target, name: string) => {
      if (name in over) return over[name];
      const member = target[name];
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(target) : member;
    },
  }) as unknown as GpuDevice;
};
