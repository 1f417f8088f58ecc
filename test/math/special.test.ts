// Values that C99 and common sense prescribe, and the neighbourhoods where naive formulas fail.
import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/core/dtype.ts';
import { arg, call, type MathOp } from '../../src/core/expr.ts';
import { expandMath } from '../../src/jit/math/index.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { evaluator } from './evaluate.ts';
import { ulps32 } from './ulp.ts';

const inf = Infinity;
const run = (op: MathOp, dtype: 'float32' | 'float64', args: readonly number[]): number => {
  const array = dtype === 'float32' ? Float32Array : Float64Array;
  const e = expandMath(call(op, dtype, ...args.map((_, i) => arg(i, dtype))));
  return evaluator(e, 1)(args.map((x) => array.of(x)), 1)[0]!;
};

// op: [x, f(x)] exactly, the sign of zero included.
const exact: Readonly<Partial<Record<MathOp, readonly (readonly [number, number])[]>>> = {
  exp: [[0, 1], [-0, 1], [inf, inf], [-inf, 0], [1000, inf], [-1000, 0]],
  exp2: [[0, 1], [10, 1024], [-3, 0.125], [inf, inf], [-inf, 0], [2000, inf], [-2000, 0]],
  expm1: [[0, 0], [-0, -0], [inf, inf], [-inf, -1], [1000, inf], [-1000, -1]],
  log: [[1, 0], [0, -inf], [-0, -inf], [inf, inf], [-1, NaN], [-inf, NaN]],
  log2: [[1, 0], [8, 3], [2 ** -20, -20], [2 ** 100, 100], [0, -inf], [inf, inf], [-1, NaN]],
  log10: [[1, 0], [0, -inf], [inf, inf], [-1, NaN]],
  log1p: [[0, 0], [-0, -0], [-1, -inf], [inf, inf], [-2, NaN], [-inf, NaN]],
  sin: [[0, 0], [-0, -0], [inf, NaN], [-inf, NaN]],
  cos: [[0, 1], [-0, 1], [inf, NaN], [-inf, NaN]],
  tan: [[0, 0], [-0, -0], [inf, NaN], [-inf, NaN]],
  asin: [[0, 0], [-0, -0], [1.5, NaN], [-inf, NaN]],
  acos: [[1, 0], [1.5, NaN], [-inf, NaN]],
  atan: [[0, 0], [-0, -0]],
  sinh: [[0, 0], [-0, -0], [inf, inf], [-inf, -inf], [1000, inf], [-1000, -inf]],
  cosh: [[0, 1], [inf, inf], [-inf, inf], [1000, inf], [-1000, inf]],
  tanh: [[0, 0], [-0, -0], [inf, 1], [-inf, -1], [100, 1]],
  asinh: [[0, 0], [-0, -0], [inf, inf], [-inf, -inf]],
  acosh: [[1, 0], [inf, inf], [0.5, NaN], [-5, NaN], [-inf, NaN]],
  atanh: [[0, 0], [-0, -0], [1, inf], [-1, -inf], [2, NaN], [-inf, NaN]],
  sigmoid: [[0, 0.5], [inf, 1], [-inf, 0], [1000, 1], [-1000, 0]],
  softplus: [[inf, inf], [-inf, 0], [1000, 1000], [-1000, 0]],
  erf: [[0, 0], [-0, -0], [inf, 1], [-inf, -1], [10, 1]],
  erfc: [[0, 1], [inf, 0], [-inf, 2], [-10, 2]],
  erfinv: [[0, 0], [-0, -0], [1, inf], [-1, -inf], [2, NaN], [-inf, NaN]],
  lgamma: [[1, 0], [2, 0], [0, inf], [-0, inf], [-1, inf], [-2, inf], [-1e10, inf], [inf, inf], [-inf, inf]],
  digamma: [[0, -inf], [-0, inf], [-1, NaN], [-7, NaN], [inf, inf], [-inf, NaN]],
  rsqrt: [[4, 0.5], [0, inf], [-0, -inf], [inf, 0], [-1, NaN]],
  cbrt: [[0, 0], [-0, -0], [8, 2], [-27, -3], [inf, inf], [-inf, -inf]],
  sign: [[0, 0], [-0, -0], [3, 1], [-3, -1], [inf, 1], [-inf, -1]],
  i0e: [[0, 1], [inf, 0], [-inf, 0]],
  i1e: [[0, 0], [-0, -0], [inf, 0]],
};

describe('exact values', () => {
  for (const [op, pairs] of Object.entries(exact) as [MathOp, readonly (readonly [number, number])[]][])
    it(op, () => {
      for (const dtype of ['float32', 'float64'] as const) {
        for (const [x, y] of pairs) expect({ dtype, x, y: run(op, dtype, [x]) }).toEqual({ dtype, x, y });
        expect(run(op, dtype, [NaN]), `${dtype} NaN`).toBeNaN();
      }
    });

  it('a NaN keeps its nature whatever its payload', () => {
    const payloads = new Float32Array(Int32Array.of(0x7fc00001, -1, 0x7fffffff, -0x3ffffe).buffer);
    for (const op of Object.keys(exact) as MathOp[])
      for (const x of evaluator(expandMath(call(op, 'float32', arg(0, 'float32'))), 4)([payloads], 4)) expect(x, op).toBeNaN();
  });
});

describe('pow, as C99 has it', () => {
  const values = [0, -0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5, inf, -inf, NaN, 1e30, -1e30, 16777217, 2 ** 53, -7];
  it('agrees with the reference on every pair of special values', () => {
    for (const dtype of ['float32', 'float64'] as const)
      for (const x of values)
        for (const y of values) {
          const [a, b] = dtype === 'float32' ? [Math.fround(x), Math.fround(y)] : [x, y];
          const want = scalar('pow', dtype, [dtype, dtype], [a, b]);
          const got = run('pow', dtype, [a, b]);
          const near = dtype === 'float32' ? ulps32(got, want) <= 4 : Object.is(got, want) || Math.abs(got / want - 1) < 1e-15;
          expect(near || (Number.isNaN(got) && Number.isNaN(want)), `${dtype} ${x} ** ${y} = ${got}, not ${want}`).toBe(true);
        }
  });

  it('names the cases that JS gets wrong', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      for (const [x, y] of [[1, NaN], [NaN, 0], [-1, inf], [-1, -inf], [1, inf]] as const) expect(run('pow', dtype, [x, y])).toBe(1);
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
      return (x, y) => g([dtype === 'uint32' ? Uint32Array.of(x) : Int32Array.of(x), dtype === 'uint32' ? Uint32Array.of(y) : Int32Array.of(y)], 1)[0]!;
    };
    for (const dtype of ['int32', 'uint32'] as const)
      for (const [x, y] of [[3, 13], [7, 0], [0, 0], [-2, 31], [10, 12], [5, 2147483647]] as const) {
        const [a, b] = dtype === 'uint32' ? [x >>> 0, y] : [x, y];
        expect(f(dtype)(a, b), `${dtype} ${x} ** ${y}`).toBe(scalar('pow', dtype, [dtype, dtype], [a, b]));
      }
    expect([[2, -1], [1, -5], [-1, -3], [-1, -4]].map(([x, y]) => f('int32')(x!, y!))).toEqual([0, 1, -1, 1]);
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
            const near = op === 'nextafter' ? Object.is(got, want) : dtype === 'float32' ? ulps32(got, want) <= 4 : Math.abs(got - want) <= 4e-16 * Math.abs(want);
            expect(near || Object.is(got, want), `${dtype} ${op}(${y}, ${x}) = ${got}, not ${want}`).toBe(true);
          }
  });

  it('nextafter steps through powers of two, subnormal numbers and infinity', () => {
    for (const [x, y] of [[1, 2], [1, 0], [2 ** -1022, 0], [2 ** -1022, 1], [5e-324, 0], [-5e-324, 1], [3e-320, 1], [Number.MAX_VALUE, inf], [inf, 0], [4, -1]] as const)
      for (const s of [1, -1]) {
        const want = scalar('nextafter', 'float64', ['float64', 'float64'], [s * x, s * y]);
        expect(run('nextafter', 'float64', [s * x, s * y]), `${s * x} towards ${s * y}`).toBe(want);
      }
  });
});

describe('where naive formulas fail', () => {
  const close = (op: MathOp, x: number, digits = 4): void => {
    const at = Math.fround(x);
    expect(ulps32(run(op, 'float32', [at]), scalar(op, 'float64', ['float64'], [at])), `${op}(${x})`).toBeLessThanOrEqual(digits);
  };
  it('near zero', () => {
    for (const op of ['log1p', 'expm1', 'tanh', 'sinh', 'asinh', 'atanh', 'erf', 'sin', 'tan', 'asin', 'atan', 'erfinv', 'i1e'] as const)
      for (const x of [1e-7, -1e-7, 1e-6, 1e-3, -1e-3, 1e-20, 1e-30]) close(op, x);
    close('log', 1.0000001);
    close('log', 0.9999999);
    close('log2', 0.9999999);
  });
  it('in the tails', () => {
    for (const x of [-100, -90, -50, 50, 100]) for (const op of ['sigmoid', 'softplus'] as const) close(op, x);
    expect(run('sigmoid', 'float32', [-100])).toBeGreaterThan(0);
    for (const x of [3, 5, 8, 9, 10]) close('erfc', x);
    for (const x of [0.999, 0.99999, 0.99999994, -0.9999]) close('erfinv', x);
    for (const x of [88, 88.7, -87.3, 80]) close('exp', x);
  });
  it('log sees subnormal numbers', () => {
    for (const op of ['log', 'log2', 'log10'] as const) for (const x of [1e-40, 1.4e-45, 5e-39]) close(op, x);
  });
});
