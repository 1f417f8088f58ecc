// The neural ODE finds the pendulum's spiral, and its gradient through the solver is that of the loop written out.
import { describe, expect, test } from 'vitest';
import { fit, init, lean, loss, memoryOf, settings, step, type Params } from '../../examples/neural-ode.ts';
import { grad, jit, tree, type Tensor } from '../../src/index.ts';
import { key, normal, type Key } from '../../src/random/index.ts';
import { checkGrads } from '../../src/testing/index.ts';

const unrolled = (p: Params, stretches: Tensor): Tensor => {
  const [batch, length] = stretches.shape as [number, number];
  let y = stretches.slice([0, batch], 0);
  let total = y.mul(0).sum();
  for (let i = 1; i < length; i++) {
    y = step(p, y);
    total = total.add(
      y
        .sub(stretches.slice([0, batch], i))
        .square()
        .sum(),
    );
  }
  return total.div(batch * (length - 1) * 2);
};

const same = (a: Params, b: Params): void =>
  tree.leaves(a).forEach((x, i) => {
    const y = tree.leaves(b)[i]!;
    expect(Number(x.sub(y).abs().max().itemSync())).toBeLessThan(1e-6);
  });

describe('examples/neural-ode.ts', () => {
  test('the learned trajectory stays close to the true one for all of its 300 steps', async () => {
    const { truth, fitted, losses } = jit((k: Key) => fit({ ...settings, updates: 1000 }, k))(key(0));
    const distance = Math.sqrt(Number(await truth.sub(fitted).square().sum(1).mean().item()));
    expect(distance).toBeLessThan(0.3);
    const all = (await losses.array()) as number[];
    expect(all[0]).toBeGreaterThan(0.1);
    expect(Math.max(...all.slice(-50))).toBeLessThan(3e-3);
  });

  test('gradient through the solver = gradient of the loop written out = central differences', () => {
    const p = init(key(1));
    const stretches = normal(key(2), [4, 7, 2]);
    const ours = jit(grad(loss))(p, stretches);
    const theirs = jit(grad(unrolled))(p, stretches);
    same(ours, theirs);
    const kept = jit(grad((q: Params) => loss(q, stretches, step)))(p);
    same(ours, kept);
    checkGrads((q: Params) => loss(q, stretches), [p], { rtol: 2e-2 });
  });
  test('checkpoint: the gradient through 300 steps takes less than a tenth of the memory', () => {
    expect(memoryOf(lean)).toBeLessThan(0.1 * memoryOf(step));
  });
});
