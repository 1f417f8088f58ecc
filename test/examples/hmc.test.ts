// Hamiltonian Monte Carlo draws from what it says: every mean and covariance within its Monte Carlo error of the exact one.
import { describe, expect, test } from 'vitest';
import { chain, estimate, settings, summary } from '../../examples/hmc.ts';
import { jit, tensor } from '../../src/index.ts';
import { key, type Key } from '../../src/random/index.ts';

const run = async (draws: number, seed: number) => {
  const result = jit((k: Key) => chain({ ...settings, draws }, k, tensor([-3, 5])))(key(seed));
  const points = (await result.draws.array()) as number[][];
  return { rows: summary(points), count: points.length, acceptance: Number(await result.acceptance.item()) };
};

describe('examples/hmc.ts', () => {
  test.each([0, 1, 2])('1,000 draws from seed %i: moments within four standard errors', async (seed) => {
    const { rows, count, acceptance } = await run(settings.draws, seed);
    expect(count).toBe(1000);
    expect(Math.abs(acceptance - settings.wanted)).toBeLessThan(0.1);
    for (const { name, exact, mean, error, effective } of rows) {
      expect(effective, name).toBeGreaterThan(150);
      expect(Math.abs(mean - exact) / error, name).toBeLessThan(4);
    }
  });

  test('50,000 draws: the errors shrink as they should, and the moments stay within them', async () => {
    const { rows } = await run(50_000, 3);
    for (const { name, exact, mean, error } of rows) {
      expect(error, name).toBeLessThan(0.06);
      expect(Math.abs(mean - exact) / error, name).toBeLessThan(4);
    }
  });

  test('the standard error of an autoregressive chain is the one known', () => {
    // x' = 0.5 x + e has autocorrelation 0.5^lag, whose sum over all lags is 3.
    const noise = Array.from({ length: 20_000 }, (_, i) => Math.sin(i * i * 1.234567) * Math.SQRT2);
    const walk: number[] = [];
    for (const e of noise) walk.push(0.5 * (walk.at(-1) ?? 0) + e);
    expect(estimate(walk).effective / (walk.length / 3)).toBeGreaterThan(0.85);
    expect(estimate(walk).effective / (walk.length / 3)).toBeLessThan(1.15);
  });
});
