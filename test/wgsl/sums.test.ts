// Sums of an operand beside a contraction (bias gradients beside weight gradients) on the GPU, by every way of computing them, against WebAssembly.
import { describe, expect, test, vi } from 'vitest';
import { conv2d, devicePut, explain, fromTypedArray, jit, matmul, scan, vjp, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import type * as Choose from '../../src/wgsl/contract/choose.ts';
import type * as Config from '../../src/wgsl/contract/config.ts';
import type { Choice } from '../../src/wgsl/contract/config.ts';
import { agree, gpuDevice } from './device.ts';

// Tiles are forced, as what is best for small shapes are others.
const forced: { choice: Choice | undefined } = { choice: undefined };
vi.mock('../../src/wgsl/contract/choose.ts', async (original) => {
  const choose = await original<typeof Choose>();
  return {
    ...choose,
    chooseBlocks: (...args: Parameters<typeof choose.chooseBlocks>) =>
      forced.choice === undefined ? choose.chooseBlocks(...args) : undefined,
  };
});
vi.mock('../../src/wgsl/contract/config.ts', async (original) => {
  const config = await original<typeof Config>();
  return {
    ...config,
    chooseTile: (...args: Parameters<typeof config.chooseTile>) => forced.choice ?? config.chooseTile(...args),
  };
});

const device = await gpuDevice();
/** Whole numbers so small that every sum of products is exact, whatever its order: results have to be the same. */
const draw = (shape: readonly number[], seed = 1): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return fromTypedArray(
    Float32Array.from({ length: n }, (_, i) => Math.round(Math.sin((i + 1) * 12.9898 * seed) * 3)),
    shape,
  );
};
type F = (...args: readonly Tensor[]) => unknown;
const dispatches = (f: F, args: readonly Tensor[]): number | undefined =>
  explain(jit(f, { device }))(...args).dispatches;

const ways: readonly (readonly [string, Choice | undefined])[] = [
  ['no tiles', undefined],
  ['tiles', { rows: 32, columns: 32, eachRows: 4, eachColumns: 4, depth: 16, parts: 1 }],
  ['tall tiles', { rows: 128, columns: 16, eachRows: 8, eachColumns: 4, depth: 8, parts: 1 }],
  ['wide tiles in parts', { rows: 16, columns: 128, eachRows: 4, eachColumns: 8, depth: 16, parts: 3 }],
  ['tiles in parts', { rows: 64, columns: 32, eachRows: 4, eachColumns: 4, depth: 8, parts: 2 }],
];
const sizes = [
  [1, 4, 4],
  [5, 3, 7],
  [33, 17, 30],
  [64, 36, 32],
  [700, 40, 12],
  [129, 130, 1],
  [1500, 2, 3],
  [90, 1, 260],
] as const;

describe.each(ways)('%s', (_, choice) => {
  const using = async (f: () => Promise<void>): Promise<void> => {
    forced.choice = choice;
    try {
      await f();
    } finally {
      forced.choice = undefined;
    }
  };
  const gradients: F = (x, w, b, dy) => vjp((v, c) => matmul(x!, v).add(c), w!, b!)[1](dy!);
  test('gradients of a dense layer', () =>
    using(async () => {
      for (const [batch, from, to] of sizes) {
        const args = [draw([batch, from]), draw([from, to], 2), draw([to], 3), draw([batch, to], 4)];
        await agree(device, gradients, args, 0);
      }
    }));

  test('of either operand, and of both', () =>
    using(async () => {
      for (const [batch, from, to] of sizes) {
        const args = [draw([batch, from]), draw([batch, to], 4)];
        await agree(device, (x, dy) => [matmul(dy!.transpose(), x!), dy!.sum(0)], args, 0);
        await agree(device, (x, dy) => [x!.sum(0), matmul(x!.transpose(), dy!).mul(2), dy!.sum(0)], args, 0);
      }
    }));

  test('gradients of a convolution', () =>
    using(async () => {
      const f: F = (x, w, b, dy) => vjp((v, c) => conv2d(x!, v, { stride: 2, padding: 'same' }).add(c), w!, b!)[1](dy!);
      const args = [draw([3, 9, 8, 5]), draw([3, 3, 5, 6], 2), draw([6], 3), draw([3, 5, 4, 6], 4)];
      await agree(device, f, args, 0);
      expect(dispatches(f, args)).toBe((choice?.parts ?? 1) > 1 ? 2 : 1);
    }));

  test('gradients of layers, relu between them', () =>
    using(async () => {
      const f: F = (x, v, b, w, c, dy) =>
        vjp((...p) => nn.relu(matmul(x!, p[0]!).add(p[1]!)).matmul(p[2]!).add(p[3]!), v!, b!, w!, c!)[1](dy!);
      await agree(
        device,
        f,
        [draw([50, 9]), draw([9, 24], 2), draw([24], 3), draw([24, 20], 4), draw([20], 5), draw([50, 20], 6)],
        0,
      );
    }));

  test('a sum that is used further, in a loop too', () =>
    using(async () => {
      const args = [draw([40, 12]), draw([40, 20], 2)];
      await agree(
        device,
        (x, dy) => {
          const [dw, db] = [matmul(x!.transpose(), dy!), dy!.sum(0)];
          return [dw.add(db), db, db.mul(db).sum(), nn.relu(dw)];
        },
        args,
        0,
      );
      const looped: F = (x, dy) =>
        scan(
          (carry, i: Tensor) => {
            const moved = dy!.mul(i);
            const dw = matmul(x!.transpose(), moved);
            return [[carry[0]!.add(dw), moved.sum(0)] as readonly Tensor[], moved.sum(0)];
          },
          [draw([12, 20], 3), draw([20], 3)] as readonly Tensor[],
          draw([3]),
        );
      await agree(device, looped, args, 0);
    }));
});

describe('what is computed together', () => {
  const x = draw([60, 24]);
  const dy = draw([60, 32], 2);
  test('a sum takes no dispatch of its own', () => {
    const sumFirst: F = (a, b) => [b!.sum(0), matmul(a!.transpose(), b!)];
    const sumLast: F = (a, b) => [matmul(a!.transpose(), b!), b!.sum(0)];
    expect(dispatches(sumFirst, [x, dy])).toBe(1);
    expect(dispatches(sumLast, [x, dy])).toBe(1);
  });

  test('not where another sum is meant, or there are several products', async () => {
    const rows: readonly (readonly [dispatches: number, f: F, args: readonly Tensor[]])[] = [
      [2, (a, b) => [matmul(a!.transpose(), b!), b!.sum(1)], [x, dy]],
      [2, (a, b) => [matmul(a!.transpose(), b!), b!.max(0)], [x, dy]],
      [2, (a, b) => [matmul(a!.transpose(), b!), b!.mul(b!).sum(0)], [x, dy]],
      [2, (a, b) => [matmul(a!, b!), a!.sum(1)], [draw([2, 30, 8]), draw([2, 8, 12], 2)]],
      [2, (a, b) => [matmul(a!, b!), b!.sum(1)], [draw([2, 30, 8]), draw([2, 8, 12], 2)]],
      // One product, though it has a batch.
      [1, (a, b) => [matmul(a!, b!), b!.sum(0)], [draw([2, 30, 8]), draw([8, 12], 2)]],
      [2, (a, b) => [matmul(a!, b!), b!.sum(0)], [draw([4, 8], 1).astype('int32'), draw([8, 12], 2).astype('int32')]],
    ];
    for (const [i, [want, f, args]] of rows.entries()) {
      await agree(device, f, args, 0);
      expect([i, dispatches(f, args)]).toEqual([i, want]);
    }
  });

  test('a product without elements leaves the sum', () =>
    agree(device, (a, b) => [matmul(a!.transpose(), b!), b!.sum(0)], [draw([60, 0]), dy], 0));

  test('a sum does not overwrite what the result still reads', async () => {
    const f = (a: Tensor, b: Tensor, c: Tensor): readonly Tensor[] => [matmul(a.transpose(), b).add(c), b.sum(0)];
    const c = draw([32], 5);
    const want = jit(f)(x, dy, c);
    const got = jit(f, { device, donate: 2 })(...(devicePut([x, dy, c], device) as [Tensor, Tensor, Tensor]));
    for (const i of [0, 1]) expect(await got[i]!.data()).toEqual(await want[i]!.data());
  });

  test.each(ways)('long sums stay accurate with %s', async (_, choice) => {
    forced.choice = choice;
    try {
      const b = fromTypedArray(new Float32Array(160_000).fill(0.1), [20_000, 8]);
      const f = jit((a: Tensor) => [matmul(a.transpose(), a), a.sum(0)], { device });
      const sum = await f(b)[1]!.data();
      for (const v of sum) expect(Math.abs((v as number) / (20_000 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
    } finally {
      forced.choice = undefined;
    }
  });
});
