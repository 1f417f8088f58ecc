// Attention against its definition, under every transform.
import { describe, expect, test } from 'vitest';
import { einsum, grad, jit, jvp, mul, ones, sum, tensor, tril, vmap, type Tensor } from '../../src/index.ts';
import { softmax } from '../../src/nn/index.ts';
import { key, normal } from '../../src/random/index.ts';
import { attend, draw, loss as lossOf, smallCases, type AttentionCase } from './attention-cases.ts';

const like = (shape: readonly number[], seed: number): Tensor => normal(key(seed), shape);

type Attention = (q: Tensor, k: Tensor, v: Tensor) => Tensor;
const setUp = (
  c: AttentionCase,
): { readonly f: Attention; readonly plain: Attention; readonly xs: readonly [Tensor, Tensor, Tensor] } => {
  const [query, keys, values, mask] = draw(c);
  const [, t, n, d] = c.query as [number, number, number, number];
  const [, s, heads] = c.key as [number, number, number];
  return {
    xs: [query!, keys!, values!],
    f: (q, k, v) => attend(c, [q, k, v, ...(mask === undefined ? [] : [mask])]),
    plain: (q, k, v) => {
      const each = Array.from({ length: n }, (_, i) => Math.floor(i / (n / heads)));
      const wide = (x: Tensor): Tensor => x.take(tensor(each, 'int32'), { axis: 2 });
      const scores = einsum('btnd,bsnd->bnts', q, wide(k)).div(Math.sqrt(d));
      let seen = ones([1, 1, t, s], 'bool');
      if (mask !== undefined) seen = seen.logicalAnd(mask);
      if (c.causal === true) seen = seen.logicalAnd(tril(ones([t, s], 'bool')));
      return einsum('bnts,bsne->btne', softmax(scores, { where: seen }), wide(v));
    },
  };
};
const close = (got: unknown, want: unknown): void => {
  const [a, b] = [got, want] as Tensor[];
  expect(a!.shape).toEqual(b!.shape);
  const [x, y] = [a!.dataSync(), b!.dataSync()];
  const scale = Math.max(...y.map(Math.abs), 1e-6);
  x.forEach((v, i) => expect(Math.abs(v - y[i]!), `element ${i}: ${v} for ${y[i]!}`).toBeLessThan(2e-5 * scale));
};

describe.each(smallCases)('$name', (c) => {
  const { f, plain, xs } = setUp(c);
  const loss =
    (g: Attention): Attention =>
    (...qkv) =>
      lossOf(g(...qkv));
  test('is what it is defined to be, compiled or not', () => {
    close(f(...xs), plain(...xs));
    close(jit(f)(...xs), plain(...xs));
  });
  test('has the gradient of its definition', () => {
    const want = grad(loss(plain), { argnums: [0, 1, 2] })(...xs);
    grad(loss(f), { argnums: [0, 1, 2] })(...xs).forEach((g, i) => close(g, want[i]));
    jit(grad(loss(f), { argnums: [0, 1, 2] }))(...xs).forEach((g, i) => close(g, want[i]));
  });
  test('has its forward derivative, and second derivatives in both orders', () => {
    const ts = xs.map((x, i) => like(x.shape, 10 + i)) as unknown as typeof xs;
    close(jvp(f, xs, ts)[1], jvp(plain, xs, ts)[1]);
    const along = (g: Attention) => (q: Tensor) =>
      jvp((k: Tensor) => grad(loss(g), { argnums: 1 })(q, k, xs[2]), [xs[1]], [ts[1]])[1];
    close(jit(along(f))(xs[0]), along(plain)(xs[0]));
    const twice = (g: Attention) => grad((q: Tensor) => sum(mul(grad(loss(g))(q, xs[1], xs[2]), ts[0])));
    close(jit(twice(f))(xs[0]), jit(twice(plain))(xs[0]));
  });
  test('is batched over any of its arguments', () => {
    const many = like([3, ...c.query], 20);
    const keys = like([...c.key, 3], 21);
    const values = like([3, ...c.value], 22);
    close(vmap((q: Tensor) => f(q, xs[1], xs[2]))(many), vmap((q: Tensor) => plain(q, xs[1], xs[2]))(many));
    close(vmap((v: Tensor) => f(xs[0], xs[1], v))(values), vmap((v: Tensor) => plain(xs[0], xs[1], v))(values));
    const g = (h: Attention) =>
      vmap((q: Tensor, k: Tensor) => grad(loss(h), { argnums: 1 })(q, k, xs[2]), { inAxes: [0, 4] });
    close(jit(g(f))(many, keys), jit(g(plain))(many, keys));
  });
});
