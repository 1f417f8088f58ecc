// Cases of random loop kernels and contractions against the plain interpreter: they shrink to the smallest that fails.
import fc from 'fast-check';
import type { Kernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { kernelCase } from './case.ts';
import { randomContract, randomLoop, type Drawn, type Next } from './random-kernels.ts';

const decisions = (numbers: readonly number[]): Next => {
  let i = 0;
  return (n) => (numbers[i++ % numbers.length]! + Math.floor(i / numbers.length) * 7919) % n;
};
const draws = fc.array(fc.nat(1_000_000), { minLength: 60, maxLength: 60 });

const randomCase = (name: string, draw: (next: Next, double: boolean) => Drawn<Kernel>, tolerance: number): Case => ({
  name,
  run: async (on) => {
    await fc.assert(
      fc.asyncProperty(draws, (numbers) => {
        const { kernel, inputs, outputs, data } = draw(decisions(numbers), on.has('float64'));
        fc.pre(inputs.length + outputs.length <= on.buffers);
        return kernelCase(name, (check) => check(kernel, { inputs, outputs }, data, tolerance)).run(on);
      }),
      { numRuns: 200 },
    );
  },
});

export const cases: readonly Case[] = [
  randomCase('random loop kernels', randomLoop, 1e-4),
  randomCase('random contractions', randomContract, 2e-4),
];
