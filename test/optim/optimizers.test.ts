// One table runs every optimizer through convergence, jit without retraces, donation, several dtypes and trees, and equality with the eager update.
import { describe, expect, it } from 'vitest';
import { jit, mul, sub, sum, square, tensor, tree, valueAndGrad, type Tensor } from '../../src/index.ts';
import {
  adam,
  adamw,
  addDecayedWeights,
  applyUpdates,
  chain,
  clip,
  clipByGlobalNorm,
  constant,
  exponential,
  scaleBy,
  scaleByAdam,
  scaleByLearningRate,
  sgd,
  trace,
  warmupCosine,
  type Optimizer,
} from '../../src/optim/index.ts';

type Params = { w: Tensor; b: readonly [Tensor, Tensor] };
const target = { w: [1, -2, 0.5], b: [3, -1] };
const start = (): Params => ({ w: tensor([0, 0, 0]), b: [tensor([1, 1]), tensor(2)] });
const curvature = [1, 0.5, 2];
/** A quadratic whose minimum is at `target` (and 0 for the scalar). */
const loss = ({ w, b }: Params): Tensor =>
  sum(mul(square(sub(w, tensor(target.w))), tensor(curvature)))
    .add(sum(square(sub(b[0], tensor(target.b)))))
    .add(square(b[1]));
const close = (got: Params, want: Params, tolerance: number): void => {
  const [a, b] = [tree.leaves(got), tree.leaves(want)];
  a.forEach((x, i) => {
    const y = b[i]!.dataSync();
    x.dataSync().forEach((v, k) => expect(Math.abs(v - y[k]!)).toBeLessThanOrEqual(tolerance));
  });
};
const minimum: () => Params = () => ({ w: tensor(target.w), b: [tensor(target.b), tensor(0)] });

const optimizers: Record<string, () => Optimizer> = {
  sgd: () => sgd(0.1),
  'sgd with momentum': () => sgd(0.03, { momentum: 0.9 }),
  'sgd with Nesterov momentum': () => sgd(0.03, { momentum: 0.9, nesterov: true }),
  'sgd with dampening': () => sgd(0.1, { momentum: 0.8, dampening: 0.5 }),
  'sgd with a schedule': () => sgd(exponential(0.2, 0.99)),
  adam: () => adam(0.05),
  'adam with amsgrad': () => adam(0.05, { amsgrad: true }),
  'adam with a schedule': () => adam(warmupCosine(0.2, 20, 400)),
  'adamw without decay': () => adamw(0.05, { weightDecay: 0 }),
  'clipped sgd': () => chain(clipByGlobalNorm(1), sgd(0.1)),
  'sgd with bounded elements': () => chain(clip(0.5), sgd(0.1)),
  'a chain by hand': () => chain(scaleByAdam({ b1: 0.8 }), trace(0.5), scaleByLearningRate(constant(0.02))),
};

const stepOf =
  (optimizer: Optimizer) =>
  (params: Params, state: unknown): [Params, unknown, Tensor] => {
    const [value, g] = valueAndGrad(loss)(params);
    const [updates, next] = optimizer.update(g, state, params);
    return [applyUpdates(params, updates), next, value];
  };

describe.each(Object.entries(optimizers))('%s', (_, make) => {
  const optimizer = make();
  it('finds the minimum of a quadratic, in one trace and with donated parameters and state', () => {
    const step = jit(stepOf(optimizer), { maxTraces: 1, donate: [0, 1] });
    let [p, s]: [Params, unknown] = [start(), optimizer.init(start())];
    const first = loss(p).itemSync() as number;
    for (let i = 0; i < 400; i++) [p, s] = step(p, s);
    expect(loss(p).itemSync()).toBeLessThan(1e-3 * first);
    close(p, minimum(), 0.05);
  });

  it('updates alike eagerly, under jit, and under jit with donation', () => {
    const eager = stepOf(optimizer);
    const compiled = jit(eager);
    const donating = jit(eager, { donate: [0, 1] });
    let [pe, se]: [Params, unknown] = [start(), optimizer.init(start())];
    let [pj, sj]: [Params, unknown] = [start(), optimizer.init(start())];
    let [pd, sd]: [Params, unknown] = [start(), optimizer.init(start())];
    for (let i = 0; i < 5; i++) {
      [pe, se] = eager(pe, se);
      [pj, sj] = compiled(pj, sj);
      [pd, sd] = donating(pd, sd);
      close(pj, pe, 2e-6);
      close(pd, pj, 0);
    }
  });

  it('is pure: the same arguments give the same results, and none of them changes', () => {
    const [p, s] = [start(), optimizer.init(start())];
    const before = tree.leaves([p, s]).map((x) => Array.from(x.dataSync()));
    const [a, b] = [stepOf(optimizer)(p, s)[0], stepOf(optimizer)(p, s)[0]];
    close(a, b, 0);
    expect(tree.leaves([p, s]).map((x) => Array.from(x.dataSync()))).toEqual(before);
  });

  it('keeps the dtypes of parameters and state', () => {
    const p = { w: tensor([1, 2], 'float64'), b: tensor([1], 'float32') };
    const s = optimizer.init(p);
    const [updates, next] = optimizer.update(p, s, p);
    const q = applyUpdates(p, updates);
    expect([q.w.dtype, q.b.dtype]).toEqual(['float64', 'float32']);
    expect(tree.leaves(next).map((x) => x.dtype)).toEqual(tree.leaves(s).map((x) => x.dtype));
    expect(tree.equal(next, s)).toBe(true);
  });
});

describe('chains', () => {
  const g = { w: tensor([3, 4]) };
  const p = { w: tensor([10, 20]) };
  const updates = (o: Optimizer): unknown => (o.update(g, o.init(p), p)[0] as typeof g).w.arraySync();
  it('apply from the first to the last', () => {
    expect(updates(chain(clipByGlobalNorm(1), scaleBy(10)))).toEqual([6, 8].map((x) => expect.closeTo(x, 5)));
    expect(updates(chain(scaleBy(10), clipByGlobalNorm(1)))).toEqual([0.6, 0.8].map((x) => expect.closeTo(x, 5)));
  });
  it('decay before a scale is scaled, behind it is not', () => {
    expect(updates(chain(addDecayedWeights(1), scaleBy(2)))).toEqual([26, 48]);
    expect(updates(chain(scaleBy(2), addDecayedWeights(1)))).toEqual([16, 28]);
  });
  it('of nothing are the identity, and nest', () => {
    expect(updates(chain())).toEqual([3, 4]);
    expect(updates(chain(chain(scaleBy(2)), chain(scaleBy(3), scaleBy(0.5))))).toEqual([9, 12]);
  });
  it('keep one state a link', () => expect(chain(clip(1), sgd(0.1), scaleByAdam()).init(p)).toHaveLength(3));
});

describe('adamw', () => {
  it('decays the parameters that its mask names, apart from the gradient', () => {
    const p = { w: tensor([10]), b: tensor([10]) };
    const zero = { w: tensor([0]), b: tensor([0]) };
    const o = adamw(0.1, { weightDecay: 0.5, mask: (path) => path === 'w' });
    const [u] = o.update(zero, o.init(p), p);
    expect([u.w.arraySync(), u.b.arraySync()]).toEqual([[expect.closeTo(-0.5, 6)], [-0]]);
  });
});

describe('clipByGlobalNorm', () => {
  const clipped = (g: Tensor, max: number, options = {}): unknown =>
    clipByGlobalNorm(max, options).update(g, [], g)[0].arraySync();
  it('leaves small gradients, zero included', () => {
    expect(clipped(tensor([0.3, 0.4]), 1)).toEqual([Math.fround(0.3), Math.fround(0.4)]);
    expect(clipped(tensor([0, 0]), 1)).toEqual([0, 0]);
  });
  it('by the largest element', () => expect(clipped(tensor([-4, 2]), 1, { order: Infinity })).toEqual([-1, 0.5]));
  it('shows a NaN', () => expect(clipped(tensor([NaN, 1]), 1)).toEqual([NaN, NaN]));
  it('refuses bad options', () => {
    expect(() => clipByGlobalNorm(0)).toThrow(/maxNorm/);
    expect(() => clipByGlobalNorm(1, { order: 3 })).toThrow(/order/);
  });
});

it("Adam's first step is the rate times the sign, to float32's rounding", () => {
  const g = tensor([1e-3, -5, 100]);
  const [u] = adam(0.1).update(g, adam(0.1).init(g), g);
  u.dataSync().forEach((v, i) => expect(Math.abs(v - [-0.1, 0.1, -0.1][i]!)).toBeLessThan(2e-6));
});
