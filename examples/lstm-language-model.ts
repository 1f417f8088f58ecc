// An LSTM learns to write like Shakespeare, letter by letter, by backpropagation through 500 steps. npx tsx examples/lstm-language-model.ts [updates]
import { join } from 'node:path';
import {
  dynamicSlice,
  jit,
  scan,
  sigmoid,
  split as parts,
  take,
  tanh,
  tensor,
  valueAndGrad,
  vmap,
  zeros,
  type Tensor,
} from '../src/index.ts';
import { orThrow } from '../src/io/index.ts';
import * as nn from '../src/nn/index.ts';
import { readText, statusLine, writableFolder, writeAtomic } from '../src/node/index.ts';
import { adam, applyUpdates, chain, clipByGlobalNorm, warmupCosine } from '../src/optim/index.ts';
import { categorical, foldIn, key, randint, split, type Key } from '../src/random/index.ts';
import * as train from '../src/train/index.ts';

export interface Settings {
  readonly hidden: number;
  readonly batch: number;
  /** Letters in a sequence: the depth of the backward pass. */
  readonly length: number;
  readonly updates: number;
  readonly rate: number;
}
export const settings: Settings = { hidden: 128, batch: 8, length: 500, updates: 800, rate: 1e-2 };

/** The weights of an LSTM (Hochreiter & Schmidhuber, 1997) between letters: `x` is a row of four gates for every letter. */
export type Params = Readonly<Record<'x' | 'h' | 'b' | 'out', Tensor>>;
export const init = (letters: number, hidden: number): nn.Init<Params> =>
  nn.struct<Params>({
    x: nn.init.normal([letters, 4 * hidden], 0.1),
    h: nn.init.lecunNormal([hidden, 4 * hidden]),
    b: nn.init.zeros([4 * hidden]),
    out: nn.init.lecunNormal([hidden, letters]),
  });

interface State {
  readonly h: Tensor;
  readonly c: Tensor;
}
const zeroState = (batch: number, hidden: number): State => ({ h: zeros([batch, hidden]), c: zeros([batch, hidden]) });

/** One letter further: the state and the gates' input [batch, 4 * hidden] to the next state. */
const cell = (p: Params, { h, c }: State, x: Tensor): State => {
  const [i, f, g, o] = parts(x.add(h.matmul(p.h)), 4, { axis: -1 }) as [Tensor, Tensor, Tensor, Tensor];
  // The forget gate starts open (Jozefowicz et al., 2015).
  const next = sigmoid(f.add(1))
    .mul(c)
    .add(sigmoid(i).mul(tanh(g)));
  return { h: sigmoid(o).mul(tanh(next)), c: next };
};

/** The mean cross-entropy, in nats a letter, of letters [batch, length + 1], each from those before it. */
export const loss = (p: Params, letters: Tensor): Tensor => {
  const [batch, length] = [letters.shape[0]!, letters.shape[1]! - 1];
  const inputs = take(p.x, letters.slice([], [0, length]).transpose(), { axis: 0 }).add(p.b);
  const [, hs] = scan(
    (state: State, x: Tensor) => {
      const next = cell(p, state, x);
      return [next, next.h];
    },
    zeroState(batch, p.h.shape[0]!),
    inputs,
  );
  return nn.softmaxCrossEntropy(hs.matmul(p.out), letters.slice([], [1, length + 1]).transpose());
};

/** `batch` sequences [batch, length + 1] from random places of a text. */
const excerpts = (k: Key, text: Tensor, batch: number, length: number): Tensor =>
  vmap((i: Tensor) => dynamicSlice(text, [i], [length + 1]))(randint(k, [batch], 0, text.size - length));

/** `count` letters, each drawn from what the net expects after those before it. */
const write = (p: Params, k: Key, first: Tensor, count: number): Tensor =>
  scan(
    ({ state, letter }: { state: State; letter: Tensor }, key: Key) => {
      const next = cell(p, state, take(p.x, letter, { axis: 0 }).add(p.b));
      const drawn = categorical(key, next.h.matmul(p.out).mul(1.25));
      return [{ state: next, letter: drawn }, drawn.squeeze()];
    },
    { state: zeroState(1, p.h.shape[0]!), letter: first.reshape([1]) },
    split(k, count),
  )[1];

/** A text as numbers of letters, and the letters. */
export const encode = (text: string): { readonly letters: readonly string[]; readonly numbers: Int32Array } => {
  const letters = [...new Set(text)].sort();
  const number = new Map(letters.map((letter, i) => [letter, i]));
  return { letters, numbers: Int32Array.from(text, (letter) => number.get(letter)!) };
};

export interface Result {
  readonly params: Params;
  readonly history: train.History;
  /** Nats a letter on text that was held out. */
  readonly heldOut: number;
  readonly sample: string;
}

/** Trains on the first nine tenths of a text; `report` is shown each update's loss. */
export const learn = async (
  { hidden, batch, length, updates, rate }: Settings,
  text: string,
  report: (update: number, loss: number) => void = () => undefined,
): Promise<Result> => {
  const { letters, numbers } = encode(text);
  const cut = Math.floor(numbers.length * 0.9);
  const [seen, unseen] = [tensor(numbers.slice(0, cut)), tensor(numbers.slice(cut))];
  const optimizer = chain(clipByGlobalNorm(1), adam(warmupCosine(rate, Math.min(20, updates / 4), updates)));

  const step = jit(
    (p: Params, opt: ReturnType<typeof optimizer.init>, k: Key): [Params, typeof opt, Tensor] => {
      const [value, gradient] = valueAndGrad(loss)(p, excerpts(k, seen, batch, length));
      const [change, next] = optimizer.update(gradient, opt, p);
      return [applyUpdates(p, change), next, value];
    },
    { donate: [0, 1], name: 'step' },
  );

  let params = init(letters.length, hidden)(key(0));
  let opt = optimizer.init(params);
  let history: train.History = [];
  for (let update = 1; update <= updates; update++) {
    const [p, o, value] = step(params, opt, foldIn(key(1), update));
    [params, opt] = [p, o];
    const nats = Number(await value.item());
    history = train.record(history, { update, loss: nats });
    report(update, nats);
  }
  const heldOut = jit((p: Params) => loss(p, excerpts(key(2), unseen, 32, length)))(params);
  const sample = jit((p: Params) => write(p, key(3), tensor(letters.indexOf('\n'), { dtype: 'int32' }), 500))(params);
  return {
    params,
    history,
    heldOut: Number(await heldOut.item()),
    sample: ((await sample.array()) as number[]).map((i) => letters[i]).join(''),
  };
};

export const readPlays = async (): Promise<string> =>
  orThrow(await readText(join(import.meta.dirname, 'data', 'shakespeare', 'text.txt'))());

const main = async (updates: number): Promise<void> => {
  const status = statusLine(process.stdout);
  let progress = train.startProgress(updates, performance.now());
  const label = { label: 'training', unit: 'letters', perStep: settings.batch * settings.length };
  const { history, heldOut, sample } = await learn({ ...settings, updates }, await readPlays(), (_, loss) => {
    progress = train.advance(progress, performance.now());
    status.show(train.progressLine(progress, { loss }, label));
  });
  status.end(train.progressLine(progress, { loss: history.at(-1)!['loss']! }, label));
  const panels: train.Panel[] = [
    { title: 'nats a letter', x: 'update', series: [train.series(history, 'update', 'loss')] },
  ];
  console.log(`\n${train.curvesText(panels)}\n\n${sample}\n`);
  console.log(`held-out text: ${heldOut.toFixed(3)} nats a letter`);
  orThrow(await writableFolder('runs/lstm')());
  orThrow(await writeAtomic('runs/lstm/loss.svg', train.curvesSvg(panels))());
};

if (process.argv[1] === import.meta.filename) await main(Number(process.argv[2] ?? settings.updates));
