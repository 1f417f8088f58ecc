// Hypergradients: learning rate, momentum and weight decay, themselves learned by gradient descent through 100 steps of training. npx tsx examples/hypergradients.ts
import {
  identity,
  grad,
  jit,
  scan,
  sigmoid,
  stack,
  tanh,
  tensor,
  tree,
  unstack,
  valueAndGrad,
  vmap,
  type Tensor,
} from '../src/index.ts';
import { orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { writableFolder, writeAtomic } from '../src/node/index.ts';
import { adam, applyUpdates } from '../src/optim/index.ts';
import { key, normal, split, uniform, type Key } from '../src/random/index.ts';
import { curvesSvg, curvesText, tableText, type Panel } from '../src/train/index.ts';

/** What is learned, as one vector [3] without bounds: the rate's logarithm, the momentum's logit, the decay's logarithm. */
export const start: Tensor = tensor([Math.log(0.02), 0, Math.log(0.01)], { dtype: 'float64' });
const names = ['learning rate', 'momentum', 'weight decay'] as const;
const meaning = (hyper: Tensor): Tensor => {
  const [rate, momentum, decay] = unstack(hyper) as [Tensor, Tensor, Tensor];
  return stack([rate.exp(), sigmoid(momentum), decay.exp()]);
};

const layers = { hidden: nn.dense(1, 32), out: nn.dense(32, 1) };
export const init: nn.Init<Readonly<Record<'hidden' | 'out', nn.DenseParams>>> = nn.struct({
  hidden: layers.hidden.init,
  out: layers.out.init,
});
type Params = ReturnType<typeof init>;
const net = (p: Params, x: Tensor): Tensor => layers.out.apply(p.out, tanh(layers.hidden.apply(p.hidden, x)));
interface Data {
  readonly x: Tensor;
  readonly y: Tensor;
}
const loss = (p: Params, { x, y }: Data): Tensor => nn.squaredError(net(p, x), y);

export interface Problem {
  readonly params: Params;
  readonly training: Data;
  readonly validation: Data;
}

/** A wave seen with noise: 20 points to train on, 100 to validate with. In float64, so that differences are exact enough to compare with. */
export const problem = (k: Key): Problem => {
  const [kInit, kTrain, kValid] = split(k, 3);
  const wave = (kd: Key, n: number): Data => {
    const [kx, kNoise] = split(kd);
    const x = uniform(kx!, [n, 1], { minval: -2, maxval: 2, dtype: 'float64' });
    return {
      x,
      y: x
        .mul(3)
        .sin()
        .add(normal(kNoise!, [n, 1], { dtype: 'float64' }).mul(0.3)),
    };
  };
  const params = tree.map((w) => w.astype('float64'), init(kInit!));
  return { params, training: wave(kTrain!, 20), validation: wave(kValid!, 100) };
};

/** The validation loss of what `steps` steps of gradient descent with momentum arrive at. */
export const outcome = (hyper: Tensor, { params, training, validation }: Problem, steps = 100): Tensor => {
  const [rate, momentum, decay] = unstack(meaning(hyper)) as [Tensor, Tensor, Tensor];
  const [[trained]] = scan(
    ([p, v]: readonly [Params, Params]) => {
      const g = grad(loss)(p, training);
      const velocity = tree.map((vi, gi, pi) => vi.mul(momentum).add(gi).add(pi.mul(decay)), v, g, p);
      return [[tree.map((pi, vi) => pi.sub(vi.mul(rate)), p, velocity), velocity], null];
    },
    [params, tree.zerosLike(params)] as const,
    null,
    { length: steps },
  );
  return loss(trained, validation);
};

/** The hypergradient at a point, and central differences there: six trainings side by side. */
export const check = (hyper: Tensor, p: Problem): { readonly gradient: Tensor; readonly differences: Tensor } => {
  const h = 1e-5;
  const shifts = identity(3, { dtype: 'float64' }).mul(h);
  const at = vmap((d: Tensor) => outcome(hyper.add(d), p));
  return {
    gradient: grad(outcome)(hyper, p),
    differences: at(shifts)
      .sub(at(shifts.neg()))
      .div(2 * h),
  };
};

export interface Tuned {
  /** By update: the validation loss, and the three hyperparameters [updates, 3]. */
  readonly losses: Tensor;
  readonly values: Tensor;
  readonly final: Tensor;
}

/** The outer descent: Adam on the hypergradient. */
export const tune = (hyper: Tensor, p: Problem, updates = 150, rate = 0.1): Tuned => {
  const optimizer = adam(rate);
  const [[final], history] = scan(
    ([h, state]) => {
      const [value, gradient] = valueAndGrad(outcome)(h, p);
      const [change, next] = optimizer.update(gradient, state, h);
      return [[applyUpdates(h, change), next], { value, hyper: meaning(h) }];
    },
    [hyper, optimizer.init(hyper)] as const,
    null,
    { length: updates },
  );
  return { losses: history.value, values: history.hyper, final };
};

const main = async (): Promise<void> => {
  const begin = performance.now();
  const all = jit((k: Key) => {
    const p = problem(k);
    return { ...tune(start, p), ...check(start, p) };
  })(key(0));
  const [gradient, differences, losses, values] = (await Promise.all([
    all.gradient.array(),
    all.differences.array(),
    all.losses.array(),
    all.values.array(),
  ])) as [number[], number[], number[], number[][]];
  const seconds = (performance.now() - begin) / 1000;

  const [first, last] = [values[0]!, values.at(-1)!];
  const rows = names.map((name, i) => [
    name,
    first[i]!.toPrecision(3),
    last[i]!.toPrecision(3),
    gradient[i]!.toPrecision(8),
    differences[i]!.toPrecision(8),
  ]);
  console.log(tableText(['', 'start', 'learned', 'hypergradient', 'central difference'], rows));
  const line = (name: string, y: (i: number) => number) => ({ name, points: losses.map((_, i) => [i, y(i)] as const) });
  const panels: Panel[] = [
    {
      title: 'validation loss after 100 steps',
      x: 'outer update',
      scale: 'log',
      series: [line('loss', (i) => losses[i]!)],
    },
    {
      title: 'hyperparameters',
      x: 'outer update',
      scale: 'log',
      series: names.map((name, k) => line(name, (i) => values[i]![k]!)),
    },
  ];
  console.log(`\n${curvesText(panels)}\n`);
  console.log(
    `validation loss ${losses[0]!.toFixed(4)} -> ${losses.at(-1)!.toFixed(4)} in ${losses.length} outer updates, ${seconds.toFixed(2)} s with compilation`,
  );
  orThrow(await writableFolder('runs/hypergradients')());
  orThrow(await writeAtomic('runs/hypergradients/curves.svg', curvesSvg(panels))());
};

if (process.argv[1] === import.meta.filename) await main();
