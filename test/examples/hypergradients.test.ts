// Hypergradients through 100 steps of training agree with central differences, and descending them lowers the validation loss.
import { describe, expect, test } from 'vitest';
import { check, outcome, problem, start, tune } from '../../examples/hypergradients.ts';
import { grad, jit, tensor, type Tensor } from '../../src/index.ts';
import { key } from '../../src/random/index.ts';

describe('examples/hypergradients.ts', () => {
  const p = problem(key(0));

  test.each([
    ['at the start', start],
    ['elsewhere', tensor([-3, 1.5, -7], { dtype: 'float64' })],
  ])('%s the gradient of each hyperparameter is the central difference', async (_, hyper) => {
    const { gradient, differences } = jit((h: Tensor) => check(h, p))(hyper);
    const [ours, theirs] = [(await gradient.array()) as number[], (await differences.array()) as number[]];
    expect(ours).toHaveLength(3);
    ours.forEach((g, i) => expect(Math.abs(g - theirs[i]!)).toBeLessThan(1e-6 * Math.abs(g) + 1e-9));
  });

  test('a few steps by hand: one step of plain descent has the known derivative', async () => {
    // After one step from velocity 0 the momentum does not matter, after two it does.
    const ofOne = (await jit((h: Tensor) => grad(outcome)(h, p, 1))(start).array()) as number[];
    expect(ofOne[1]).toBe(0);
    const ofTwo = (await jit((h: Tensor) => grad(outcome)(h, p, 2))(start).array()) as number[];
    expect(Math.abs(ofTwo[1]!)).toBeGreaterThan(1e-4);
  });

  test('150 outer updates halve the validation loss, and end where the hypergradient is small', async () => {
    const { losses, final } = jit((h: Tensor) => tune(h, p))(start);
    const all = (await losses.array()) as number[];
    expect(all).toHaveLength(150);
    expect(all.at(-1)).toBeLessThan(0.5 * all[0]!);
    const rest = (await jit((h: Tensor) => grad(outcome)(h, p))(final).array()) as number[];
    expect(Math.max(...rest.map(Math.abs))).toBeLessThan(0.02);
  });
});
