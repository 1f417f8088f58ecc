// For tests of the GPU backend: a device of the library over the tests' GPU, and comparison of two devices' results.
import { afterAll, expect } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import { defaultDevice, devicePut, jit, tree } from '../../src/index.ts';
import { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from '../../src/wgsl/device.ts';
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
