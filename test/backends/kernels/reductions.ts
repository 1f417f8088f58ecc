// Cases of reductions and row programs against a plain interpreter of kernels.
import { call, lit } from '../../../src/core/expr.ts';
import { constant, linearize, newVar, variable } from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';
import { hostArray, type DType, type TypedArray } from '../../../src/core/dtype.ts';
import type { Expr } from '../../../src/core/expr.ts';
import type { Guard, Index, Var } from '../../../src/core/index-expr.ts';
import type { Action, LoopKernel, Stage } from '../../../src/jit/kernel.ts';
import type { ReduceOp } from '../../../src/core/lowering.ts';

const sizes = [0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 64, 1000];
const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint32', 'bool'];

const load = (
  buffer: number,
  index: Index,
  dtype: DType = 'float32',
  guards: readonly Guard[] = [],
  fill = 0,
): Expr => ({ op: 'load', dtype, buffer, index, guards, fill });
const store = (buffer: number, index: Index, value: Expr): Action => ({ kind: 'store', buffer, index, value });
const kernel = (outer: readonly Var[], ...stages: readonly Stage[]): LoopKernel => ({
  kind: 'loop',
  name: 'k',
  outer,
  stages,
});
const at = (vs: readonly Var[]): Index =>
  linearize(
    vs.map(variable),
    vs.map((v) => v.extent),
  );
const vars = (...extents: readonly number[]): Var[] => extents.map(newVar);
const product = (xs: readonly number[]): number => xs.reduce((a, b) => a * b, 1);

const reduce = (op: ReduceOp, value: Expr, local: number, dtype: DType): Action => ({
  kind: 'reduce',
  op,
  value,
  local,
  dtype,
});
const local = (l: number, dtype: DType): Expr => ({ op: 'local', dtype, local: l });
const layouts = [
  ['outer', 'inner'],
  ['inner', 'outer'],
  ['outer', 'inner', 'outer'],
  ['inner', 'outer', 'inner'],
];
const opsFor = (d: DType): readonly ReduceOp[] =>
  d === 'bool' ? ['any', 'all', 'argmax', 'argmin'] : ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'];

export const cases: readonly Case[] = [
  ...sizes.map((n) =>
    kernelCase(`every operation and layout, ${n} elements reduced`, (check) => {
      for (const d of dtypes) {
        for (const op of opsFor(d)) {
          for (const layout of layouts) {
            const extents = layout.map((l, i) =>
              l === 'inner'
                ? i === 0 || layout.indexOf('inner') === i
                  ? n
                  : 3
                : i === layout.indexOf('outer')
                  ? 6
                  : 5,
            );
            const vs = vars(...extents);
            const outer = vs.filter((_, i) => layout[i] === 'outer');
            const axes = vs.filter((_, i) => layout[i] === 'inner');
            const to: DType = op.startsWith('arg') ? 'int32' : d;
            const k = kernel(
              outer,
              { axes, actions: [reduce(op, load(0, at(vs), d), 0, to)] },
              { axes: [], actions: [store(1, at(outer), local(0, to))] },
            );
            const x = random(d, product(extents), n + 1);
            if (op === 'prod' && d.startsWith('float')) x.forEach((v, i) => (x[i] = 1 + v * 1e-3));
            check(
              k,
              { inputs: [[d, product(extents)]], outputs: [[to, product(outer.map((v) => v.extent))]] },
              [x],
              d === 'float32' ? 2e-6 * Math.max(1, Math.sqrt(n)) : 1e-12,
            );
          }
        }
      }
    }),
  ),

  kernelCase('NaN is the largest and the smallest', (check) => {
    for (const d of ['float32', 'float64'] as const) {
      const n = 23;
      const i = newVar(n);
      for (const op of ['max', 'min', 'argmax', 'argmin'] as const) {
        const x = random(d, n);
        x[11] = NaN;
        x[17] = NaN;
        const to: DType = op.startsWith('arg') ? 'int32' : d;
        check(
          kernel(
            [],
            { axes: [i], actions: [reduce(op, load(0, variable(i), d), 0, to)] },
            { axes: [], actions: [store(1, constant(0), local(0, to))] },
          ),
          { inputs: [[d, n]], outputs: [[to, 1]] },
          [x],
          { want: () => [op.startsWith('arg') ? Int32Array.of(11) : (hostArray(d, 1).fill(NaN) as TypedArray)] },
        );
      }
    }
  }),

  ...(
    [
      [3, 5],
      [4, 16],
      [5, 17],
      [2, 1000],
      [17, 3],
      [64, 1],
      [1, 64],
    ] as const
  ).map(([m, n]) =>
    kernelCase(`a row program: normalised rows of [${m}, ${n}], along either axis`, (check) => {
      for (const d of ['float32', 'float64'] as const) {
        for (const flipped of [false, true]) {
          const [i, j] = vars(m, n) as [Var, Var];
          const x = load(0, flipped ? linearize([variable(j), variable(i)], [n, m]) : at([i, j]), d);
          const centred = call('sub', d, x, call('div', d, local(0, d), lit(n, d)));
          const k = kernel(
            [i],
            { axes: [j], actions: [reduce('sum', x, 0, d)] },
            {
              axes: [j],
              actions: [
                reduce('sum', call('mul', d, centred, centred), 1, d),
                { kind: 'row', row: 0, dtype: d, value: centred },
              ],
            },
            { axes: [], actions: [store(2, variable(i), local(1, d))] },
            {
              axes: [j],
              actions: [
                store(
                  1,
                  flipped ? linearize([variable(j), variable(i)], [n, m]) : at([i, j]),
                  call(
                    'div',
                    d,
                    { op: 'row', dtype: d, row: 0 },
                    call('sqrt', d, call('add', d, local(1, d), lit(1, d))),
                  ),
                ),
              ],
            },
          );
          check(
            k,
            {
              inputs: [[d, m * n]],
              outputs: [
                [d, m * n],
                [d, m],
              ],
            },
            [random(d, m * n)],
            d === 'float32' ? 1e-5 : 1e-12,
          );
        }
      }
    }),
  ),

  kernelCase('long sums of float32 are accurate', (check) => {
    const n = 10_000_000;
    const i = newVar(n);
    const k = kernel(
      [],
      {
        axes: [i],
        actions: [reduce('sum', lit(0.1, 'float32'), 0, 'float32'), reduce('sum', load(0, variable(i)), 1, 'float32')],
      },
      { axes: [], actions: [store(1, constant(0), local(0, 'float32')), store(2, constant(0), local(1, 'float32'))] },
    );
    const x = new Float32Array(n).fill(0.1);
    const total = 1e7 * Math.fround(0.1);
    check(
      k,
      {
        inputs: [['float32', n]],
        outputs: [
          ['float32', 1],
          ['float32', 1],
        ],
      },
      [x],
      { tolerance: 1e-6, want: () => [Float32Array.of(total), Float32Array.of(total)] },
    );
    const [r, c] = vars(1_000_000, 10) as [Var, Var];
    const columns = kernel(
      [c],
      { axes: [r], actions: [reduce('sum', load(0, at([r, c])), 0, 'float32')] },
      { axes: [], actions: [store(1, variable(c), local(0, 'float32'))] },
    );
    check(columns, { inputs: [['float32', n]], outputs: [['float32', 10]] }, [x], {
      tolerance: 1e-6,
      want: () => [new Float32Array(10).fill(total / 10)],
    });
  }),
];
