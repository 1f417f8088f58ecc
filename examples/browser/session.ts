// One training run on one device, in the worker: steps until told to pause, and predictions at any time.
import { defaultDevice, jit, memory, tensor, type Tensor } from 'cotangent';
import { batchAt, batchCount, takeRows } from 'cotangent/data';
import { warmupCosine } from 'cotangent/optim';
import { foldIn, key, permutation, type Key } from 'cotangent/random';
import { advance, startProgress } from 'cotangent/train';
import type { Digits } from '../digits/data.ts';
import { lateReader } from '../digits/late.ts';
import { digitsLearner, parameterCount } from '../digits/learner.ts';
import { digitsNetwork, full, type NetworkSize } from '../digits/network.ts';
import type { BrowserDevice } from './device.ts';
import type { Samples, Setup, Told } from './protocol.ts';

export interface Session {
  readonly parameters: number;
  readonly samples: Samples;
  readonly train: (on: boolean) => Promise<void>;
  readonly draw: (pixels: Float32Array) => Promise<void>;
  /** Resolves when nothing of the run is under way any more. */
  readonly close: () => Promise<void>;
}

const networks: Readonly<Record<Setup['network'], NetworkSize>> = { small: { channels: [8, 16], hidden: 64 }, full };

// Digits that the accuracy is measured on, and the first of them that are shown.
const [measured, shown] = [250, 32];
// The learning rate has come down after so many images; training may go on.
const imagesToLearn = 90_000;

/** Lets messages in: a step on WebAssembly holds the worker until it is done. */
const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

const largest = (row: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
};

/** @param cpu Where the shuffled orders are computed: a sort, once an epoch. */
export const openSession = (
  { network, batch, seed }: Setup,
  { digits, trainRows, valid }: Digits,
  device: BrowserDevice,
  cpu: BrowserDevice,
  tell: (message: Told) => void,
): Session => {
  const orderOf = jit((k: Key, epoch: number): Tensor => permutation(foldIn(foldIn(k, 1), epoch), trainRows.length), {
    device: cpu,
    name: 'shuffle',
  });
  defaultDevice(device);
  const total = Math.ceil(imagesToLearn / batch);
  const rate = warmupCosine(2e-3, Math.min(100, Math.ceil(total / 10)), total, { end: 1e-4 });
  const learner = digitsLearner(digitsNetwork(networks[network]), rate, seed);
  const rows = Int32Array.from({ length: measured }, (_, i) => i);
  const [images, labels] = [takeRows(valid.x, rows), takeRows(valid.y, rows).data];
  const fixed = tensor(images.data).reshape(images.shape);

  let state = learner.start();
  let [n, order, training, closed] = [0, trainRows, false, false];
  let loop: Promise<void> | undefined;
  let measuring: Promise<void> | undefined;
  let [measuredAt, nextMeasure] = [-1, 0];

  const measure = async (): Promise<void> => {
    const [step, begun] = [n, performance.now()];
    const p = await learner.predict(state.params, fixed).data();
    const predicted = Array.from(labels, (_, i) => largest((p as Float32Array).subarray(10 * i, 10 * i + 10)));
    const right = predicted.filter((digit, i) => digit === labels[i]).length;
    tell({ kind: 'accuracy', step, accuracy: right / measured, predicted: predicted.slice(0, shown) });
    measuredAt = step;
    // A fifth of the time at most.
    const now = performance.now();
    nextMeasure = now + 4 * (now - begun);
  };
  const measureNow = (): Promise<void> =>
    (measuring ??= measure().finally(() => {
      measuring = undefined;
    }));

  const steps = async (): Promise<void> => {
    const shape = { size: batch, remainder: 'drop' } as const;
    const perEpoch = batchCount(digits, { ...shape, order: trainRows });
    const losses = lateReader(2);
    let progress = startProgress(0, performance.now());
    const report = (values: readonly number[]): void => {
      if (values.length === 0) return;
      progress = advance(progress, performance.now(), values.length);
      const bytes = memory().used;
      tell({ kind: 'progress', step: n, losses: values, perSecond: progress.rate, bytes });
    };
    let failure: Error | undefined;
    while (training && !closed) {
      if (n % perEpoch === 0) {
        const places = await orderOf(key(seed), n / perEpoch).data();
        order = Int32Array.from(places, (i) => trainRows[Number(i)]!);
      }
      const { x, y } = batchAt(digits, n % perEpoch, { ...shape, order });
      const [next, loss] = learner.step(state, x, y, n++);
      state = next;
      report(await losses.read(loss));
      if (failure !== undefined) throw failure;
      if (measuring === undefined && performance.now() >= nextMeasure)
        measureNow().catch((error: unknown) => {
          failure = error instanceof Error ? error : new Error(String(error));
        });
      await breathe();
    }
    report(await losses.rest());
    await measuring;
    if (!closed && measuredAt !== n) await measureNow();
  };

  return {
    parameters: parameterCount(state.params),
    samples: {
      pixels: Uint8Array.from(images.data.subarray(0, 784 * shown), (ink) => Math.round(255 * ink)),
      labels: Array.from(labels.subarray(0, shown)),
    },
    train: async (on) => {
      training = on;
      if (!on) return loop;
      loop ??= steps().finally(() => {
        loop = undefined;
      });
      return loop;
    },
    draw: async (pixels) => {
      const p = await learner.predict(state.params, tensor(pixels).reshape([1, 28, 28, 1])).data();
      tell({ kind: 'prediction', probabilities: Array.from(p, Number) });
    },
    close: async () => {
      closed = true;
      await loop?.catch(() => undefined);
    },
  };
};
