// The page: what is pressed goes to the worker, and what the worker tells is shown.
import { createBars } from './bars.ts';
import { createChart } from './chart.ts';
import { element } from './dom.ts';
import { showDevice, showParameters, showProgress } from './facts.ts';
import { createPad } from './pad.ts';
import { choices, type Ask, type Setup, type Tell } from './protocol.ts';
import { createSamples } from './samples.ts';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const ask = (message: Ask): void => worker.postMessage(message);

const trainButton = element<HTMLButtonElement>('train');
const message = element('message');
const selects = {
  device: element<HTMLSelectElement>('device'),
  network: element<HTMLSelectElement>('network'),
  batch: element<HTMLSelectElement>('batch'),
};
const loss = createChart('loss', { show: (v) => v.toFixed(3), smooth: 0.9 });
const accuracy = createChart('accuracy', { top: 1, show: (v) => `${(100 * v).toFixed(1)} %` });
const bars = createBars();

let run = 0;
let [ready, training] = [false, false];
let seed = 0;

const say = (text: string, bad = false): void => {
  message.textContent = text;
  message.classList.toggle('bad', bad);
};

// A drawing waits until the one before has its answer, and gives way to a later one.
let drawing: Float32Array | undefined;
let asked = false;
const predict = (): void => {
  if (!ready || asked || drawing === undefined) return;
  asked = true;
  ask({ kind: 'draw', pixels: drawing });
};
const pad = createPad((pixels) => {
  drawing = pixels;
  if (pixels === undefined) bars.clear();
  else predict();
});
const samples = createSamples((pixels) => pad.place(pixels));

const setTraining = (on: boolean): void => {
  training = on;
  trainButton.textContent = on ? 'Pause' : run > 0 && lastStep > 0 ? 'Go on' : 'Start';
  document.body.dataset['state'] = on ? 'training' : ready ? 'ready' : 'preparing';
};
let lastStep = 0;

const begin = (): void => {
  run++;
  ready = asked = false;
  lastStep = 0;
  loss.clear();
  accuracy.clear();
  showProgress(0, 0, 0);
  const setup: Setup = {
    device: selects.device.value as Setup['device'],
    network: selects.network.value as Setup['network'],
    batch: Number(selects.batch.value),
    seed,
  };
  trainButton.disabled = true;
  setTraining(false);
  say('Preparing the device and the digits ...');
  ask({ kind: 'begin', setup });
};

const shown = {
  ready: ({ device, note, parameters, samples: list }) => {
    ready = true;
    trainButton.disabled = false;
    showDevice(device);
    showParameters(parameters);
    samples.set(list);
    setTraining(false);
    say(note === '' ? 'Ready.' : `Ready, on WebAssembly. ${note}`);
    predict();
  },
  progress: ({ step, losses, perSecond, bytes }) => {
    if (lastStep === 0) say('');
    losses.forEach((value, i) => loss.add(lastStep + i + 1, value));
    lastStep += losses.length;
    showProgress(step, perSecond, bytes);
  },
  accuracy: ({ step, accuracy: share, predicted }) => {
    accuracy.add(step, share);
    samples.predict(predicted);
    predict();
  },
  prediction: ({ probabilities }) => {
    asked = false;
    if (drawing !== undefined) bars.show(probabilities);
  },
  failed: ({ message: why }) => {
    ready = asked = false;
    setTraining(false);
    say(`${why.split('\n')[0]!} Choose another device, or reset.`, true);
  },
} satisfies { readonly [K in Tell['kind']]: (told: Extract<Tell, { kind: K }>) => void };

worker.addEventListener('message', ({ data }: MessageEvent<Tell>) => {
  if (data.run === run) (shown[data.kind] as (told: Tell) => void)(data);
});
worker.addEventListener('error', (event) => {
  say(`The worker failed: ${event.message}`, true);
});

trainButton.addEventListener('click', () => {
  setTraining(!training);
  if (training && lastStep === 0) say('Compiling the training step ...');
  ask({ kind: 'train', on: training });
});
element('reset').addEventListener('click', begin);
Object.values(selects).forEach((select) => select.addEventListener('change', begin));
element('controls').addEventListener('submit', (event) => event.preventDefault());

// The address may choose: ?device=wasm&network=full&batch=16&seed=1
const wishes = new URLSearchParams(location.search);
for (const [name, select] of Object.entries(selects)) {
  const wish = wishes.get(name);
  if (wish !== null && choices[name as keyof typeof choices].some((c) => String(c) === wish)) select.value = wish;
}
seed = Math.abs(Math.trunc(Number(wishes.get('seed')))) || 0;
begin();
