// Samplers follow their distributions: moments, and the largest distance to the distribution function (Kolmogorov and Smirnov), for fixed keys.
import { describe, expect, it } from 'vitest';
import { div, jit, log, tensor, vmap, type Tensor } from '../../src/index.ts';
import * as r from '../../src/random/index.ts';
import { key } from '../../src/random/index.ts';

const n = 20_000;
const numbers = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: readonly number[]): number => mean(x.map((v) => (v - mean0(x)) ** 2));
const means = new WeakMap<readonly number[], number>();
const mean0 = (x: readonly number[]): number => means.get(x) ?? (means.set(x, mean(x)), means.get(x)!);

// Abramowitz and Stegun 7.1.26: right to 1.5e-7.
const erf = (x: number): number => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - p * Math.exp(-x * x));
};
const phi = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const truncated = (x: number): number => (phi(x) - phi(-1)) / (phi(2) - phi(-1));

interface Row {
  readonly draw: (k: r.Key) => Tensor;
  readonly mean: number;
  readonly variance: number;
  readonly cdf: (x: number) => number;
}
const euler = 0.5772156649;
const rows: Record<string, Row> = {
  uniform: { draw: (k) => r.uniform(k, [n]), mean: 0.5, variance: 1 / 12, cdf: (x) => x },
  'uniform in float64': {
    draw: (k) => r.uniform(k, [n], { dtype: 'float64' }),
    mean: 0.5,
    variance: 1 / 12,
    cdf: (x) => x,
  },
  'uniform in a range': {
    draw: (k) => r.uniform(k, [n], { minval: -2, maxval: 4 }),
    mean: 1,
    variance: 3,
    cdf: (x) => (x + 2) / 6,
  },
  normal: { draw: (k) => r.normal(k, [n]), mean: 0, variance: 1, cdf: phi },
  'normal in float64': { draw: (k) => r.normal(k, [n], { dtype: 'float64' }), mean: 0, variance: 1, cdf: phi },
  truncatedNormal: { draw: (k) => r.truncatedNormal(k, -1, 2, [n]), mean: 0.2296, variance: 0.5197, cdf: truncated },
  exponential: { draw: (k) => r.exponential(k, [n]), mean: 1, variance: 1, cdf: (x) => 1 - Math.exp(-x) },
  gumbel: {
    draw: (k) => r.gumbel(k, [n]),
    mean: euler,
    variance: Math.PI ** 2 / 6,
    cdf: (x) => Math.exp(-Math.exp(-x)),
  },
};

describe.each(Object.entries(rows))('%s', (_, row) => {
  const x = numbers(row.draw(key(2024)));
  it('has its mean and variance', () => {
    expect(Math.abs(mean(x) - row.mean)).toBeLessThan(4 * Math.sqrt(row.variance / n));
    expect(Math.abs(variance(x) / row.variance - 1)).toBeLessThan(0.06);
  });
  it('follows its distribution function', () => {
    const sorted = [...x].sort((a, b) => a - b);
    const distance = Math.max(
      ...sorted.map((v, i) => Math.max(Math.abs(row.cdf(v) - i / n), Math.abs(row.cdf(v) - (i + 1) / n))),
    );
    // 1.95 / sqrt(n): passed by 999 of 1000 good generators.
    expect(distance).toBeLessThan(1.95 / Math.sqrt(n));
  });
  it('is finite and not correlated with its neighbour', () => {
    expect(x.every(Number.isFinite)).toBe(true);
    const m = mean(x);
    expect(Math.abs(mean(x.slice(1).map((v, i) => (v - m) * (x[i]! - m))) / row.variance)).toBeLessThan(
      4 / Math.sqrt(n),
    );
  });
  it('agrees to rounding under jit and vmap', () => {
    const compiled = numbers(jit(row.draw)(key(2024)));
    compiled.forEach((v, i) => expect(Math.abs(v - x[i]!)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(x[i]!))));
    const keys = r.split(key(1), 2);
    const batched = numbers(vmap(row.draw)(keys)).slice(n);
    numbers(row.draw([...keys][1]!)).forEach((v, i) =>
      expect(Math.abs(v - batched[i]!)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(v))),
    );
  });
});

describe('discrete samplers', () => {
  const shares = (x: readonly number[], classes: number): number[] =>
    Array.from({ length: classes }, (_, c) => x.filter((v) => v === c).length / x.length);
  const near = (x: readonly number[], p: readonly number[]): void =>
    p.forEach((want, c) =>
      expect(Math.abs(shares(x, p.length)[c]! - want)).toBeLessThan(
        4 * Math.sqrt((want * (1 - want)) / x.length) + 1e-9,
      ),
    );
  const p = [0.1, 0.2, 0.3, 0.4];
  it('bernoulli', () => {
    near(numbers(r.bernoulli(key(1), 0.3, [n])), [0.7, 0.3]);
    expect(mean(numbers(r.bernoulli(key(1), 0, [100])))).toBe(0);
    expect(mean(numbers(r.bernoulli(key(1), 1, [100])))).toBe(1);
  });
  it('randint', () => near(numbers(r.randint(key(2), [n], 0, 5)), [0.2, 0.2, 0.2, 0.2, 0.2]));
  it('rademacher', () =>
    near(
      numbers(r.rademacher(key(3), [n])).map((x) => (x + 1) / 2),
      [0.5, 0.5],
    ));
  it('categorical', () => {
    near(numbers(r.categorical(key(4), log(tensor(p)), { shape: [n] })), p);
    const rowwise = r.categorical(
      key(4),
      tensor([
        [0, -1e9],
        [-1e9, 0],
      ]),
    );
    expect(rowwise.arraySync()).toEqual([0, 1]);
  });
  it('choice with probabilities', () => near(numbers(r.choice(key(5), 4, [n], { p: tensor(p) })), p));
  it('choice with replacement', () => near(numbers(r.choice(key(6), 4, [n])), [0.25, 0.25, 0.25, 0.25]));
  it('choice without replacement draws nothing twice', () => {
    for (const options of [{ replace: false }, { replace: false, p: div(tensor([1, 2, 3, 4, 5, 6, 7, 8]), 36) }])
      expect(new Set(numbers(r.choice(key(7), 8, [8], options))).size).toBe(8);
    expect(() => r.choice(key(7), 3, [4], { replace: false })).toThrow(/without replacement/);
  });
  it('the first place of a permutation is fair', () => {
    const first = numbers(vmap((k: r.Key) => r.permutation(k, 4))(r.split(key(8), 4000))).filter((_, i) => i % 4 === 0);
    near(first, [0.25, 0.25, 0.25, 0.25]);
  });
});
