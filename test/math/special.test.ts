// Values that C99 and common sense prescribe, and the neighbourhoods where naive formulas fail.
import { describe, expect, it } from 'vitest';
import { arg, call, type MathOp } from '../../src/core/expr.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { evaluator, run } from './evaluate.ts';
import { ulps32 } from './ulp.ts';
import './specials.ts';

const inf = Infinity;
// op: [x, f(x)] exactly, the sign of zero included.
const exact: Readonly<Partial<Record<MathOp, readonly (readonly [number, number])[]>>> = {
  exp: [
    [0, 1],
    [-0, 1],
    [inf, inf],
    [-inf, 0],
    [1000, inf],
    [-1000, 0],
  ],
  exp2: [
    [0, 1],
    [10, 1024],
    [-3, 0.125],
    [inf, inf],
    [-inf, 0],
    [2000, inf],
    [-2000, 0],
  ],
  expm1: [
    [0, 0],
    [-0, -0],
    [inf, inf],
    [-inf, -1],
    [1000, inf],
    [-1000, -1],
  ],
  log: [
    [1, 0],
    [0, -inf],
    [-0, -inf],
    [inf, inf],
    [-1, NaN],
    [-inf, NaN],
  ],
  log2: [
    [1, 0],
    [8, 3],
    [2 ** -20, -20],
    [2 ** 100, 100],
    [0, -inf],
    [inf, inf],
    [-1, NaN],
  ],
  log10: [
    [1, 0],
    [0, -inf],
    [inf, inf],
    [-1, NaN],
  ],
  log1p: [
    [0, 0],
    [-0, -0],
    [-1, -inf],
    [inf, inf],
    [-2, NaN],
    [-inf, NaN],
  ],
  sin: [
    [0, 0],
    [-0, -0],
    [inf, NaN],
    [-inf, NaN],
  ],
  cos: [
    [0, 1],
    [-0, 1],
    [inf, NaN],
    [-inf, NaN],
  ],
  tan: [
    [0, 0],
    [-0, -0],
    [inf, NaN],
    [-inf, NaN],
  ],
  asin: [
    [0, 0],
    [-0, -0],
    [1.5, NaN],
    [-inf, NaN],
  ],
  acos: [
    [1, 0],
    [1.5, NaN],
    [-inf, NaN],
  ],
  atan: [
    [0, 0],
    [-0, -0],
  ],
  sinh: [
    [0, 0],
    [-0, -0],
    [inf, inf],
    [-inf, -inf],
    [1000, inf],
    [-1000, -inf],
  ],
  cosh: [
    [0, 1],
    [inf, inf],
    [-inf, inf],
    [1000, inf],
    [-1000, inf],
  ],
  tanh: [
    [0, 0],
    [-0, -0],
    [inf, 1],
    [-inf, -1],
    [100, 1],
  ],
  asinh: [
    [0, 0],
    [-0, -0],
    [inf, inf],
    [-inf, -inf],
  ],
  acosh: [
    [1, 0],
    [inf, inf],
    [0.5, NaN],
    [-5, NaN],
    [-inf, NaN],
  ],
  atanh: [
    [0, 0],
    [-0, -0],
    [1, inf],
    [-1, -inf],
    [2, NaN],
    [-inf, NaN],
  ],
  sigmoid: [
    [0, 0.5],
    [inf, 1],
    [-inf, 0],
    [1000, 1],
    [-1000, 0],
  ],
  softplus: [
    [inf, inf],
    [-inf, 0],
    [1000, 1000],
    [-1000, 0],
  ],
  erf: [
    [0, 0],
    [-0, -0],
    [inf, 1],
    [-inf, -1],
    [10, 1],
  ],
  erfc: [
    [0, 1],
    [inf, 0],
    [-inf, 2],
    [-10, 2],
  ],
  erfinv: [
    [0, 0],
    [-0, -0],
    [1, inf],
    [-1, -inf],
    [2, NaN],
    [-inf, NaN],
  ],
  lgamma: [
    [1, 0],
    [2, 0],
    [0, inf],
    [-0, inf],
    [-1, inf],
    [-2, inf],
    [-1e10, inf],
    [inf, inf],
    [-inf, inf],
  ],
  digamma: [
    [0, -inf],
    [-0, inf],
    [-1, NaN],
    [-7, NaN],
    [inf, inf],
    [-inf, NaN],
  ],
  rsqrt: [
    [4, 0.5],
    [0, inf],
    [-0, -inf],
    [inf, 0],
    [-1, NaN],
  ],
  cbrt: [
    [0, 0],
    [-0, -0],
    [8, 2],
    [-27, -3],
    [inf, inf],
    [-inf, -inf],
  ],
  sign: [
    [0, 0],
    [-0, -0],
    [3, 1],
    [-3, -1],
    [inf, 1],
    [-inf, -1],
  ],
  i0e: [
    [0, 1],
    [inf, 0],
    [-inf, 0],
  ],
  i1e: [
    [0, 0],
    [-0, -0],
    [inf, 0],
  ],
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
      for (const x of evaluator(expandMath(call(op, 'float32', arg(0, 'float32'))), 4)([payloads], 4))
        expect(x, op).toBeNaN();
  });
});

describe('where naive formulas fail', () => {
  const close = (op: MathOp, x: number, digits = 4): void => {
    const at = Math.fround(x);
    expect(
      ulps32(run(op, 'float32', [at]), scalar(op, 'float64', ['float64'], [at])),
      `${op}(${x})`,
    ).toBeLessThanOrEqual(digits);
  };
  it('near zero', () => {
    for (const op of [
      'log1p',
      'expm1',
      'tanh',
      'sinh',
      'asinh',
      'atanh',
      'erf',
      'sin',
      'tan',
      'asin',
      'atan',
      'erfinv',
      'i1e',
    ] as const)
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
