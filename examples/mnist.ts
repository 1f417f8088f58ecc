// A convolutional network that learns handwritten digits: one compiled training step, evaluation, pictures, checkpoint.
import { join } from 'node:path';
import type { Tensor } from '../src/index.ts';
import { batchCount, batches, selectRows, shuffledRows } from '../src/data/index.ts';
import { IoError, orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { readIdx, saveCheckpoint, statusLine, writableFolder, writeAtomic } from '../src/node/index.ts';
import { warmupCosine } from '../src/optim/index.ts';
import { foldIn, key } from '../src/random/index.ts';
import * as train from '../src/train/index.ts';
import { imagesFile, labelsFile, splitDigits, type Digits, type Labelled } from './digits/data.ts';
import { chooseDevice } from './digits/device.ts';
import { lateReader } from './digits/late.ts';
import { digitsLearner, parameterCount, type Learner } from './digits/learner.ts';
import { digitsNetwork, type Params } from './digits/network.ts';
import { readOptions, usage } from './digits/options.ts';

const loadDigits = async (folder: string): Promise<Digits> =>
  splitDigits(orThrow(await readIdx(join(folder, imagesFile))()), orThrow(await readIdx(join(folder, labelsFile))()));

/** The confusion matrix and the mean loss over a part of the data. */
const scores = async (
  { measure }: Learner,
  p: Params,
  data: Labelled,
): Promise<{ readonly matrix: number[][]; readonly loss: number }> => {
  const sum = {
    empty: { counts: nn.confusion(10).empty.counts, loss: 0 },
    concat: (a: { counts: Tensor; loss: number }, b: { counts: Tensor; loss: number }) => ({
      counts: a.counts.add(b.counts),
      loss: a.loss + b.loss,
    }),
  };
  const all = await train.evaluate(sum, batches(data, { size: 500 }), async ({ x, y }) => {
    const { counts, loss } = measure(p, x, y);
    return { counts, loss: Number(await loss.item()) };
  });
  return { matrix: (await all.counts.array()) as number[][], loss: all.loss / data.y.shape[0]! };
};

const main = async (): Promise<void> => {
  const options = readOptions();
  orThrow(await writableFolder(options.out)());
  const place = await chooseDevice(options.device);
  const { digits, trainRows, valid, heldOut } = await loadDigits(options.data);
  const root = key(options.seed);
  const perEpoch = batchCount(selectRows(digits, trainRows), { size: options.batch, remainder: 'drop' });
  const total = Math.min(perEpoch * options.epochs, options.steps);
  const rate = warmupCosine(2e-3, Math.min(100, Math.floor(total / 10)), total, { end: 1e-5 });
  const learner = digitsLearner(digitsNetwork(), rate, options.seed);

  let state = learner.start();
  console.log(
    `${parameterCount(state.params)} parameters, ${trainRows.length} digits to train on, ${total} steps of ${options.batch} ${place}`,
  );
  const status = statusLine(process.stdout);
  const label = (epoch: number) => ({
    label: `epoch ${epoch + 1}/${Math.ceil(total / perEpoch)}`,
    unit: 'images',
    perStep: options.batch,
  });
  let history: train.History = [];
  let stopping = train.earlyStopping<Params>({ patience: 3, mode: 'min' });
  for (let epoch = 0; epoch * perEpoch < total && !stopping.stopped; epoch++) {
    const order = await shuffledRows(foldIn(root, 1), epoch, trainRows);
    const first = epoch * perEpoch;
    const steps = Math.min(perEpoch, total - first);
    const losses = lateReader(2);
    let progress = train.startProgress(steps, performance.now());
    let mean = 0;
    let i = 0;
    const show = (values: readonly number[]): void => {
      for (const value of values) mean += (value - mean) / ++i;
      if (values.length === 0) return;
      progress = train.advance(progress, performance.now(), values.length);
      status.show(train.progressLine(progress, { loss: mean }, label(epoch)));
    };
    let n = first;
    for (const { x, y } of batches(digits, { size: options.batch, order, remainder: 'drop' })) {
      if (n === total) break;
      const [next, value] = learner.step(state, x, y, n++);
      state = next;
      show(await losses.read(value));
    }
    show(await losses.rest());
    const { matrix, loss: validLoss } = await scores(learner, state.params, valid);
    const { accuracy } = nn.report(matrix);
    history = train.record(history, { epoch: epoch + 1, loss: mean, validLoss, accuracy });
    stopping = train.observe(stopping, validLoss, await train.snapshot(state.params));
    status.end(train.progressLine(progress, { loss: mean, validation: validLoss, accuracy }, label(epoch)));
  }

  const best = stopping.bestState ?? state.params;
  const { matrix } = await scores(learner, best, heldOut);
  const { accuracy, macro } = nn.report(matrix);
  const panels: train.Panel[] = [
    {
      title: 'loss',
      x: 'epoch',
      series: [
        train.series(history, 'epoch', 'loss', 'training'),
        train.series(history, 'epoch', 'validLoss', 'validation'),
      ],
    },
    { title: 'accuracy', x: 'epoch', series: [train.series(history, 'epoch', 'accuracy', 'validation')] },
  ];
  console.log(`\n${train.curvesText(panels)}\n\n${train.confusionText(matrix)}\n`);
  orThrow(await writeAtomic(join(options.out, 'curves.svg'), train.curvesSvg(panels))());
  orThrow(await writeAtomic(join(options.out, 'confusion.svg'), train.confusionSvg(matrix))());
  orThrow(await saveCheckpoint(join(options.out, 'params.safetensors'), best)());
  console.log(`curves.svg, confusion.svg and params.safetensors are in ${options.out}`);
  console.log(
    `precision ${macro.precision.toFixed(4)}, recall ${macro.recall.toFixed(4)}, F1 ${macro.f1.toFixed(4)} (means over the ten digits)`,
  );
  console.log(`test accuracy ${(accuracy * 100).toFixed(2)} %`);
};

try {
  await main();
} catch (error) {
  const known =
    error instanceof IoError || (error instanceof Error && (error.message.startsWith('--') || 'code' in error));
  console.error(known ? `${error.message}\n${usage}` : error);
  process.exitCode = 1;
}
