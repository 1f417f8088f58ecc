// Scatters on the GPU: every way of combining, however many updates meet, against WebAssembly; the same bits every time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { devicePut, fromTypedArray, grad, jit, scan, vmap, zeros, type Tensor } from '../../src/index.ts';
import { ints, numbers } from './arrays.ts';
import { agree, gpuDevice } from './device.ts';

const device = await gpuDevice();
const exact = 0;
const ops = ['set', 'add', 'mul', 'min', 'max'] as const;
/** Numbers whose products are exact. */
const powers = (seed: number, shape: readonly number[]): Tensor => {
  const i = ints(seed, shape, 0, 3).dataSync();
  return fromTypedArray(
    Float32Array.from(i, (v) => [1, -1, 1, -1][v]!),
    shape,
  );
};

describe('updates that meet', () => {
  // Few: a loop; up to 1024 of a small target: each element looks; more: sorted, in chunks, over several tiles.
  const sizes = [
    [9, 12, 3],
    [500, 40, 3],
    [1500, 100, 2],
    [5000, 7, 1],
    [3000, 3000, 4],
  ] as const;
  test.each(sizes)('%i updates of %i places, %i lanes', async (n, places, lanes) => {
    const i = ints(n, [n], -2, places + 2);
    for (const op of ops) {
      const u = op === 'mul' ? powers(2, [n, lanes]) : numbers(2, [n, lanes], 100);
      await agree(
        device,
        (x: Tensor, at: Tensor, v: Tensor) => ct.scatter(x, at, v.mul(2).sub(v), { op }),
        [numbers(1, [places, lanes], 50), i, u],
        exact,
      );
    }
  });

  test('all of them one element', () =>
    agree(
      device,
      (x: Tensor, i: Tensor, v: Tensor) =>
        ops.map((op) => ct.scatter(x, i, op === 'mul' ? v.mul(0).add(1) : v, { op })),
      [numbers(1, [5], 50), ints(1, [10_000], 3, 3), numbers(2, [10_000], 100)],
      exact,
    ));

  test('none', () =>
    agree(
      device,
      (x: Tensor, i: Tensor, v: Tensor, y: Tensor) => [
        ct.scatter(x, i, v, { op: 'add' }),
        ct.scatter(y, ints(1, [2000], 0, 3), numbers(1, [2000, 0], 5), { op: 'add' }),
      ],
      [numbers(1, [5], 50), zeros([0], { dtype: 'int32' }), zeros([0]), zeros([5, 0])],
      exact,
    ));
});

test('integers and booleans', async () => {
  const at = ints(1, [2000], 0, 99);
  await agree(
    device,
    (i: Tensor, x: Tensor, u: Tensor) => [
      ...ops.map((op) => ct.scatter(x, i, u, { op })),
      ...(['set', 'min', 'max'] as const).map((op) => ct.scatter(x.astype('uint32'), i, u.astype('uint32'), { op })),
      ...(['set', 'min', 'max'] as const).map((op) => ct.scatter(x.greater(0), i, u.greater(3), { op })),
      ct.bincount(i, { length: 100 }),
      ct.segmentSum(u, i, 100),
    ],
    [at, ints(2, [100], -9, 9), ints(3, [2000], -9, 9)],
    exact,
  );
});

test('along an axis, each lane at its own places', async () => {
  const [x, v] = [numbers(1, [7, 60, 5], 50), numbers(2, [7, 200, 5], 50)];
  for (const mode of ['fill', 'clip', 'wrap'] as const)
    await agree(
      device,
      (z: Tensor, i: Tensor, u: Tensor) => [
        ct.putAlongAxis(z, i, u, 1, { op: 'add', mode }),
        ct.putAlongAxis(z, i, u, 1, { mode }),
      ],
      [x, ints(3, [7, 200, 5], -65, 65), v],
      exact,
    );
});

test('at two axes, in batches, and windows that overlap', async () => {
  await agree(
    device,
    (a: Tensor, b: Tensor, z: Tensor, u: Tensor) => ct.scatter(z, [a, b], u, { op: 'add' }),
    [ints(1, [2000], 0, 8), ints(2, [2000], 0, 11), numbers(3, [9, 12, 4], 50), numbers(4, [2000, 4], 50)],
    exact,
  );
  const windows = (x: Tensor, i: Tensor): Tensor =>
    vmap((j: Tensor) => ct.dynamicSlice(x, [j, 0], [7, 3]))(i) as Tensor;
  await agree(
    device,
    (x: Tensor, i: Tensor, g: Tensor) => grad((z: Tensor) => windows(z, i).mul(g).sum())(x),
    [numbers(8, [50, 3], 50), ints(9, [300], -5, 60), numbers(10, [300, 7, 3], 50)],
    exact,
  );
  await agree(
    device,
    vmap((z: Tensor, a: Tensor, u: Tensor) => ct.scatter(z, a, u, { op: 'add' })) as never,
    [numbers(5, [30, 20], 50), ints(6, [30, 100], -3, 22), numbers(7, [30, 100], 50)],
    exact,
  );
});

test('the gradient of an embedding', async () => {
  const [tokens, features] = [ints(1, [6, 400], 0, 299), numbers(2, [6, 400, 8], 60)];
  await agree(
    device,
    (w: Tensor, i: Tensor, g: Tensor) => grad((v: Tensor) => ct.take(v, i, 0).mul(g).sum())(w),
    [numbers(3, [300, 8], 50), tokens, features],
    exact,
  );
});

test('in the steps of a scan, in place', async () => {
  const [at, u] = [ints(1, [3, 2000], 0, 49), numbers(2, [3, 2000], 40)];
  await agree(
    device,
    (x: Tensor, i: Tensor, v: Tensor) =>
      scan(
        (c: Tensor, [a, b]: readonly [Tensor, Tensor]) => [ct.scatter(c, a, b, { op: 'add' }), c.sum()] as never,
        x,
        [i, v] as never,
      ),
    [numbers(3, [50], 40), at, u],
    exact,
  );
});

test('any shape', async () => {
  const shape = fc.tuple(
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(shape, fc.constantFrom('set', 'add', 'max'), async ([n, places, lanes], op) => {
      await agree(
        device,
        (x: Tensor, i: Tensor, v: Tensor) => ct.scatter(x, i, v, { op }),
        [numbers(1, [places, lanes], 50), ints(n, [n], -5, places), numbers(2, [n, lanes], 100)],
        exact,
      );
    }),
    { numRuns: 5 },
  );
});

test('sums of many, accurate and twice the same', async () => {
  const n = 20_000;
  const args = devicePut([ints(1, [n], 0, 2), ct.linspace(0, 1, n)], device) as [Tensor, Tensor];
  const f = jit((i: Tensor, v: Tensor) => ct.segmentSum(v, i, 3), { device });
  const [one, two] = [await f(...args).data(), await f(...args).data()];
  expect(one).toEqual(two);
  const [i, v] = [await args[0].data(), await args[1].data()];
  for (let k = 0; k < 3; k++) {
    let want = 0;
    for (let j = 0; j < n; j++) if (i[j] === k) want += v[j]!;
    expect(Math.abs(one[k]! - want) / want).toBeLessThan(2e-6);
  }
});
