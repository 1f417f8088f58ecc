// Meta-learning (MAML, Finn et al., 2017): weights from which one gradient step fits any sinusoid; the training of both nets is one compiled call. npx tsx examples/maml.ts
import { concatenate, grad, jit, linspace, scan, tree, valueAndGrad, vmap, type Tensor } from '../src/index.ts';
import { orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { writableFolder, writeAtomic } from '../src/node/index.ts';
import { adam, applyUpdates, cosine } from '../src/optim/index.ts';
import { key, split, uniform, type Key } from '../src/random/index.ts';
import { curvesSvg, curvesText, tableText, type Panel } from '../src/train/index.ts';

const layers = { first: nn.dense(1, 40), second: nn.dense(40, 40), out: nn.dense(40, 1) };
export const init: nn.Init<Readonly<Record<'first' | 'second' | 'out', nn.DenseParams>>> = nn.struct({
  first: layers.first.init,
  second: layers.second.init,
  out: layers.out.init,
});
export type Params = ReturnType<typeof init>;

/** y of x, both [n, 1]. */
const net = (p: Params, x: Tensor): Tensor =>
  layers.out.apply(p.out, nn.relu(layers.second.apply(p.second, nn.relu(layers.first.apply(p.first, x)))));

/** Points of one sinusoid: some to adapt to, others to be judged by. Of many sinusoids, each leaf has one more axis. */
export interface Task {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly xTest: Tensor;
  readonly yTest: Tensor;
}

/** A random sinusoid: amplitude from 0.1 to 5, phase from 0 to pi, ten points of each kind between -5 and 5. */
const task = (k: Key): Task => {
  const [kAmplitude, kPhase, kX, kTest] = split(k, 4);
  const amplitude = uniform(kAmplitude!, [], { minval: 0.1, maxval: 5 });
  const phase = uniform(kPhase!, [], { maxval: Math.PI });
  const [x, xTest] = [kX!, kTest!].map((kx) => uniform(kx, [10, 1], { minval: -5, maxval: 5 })) as [Tensor, Tensor];
  const wave = (at: Tensor): Tensor => at.add(phase).sin().mul(amplitude);
  return { x, y: wave(x), xTest, yTest: wave(xTest) };
};
export const tasks = (keys: Key): Task => vmap(task)(keys);

const loss = (p: Params, x: Tensor, y: Tensor): Tensor => nn.squaredError(net(p, x), y);

/** One step down the gradient of a task's own points: the inner loop. */
export const adapt = (p: Params, x: Tensor, y: Tensor, rate = 0.01): Params =>
  tree.map((w, g) => w.sub(g.mul(rate)), p, grad(loss)(p, x, y));

/** What MAML minimises: the loss after adaptation, differentiated through it. Beside it what plain pretraining minimises. */
export const metaLoss = (p: Params, t: Task): Tensor => loss(adapt(p, t.x, t.y), t.xTest, t.yTest);
const plainLoss = (p: Params, t: Task): Tensor => loss(p, t.xTest, t.yTest);

export interface Settings {
  readonly updates: number;
  readonly batch: number;
  readonly rate: number;
}
export const settings: Settings = { updates: 4000, batch: 25, rate: 2e-3 };

interface Trained {
  readonly params: Params;
  readonly losses: Tensor;
}

/** The outer loop: Adam on the mean objective of fresh tasks in every update. */
const train = (objective: (p: Params, t: Task) => Tensor, { updates, batch, rate }: Settings, k: Key): Trained => {
  const [kInit, kTasks] = split(k);
  const optimizer = adam(cosine(rate, updates));
  const mean = (p: Params, ts: Task): Tensor => vmap(objective, { inAxes: [null, 0] })(p, ts).mean();
  const start = init(kInit!);
  const [[params], losses] = scan(
    ([p, state], key) => {
      const [value, gradient] = valueAndGrad(mean)(p, tasks(split(key, batch)));
      const [change, next] = optimizer.update(gradient, state, p);
      return [[applyUpdates(p, change), next], value];
    },
    [start, optimizer.init(start)] as const,
    split(kTasks!, updates),
  );
  return { params, losses };
};

export interface Comparison {
  readonly maml: Trained;
  readonly plain: Trained;
}
/** Both nets, from the same start and on the same tasks. */
export const compare = (s: Settings, k: Key): Comparison => ({
  maml: train(metaLoss, s, k),
  plain: train(plainLoss, s, k),
});

/** The mean loss on new tasks after 0, 1, ... `steps` steps of adaptation. */
export const lossesOfSteps = (p: Params, ts: Task, steps: number): Tensor =>
  vmap((t: Task) => {
    const [last, before] = scan((q: Params) => [adapt(q, t.x, t.y), plainLoss(q, t)], p, null, { length: steps });
    return concatenate([before, plainLoss(last, t).reshape([1])]);
  })(ts).mean(0);

const main = async (): Promise<void> => {
  const start = performance.now();
  const { maml, plain } = jit((k: Key) => compare(settings, k))(key(0));
  const final = Number(await maml.losses.slice(settings.updates - 1).item());
  const seconds = (performance.now() - start) / 1000;

  const unseen = tasks(split(key(1), 1000));
  const errors = jit((m: Params, q: Params) => [m, q].map((p) => lossesOfSteps(p, unseen, 10)));
  const [ofMaml, ofPlain] = (await Promise.all(
    errors(maml.params, plain.params).map(async (x) => (await x.array()) as number[]),
  )) as [number[], number[]];
  const row = (name: string, all: number[]): string[] => [name, ...[0, 1, 5, 10].map((i) => all[i]!.toFixed(3))];

  const one = tree.map((x: Tensor) => x.slice(2), unseen);
  const grid = linspace(-5, 5, 100).reshape([100, 1]);
  const curve = async (name: string, y: Tensor) => {
    const [xs, ys] = (await Promise.all([grid.ravel().array(), y.ravel().array()])) as [number[], number[]];
    return { name, points: xs.map((x, i) => [x, ys[i]!] as const) };
  };
  const after = (p: Params): Tensor => net(adapt(p, one.x, one.y), grid);
  const [px, py] = (await Promise.all([one.x.ravel().array(), one.y.ravel().array()])) as [number[], number[]];
  const panels: Panel[] = [
    {
      title: 'a new sinusoid after one step of adaptation',
      x: 'x',
      y: 'y',
      series: [
        await curve('MAML', after(maml.params)),
        await curve('plain', after(plain.params)),
        { name: 'its ten points', points: px.flatMap((x, i) => [[x, py[i]!] as const, [NaN, NaN] as const]) },
      ],
    },
  ];
  console.log(curvesText(panels));
  console.log(
    `\n${tableText(['loss on 1,000 new tasks after', '0 steps', '1', '5', '10'], [row('MAML', ofMaml), row('plain', ofPlain)])}\n`,
  );
  console.log(
    `${settings.updates} updates of each net, last loss ${final.toFixed(3)}, ${seconds.toFixed(1)} s with compilation`,
  );
  orThrow(await writableFolder('runs/maml')());
  orThrow(await writeAtomic('runs/maml/adapted.svg', curvesSvg(panels))());
};

if (process.argv[1] === import.meta.filename) await main();
