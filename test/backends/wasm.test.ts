// The cases of the backends in WebAssembly.
import { describe, expect, test } from 'vitest';
import { defaultDevice } from '../../src/index.ts';
import { prepare } from '../wasm/kernels.ts';
import type { On } from './case.ts';
import { lists } from './lists.ts';

const on: On = {
  device: defaultDevice(),
  runPlan: (plan, inputs) => {
    const { run, outputs } = prepare(plan, inputs);
    run();
    return Promise.resolve(outputs);
  },
  has: () => true,
  buffers: Infinity,
  slack: 0,
};

describe.each(Object.entries(lists))('%s', (_, cases) => {
  test.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(on));
});

// A page finds cases by name.
test.each(Object.entries(lists))('every case has a name of its own: %s', (_, cases) => {
  const names = cases.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
