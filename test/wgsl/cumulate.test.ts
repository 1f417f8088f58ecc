// Running reductions on the GPU: every operation, length and direction, against WebAssembly; accurate, the same bits every time.
import { describe, expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { devicePut, fromTypedArray, grad, jit, type Tensor } from '../../src/index.ts';
import { ints, numbers } from './arrays.ts';
import { agree, expectClose, gpuDevice } from './device.ts';

const device = await gpuDevice();
const exact = 0;

/** Numbers near one, whose products stay there. */
const factors = (shape: readonly number[]): Tensor =>
  fromTypedArray(
    Float32Array.from(numbers(3, shape, 8).dataSync(), (v) => 1 + v / 1000),
    shape,
  );

describe('every operation', () => {
  // A line an invocation; a workgroup a line, part of a tile or several; pieces; lines side by side, whole or in pieces.
  const shapes = [
    [40, 20],
    [3, 33],
    [2, 2048],
    [2, 5000],
    [300, 2, 40],
    [2, 700, 33],
    [3, 500, 2],
  ] as const;
  test.each(shapes.map((s) => [s.join(' x '), s] as const))('%s', async (_, shape) => {
    const [x, i, p] = [numbers(1, shape, 200), ints(2, shape, -2_000_000_000, 2_000_000_000), factors(shape)];
    await agree(
      device,
      (z: Tensor, n: Tensor) => [
        ct.cumsum(z, { axis: 1 }),
        ct.cumsum(n, { axis: 1, reverse: true }),
        ct.cummax(z, { axis: 1 }),
        ct.cummin(n, { axis: 1, reverse: true }),
        ct.cumprod(n, { axis: 1 }),
      ],
      [x, i],
      exact,
    );
    await agree(
      device,
      (z: Tensor, v: Tensor) => [
        ct.cumprod(v, { axis: 1, reverse: true }),
        ct.cumlogsumexp(z, { axis: 1 }),
        ct.cumsum(v, { axis: 1 }),
      ],
      [x, p],
      2e-5,
    );
  });
});

test('lengths around a tile, and long ones', async () => {
  for (const n of [1, 2, 2047, 2049, 100_000]) {
    await agree(
      device,
      (x: Tensor, i: Tensor) => [ct.cumsum(x), ct.cummax(x, { reverse: true }), ct.cumsum(i, { reverse: true })],
      [numbers(n, [n], 100), ints(n, [n], -9, 9)],
      exact,
    );
  }
});

test('infinities and NaN', async () => {
  const x = numbers(1, [3, 300], 9).dataSync().slice();
  x[100] = Infinity;
  x[350] = -Infinity;
  x[360] = Infinity;
  x[700] = NaN;
  await agree(
    device,
    (z: Tensor, none: Tensor) => [
      ct.cumsum(z, { axis: 1 }),
      ct.cummax(z, { axis: 1 }),
      ct.cummin(z, { axis: 1, reverse: true }),
      ct.cumlogsumexp(z, { axis: 1 }),
      ct.cumlogsumexp(none),
    ],
    [fromTypedArray(Float32Array.from(x), [3, 300]), fromTypedArray(new Float32Array(300).fill(-Infinity), [300])],
    2e-5,
  );
});

test('its gradient', () =>
  agree(device, (x: Tensor) => grad((z: Tensor) => ct.cumsum(z, { axis: 1 }).mul(z).sum())(x), [
    numbers(1, [2, 3000], 20),
  ]));

test('a long sum is accurate, and twice the same', async () => {
  const n = 1_000_000;
  const f = jit((x: Tensor) => ct.cumsum(x), { device });
  const x = devicePut(ct.full([n], 0.1), device);
  const [one, two] = [await f(x).data(), await f(x).data()];
  expect(Buffer.compare(Buffer.from(one.buffer), Buffer.from(two.buffer))).toBe(0);
  for (const i of [999, 99_999, n - 1]) expectClose([one[i]!], [(i + 1) * Math.fround(0.1)], 1e-6);
});
