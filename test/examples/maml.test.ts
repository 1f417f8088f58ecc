// MAML: the gradient through the inner step is right, and one step of adaptation does what plain pretraining does not.
import { describe, expect, test } from 'vitest';
import {
  compare,
  init,
  lossesOfSteps,
  metaLoss,
  settings,
  tasks,
  type Params,
  type Task,
} from '../../examples/maml.ts';
import { jit, tree, vmap } from '../../src/index.ts';
import { key, split, type Key } from '../../src/random/index.ts';
import { checkGrads } from '../../src/testing/index.ts';

describe('examples/maml.ts', () => {
  test('after one step on a new task the net beats itself before, and a plain net after as many', async () => {
    const { maml, plain } = jit((k: Key) => compare({ ...settings, updates: 1500 }, k))(key(0));
    const unseen = tasks(split(key(1), 500));
    const losses = jit((p: Params) => lossesOfSteps(p, unseen, 1));
    const [before, after] = (await losses(maml.params).array()) as [number, number];
    const [plainBefore, plainAfter] = (await losses(plain.params).array()) as [number, number];
    expect(before).toBeGreaterThan(2);
    expect(after).toBeLessThan(0.4 * before);
    expect(after).toBeLessThan(0.5 * plainAfter);
    expect(plainAfter).toBeGreaterThan(0.5 * plainBefore);
  });

  test('the gradient through the inner gradient step agrees with central differences', () => {
    // In float64, with a step so small that no unit changes its side.
    const exact = <T>(all: T): T => tree.map((x) => x.astype('float64'), all);
    const few = exact(tasks(split(key(2), 3)));
    checkGrads((p: Params) => vmap((t: Task) => metaLoss(p, t))(few).mean(), [exact(init(key(3)))], { step: 1e-5 });
  });
});
