// The question to a GPU whether its subgroups are runs of consecutive invocations.
import { afterAll, expect, test } from 'vitest';
import { jit, ones, type Tensor } from '../../src/index.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import type { GpuDevice } from '../../src/wgsl/gpu.ts';
import { limitsOf } from '../../src/wgsl/limits.ts';
import { consecutiveSubgroups } from '../../src/wgsl/probe.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { changed } from './device.ts';

const real = await testGpuDevice();
afterAll(() => real.destroy());

/** The GPU with the texts of its shaders edited or looked at. */
const withTexts = (edit: (code: string) => string): GpuDevice =>
  changed(real, {
    createShaderModule: (d: GPUShaderModuleDescriptor) => real.createShaderModule({ ...d, code: edit(d.code) }),
  });

test('subgroups of consecutive invocations are told from others, and from what cannot be asked', async () => {
  expect(real.features.has('subgroups')).toBe(true);
  expect(await consecutiveSubgroups(withTexts((code) => code))).toBe(true);
  expect(await consecutiveSubgroups(withTexts((code) => code.replace('own == local', 'own == (local ^ 1u)')))).toBe(false); // prettier-ignore
  real.pushErrorScope('validation');
  expect(await consecutiveSubgroups(withTexts((code) => `${code} nonsense`))).toBe(false);
  expect(await real.popErrorScope()).not.toBeNull();
});

test('a device told to leave them uses none', async () => {
  const texts: string[] = [];
  const gpu = withTexts((code) => (texts.push(code), code));
  expect(limitsOf(gpu, false)).toMatchObject({ subgroups: false, subgroupSize: 0 });
  const lacking = changed(real, { features: new Set<string>() });
  expect(limitsOf(lacking, true)).toMatchObject({ subgroups: false, subgroupSize: 0 });
  const sum = (x: Tensor): Tensor => x.sum({ axis: 1 });
  for (const subgroups of [false, true]) {
    texts.length = 0;
    const device = createWebGpuDevice(gpu, { subgroups });
    expect(await jit(sum, { device })(ones([3, 1000])).array()).toEqual([1000, 1000, 1000]);
    expect(texts.some((t) => t.includes('enable subgroups;'))).toBe(subgroups);
  }
});
