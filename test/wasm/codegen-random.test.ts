// Random loop kernels and contractions rendered to WebAssembly against the plain interpreter.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { check, checkContract } from './kernels.ts';
import { randomContract, randomLoop, type Next } from './random-kernels.ts';

const settings = {
  numRuns: Number(process.env['RUNS'] ?? 200),
  ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }),
};

const decisions = (numbers: readonly number[]): Next => {
  let i = 0;
  return (n) => (numbers[i++ % numbers.length]! + Math.floor(i / numbers.length) * 7919) % n;
};
const draws = fc.array(fc.nat(1_000_000), { minLength: 60, maxLength: 60 });

test('random loop kernels agree with the interpreter', () => {
  fc.assert(
    fc.property(draws, (numbers) => {
      const { kernel, inputs, outputs, data } = randomLoop(decisions(numbers));
      check(kernel, { inputs, outputs }, data, 1e-4);
    }),
    settings,
  );
  expect.assertions(0);
});

test('random contractions agree with the interpreter', () => {
  fc.assert(
    fc.property(draws, (numbers) => {
      const { kernel, inputs, outputs, data } = randomContract(decisions(numbers));
      checkContract(kernel, { inputs, outputs }, data, 2e-4);
    }),
    settings,
  );
  expect.assertions(0);
});
