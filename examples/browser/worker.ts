// The worker's entry: takes the page's messages, one run at a time.
import { defaultDevice } from 'cotangent';
import { deviceFor, type BrowserDevice } from './device.ts';
import { fetchDigits } from './digits.ts';
import type { Ask, Setup, Tell, Told } from './protocol.ts';
import { openSession, type Session } from './session.ts';

const cpu = defaultDevice() as BrowserDevice;
const digits = fetchDigits();
digits.catch(() => undefined);

let run = 0;
interface Run {
  readonly session: Session;
  readonly device: BrowserDevice;
}
let current: Promise<Run | undefined> = Promise.resolve(undefined);

const teller =
  (of: number) =>
  (message: Told): void =>
    postMessage({ run: of, ...message } satisfies Tell);

const begin = async (setup: Setup, before: typeof current, of: number): Promise<Run> => {
  const last = await before.catch(() => undefined);
  await last?.session.close();
  if (last?.device.kind === 'webgpu') last.device.destroy();
  const data = await digits;
  const { device, note } = await deviceFor(setup.device);
  const opened = openSession(setup, data, device, cpu, teller(of));
  const { parameters, samples } = opened;
  teller(of)({ kind: 'ready', device: device.name, note, parameters, samples });
  return { session: opened, device };
};

const answer = async (ask: Ask, of: number): Promise<void> => {
  if (ask.kind === 'begin') {
    current = begin(ask.setup, current, of);
    await current;
    return;
  }
  const now = await current.catch(() => undefined);
  if (of !== run) return;
  await (ask.kind === 'train' ? now?.session.train(ask.on) : now?.session.draw(ask.pixels));
};

addEventListener('message', ({ data }: MessageEvent<Ask>) => {
  if (data.kind === 'begin') run++;
  const of = run;
  answer(data, of).catch((error: unknown) => {
    teller(of)({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
});
