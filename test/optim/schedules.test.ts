// Schedules against their closed forms, called with numbers, tensors and under jit.
import { describe, expect, it } from 'vitest';
import { jit, tensor, type Tensor } from '../../src/index.ts';
import * as o from '../../src/optim/index.ts';

const rows: Record<string, readonly [o.Schedule, (t: number) => number]> = {
  constant: [o.constant(0.3), () => 0.3],
  linear: [o.linear(0.2, 1, 8), (t) => 0.2 + (0.8 * Math.min(t, 8)) / 8],
  'linear, downwards': [o.linear(1, 0, 10), (t) => 1 - Math.min(t, 10) / 10],
  polynomial: [o.polynomial(1, 0.1, 2, 12), (t) => 0.1 + 0.9 * (1 - Math.min(t, 12) / 12) ** 2],
  cosine: [o.cosine(0.5, 20), (t) => 0.25 * (1 + Math.cos((Math.PI * Math.min(t, 20)) / 20))],
  'cosine with a floor': [
    o.cosine(1, 10, { alpha: 0.1 }),
    (t) => 0.1 + 0.45 * (1 + Math.cos((Math.PI * Math.min(t, 10)) / 10)),
  ],
  'cosine as a wave': [o.cosine(1, 10, { wave: true }), (t) => 0.5 * (1 + Math.cos((Math.PI * t) / 10))],
  'warm-up and cosine': [
    o.warmupCosine(1, 5, 25, { start: 0.1, end: 0.01 }),
    (t) => (t < 5 ? 0.1 + (0.9 * t) / 5 : 0.01 + (0.99 / 2) * (1 + Math.cos((Math.PI * Math.min(t - 5, 20)) / 20))),
  ],
  exponential: [o.exponential(0.1, 0.9), (t) => 0.1 * 0.9 ** t],
  'exponential in stairs': [o.exponential(1, 0.5, { every: 4, staircase: true }), (t) => 0.5 ** Math.floor(t / 4)],
  'exponential with an end': [o.exponential(1, 0.5, { every: 2, end: 0.05 }), (t) => Math.max(0.5 ** (t / 2), 0.05)],
  step: [o.step(0.1, 7, 0.5), (t) => 0.1 * 0.5 ** Math.floor(t / 7)],
  piecewiseConstant: [o.piecewiseConstant(1, { 3: 0.5, 9: 0.1 }), (t) => (t < 3 ? 1 : t < 9 ? 0.5 : 0.05)],
  join: [
    o.join([o.constant(1), o.linear(1, 0, 4), o.constant(7)], [3, 10]),
    (t) => (t < 3 ? 1 : t < 10 ? 1 - Math.min(t - 3, 4) / 4 : 7),
  ],
  'cosine with equal restarts': [o.cosineRestarts(1, 6), (t) => 0.5 * (1 + Math.cos((Math.PI * (t % 6)) / 6))],
  'cosine with growing restarts': [
    o.cosineRestarts(1, 4, { factor: 2, end: 0.2 }),
    (t) => {
      const [from, period] = t < 4 ? [0, 4] : t < 12 ? [4, 8] : [12, 16];
      return 0.2 + 0.4 * (1 + Math.cos((Math.PI * (t - from)) / period));
    },
  ],
};

describe.each(Object.entries(rows))('%s', (_, [schedule, exact]) => {
  const steps = Array.from({ length: 28 }, (_, t) => t);
  const close = (x: Tensor, t: number, tolerance = 1e-6): void => {
    expect(x.shape).toEqual([]);
    expect(Math.abs(Number(x.itemSync()) - exact(t)), `at ${t}`).toBeLessThanOrEqual(
      tolerance * (0.1 + Math.abs(exact(t))),
    );
  };
  it('of numbers', () => steps.forEach((t) => close(schedule(t), t)));
  it('of integer tensors, under jit in one trace', () => {
    const f = jit((t: Tensor) => schedule(t), { maxTraces: 1 });
    steps.forEach((t) => close(f(tensor(t, 'int32')), t));
    expect(f(tensor(0, 'int32')).dtype).toBe('float32');
  });
  it('of JS numbers under jit in one trace', () => {
    const f = jit((t: number) => schedule(t), { maxTraces: 1 });
    steps.forEach((t) => close(f(t), t));
  });
  it('in float64 where the count is', () => {
    steps.forEach((t) => close(schedule(tensor(t, 'float64')), t, 1e-12));
    expect(schedule(tensor(0, 'float64')).dtype).toBe('float64');
  });
});

describe('errors', () => {
  it('no steps', () => {
    expect(() => o.linear(0, 1, 0)).toThrow(/transition must be greater than 0, got 0/);
    expect(() => o.cosine(1, -1)).toThrow(/decay must be greater than 0/);
    expect(() => o.exponential(1, 0.5, { every: NaN })).toThrow(/every/);
  });
  it('a warm-up longer than all', () => expect(() => o.warmupCosine(1, 10, 10)).toThrow(/total \(10\).*warmup \(10\)/));
  it('boundaries that do not fit', () => expect(() => o.join([o.constant(1)], [3])).toThrow(/0 boundaries, got 1/));
});
