// The command line of examples/mnist.ts: its options, checked.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DeviceName } from './device.ts';
import { deviceNames } from './device.ts';

export const usage: string = `usage: npm start -- [--epochs 12] [--batch 64] [--steps N] [--seed 0] [--device ${deviceNames.join('|')}] [--out runs/mnist] [--data examples/data/mnist]`;

export interface Options {
  readonly epochs: number;
  readonly batch: number;
  /** Stop after so many steps, whatever the epochs. */
  readonly steps: number;
  readonly seed: number;
  readonly device: DeviceName;
  readonly out: string;
  readonly data: string;
}

export const readOptions = (): Options => {
  const { values } = parseArgs({
    options: {
      epochs: { type: 'string', default: '12' },
      batch: { type: 'string', default: '64' },
      steps: { type: 'string', default: String(Number.MAX_SAFE_INTEGER) },
      seed: { type: 'string', default: '0' },
      device: { type: 'string', default: 'wasm' },
      out: { type: 'string', default: 'runs/mnist' },
      data: { type: 'string', default: join(import.meta.dirname, '..', 'data', 'mnist') },
    },
  });
  const whole = (name: 'epochs' | 'batch' | 'steps' | 'seed', least: number): number => {
    const n = Number(values[name]);
    if (values[name].trim() === '' || !Number.isInteger(n) || n < least)
      throw new Error(`--${name} must be a whole number of at least ${least}, got '${values[name]}'`);
    return n;
  };
  const device = deviceNames.find((name) => name === values.device);
  if (device === undefined)
    throw new Error(
      `--device must be ${deviceNames.slice(0, -1).join(', ')} or ${deviceNames.at(-1)!}, got '${values.device}'`,
    );
  const batch = whole('batch', 1);
  if (batch > 7500) throw new Error(`--batch must be at most 7500, the number of digits to train on, got '${batch}'`);
  return {
    epochs: whole('epochs', 1),
    batch,
    steps: whole('steps', 1),
    seed: whole('seed', 0),
    device,
    out: values.out,
    data: values.data,
  };
};
