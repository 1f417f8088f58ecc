// A case of several loops as one kernel, in place, against plain JavaScript.
import { call } from '../../../src/core/expr.ts';
import { linearize, newVar, variable } from '../../../src/core/index-expr.ts';
import type { LoopKernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { elementwise, load, of, store } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

export const cases: readonly Case[] = [
  kernelCase('several loops as one kernel: an update of parameters of many sizes, in place', (check) => {
    const sizes = [0, 1, 3, 4, 16, 17, 20, 33, 64, 1000];
    const inputs = sizes.map((n, i) => random('float32', n, i + 1));
    const grads = sizes.map((n, i) => random('float32', n, i + 101));
    const count = sizes.length;
    const parts = sizes.map((n, i): LoopKernel => {
      const v = newVar(n);
      const value = call(
        'sub',
        'float32',
        load(i, variable(v)),
        call('mul', 'float32', load(count + i, variable(v)), load(2 * count, linearize([], []))),
      );
      return elementwise([v], store(2 * count + 1 + i, variable(v), value));
    });
    check(
      { kind: 'multi', name: 'updates', parts },
      {
        inputs: of('float32', ...sizes, ...sizes, 1),
        outputs: of('float32', ...sizes),
      },
      [...inputs, ...grads, new Float32Array([0.5])],
      {
        aliases: new Map(sizes.map((_, i) => [i, i])),
        want: () =>
          sizes.map((_, i) =>
            Float32Array.from(inputs[i]!, (x, j) => Math.fround(x - Math.fround(grads[i]![j]! * 0.5))),
          ),
      },
    );
  }),
];
