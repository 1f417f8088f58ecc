// Attention's kernels against the products and the softmax that they stand for.
import { describe, expect, test } from 'vitest';
import { devicePut, explain, grad, jit, scan, tree, type Tensor } from '../../src/index.ts';
import { leastLimits } from '../../src/wgsl/limits.ts';
import { tilingFor } from '../../src/wgsl/attention-tile.ts';
import { attend, draw, loss, tiledCases, type AttentionCase, type Inputs } from '../nn/attention-cases.ts';
import { gpuDevice } from './device.ts';

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

const gradient = (c: AttentionCase, [q, k, v, ...mask]: Inputs): Inputs =>
  grad((...xs: Inputs) => loss(attend(c, [...xs, ...mask])), { argnums: [0, 1, 2] })(q!, k!, v!) as Inputs;

describe.each(tiledCases)('$name', (c) => {
  test('the result and the gradients are those of the definition', async () => {
    await agree((...xs) => [attend(c, xs), ...gradient(c, xs)], draw(c));
  });
});

describe('the kernels', () => {
  const [plain] = tiledCases;
  const xs = draw(plain);
  test('are one for the result and two for the gradients, which store no scores', () => {
    const forward = explain(jit((...a: readonly Tensor[]) => attend(plain, a), { device }))(...xs);
    expect(forward.kernels.map((k) => k.name)).toEqual(['attention']);
    const backward = explain(jit((...a: readonly Tensor[]) => gradient(plain, a), { device }))(...xs);
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
      scan((x: Tensor): [Tensor, null] => [attend(plain, [x, k, v]), null], q, null, { length: 2 })[0];
    await agree(steps as (...a: readonly Tensor[]) => unknown, xs);
  });
  test('fit the least that a GPU has, or give way', () => {
    expect(tilingFor(64, 64, 1, leastLimits)).toBeDefined();
    expect(tilingFor(32, 32, 2, leastLimits)).toBeDefined();
    expect(tilingFor(1024, 64, 2, leastLimits)).toBeUndefined();
  });
});
