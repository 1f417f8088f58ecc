// Hamiltonian Monte Carlo: 1,000 draws of a correlated Gaussian, warm-up included, by one compiled call. npx tsx examples/hmc.ts
import { foriLoop, grad, jit, mul, scan, tensor, where, type Tensor } from '../src/index.ts';
import { orThrow } from '../src/io/index.ts';
import { writableFolder, writeAtomic } from '../src/node/index.ts';
import { key, normal, split, uniform, type Key } from '../src/random/index.ts';
import { curvesSvg, curvesText, tableText, type Panel } from '../src/train/index.ts';

/** What is sampled from: the mean, and the covariance, whose correlation is 0.8. */
export const target = {
  mean: [1, -1],
  covariance: [
    [1, 1.6],
    [1.6, 4],
  ],
} as const;

// The inverse of the covariance, whose determinant is 1.44.
const precision = [
  [4 / 1.44, -1.6 / 1.44],
  [-1.6 / 1.44, 1 / 1.44],
];

/** -log p(q), up to a constant: all that the sampler knows of the target. */
const potential = (q: Tensor): Tensor => {
  const d = q.sub(tensor(target.mean));
  return d.dot(tensor(precision).matmul(d)).mul(0.5);
};

const force = grad(potential);
const energy = (q: Tensor, p: Tensor): Tensor => potential(q).add(p.square().sum().mul(0.5));

interface Proposal {
  readonly q: Tensor;
  readonly accepted: Tensor;
  readonly probability: Tensor;
}

/**
 * One step (Neal, 2011): a random momentum, `leapfrogs` steps along the trajectory, then accept or stay. The step size varies
 * by a fifth, so that no trajectory is a whole period.
 */
const transition = (k: Key, q0: Tensor, meanStep: Tensor, leapfrogs: number): Proposal => {
  const [kMomentum, kStep, kAccept] = split(k, 3);
  const stepSize = meanStep.mul(uniform(kStep!, [], { minval: 0.8, maxval: 1.2 }));
  const p0 = normal(kMomentum!, q0.shape);
  const [q, p] = foriLoop(
    0,
    leapfrogs,
    (_, [q, p]) => {
      const half = p.sub(force(q).mul(mul(stepSize, 0.5)));
      const next = q.add(half.mul(stepSize));
      return [next, half.sub(force(next).mul(mul(stepSize, 0.5)))];
    },
    [q0, p0] as [Tensor, Tensor],
  );
  const probability = energy(q0, p0).sub(energy(q, p)).minimum(0).exp();
  const accepted = uniform(kAccept!).less(probability);
  return { q: where(accepted, q, q0), accepted, probability };
};

export interface Settings {
  readonly warmUp: number;
  readonly draws: number;
  readonly leapfrogs: number;
  /** The mean acceptance probability that the warm-up steers towards. */
  readonly wanted: number;
}
export const settings: Settings = { warmUp: 500, draws: 1000, leapfrogs: 5, wanted: 0.8 };

export interface Sample {
  /** [draws, 2] */
  readonly draws: Tensor;
  readonly acceptance: Tensor;
  readonly stepSize: Tensor;
}

/** The chain: warm-up moves the step size towards the wanted acceptance (Robbins and Monro, 1951), then draws at what it found. */
export const chain = ({ warmUp, draws, leapfrogs, wanted }: Settings, k: Key, start: Tensor): Sample => {
  const [kWarm, kDraw] = split(k);
  const [warm] = scan(
    ({ q, logStep, n }, key) => {
      const next = transition(key, q, logStep.exp(), leapfrogs);
      const rate = n.add(10).pow(-0.6);
      return [{ q: next.q, logStep: logStep.add(rate.mul(next.probability.sub(wanted))), n: n.add(1) }, null];
    },
    { q: start, logStep: Math.log(0.5), n: 0 },
    split(kWarm!, warmUp),
  );
  const stepSize = warm.logStep.exp();
  const [, drawn] = scan(
    (q, key) => {
      const next = transition(key, q, stepSize, leapfrogs);
      return [next.q, { q: next.q, probability: next.probability }];
    },
    warm.q,
    split(kDraw!, draws),
  );
  return { draws: drawn.q, acceptance: drawn.probability.mean(), stepSize };
};

/** The mean of a chain of values, and its standard error from the effective sample size (Geyer's initial positive sequence, 1992). */
export const estimate = (x: readonly number[]): { mean: number; error: number; effective: number } => {
  const n = x.length;
  const mean = x.reduce((s, v) => s + v, 0) / n;
  const covariance = (lag: number): number => x.slice(lag).reduce((s, v, i) => s + (v - mean) * (x[i]! - mean), 0) / n;
  const variance = covariance(0);
  let time = -1;
  for (let lag = 0; lag + 1 < n; lag += 2) {
    const pair = (covariance(lag) + covariance(lag + 1)) / variance;
    if (pair <= 0) break;
    time += 2 * pair;
  }
  return { mean, error: Math.sqrt((variance * time) / n), effective: n / time };
};

export interface Row {
  readonly name: string;
  readonly exact: number;
  readonly mean: number;
  readonly error: number;
  readonly effective: number;
}

/** Every mean and covariance of the draws beside its exact value. */
export const summary = (draws: readonly (readonly number[])[]): Row[] => {
  const [mx, my] = target.mean;
  const [[xx, xy], [, yy]] = target.covariance;
  const rows: [string, number, (x: number, y: number) => number][] = [
    ['mean x', mx, (x) => x],
    ['mean y', my, (_, y) => y],
    ['variance x', xx, (x) => (x - mx) ** 2],
    ['variance y', yy, (_, y) => (y - my) ** 2],
    ['covariance', xy, (x, y) => (x - mx) * (y - my)],
  ];
  return rows.map(([name, exact, f]) => ({ name, exact, ...estimate(draws.map(([x, y]) => f(x!, y!))) }));
};

const main = async (): Promise<void> => {
  const start = performance.now();
  const { draws, acceptance, stepSize } = jit((k: Key) => chain(settings, k, tensor([-3, 5])))(key(0));
  const points = (await draws.array()) as [number, number][];
  const seconds = (performance.now() - start) / 1000;
  // A gap after every point: points, not a line.
  const cloud = { name: 'draws', points: points.flatMap((p) => [p, [NaN, NaN] as const]) };
  const panels: Panel[] = [{ title: 'draws', x: 'x', y: 'y', series: [cloud] }];
  console.log(curvesText(panels, { height: 16 }));
  const rows = summary(points).map(({ name, exact, mean, error, effective }) => [
    name,
    exact.toFixed(2),
    mean.toFixed(3),
    error.toFixed(3),
    effective.toFixed(0),
  ]);
  console.log(`\n${tableText(['', 'exact', 'estimate', 'standard error', 'effective draws'], rows)}\n`);
  console.log(
    `${settings.draws} draws, acceptance ${Number(await acceptance.item()).toFixed(3)}, step size ${Number(await stepSize.item()).toFixed(3)}, ${seconds.toFixed(2)} s with compilation`,
  );
  orThrow(await writableFolder('runs/hmc')());
  orThrow(await writeAtomic('runs/hmc/draws.svg', curvesSvg(panels))());
};

if (process.argv[1] === import.meta.filename) await main();
