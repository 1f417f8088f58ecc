// Cases of large kernels, which `run` calls in several pieces: every element once, whatever the piece.
import { call, type Expr } from '../../../src/core/expr.ts';
import { linearize, newVar, variable, type Index, type Var } from '../../../src/core/index-expr.ts';
import type { LoopKernel, Stage } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

const load = (buffer: number, index: Index): Expr => ({
  op: 'load',
  dtype: 'float32',
  buffer,
  index,
  guards: [],
  fill: 0,
});
const kernel = (outer: readonly Var[], ...stages: readonly Stage[]): LoopKernel => ({
  kind: 'loop',
  name: 'k',
  outer,
  stages,
});
const at = (...vs: readonly Var[]): Index =>
  linearize(
    vs.map(variable),
    vs.map((v) => v.extent),
  );

export const cases: readonly Case[] = [
  kernelCase('three million elements', (check) => {
    const n = 3_000_017;
    const v = newVar(n);
    const value = call('add', 'float32', load(0, variable(v)), load(1, variable(v)));
    const k = kernel([v], { axes: [], actions: [{ kind: 'store', buffer: 2, index: variable(v), value }] });
    const [x, y] = [random('float32', n, 1), random('float32', n, 2)];
    const sizes = {
      inputs: [
        ['float32', n],
        ['float32', n],
      ],
      outputs: [['float32', n]],
    } as const;
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
      const [r, c] = [newVar(rows), newVar(columns)];
      const n = rows * columns;
      const k = kernel([c, r], {
        axes: [],
        actions: [{ kind: 'store', buffer: 1, index: at(c, r), value: load(0, at(r, c)) }],
      });
      const x = random('float32', n);
      check(k, { inputs: [['float32', n]], outputs: [['float32', n]] }, [x], {
        want: () => [Float32Array.from(x, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!)],
      });
    }),
  ),

  kernelCase('maxima of rows and of columns', (check) => {
    const [rows, columns] = [3001, 1003];
    const x = random('float32', rows * columns);
    const [r, c] = [newVar(rows), newVar(columns)];
    for (const [outer, axis] of [
      [r, c],
      [c, r],
    ] as const) {
      const k = kernel(
        [outer],
        {
          axes: [axis],
          actions: [{ kind: 'reduce', op: 'max', value: load(0, at(r, c)), local: 0, dtype: 'float32' }],
        },
        {
          axes: [],
          actions: [
            { kind: 'store', buffer: 1, index: variable(outer), value: { op: 'local', dtype: 'float32', local: 0 } },
          ],
        },
      );
      const sizes = { inputs: [['float32', rows * columns]], outputs: [['float32', outer.extent]] } as const;
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
