// Cases of running reductions, both ways and along any axis, against plain JavaScript.
import { hostArray } from '../../../src/core/dtype.ts';
import type { CumulateOp } from '../../../src/core/lowering.ts';
import type { CumulateKernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { of } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

const running: Record<CumulateOp, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
  logsumexp: (a, b) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
};

export const cases: readonly Case[] = [
  ...(['sum', 'prod', 'max', 'min', 'logsumexp'] as const).map((op) =>
    kernelCase(`running ${op}`, (check) => {
      for (const d of op === 'logsumexp'
        ? (['float32', 'float64'] as const)
        : (['float32', 'float64', 'int32', 'uint32'] as const)) {
        for (const [outer, length, inner] of [
          [1, 10, 1],
          [3, 7, 1],
          [2, 5, 3],
          [1, 1, 4],
          [2, 9, 17],
          [1, 1000, 1],
          [0, 4, 1],
        ] as const) {
          for (const reverse of [false, true]) {
            const n = outer * length * inner;
            const k: CumulateKernel = {
              kind: 'cumulate',
              name: 'c',
              op,
              dtype: d,
              source: 0,
              target: 1,
              outer,
              length,
              inner,
              reverse,
            };
            const x = random(d, n);
            if (op === 'prod') x.forEach((v, i) => (x[i] = d.startsWith('float') ? 1 + v * 0.01 : v));
            if (op === 'logsumexp' && n > 12) x[5] = -Infinity;
            const want = hostArray(d, n);
            for (let o = 0; o < outer; o++)
              for (let i = 0; i < inner; i++) {
                let a = 0;
                for (let s = 0; s < length; s++) {
                  const p = (o * length + (reverse ? length - 1 - s : s)) * inner + i;
                  a =
                    s === 0
                      ? x[p]!
                      : op === 'prod' && !d.startsWith('float')
                        ? Math.imul(a, x[p]!)
                        : running[op](a, x[p]!);
                  want[p] = a;
                }
              }
            check(k, { inputs: of(d, n), outputs: of(d, n) }, [x], {
              tolerance: d === 'float32' ? 1e-5 : 1e-12,
              want: () => [want],
            });
          }
        }
      }
    }),
  ),
];
