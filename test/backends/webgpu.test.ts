// The cases of the backends on the GPU, in Node through Dawn.
import { describe, test } from 'vitest';
import { gpuDevice } from '../wgsl/device.ts';
import { lists } from './lists.ts';
import { onWebGpu } from './webgpu.ts';

const on = onWebGpu(await gpuDevice());

describe.each(Object.entries(lists))('%s', (_, cases) => {
  test.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(on), 120_000);
});
