// Traps of derivatives that others fell into: NaN at awkward points, second derivatives, sizes around the width of a vector.
import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  cumprod,
  exp,
  grad,
  jit,
  logsumexp,
  maximum,
  mul,
  norm,
  pow,
  prod,
  relu,
  sigmoid,
  sqrt,
  sum,
  tanh,
  tensor,
  vmap,
  where,
  type Tensor,
} from '../../src/index.ts';
import { elu, logSigmoid, logSoftmax, silu, softmax, softplus } from '../../src/nn/activations.ts';

type F = (x: Tensor) => Tensor;
const total =
  (f: F) =>
  (x: Tensor): Tensor =>
    sum(f(x));
const derivative = (f: F, order = 1): F => (order === 0 ? f : grad(total(derivative(f, order - 1))));

/** The derivative of an elementwise function at points, eagerly and compiled. */
const slopes = (name: string, f: F, points: readonly number[], want: readonly number[], order = 1): void => {
  for (const [way, g] of [
    ['eagerly', derivative(f, order)],
    ['under jit', jit(derivative(f, order))],
  ] as const)
    it(`${name}, ${way}`, () => {
      const got = g(tensor(points)).dataSync();
      want.forEach((w, i) =>
        expect(Math.abs(got[i]! - w), `at ${points[i]}: ${got[i]} for ${w}`).toBeLessThanOrEqual(
          5e-6 * Math.abs(w) + 1e-37,
        ),
      );
    });
};

describe('stable gradients', () => {
  slopes('sigmoid far out', sigmoid, [-100, -80, 0, 80, 100], [0, Math.exp(-80), 0.25, Math.exp(-80), 0]);
  slopes('softplus far out', (x) => softplus(x), [-100, 0, 100], [0, 0.5, 1]);
  slopes('logSigmoid far out', logSigmoid, [-100, 0, 100], [1, 0.5, 0]);
  slopes('elu far out', (x) => elu(x), [-1000, 0.5, 1000], [0, 1, 1]);
  slopes('silu far out', silu, [-1000, 0, 1000], [0, 0.5, 1]);
  slopes('x^2 at 0', (x) => pow(x, 2), [0, -3], [0, -6]);
  slopes('x^2 at 0 with a tensor as exponent', (x) => pow(x, tensor(2)), [0, -3], [0, -6]);
  slopes('x^0 at 0', (x) => pow(x, tensor(0)), [0, 2], [0, 0]);
  slopes('x^1 at 0', (x) => pow(x, tensor(1)), [0, 2], [1, 1]);
  slopes('x^3, second derivative at 0', (x) => pow(x, 3), [0, 2], [0, 12], 2);
  slopes('|x| at 0', (x) => abs(x), [-2, 0, 3], [-1, 0, 1]);
  slopes('relu at 0', relu, [-2, 0, 3], [0, 0, 1]);
  slopes('maximum at a tie gives half', (x) => maximum(x, 0), [-2, 0, 3], [0, 0.5, 1]);
  slopes(
    'where with a root on the side not taken',
    (x) => where(x.greater(0), sqrt(where(x.greater(0), x, 1)), 0),
    [0, 4],
    [0, 0.25],
  );
});

describe('gradients over axes', () => {
  const both = (name: string, f: F, x: Tensor, want: unknown): void => {
    for (const [way, g] of [
      ['eagerly', grad(f)],
      ['under jit', jit(grad(f))],
    ] as const)
      it(`${name}, ${way}`, () => expect(g(x).arraySync()).toEqual(want));
  };
  both('prod with one zero', (x) => prod(x), tensor([2, 0, 3]), [0, 6, 0]);
  both('prod with two zeros', (x) => prod(x), tensor([0, 0, 3]), [0, 0, 0]);
  both('cumprod with a zero', (x) => sum(cumprod(x, 0)), tensor([2, 0, 3]), [1, 8, 0]);
  both('logsumexp of large numbers', (x) => logsumexp(x), tensor([1000, 1000]), [0.5, 0.5]);
  both('logsumexp with -Infinity', (x) => logsumexp(x), tensor([0, -Infinity]), [1, 0]);
  both('softmax of large numbers', (x) => sum(mul(softmax(x), tensor([1, 0]))), tensor([1000, 1000]), [0.25, -0.25]);
  both('logSoftmax of large numbers', (x) => sum(mul(logSoftmax(x), tensor([1, 0]))), tensor([1000, 0]), [0, 0]);
  both('the maximum of ties is shared', (x) => x.max(), tensor([3, 1, 3]), [0.5, 0, 0.5]);
  both('the norm at 0 is NaN, as in JAX', (x) => norm(x), tensor([0, 0]), [NaN, NaN]);
});

describe('second derivatives', () => {
  const s = (x: number): number => 1 / (1 + Math.exp(-x));
  const points = [-1.5, -0.3, 0, 0.4, 2];
  slopes('of exp', exp, points, points.map(Math.exp), 2);
  slopes(
    'of tanh',
    tanh,
    points,
    points.map((x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)),
    2,
  );
  slopes(
    'of sigmoid',
    sigmoid,
    points,
    points.map((x) => s(x) * (1 - s(x)) * (1 - 2 * s(x))),
    2,
  );
  slopes(
    'of x exp(x), the third',
    (x) => mul(x, exp(x)),
    points,
    points.map((x) => (x + 3) * Math.exp(x)),
    3,
  );
});

describe('reverse over reverse at every class of size', () => {
  // The gradient of |grad f|^2 / 2 for f = sum(x^4 / 12 + x tanh x), element by element.
  const f: F = (x) => sum(add(mul(pow(x, 4), 1 / 12), mul(x, tanh(x))));
  const g = (x: number): number => x ** 3 / 3 + Math.tanh(x) + x * (1 - Math.tanh(x) ** 2);
  const h = (x: number): number => x * x + 2 * (1 - Math.tanh(x) ** 2) * (1 - x * Math.tanh(x));
  const energy: F = (x) => mul(sum(pow(grad(f)(x), 2)), 0.5);
  for (const n of [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 64, 100])
    it(`${n} elements`, () => {
      const x = Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.7) * 1.5);
      for (const run of [grad(energy), jit(grad(energy))] as const) {
        const y = run(tensor(x)).dataSync();
        x.forEach((v, i) =>
          expect(Math.abs(y[i]! - g(v) * h(v)), `element ${i}`).toBeLessThan(3e-6 * (1 + Math.abs(g(v) * h(v)))),
        );
      }
    });
});

describe('transforms of gradients', () => {
  it('vmap of a gradient through softmax is the gradient of each row', () => {
    const f: F = (x) => sum(pow(softmax(x), 2));
    const x = tensor([
      [1, 2, 3],
      [0, 0, 1],
    ]);
    const rows = vmap(grad(f))(x).arraySync() as number[][];
    [
      [1, 2, 3],
      [0, 0, 1],
    ].forEach((row, i) => expect(grad(f)(tensor(row)).arraySync()).toEqual(rows[i]));
  });
});
