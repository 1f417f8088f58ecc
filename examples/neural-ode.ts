// A neural ordinary differential equation (Chen et al., 2018) learns the spiral of a damped pendulum: the whole training is one compiled call. npx tsx examples/neural-ode.ts
import {
  checkpoint,
  dynamicSlice,
  explain,
  grad,
  jit,
  scan,
  stack,
  tanh,
  tensor,
  unstack,
  valueAndGrad,
  vmap,
  zeros,
  type Tensor,
} from '../src/index.ts';
import { orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { writableFolder, writeAtomic } from '../src/node/index.ts';
import { adam, applyUpdates, cosine } from '../src/optim/index.ts';
import { key, randint, split, type Key } from '../src/random/index.ts';
import { curvesSvg, curvesText, type Panel } from '../src/train/index.ts';

/** dy/dt, or the next y. */
type Field = (y: Tensor) => Tensor;

/** One step of Runge and Kutta's method of order four. */
const rk4 = (field: Field, y: Tensor, dt: number): Tensor => {
  const k1 = field(y);
  const k2 = field(y.add(k1.mul(dt / 2)));
  const k3 = field(y.add(k2.mul(dt / 2)));
  const k4 = field(y.add(k3.mul(dt)));
  return y.add(
    k1
      .add(k2.mul(2))
      .add(k3.mul(2))
      .add(k4)
      .mul(dt / 6),
  );
};

/** The states [steps, 2] after each of the steps from y0. */
export const solve = (next: Field, y0: Tensor, steps: number): Tensor =>
  scan(
    (y: Tensor) => {
      const y1 = next(y);
      return [y1, y1];
    },
    y0,
    null,
    { length: steps },
  )[1];

// What is to be learned, a damped pendulum: a spiral in the plane of angle and velocity, seen at 300 moments.
const dt = 0.1;
const points = 300;
const start = [2.5, 0];
const pendulum: Field = (y) => {
  const [angle, velocity] = unstack(y) as [Tensor, Tensor];
  return stack([velocity, angle.sin().neg().sub(velocity.mul(0.1))]);
};

const layers = { hidden: nn.dense(2, 32), out: nn.dense(32, 2) };
export const init: nn.Init<Readonly<Record<'hidden' | 'out', nn.DenseParams>>> = nn.struct({
  hidden: layers.hidden.init,
  out: layers.out.init,
});
export type Params = ReturnType<typeof init>;
const learned =
  (p: Params): Field =>
  (y) =>
    layers.out.apply(p.out, tanh(layers.hidden.apply(p.hidden, y)));

export interface Settings {
  readonly updates: number;
  /** Stretches of the trajectory in a batch, and the steps in each. */
  readonly batch: number;
  readonly steps: number;
  readonly rate: number;
}
export const settings: Settings = { updates: 2000, batch: 32, steps: 16, rate: 1e-2 };

export type Step = (p: Params, y: Tensor) => Tensor;
export const step: Step = (p, y) => rk4(learned(p), y, dt);
/** The same, of which the backward pass keeps only y: four evaluations of the field are computed again, not stored. */
export const lean: Step = checkpoint(step);

/** The mean squared distance of stretches [batch, steps + 1, 2] from the solutions through their first points. */
export const loss = (p: Params, stretches: Tensor, next: Step = lean): Tensor => {
  const error = (seen: Tensor): Tensor =>
    nn.squaredError(
      solve((y) => next(p, y), seen.slice(0), seen.shape[0]! - 1),
      seen.slice([1, null]),
    );
  return vmap(error)(stretches).mean();
};

export interface Fit {
  /** [points, 2] */
  readonly truth: Tensor;
  readonly fitted: Tensor;
  readonly losses: Tensor;
}

/** Data, training and the trajectory found: one function, to be jitted. */
export const fit = ({ updates, batch, steps, rate }: Settings, k: Key): Fit => {
  const [kInit, kBatch] = split(k);
  const truth = solve((y) => rk4(pendulum, y, dt), tensor(start), points);
  const optimizer = adam(cosine(rate, updates));
  const params = init(kInit!);
  const [trained, losses] = scan(
    ([p, state], key) => {
      const from = randint(key, [batch], 0, points - steps);
      const stretches = vmap((i: Tensor) => dynamicSlice(truth, [i, 0], [steps + 1, 2]))(from);
      const [value, gradient] = valueAndGrad((q: Params) => loss(q, stretches))(p);
      const [change, next] = optimizer.update(gradient, state, p);
      return [[applyUpdates(p, change), next], value];
    },
    [params, optimizer.init(params)] as const,
    split(kBatch!, updates),
  );
  return { truth, fitted: solve((y) => step(trained[0], y), tensor(start), points), losses };
};

/** Bytes of temporaries that the gradient through the whole trajectory takes. */
export const memoryOf = (next: Step): number =>
  explain(grad((p: Params, seen: Tensor) => loss(p, seen, next)))(init(key(0)), zeros([1, points, 2])).arenaBytes;

const main = async (): Promise<void> => {
  const begin = performance.now();
  const result = jit((k: Key) => fit(settings, k))(key(0));
  const [truth, fitted, losses] = await Promise.all([
    result.truth.array(),
    result.fitted.array(),
    result.losses.array(),
  ]);
  const seconds = (performance.now() - begin) / 1000;
  const panels: Panel[] = [
    {
      title: 'trajectory',
      x: 'angle',
      y: 'velocity',
      series: [
        { name: 'learned', points: fitted as [number, number][] },
        { name: 'pendulum', points: truth as [number, number][] },
      ],
    },
    {
      title: 'loss',
      x: 'update',
      scale: 'log',
      series: [{ name: 'loss', points: (losses as number[]).map((y, i) => [i, y] as const) }],
    },
  ];
  console.log(curvesText(panels, { height: 18 }));
  console.log(
    `root mean squared distance ${Math.sqrt((await result.truth.sub(result.fitted).square().sum(1).mean().item()) as number).toFixed(4)} over ${points} steps, ${seconds.toFixed(2)} s with compilation`,
  );
  const [small, large] = [lean, step].map((next) => `${(memoryOf(next) / 1024).toFixed(0)} kB`);
  console.log(`the gradient through all ${points} steps takes ${small} of memory with checkpoint, ${large} without`);
  orThrow(await writableFolder('runs/neural-ode')());
  orThrow(await writeAtomic('runs/neural-ode/spiral.svg', curvesSvg(panels))());
};

if (process.argv[1] === import.meta.filename) await main();
