// What is known of the run, in figures: device, steps, speed, memory, parameters.
import { element } from './dom.ts';

const put = (name: string, text: string): void => {
  element(`fact-${name}`).textContent = text;
};

const size = (bytes: number): string =>
  bytes < 2 ** 20
    ? `${Math.round(bytes / 2 ** 10)} KB`
    : `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB`;

export const showDevice = (name: string): void => {
  const [, kind = name, detail] = /^(\w+)(?: \((.*)\))?$/.exec(name) ?? [];
  const known: Readonly<Record<string, string>> = { webgpu: 'WebGPU', wasm: 'WebAssembly' };
  put('device', `${known[kind] ?? kind}${detail === undefined ? '' : `, ${detail}`}`);
};

export const showParameters = (count: number): void => put('parameters', count.toLocaleString('en'));

export const showProgress = (step: number, perSecond: number, bytes: number): void => {
  put('steps', step.toLocaleString('en'));
  put('speed', perSecond === 0 ? '–' : `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toPrecision(2)} steps/s`);
  put('memory', bytes === 0 ? '–' : size(bytes));
};
