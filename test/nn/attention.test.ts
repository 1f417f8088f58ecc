// Attention against its definition, under every transform.
import { describe, expect, test } from 'vitest';
import { einsum, grad, jit, jvp, mul, sum, tensor, tril, ones, vmap, type Tensor } from '../../src/index.ts';
import { dotProductAttention, softmax } from '../../src/nn/index.ts';
import { key, normal, bernoulli } from '../../src/random/index.ts';

const draw = (shape: readonly number[], seed: number): Tensor => normal(key(seed), shape);

interface Case {
  readonly name: string;
  readonly query: readonly number[];
  readonly key: readonly number[];
  readonly value: readonly number[];
  readonly causal?: boolean;
  readonly mask?: readonly number[];
}
const cases: readonly Case[] = [
  { name: 'plain', query: [2, 5, 3, 4], key: [2, 7, 3, 4], value: [2, 7, 3, 6] },
  { name: 'causal', query: [1, 6, 2, 4], key: [1, 6, 2, 4], value: [1, 6, 2, 4], causal: true },
  { name: 'causal, more queries than keys', query: [1, 6, 2, 4], key: [1, 4, 2, 4], value: [1, 4, 2, 4], causal: true },
  { name: 'grouped', query: [2, 3, 4, 2], key: [2, 5, 2, 2], value: [2, 5, 2, 3] },
  { name: 'masked', query: [2, 3, 2, 4], key: [2, 5, 2, 4], value: [2, 5, 2, 4], mask: [2, 1, 3, 5] },
  {
    name: 'masked and causal',
    query: [2, 3, 2, 4],
    key: [2, 5, 1, 4],
    value: [2, 5, 1, 4],
    mask: [1, 2, 1, 5],
    causal: true,
  },
];
const setUp = (
  c: Case,
): {
  f: (q: Tensor, k: Tensor, v: Tensor) => Tensor;
  plain: (q: Tensor, k: Tensor, v: Tensor) => Tensor;
  xs: [Tensor, Tensor, Tensor];
  mask?: Tensor;
} => {
  const xs: [Tensor, Tensor, Tensor] = [draw(c.query, 1), draw(c.key, 2), draw(c.value, 3)];
  const mask = c.mask === undefined ? undefined : bernoulli(key(4), 0.7, c.mask);
  const [, t, n, d] = c.query as [number, number, number, number];
  const [, s, heads] = c.key as [number, number, number];
  return {
    xs,
    f: (q, k, v) => dotProductAttention(q, k, v, { causal: c.causal, mask }),
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

describe.each(cases)('$name', (c) => {
  const { f, plain, xs } = setUp(c);
  const loss = (g: typeof f) => (q: Tensor, k: Tensor, v: Tensor) => {
    const y = g(q, k, v);
    return sum(mul(y, y.sin()));
  };
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
    const ts = xs.map((x, i) => draw(x.shape, 10 + i)) as typeof xs;
    close(jvp(f, xs, ts)[1], jvp(plain, xs, ts)[1]);
    const along = (g: typeof f) => (q: Tensor) =>
      jvp((k: Tensor) => grad(loss(g), { argnums: 1 })(q, k, xs[2]), [xs[1]], [ts[1]])[1];
    close(jit(along(f))(xs[0]), along(plain)(xs[0]));
    const twice = (g: typeof f) => grad((q: Tensor) => sum(mul(grad(loss(g))(q, xs[1], xs[2]), ts[0])));
    close(jit(twice(f))(xs[0]), jit(twice(plain))(xs[0]));
  });
  test('is batched over any of its arguments', () => {
    const many = draw([3, ...c.query], 20);
    const keys = draw([...c.key, 3], 21);
    close(vmap((q: Tensor) => f(q, xs[1], xs[2]))(many), vmap((q: Tensor) => plain(q, xs[1], xs[2]))(many));
    const g = (h: typeof f) =>
      vmap((q: Tensor, k: Tensor) => grad(loss(h), { argnums: 1 })(q, k, xs[2]), { inAxes: [0, 4] });
    close(jit(g(f))(many, keys), jit(g(plain))(many, keys));
  });
});
