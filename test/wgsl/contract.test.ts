// Matrix products, convolutions and their gradients on the GPU, by every way of computing them, against WebAssembly.
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { conv2d, einsum, fromTypedArray, grad, jit, matmul, vjp, type Tensor } from '../../src/index.ts';
import type * as Choose from '../../src/wgsl/contract/choose.ts';
import type * as Config from '../../src/wgsl/contract/config.ts';
import type { Choice } from '../../src/wgsl/contract/config.ts';
import { agree, expectClose, gpuDevice } from './device.ts';

// What would not be chosen for small shapes, or where a processor plays the GPU, is forced here.
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
const { tileShapes, depths } = await vi.importActual<typeof Config>('../../src/wgsl/contract/config.ts');

const device = await gpuDevice();
/** Whole numbers so small that every sum of products is exact, whatever its order: results have to be the same. */
const draw = (shape: readonly number[], seed = 1, dtype: 'float32' | 'int32' = 'float32'): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: n }, (_, i) => Math.round(Math.sin((i + 1) * 12.9898 * seed) * 4));
  return fromTypedArray(dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values), shape);
};

/** A product whose operands are stored as they are, or transposed. */
const product = (x: Tensor, y: Tensor, layout: string): Tensor =>
  matmul(layout[0] === 'T' ? x.transpose() : x, layout[1] === 'T' ? y.transpose() : y);
const operands = (
  m: number,
  n: number,
  k: number,
  layout: string,
  dtype: 'float32' | 'int32' = 'float32',
): Tensor[] => [
  draw(layout[0] === 'T' ? [k, m] : [m, k], 1, dtype),
  draw(layout[1] === 'T' ? [n, k] : [k, n], 3, dtype),
];
const layouts = ['NN', 'NT', 'TN', 'TT'] as const;

describe('every tile', () => {
  test.each(tileShapes.map((shape, i) => [shape.join(' '), shape, i] as const))('%s', async (_, shape, i) => {
    const [rows, columns, eachRows, eachColumns] = shape;
    for (const [j, depth] of depths.entries()) {
      const parts = 1 + 2 * ((i + j) % 2);
      forced.choice = { rows, columns, eachRows, eachColumns, depth, parts };
      try {
        const layout = layouts[(i + j) % 4]!;
        // Whole and ragged tiles, in fours and not, long enough for several blocks of the sum.
        for (const [m, n, k] of [
          [rows + 4, columns + 4, 80],
          [rows - 1, columns + 3, 37],
        ] as const)
          await agree(device, (x, y) => product(x!, y!, layout), operands(m, n, k, layout), 0);
      } finally {
        forced.choice = undefined;
      }
    }
  });

  test('long sums, in a tile with totals beside its sums', async () => {
    forced.choice = { rows: 64, columns: 64, eachRows: 8, eachColumns: 4, depth: 16, parts: 1 };
    try {
      const x = fromTypedArray(new Float32Array(100_000).fill(0.1), [5, 20_000]);
      const y = jit((a: Tensor) => matmul(a, a.transpose()), { device })(x);
      const want = 20_000 * Math.fround(0.1) ** 2;
      for (const v of await y.data()) expect(Math.abs((v as number) / want - 1)).toBeLessThan(1e-6);
    } finally {
      forced.choice = undefined;
    }
  });
});

describe('shapes', () => {
  const sizes = [1, 2, 3, 4, 17, 31, 32, 33, 64, 100, 129];
  const size = fc.constantFrom(...sizes);
  test('products of every layout and size', async () => {
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        size,
        fc.constantFrom(...layouts),
        fc.constantFrom('float32', 'int32'),
        async (m, n, k, layout, dtype) => {
          await agree(device, (x, y) => product(x!, y!, layout), operands(m, n, k, layout, dtype), 0);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  test('batches, shared operands, results in another order', async () => {
    const [x, y, z] = [draw([3, 18, 20]), draw([3, 20, 24], 2), draw([20, 24], 3)];
    await agree(device, (a, b) => matmul(a!, b!), [x, y], 0);
    await agree(device, (a, b) => matmul(a!, b!), [x, z], 0);
    await agree(device, (a, b) => einsum('bmk,bkn->nbm', a!, b!), [x, y], 0);
    await agree(device, (a, b) => einsum('bmk,bkn->bnm', a!, b!), [x, y], 0);
    await agree(device, (a, b) => einsum('mkb,nkb->mnb', a!, b!), [draw([7, 9, 8]), draw([5, 9, 8])], 0);
    await agree(device, (a, b) => einsum('ijk,ljk->il', a!, b!), [draw([6, 40, 30]), draw([8, 40, 30])], 0);
  });

  test('of nothing', () => agree(device, (a, b) => [matmul(a!, b!), matmul(b!, a!)], [draw([4, 0]), draw([0, 4])]));
});

describe('around the sums', () => {
  test('an epilogue with several results', async () => {
    for (const n of [32, 33]) {
      const f = (x: Tensor, w: Tensor, b: Tensor, r: Tensor): unknown => {
        const z = matmul(x, w).add(b);
        return [z, z.maximum(0), z.greater(0), z.mul(2).add(r)];
      };
      await agree(device, f as never, [draw([40, 24]), draw([24, n], 2), draw([n], 3), draw([40, n], 4)], 0);
    }
  });

  test('a result written over a donated input', async () => {
    const step = (w: Tensor, x: Tensor, d: Tensor): Tensor => w.sub(matmul(x.transpose(), d).mul(0.1));
    const [w, x, d] = [draw([20, 12]), draw([30, 20], 2), draw([30, 12], 3)];
    const want = jit(step)(w, x, d);
    const first = jit((z: Tensor) => z.mul(1), { device })(w);
    const got = jit(step, { device, donate: [0] })(first, x, d);
    expectClose(await got.data(), await want.data(), 1e-5);
  });
});

describe('convolutions and both gradients', () => {
  const all = (x: Tensor, w: Tensor, options: object): unknown => {
    const [y, pull] = vjp((a: Tensor, b: Tensor) => conv2d(a, b, options), x, w);
    return [y, pull(y)];
  };
  const cases: readonly (readonly [string, readonly number[], readonly number[], object])[] = [
    ['channels in fours', [2, 9, 8, 8], [3, 3, 8, 12], { padding: 1 }],
    ['odd channels', [2, 7, 9, 5], [3, 2, 5, 7], { padding: 'same' }],
    ['stride', [2, 9, 10, 4], [3, 3, 4, 8], { stride: 2, padding: 1 }],
    ['stride and dilation', [1, 11, 12, 3], [3, 2, 3, 4], { stride: [2, 3], dilation: [2, 1], padding: [[1, 2], 0] }],
    ['1 x 1', [2, 6, 6, 16], [1, 1, 16, 8], {}],
    ['first layer', [3, 12, 12, 1], [3, 3, 1, 16], { padding: 1 }],
    ['groups', [2, 6, 6, 8], [3, 3, 4, 6], { groups: 2, padding: 1 }],
    ['depthwise', [2, 8, 7, 8], [3, 3, 1, 8], { groups: 8, padding: 1 }],
    ['depthwise, twice as many out', [1, 6, 6, 6], [3, 3, 1, 12], { groups: 6, stride: 2 }],
  ];
  test.each(cases)('%s', (_, x, w, options) => agree(device, (a, b) => all(a!, b!, options), [draw(x), draw(w, 2)], 0));

  test('channels first', () =>
    agree(
      device,
      (x, w) => grad((a: Tensor) => conv2d(a, w!, { layout: 'channelsFirst', padding: 1 }).square().sum())(x!),
      [draw([2, 3, 8, 8]), draw([4, 3, 3, 3], 2)],
      0,
    ));
});
