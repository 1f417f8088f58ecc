// Sorts on the GPU: every length and direction, stable, with NaN last, against WebAssembly; the same bits every time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { devicePut, fromTypedArray, grad, jit, type Tensor } from '../../src/index.ts';
import { bindSort, ints, numbers } from './arrays.ts';
import { agree, gpuDevice } from './device.ts';

const device = await gpuDevice();
const exact = 0;

describe('lengths', () => {
  const lengths = [1, 2, 8, 9, 65, 1000, 2047, 2048, 2049, 5000, 100_000];
  test.each(lengths)('%i elements, up and down, with their order', async (n) => {
    await agree(device, (x: Tensor) => [ct.argsort(x), ...ct.topK(x, Math.min(n, 10))], [numbers(n, [n], 50)], exact);
  });
});

test('rows, columns and what lies between, many and few', async () => {
  for (const shape of [
    [300, 5],
    [3, 2100, 2],
    [70, 1, 3],
    [0, 4],
  ])
    for (const axis of shape.keys())
      await agree(
        device,
        (x: Tensor) => [ct.sort(x, { axis }), ct.argsort(x, { axis, descending: true })],
        [numbers(axis, shape, 9)],
        exact,
      );
});

test('integers, their extremes, and booleans', async () => {
  const extremes = [0, -1, 1, 2147483647, -2147483648, 5, -7];
  const i = fromTypedArray(
    Int32Array.from({ length: 3000 }, (_, n) => extremes[(n * n) % 7]!),
    [3000],
  );
  const u = i.astype('uint32');
  await agree(
    device,
    (x: Tensor, y: Tensor) => [
      ct.argsort(x),
      ct.argsort(x, { descending: true }),
      ct.argsort(y),
      ct.sort(y, { descending: true }),
      ct.argsort(ct.greater(x, 0)),
      ct.sort(ct.greater(x, 0), { descending: true }),
    ],
    [i, u],
    exact,
  );
});

test('zeros of both signs are equal, NaN of any kind comes last, infinities do not', async () => {
  const values = [0, -0, NaN, Infinity, -Infinity, 1e-40, -1e-40, NaN, 3.4e38, -3.4e38, 1];
  for (const n of [11, 4097]) {
    const numbers = Float32Array.from({ length: n }, (_, i) => values[(i * i + 3 * i) % 11]!);
    const bits = new Uint32Array(numbers.buffer);
    numbers.forEach((v, i) => {
      if (Number.isNaN(v)) bits[i] = [0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff][i % 4]!;
    });
    const x = fromTypedArray(numbers, [n]);
    for (const descending of [false, true])
      await agree(device, (z: Tensor) => [ct.sort(z, { descending }), ct.argsort(z, { descending })], [x], exact);
  }
});

test('many operands move with the keys', async () => {
  for (const n of [100, 3000]) {
    const xs = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? numbers(i, [n], 20) : ints(i, [n], 0, 9)));
    await agree(device, (...all: readonly Tensor[]) => bindSort(all), xs, exact);
  }
});

test('by several keys, and its gradient', async () => {
  const [a, b] = [ints(1, [2500], 0, 3), ints(2, [2500], 0, 3)];
  await agree(device, (x: Tensor, y: Tensor) => ct.lexsort([x, y]), [a, b], exact);
  const x = numbers(3, [4, 300], 40);
  await agree(device, (z: Tensor) => grad((v: Tensor) => ct.sort(v).mul(ct.sort(v, 0)).sum())(z), [x]);
});

test('any shape', async () => {
  const shape = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 }), fc.constantFrom(1, 2, 5));
  await fc.assert(
    fc.asyncProperty(shape, fc.boolean(), fc.integer({ min: 1, max: 1000 }), async (s, descending, range) => {
      const [rows, length, inner] = s;
      const fit = Math.max(1, Math.min(length, Math.floor(20_000 / (rows * inner))));
      const x = numbers(range, [rows, fit, inner], range);
      await agree(device, (z: Tensor) => ct.argsort(z, { axis: 1, descending }), [x], exact);
    }),
    { numRuns: 6 },
  );
});

test('twice the same', async () => {
  const x = devicePut(numbers(1, [30_000], 100), device);
  const f = jit((z: Tensor) => ct.argsort(z), { device });
  expect(await f(x).data()).toEqual(await f(x).data());
});
