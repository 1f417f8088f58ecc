// Cases of sorts with a payload, both ways and along any axis, against plain JavaScript.
import { hostArray, type TypedArray } from '../../../src/core/dtype.ts';
import type { SortKernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { dtypes, of } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

export const cases: readonly Case[] = [
  ...[0, 1, 2, 3, 7, 8, 33, 1000].map((length) =>
    kernelCase(`sorted runs of ${length}, along any axis, both ways, with a payload`, (check) => {
      for (const d of dtypes) {
        for (const [outer, inner] of [
          [1, 1],
          [3, 1],
          [2, 5],
        ] as const) {
          for (const descending of [false, true]) {
            const n = outer * length * inner;
            const k: SortKernel = {
              kind: 'sort',
              name: 's',
              sources: [0, 1],
              targets: [2, 3],
              dtypes: [d, 'int32'],
              outer,
              length,
              inner,
              descending,
            };
            const x = random(d, n, 3);
            if (d.startsWith('float') && n > 6) [x[0], x[3], x[4], x[5], x[6]] = [NaN, Infinity, -Infinity, 0, -0];
            const index = hostArray('int32', n).map((_, i) => i) as TypedArray;
            const [sorted, places] = [hostArray(d, n), hostArray('int32', n)];
            for (let o = 0; o < outer; o++)
              for (let i = 0; i < inner; i++) {
                const at = (s: number): number => (o * length + s) * inner + i;
                const order = Array.from({ length }, (_, s) => at(s)).sort((a, b) => {
                  const [p, q] = [x[a]!, x[b]!];
                  if (Number.isNaN(p) || Number.isNaN(q))
                    return Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || a - b;
                  return (p === q ? 0 : (p < q ? -1 : 1) * (descending ? -1 : 1)) || a - b;
                });
                order.forEach((from, s) => {
                  places[at(s)] = from;
                  sorted[at(s)] = x[from]!;
                });
              }
            const both = [...of(d, n), ...of('int32', n)];
            check(k, { inputs: both, outputs: both }, [x, index], { want: () => [sorted, places] });
          }
        }
      }
    }),
  ),
];
