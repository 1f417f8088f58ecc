// Cases of elementwise loop kernels against a plain interpreter of kernels: every size class and dtype.
import { call, compare as cmp, convert, lit, select, type ScalarOp } from '../../../src/core/expr.ts';
import { newVar, variable } from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { at, dtypes, elementwise, indexValue, load, of, sizes, store, vars } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

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
        check(elementwise([i], store(2, variable(i), value)), { inputs: of(d, n, n), outputs: of(d, n) }, [
          random(d, n, 1),
          random(d, n, 2),
        ]);
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
        const [i, j] = vars(n, n);
        const a = random(d, n);
        a.set(values);
        const value = call(op, d, load(0, variable(i), d), load(0, variable(j), d));
        check(elementwise([i, j], store(1, at(i, j), value)), { inputs: of(d, n), outputs: of(d, n * n) }, [a]);
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
            elementwise(
              [i],
              store(2, variable(i), c),
              store(3, variable(i), select(c, x, y)),
              store(4, variable(i), select(c, lit(1, 'float32'), lit(2, 'float32'))),
            ),
            {
              inputs: of(d, n, n),
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
          elementwise([i], store(1, variable(i), convert(load(0, variable(i), from), to))),
          { inputs: of(from, n), outputs: of(to, n) },
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
        const k = elementwise(
          [i],
          store(2, variable(i), call(op, d, x, s)),
          store(3, variable(i), call(op, d, x, lit(5, d))),
          store(4, variable(i), call(op, d, x, lit(40, d))),
        );
        const counts = random(d, n);
        counts.set([0, 1, 5, 31, 32, 33, 64, 100, 7, 8, 9, 30, 2]);
        check(k, { inputs: of(d, n, n), outputs: of(d, n, n, n) }, [random(d, n, 3), counts]);
      }
    }
    for (const d of ['float32', 'float64'] as const) {
      const x = load(0, variable(i), d);
      const k = elementwise(
        [i],
        store(1, variable(i), call('ldexp', d, x, call('sub', 'int32', indexValue(variable(i)), lit(5, 'int32')))),
        store(2, variable(i), call('exponent', 'int32', x)),
        store(3, variable(i), call('significand', d, x)),
      );
      check(
        k,
        {
          inputs: of(d, n),
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
    const k = elementwise(
      [i],
      store(2, variable(i), call('add', 'float32', x, y)),
      store(3, variable(i), call('mul', 'float32', x, y)),
      store(4, variable(i), y),
    );
    check(
      k,
      { inputs: of('float32', n, n), outputs: of('float32', n, n, n) },
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
