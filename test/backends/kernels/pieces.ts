// Cases of large kernels, which `run` calls in several pieces: every element once, whatever the piece.
import { call } from '../../../src/core/expr.ts';
import { newVar, variable } from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { at, elementwise, kernel, load, local, of, once, over, reduce, store, vars } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

export const cases: readonly Case[] = [
  kernelCase('three million elements', (check) => {
    const n = 3_000_017;
    const v = newVar(n);
    const value = call('add', 'float32', load(0, variable(v)), load(1, variable(v)));
    const k = elementwise([v], store(2, variable(v), value));
    const [x, y] = [random('float32', n, 1), random('float32', n, 2)];
    const sizes = { inputs: of('float32', n, n), outputs: of('float32', n) } as const;
    check(k, sizes, [x, y], { want: () => [Float32Array.from(x, (a, i) => Math.fround(a + y[i]!))] });
  }),

  ...(
    [
      [1500, 1100],
      [1022, 1601],
      [2048, 768],
    ] as const
  ).map(([rows, columns]) =>
    kernelCase(`a transposed matrix [${rows}, ${columns}]`, (check) => {
      const [r, c] = vars(rows, columns);
      const n = rows * columns;
      const k = elementwise([c, r], store(1, at(c, r), load(0, at(r, c))));
      const x = random('float32', n);
      check(k, { inputs: of('float32', n), outputs: of('float32', n) }, [x], {
        want: () => [Float32Array.from(x, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!)],
      });
    }),
  ),

  kernelCase('maxima of rows and of columns', (check) => {
    const [rows, columns] = [3001, 1003];
    const x = random('float32', rows * columns);
    const [r, c] = vars(rows, columns);
    for (const [outer, axis] of [
      [r, c],
      [c, r],
    ] as const) {
      const k = kernel(
        [outer],
        over([axis], reduce('max', load(0, at(r, c)), 0, 'float32')),
        once(store(1, variable(outer), local(0, 'float32'))),
      );
      const sizes = { inputs: of('float32', rows * columns), outputs: of('float32', outer.extent) } as const;
      const want = (): readonly [Float32Array] => {
        const most = new Float32Array(outer.extent).fill(-Infinity);
        x.forEach((v, i) => {
          const o = outer === r ? Math.floor(i / columns) : i % columns;
          most[o] = Math.max(most[o]!, v);
        });
        return [most];
      };
      check(k, sizes, [x], { want });
    }
  }),
];
