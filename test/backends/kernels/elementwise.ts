// Cases of elementwise loop kernels against a plain interpreter of kernels: every size class and dtype.
import { call, compare as cmp, convert, lit, select } from '../../../src/core/expr.ts';
import { linearize, newVar, variable } from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';
import type { DType } from '../../../src/core/dtype.ts';
import type { Expr, ScalarOp } from '../../../src/core/expr.ts';
import type { Guard, Index, Var } from '../../../src/core/index-expr.ts';
import type { Action, LoopKernel, Stage } from '../../../src/jit/kernel.ts';

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

const binary: readonly ScalarOp[] = ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max'];

export const cases: readonly Case[] = [
  ...sizes.map((n) =>
    kernelCase(`add, mul and neg of ${n} elements, every dtype`, (check) => {
      for (const d of dtypes) {
        const i = newVar(n);
        const x = load(0, variable(i), d);
        const y = load(1, variable(i), d);
        const value =
          d === 'bool' ? call('xor', d, x, call('not', d, y)) : call('add', d, call('mul', d, x, y), call('neg', d, x));
        check(
          kernel([i], { axes: [], actions: [store(2, variable(i), value)] }),
          {
            inputs: [
              [d, n],
              [d, n],
            ],
            outputs: [[d, n]],
          },
          [random(d, n, 1), random(d, n, 2)],
        );
      }
    }),
  ),

  ...binary.map((op) =>
    kernelCase(`${op} of floats and integers, awkward values included`, (check) => {
      const special: Record<string, number[]> = {
        float32: [0, -0, 1, -1, 2.5, -7.75, 1e30, -1e-30, Infinity, -Infinity, NaN, 3],
        int32: [0, 1, -1, 7, -7, 2147483647, -2147483648, 3, 10, -10],
        uint32: [0, 1, 2, 7, 4294967295, 2147483648, 3, 10],
      };
      special['float64'] = special['float32']!;
      for (const d of ['float32', 'float64', 'int32', 'uint32'] as const) {
        const values = special[d]!;
        const n = values.length;
        const [i, j] = vars(n, n) as [Var, Var];
        const a = random(d, n);
        a.set(values);
        const value = call(op, d, load(0, variable(i), d), load(0, variable(j), d));
        check(
          kernel([i, j], { axes: [], actions: [store(1, at([i, j]), value)] }),
          { inputs: [[d, n]], outputs: [[d, n * n]] },
          [a],
        );
      }
    }),
  ),

  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const).map((op) =>
    kernelCase(`${op}, and select by it`, (check) => {
      for (const d of dtypes) {
        for (const n of [3, 17]) {
          const i = newVar(n);
          const [x, y] = [load(0, variable(i), d), load(1, variable(i), d)];
          const c = cmp(op, x, y);
          check(
            kernel([i], {
              axes: [],
              actions: [
                store(2, variable(i), c),
                store(3, variable(i), select(c, x, y)),
                store(4, variable(i), select(c, lit(1, 'float32'), lit(2, 'float32'))),
              ],
            }),
            {
              inputs: [
                [d, n],
                [d, n],
              ],
              outputs: [
                ['bool', n],
                [d, n],
                ['float32', n],
              ],
            },
            [
              random(d, n, 5).map((v: number) => Math.round(v)) as never,
              random(d, n, 7).map((v: number) => Math.round(v)) as never,
            ],
          );
        }
      }
    }),
  ),

  kernelCase('conversions between all dtypes', (check) => {
    for (const from of dtypes) {
      for (const to of dtypes) {
        const values =
          from === 'float32' || from === 'float64'
            ? [0, 1.5, -1.5, 3e9, -3e9, 5e9, NaN, 0.25, 2147483520]
            : from === 'bool'
              ? [0, 1, 1, 0, 1]
              : from === 'int32'
                ? [0, 1, -1, 2147483647, -2147483648]
                : [0, 1, 4294967295, 2147483648, 7];
        const n = values.length;
        const i = newVar(n);
        const a = random(from, n);
        a.set(values);
        check(
          kernel([i], { axes: [], actions: [store(1, variable(i), convert(load(0, variable(i), from), to))] }),
          { inputs: [[from, n]], outputs: [[to, n]] },
          [a],
        );
      }
    }
  }),

  kernelCase('bits: shifts by constants, lanes and more than 31; ldexp, exponent, significand', (check) => {
    const n = 13;
    const i = newVar(n);
    for (const d of ['int32', 'uint32'] as const) {
      const x = load(0, variable(i), d);
      const s = load(1, variable(i), d);
      for (const op of ['shl', 'shr'] as const) {
        const k = kernel([i], {
          axes: [],
          actions: [
            store(2, variable(i), call(op, d, x, s)),
            store(3, variable(i), call(op, d, x, lit(5, d))),
            store(4, variable(i), call(op, d, x, lit(40, d))),
          ],
        });
        const counts = random(d, n);
        counts.set([0, 1, 5, 31, 32, 33, 64, 100, 7, 8, 9, 30, 2]);
        check(
          k,
          {
            inputs: [
              [d, n],
              [d, n],
            ],
            outputs: [
              [d, n],
              [d, n],
              [d, n],
            ],
          },
          [random(d, n, 3), counts],
        );
      }
    }
    for (const d of ['float32', 'float64'] as const) {
      const x = load(0, variable(i), d);
      const k = kernel([i], {
        axes: [],
        actions: [
          store(
            1,
            variable(i),
            call(
              'ldexp',
              d,
              x,
              call('sub', 'int32', { op: 'index', dtype: 'int32', index: variable(i) }, lit(5, 'int32')),
            ),
          ),
          store(2, variable(i), call('exponent', 'int32', x)),
          store(3, variable(i), call('significand', d, x)),
        ],
      });
      check(
        k,
        {
          inputs: [[d, n]],
          outputs: [
            [d, n],
            ['int32', n],
            [d, n],
          ],
        },
        [random(d, n, 9)],
      );
    }
  }),

  kernelCase('an output over its input', (check) => {
    const n = 37;
    const i = newVar(n);
    const x = load(0, variable(i));
    const y = load(1, variable(i));
    const k = kernel([i], {
      axes: [],
      actions: [
        store(2, variable(i), call('add', 'float32', x, y)),
        store(3, variable(i), call('mul', 'float32', x, y)),
        store(4, variable(i), y),
      ],
    });
    check(
      k,
      {
        inputs: [
          ['float32', n],
          ['float32', n],
        ],
        outputs: [
          ['float32', n],
          ['float32', n],
          ['float32', n],
        ],
      },
      [random('float32', n, 1), random('float32', n, 2)],
      {
        aliases: new Map([
          [0, 0],
          [1, 1],
        ]),
      },
    );
  }),
];
