// A convolutional network that learns handwritten digits: data, model, one compiled training step, evaluation, pictures, checkpoint.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { devices, defaultDevice, jit, maxPool, tree, valueAndGrad, type Tensor } from '../src/index.ts';
import { batches, batchCount, cut, selectRows, shuffledRows, toFloat32, toInt32 } from '../src/data/index.ts';
import { IoError, orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { readIdx, saveCheckpoint, statusLine, writableFolder, writeAtomic } from '../src/node/index.ts';
import { adam, applyUpdates, warmupCosine } from '../src/optim/index.ts';
import { foldIn, key, type Key } from '../src/random/index.ts';
import * as train from '../src/train/index.ts';

const usage = `usage: npm start -- [--epochs 12] [--batch 64] [--seed 0] [--device wasm] [--out runs/mnist] [--data examples/data/mnist]`;

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      epochs: { type: 'string', default: '12' },
      batch: { type: 'string', default: '64' },
      seed: { type: 'string', default: '0' },
      device: { type: 'string', default: 'wasm' },
      out: { type: 'string', default: 'runs/mnist' },
      data: { type: 'string', default: join(import.meta.dirname, 'data', 'mnist') },
    },
  });
  const whole = (name: 'epochs' | 'batch' | 'seed', least: number): number => {
    const n = Number(values[name]);
    if (values[name].trim() === '' || !Number.isInteger(n) || n < least)
      throw new Error(`--${name} must be a whole number of at least ${least}, got '${values[name]}'`);
    return n;
  };
  if (values.device !== 'wasm' && values.device !== 'reference')
    throw new Error(`--device must be wasm or reference, got '${values.device}'`);
  const batch = whole('batch', 1);
  if (batch > 7500) throw new Error(`--batch must be at most 7500, the number of digits to train on, got '${batch}'`);
  return {
    epochs: whole('epochs', 1),
    batch,
    seed: whole('seed', 0),
    device: values.device,
    out: values.out,
    data: values.data,
  } as const;
};

/** The 10,000 digits, split by a fixed key into 7,500 to train on, 1,000 to validate with and 1,500 held out. */
const loadDigits = async (folder: string) => {
  const file = (name: string): string => join(folder, name);
  const images = orThrow(await readIdx(file('t10k-images-idx3-ubyte.gz'))());
  const labels = orThrow(await readIdx(file('t10k-labels-idx1-ubyte.gz'))());
  const x = toFloat32(images, 1 / 255);
  const digits = { x: { ...x, shape: [...x.shape, 1] }, y: orThrow(toInt32(labels)) };
  const order = await shuffledRows(key(1998), 0, x.shape[0]!);
  const [trainRows, validRows, heldOutRows] = cut(order, [7500, 1000, 1500]);
  return {
    digits,
    trainRows: trainRows!,
    valid: selectRows(digits, validRows!),
    heldOut: selectRows(digits, heldOutRows!),
  };
};

const layers = {
  conv1: nn.conv(1, 32, [3, 3]),
  conv2: nn.conv(32, 64, [3, 3]),
  dense1: nn.dense(7 * 7 * 64, 128),
  dense2: nn.dense(128, 10),
};
const init = nn.struct({
  conv1: layers.conv1.init,
  conv2: layers.conv2.init,
  dense1: layers.dense1.init,
  dense2: layers.dense2.init,
});
type Params = ReturnType<typeof init>;

/** Logits [batch, 10] of images [batch, 28, 28, 1]; dropout where there is a key. */
const model = (p: Params, x: Tensor, dropoutKey: Key | null): Tensor => {
  const a = maxPool(nn.relu(layers.conv1.apply(p.conv1, x)), { size: 2 });
  const b = maxPool(nn.relu(layers.conv2.apply(p.conv2, a)), { size: 2 });
  const c = nn.relu(layers.dense1.apply(p.dense1, b.reshape([x.shape[0]!, -1])));
  return layers.dense2.apply(p.dense2, nn.dropout(dropoutKey, 0.4, c));
};

const main = async (): Promise<void> => {
  const options = readOptions();
  if (options.device === 'reference') defaultDevice(devices.reference());
  orThrow(await writableFolder(options.out)());
  const { digits, trainRows, valid, heldOut } = await loadDigits(options.data);
  const root = key(options.seed);
  const perEpoch = batchCount(selectRows(digits, trainRows), { size: options.batch, remainder: 'drop' });
  const total = perEpoch * options.epochs;
  const optimizer = adam(warmupCosine(2e-3, Math.min(100, Math.floor(total / 10)), total, { end: 1e-5 }));

  const loss = (p: Params, x: Tensor, y: Tensor, k: Key | null): Tensor => nn.softmaxCrossEntropy(model(p, x, k), y);
  type State = { readonly params: Params; readonly opt: ReturnType<typeof optimizer.init> };
  const step = jit(
    (state: State, x: Tensor, y: Tensor, k: Key): [State, Tensor] => {
      const [value, gradient] = valueAndGrad(loss)(state.params, x, y, k);
      const [updates, opt] = optimizer.update(gradient, state.opt, state.params);
      return [{ params: applyUpdates(state.params, updates), opt }, value];
    },
    { donate: 0, name: 'step' },
  );
  const evaluate = jit((p: Params, x: Tensor, y: Tensor) => {
    const logits = model(p, x, null);
    return { ...nn.confusionOf(y, logits, 10), loss: nn.softmaxCrossEntropy(logits, y, { reduction: 'sum' }) };
  });
  const scores = async (
    p: Params,
    data: typeof valid,
  ): Promise<{ readonly matrix: number[][]; readonly loss: number }> => {
    const sum = {
      empty: { counts: nn.confusion(10).empty.counts, loss: 0 },
      concat: (a: { counts: Tensor; loss: number }, b: { counts: Tensor; loss: number }) => ({
        counts: a.counts.add(b.counts),
        loss: a.loss + b.loss,
      }),
    };
    const all = await train.evaluate(sum, batches(data, { size: 500 }), async ({ x, y }) => {
      const r = evaluate(p, x, y);
      return { counts: r.counts, loss: Number(await r.loss.item()) };
    });
    return { matrix: (await all.counts.array()) as number[][], loss: all.loss / data.y.shape[0]! };
  };

  const params = init(foldIn(root, 0));
  let state: State = { params, opt: optimizer.init(params) };
  console.log(
    `${tree.leaves(params).reduce((n, x) => n + x.size, 0)} parameters, ${trainRows.length} digits to train on, ${total} steps of ${options.batch}`,
  );
  const status = statusLine(process.stdout);
  const label = (epoch: number) => ({
    label: `epoch ${epoch + 1}/${options.epochs}`,
    unit: 'images',
    perStep: options.batch,
  });
  let history: train.History = [];
  let stopping = train.earlyStopping<Params>({ patience: 3, mode: 'min' });
  for (let epoch = 0; epoch < options.epochs && !stopping.stopped; epoch++) {
    const order = await shuffledRows(foldIn(root, 1), epoch, trainRows);
    let progress = train.startProgress(perEpoch, performance.now());
    let mean = 0;
    let i = 0;
    for (const { x, y } of batches(digits, { size: options.batch, order, remainder: 'drop' })) {
      const [next, value] = step(state, x, y, foldIn(foldIn(root, 2), epoch * perEpoch + i++));
      state = next;
      mean += (Number(await value.item()) - mean) / i;
      progress = train.advance(progress, performance.now());
      status.show(train.progressLine(progress, { loss: mean }, label(epoch)));
    }
    const { matrix, loss: validLoss } = await scores(state.params, valid);
    const { accuracy } = nn.report(matrix);
    history = train.record(history, { epoch: epoch + 1, loss: mean, validLoss, accuracy });
    stopping = train.observe(stopping, validLoss, await train.snapshot(state.params));
    status.end(train.progressLine(progress, { loss: mean, validation: validLoss, accuracy }, label(epoch)));
  }

  const best = stopping.bestState ?? state.params;
  const { matrix } = await scores(best, heldOut);
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
  console.error(known ? `${(error as Error).message}\n${usage}` : error);
  process.exitCode = 1;
}
