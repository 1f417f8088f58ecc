// Attention's kernels against the products and the softmax that they stand for.
import { describe, expect, test } from 'vitest';
import { devicePut, explain, grad, jit, scan, sum, tree, type Tensor } from '../../src/index.ts';
import { dotProductAttention } from '../../src/nn/index.ts';
import { bernoulli, key, normal } from '../../src/random/index.ts';
import { leastLimits } from '../../src/wgsl/limits.ts';
import { tilingFor } from '../../src/wgsl/attention-tile.ts';
import { gpuDevice } from './device.ts';

interface Case {
  readonly name: string;
  readonly query: readonly number[];
  readonly key: readonly number[];
  readonly value: readonly number[];
  readonly causal?: boolean;
  readonly mask?: readonly number[];
}
const cases: readonly Case[] = [
  { name: 'whole tiles', query: [2, 256, 1, 16], key: [2, 256, 1, 16], value: [2, 256, 1, 16] },
  {
    name: 'odd lengths and sizes, heads in groups',
    query: [1, 270, 4, 6],
    key: [1, 259, 2, 6],
    value: [1, 259, 2, 37],
  },
  {
    name: 'in causal order, more queries than keys',
    query: [1, 290, 2, 8],
    key: [1, 257, 1, 8],
    value: [1, 257, 1, 8],
    causal: true,
  },
  {
    name: 'masked for each head, some queries wholly',
    query: [2, 257, 2, 8],
    key: [2, 256, 2, 8],
    value: [2, 256, 2, 8],
    mask: [1, 2, 257, 256],
  },
  {
    name: 'masked for each batch, in causal order, wide heads',
    query: [2, 256, 1, 128],
    key: [2, 256, 1, 128],
    value: [2, 256, 1, 128],
    mask: [2, 1, 1, 256],
    causal: true,
  },
];

const device = await gpuDevice();

/** Sums of many terms that cancel: judged by the size of the largest result. */
const agree = async (f: (...xs: readonly Tensor[]) => unknown, xs: readonly Tensor[]): Promise<void> => {
  const want = tree.leaves(jit(f)(...xs)) as readonly Tensor[];
  const got = tree.leaves(jit(f, { device })(...devicePut(xs, device))) as readonly Tensor[];
  for (const [i, w] of want.entries()) {
    const [a, b] = [await got[i]!.data(), await w.data()];
    const scale = Math.max(...b.map(Math.abs));
    const off = b.map((x, j) => Math.abs(x - a[j]!)).map((x) => (Number.isNaN(x) ? Infinity : x));
    expect(Math.max(...off) / scale, `result ${i}`).toBeLessThan(4e-6);
  }
};

const attend = (c: Case, [q, k, v, mask]: readonly Tensor[]): Tensor =>
  dotProductAttention(q!, k!, v!, { causal: c.causal, mask });
const gradient = (c: Case, [q, k, v, mask]: readonly Tensor[]): readonly Tensor[] =>
  grad(
    (...xs: readonly Tensor[]) => {
      const y = attend(c, [...xs, ...(mask === undefined ? [] : [mask])]);
      return sum(y.mul(y.sin()));
    },
    { argnums: [0, 1, 2] },
  )(q!, k!, v!) as readonly Tensor[];
const draw = (c: Case): readonly Tensor[] => {
  const xs = [c.query, c.key, c.value].map((shape, i) => normal(key(i), shape));
  if (c.mask === undefined) return xs;
  // Rarely true, so that some queries see nothing.
  return [...xs, bernoulli(key(7), c.mask[2] === 1 ? 0.5 : 0.01, c.mask)];
};

describe.each(cases)('$name', (c) => {
  test('the result and the gradients are those of the definition', async () => {
    await agree((...xs) => [attend(c, xs), ...gradient(c, xs)], draw(c));
  });
});

describe('the kernels', () => {
  const [plain] = cases;
  const xs = draw(plain!);
  test('are one for the result and two for the gradients, which store no scores', () => {
    const forward = explain(jit((...a: readonly Tensor[]) => attend(plain!, a), { device }))(...xs);
    expect(forward.kernels.map((k) => k.name)).toEqual(['attention']);
    const backward = explain(jit((...a: readonly Tensor[]) => gradient(plain!, a), { device }))(...xs);
    expect(backward.kernels.map((k) => k.name)).toMatchInlineSnapshot(`
      [
        "attention",
        "add",
        "attentionGradient",
      ]
    `);
    expect(Math.max(...backward.kernels.map((k) => k.bytes))).toBeLessThan(4 * 2 * 256 * 256);
  });
  test('stand inside of loops', async () => {
    const steps = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
      scan((x: Tensor): [Tensor, null] => [attend(plain!, [x, k, v]), null], q, null, { length: 2 })[0];
    await agree(steps as (...a: readonly Tensor[]) => unknown, xs);
  });
  test('fit the least that a GPU has, or give way', () => {
    expect(tilingFor(64, 64, 1, leastLimits)).toBeDefined();
    expect(tilingFor(32, 32, 2, leastLimits)).toBeDefined();
    expect(tilingFor(1024, 64, 2, leastLimits)).toBeUndefined();
  });
});
