// Functions of two arguments at the values that C99 prescribes: pow, atan2, nextafter, and powers of integers.
import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/core/dtype.ts';
import { arg, call } from '../../src/core/expr.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { evaluator, run } from './evaluate.ts';
import { ulps32 } from './ulp.ts';
import './specials.ts';

const inf = Infinity;

describe('pow, as C99 has it', () => {
  const values = [0, -0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, inf, -inf, NaN, 1e30, -1e30, 16777217, 2 ** 53, -7];
  it('agrees with the reference on every pair of special values', () => {
    for (const dtype of ['float32', 'float64'] as const)
      for (const x of values)
        for (const y of values) {
          const [a, b] = dtype === 'float32' ? [Math.fround(x), Math.fround(y)] : [x, y];
          const want = scalar('pow', dtype, [dtype, dtype], [a, b]);
          const got = run('pow', dtype, [a, b]);
          const near =
            dtype === 'float32' ? ulps32(got, want) <= 4 : Object.is(got, want) || Math.abs(got / want - 1) < 1e-15;
          expect(near || (Number.isNaN(got) && Number.isNaN(want)), `${dtype} ${x} ** ${y} = ${got}, not ${want}`).toBe(
            true,
          );
        }
  });

  it('names the cases that JS gets wrong', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      for (const [x, y] of [
        [1, NaN],
        [NaN, 0],
        [-1, inf],
        [-1, -inf],
        [1, inf],
      ] as const)
        expect(run('pow', dtype, [x, y])).toBe(1);
      expect(run('pow', dtype, [-8, 1 / 3])).toBeNaN();
      expect(run('pow', dtype, [-0, -3])).toBe(-inf);
      expect(run('pow', dtype, [-0, 3])).toBe(-0);
      expect(run('pow', dtype, [-inf, 0.5])).toBe(inf);
    }
  });

  it('constant exponents become products', () => {
    const of = (n: number): number => {
      const e = expandMath(call('pow', 'float32', arg(0, 'float32'), { op: 'const', dtype: 'float32', value: n }));
      return evaluator(e, 1)([Float32Array.of(-3)], 1)[0]!;
    };
    expect([0, 1, 2, 3, 4, -1].map(of)).toEqual([1, -3, 9, -27, 81, Math.fround(-1 / 3)]);
  });

  it('integers wrap and take negative exponents as integer division does', () => {
    const f = (dtype: DType): ((x: number, y: number) => number) => {
      const g = evaluator(expandMath(call('pow', dtype, arg(0, dtype), arg(1, dtype))), 1);
      return (x, y) =>
        g(
          [
            dtype === 'uint32' ? Uint32Array.of(x) : Int32Array.of(x),
            dtype === 'uint32' ? Uint32Array.of(y) : Int32Array.of(y),
          ],
          1,
        )[0]!;
    };
    for (const dtype of ['int32', 'uint32'] as const)
      for (const [x, y] of [
        [3, 13],
        [7, 0],
        [0, 0],
        [-2, 31],
        [10, 12],
        [5, 2147483647],
      ] as const) {
        const [a, b] = dtype === 'uint32' ? [x >>> 0, y] : [x, y];
        expect(f(dtype)(a, b), `${dtype} ${x} ** ${y}`).toBe(scalar('pow', dtype, [dtype, dtype], [a, b]));
      }
    expect(
      [
        [2, -1],
        [1, -5],
        [-1, -3],
        [-1, -4],
      ].map(([x, y]) => f('int32')(x!, y!)),
    ).toEqual([0, 1, -1, 1]);
  });
});

describe('atan2 and nextafter', () => {
  const values = [0, -0, 1, -1, 2.5, -2.5, inf, -inf, NaN, 1e-30, -1e-30, 1e30];
  it('agree with the reference on every pair of special values', () => {
    for (const op of ['atan2', 'nextafter'] as const)
      for (const dtype of ['float32', 'float64'] as const)
        for (const y of values)
          for (const x of values) {
            const pair = dtype === 'float32' ? [Math.fround(y), Math.fround(x)] : [y, x];
            const want = scalar(op, dtype, [dtype, dtype], pair);
            const got = run(op, dtype, pair);
            const near =
              op === 'nextafter'
                ? Object.is(got, want)
                : dtype === 'float32'
                  ? ulps32(got, want) <= 4
                  : Math.abs(got - want) <= 4e-16 * Math.abs(want);
            expect(near || Object.is(got, want), `${dtype} ${op}(${y}, ${x}) = ${got}, not ${want}`).toBe(true);
          }
  });

  it('nextafter steps through powers of two, subnormal numbers and infinity', () => {
    for (const [x, y] of [
      [1, 2],
      [1, 0],
      [2 ** -1022, 0],
      [2 ** -1022, 1],
      [5e-324, 0],
      [-5e-324, 1],
      [3e-320, 1],
      [Number.MAX_VALUE, inf],
      [inf, 0],
      [4, -1],
    ] as const)
      for (const s of [1, -1]) {
        const want = scalar('nextafter', 'float64', ['float64', 'float64'], [s * x, s * y]);
        expect(run('nextafter', 'float64', [s * x, s * y]), `${s * x} towards ${s * y}`).toBe(want);
      }
  });
});
