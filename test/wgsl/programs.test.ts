// Long sums on the GPU stay accurate; that well-known programs agree is for the cases of the backends to show.
import { expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { jit, type Tensor } from '../../src/index.ts';
import { expectClose, gpuDevice } from './device.ts';

const device = await gpuDevice();

test('ten million times 0.1 is right to 1e-6', async () => {
  const x = ct.full([10_000_000], 0.1);
  const total = (await jit((z: Tensor) => z.sum(), { device })(x).item()) as number;
  expect(Math.abs(total / (10_000_000 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
});

test('an accurate running sum', async () => {
  const n = 100_000;
  const got = await jit((x: Tensor) => ct.cumsum(x), { device })(ct.full([n], 0.1)).data();
  expectClose([got[n - 1]!], [n * Math.fround(0.1)], 5e-6);
});
