// Rows of the unary primitives: roots, exponentials, trigonometry, special functions, tests of elements.
import { neg, relu } from '../../src/core/ops/arithmetic.ts';
import { signbit } from '../../src/core/ops/binary.ts';
import * as e from '../../src/core/ops/exponential.ts';
import { logicalNot } from '../../src/core/ops/logic.ts';
import { pow } from '../../src/core/ops/power.ts';
import { reducePrecision } from '../../src/core/ops/precision.ts';
import * as s from '../../src/core/ops/special.ts';
import * as t from '../../src/core/ops/trigonometric.ts';
import { astype, bitcast } from '../../src/core/ops/types.ts';
import * as u from '../../src/core/ops/unary.ts';
import { stopGradient } from '../../src/grad/index.ts';
import { elementwise, mapped, type Row } from './row.ts';

// Abramowitz and Stegun 7.1.5 and 7.1.14: the series near 0, the continued fraction far from it.
const erfcOf = (x: number): number => {
  if (x < 0) return 2 - erfcOf(-x);
  if (x < 2) {
    let [term, total] = [x, x];
    for (let n = 1; n < 60; n++) {
      term *= -(x * x) / n;
      total += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * total;
  }
  let f = x;
  for (let k = 80; k > 0; k--) f = x + k / 2 / f;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * f);
};
// The inverse of erf by bisection.
const erfinvOf = (y: number): number => {
  let [lo, hi] = [-6, 6];
  for (let i = 0; i < 80; i++) {
    const mid = (lo + hi) / 2;
    if (1 - erfcOf(mid) < y) lo = mid;
    else hi = mid;
  }
  return (lo + hi) / 2;
};
// Sums that start far out, where Stirling's series has converged.
const lgammaOf = (x: number): number => {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lgammaOf(1 - x);
  let [z, shift] = [x, 0];
  for (; z < 20; z++) shift += Math.log(z);
  return (
    (z - 0.5) * Math.log(z) -
    z +
    Math.log(2 * Math.PI) / 2 +
    1 / (12 * z) -
    1 / (360 * z ** 3) +
    1 / (1260 * z ** 5) -
    shift
  );
};
const digammaOf = (x: number): number => {
  let [z, shift] = [x, 0];
  for (; z < 20; z++) shift += 1 / z;
  return Math.log(z) - 1 / (2 * z) - 1 / (12 * z ** 2) + 1 / (120 * z ** 4) - 1 / (252 * z ** 6) - shift;
};
const trigammaOf = (x: number): number => {
  let [z, shift] = [x, 0];
  for (; z < 20; z++) shift += 1 / z ** 2;
  return 1 / z + 1 / (2 * z ** 2) + 1 / (6 * z ** 3) - 1 / (30 * z ** 5) + 1 / (42 * z ** 7) + shift;
};
// The integral of e^(x cos a) cos(n a), by the trapezoidal rule, which is exact for periodic functions.
const besselOf =
  (n: number) =>
  (x: number): number => {
    let total = 0;
    for (let k = 0; k < 64; k++)
      total += Math.exp(x * Math.cos((Math.PI * k) / 32) - Math.abs(x)) * Math.cos((n * Math.PI * k) / 32);
    return total / 64;
  };
const roundEven = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x - Math.trunc(x)) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

export const rows: readonly Row[] = [
  elementwise(
    'neg',
    (x) => neg(x),
    (x) => -x,
    [[-2, 2]],
  ),
  elementwise(
    'relu',
    (x) => relu(x),
    (x) => (x > 0 ? x : 0),
    [[-2, 2]],
  ),
  elementwise('abs', (x) => u.abs(x), Math.abs, [[-2, 2]]),
  elementwise('sign', (x) => u.sign(x), Math.sign, [[-2, 2]]),
  elementwise('sqrt', (x) => u.sqrt(x), Math.sqrt, [[0.1, 4]]),
  elementwise(
    'rsqrt',
    (x) => u.rsqrt(x),
    (x) => 1 / Math.sqrt(x),
    [[0.1, 4]],
  ),
  elementwise('cbrt', (x) => u.cbrt(x), Math.cbrt, [[0.1, 4]]),
  elementwise(
    'integerPow',
    (x) => u.square(x),
    (x) => x * x,
    [[-2, 2]],
    { name: 'square' },
  ),
  elementwise(
    'integerPow',
    (x) => u.reciprocal(x),
    (x) => 1 / x,
    [[0.3, 2]],
    { name: 'reciprocal' },
  ),
  elementwise(
    'integerPow',
    (x) => pow(x, 5),
    (x) => x ** 5,
    [[-2, 2]],
    { name: 'fifth power' },
  ),
  elementwise(
    'integerPow',
    (x) => pow(x, 3),
    (x) => x ** 3,
    [[-9, 9]],
    { name: 'of integers', dtype: 'int32' },
  ),
  elementwise('floor', (x) => u.floor(x), Math.floor, [[-4, 4]]),
  elementwise('ceil', (x) => u.ceil(x), Math.ceil, [[-4, 4]]),
  elementwise('round', (x) => u.round(x), roundEven, [[-4, 4]]),
  elementwise('trunc', (x) => u.trunc(x), Math.trunc, [[-4, 4]]),
  elementwise('exp', (x) => e.exp(x), Math.exp, [[-3, 3]]),
  elementwise(
    'exp2',
    (x) => e.exp2(x),
    (x) => 2 ** x,
    [[-3, 3]],
  ),
  elementwise('expm1', (x) => e.expm1(x), Math.expm1, [[-3, 3]]),
  elementwise('log', (x) => e.log(x), Math.log, [[0.1, 4]]),
  elementwise('log2', (x) => e.log2(x), Math.log2, [[0.1, 4]]),
  elementwise('log10', (x) => e.log10(x), Math.log10, [[0.1, 4]]),
  elementwise('log1p', (x) => e.log1p(x), Math.log1p, [[-0.8, 4]]),
  elementwise(
    'sigmoid',
    (x) => e.sigmoid(x),
    (x) => 1 / (1 + Math.exp(-x)),
    [[-4, 4]],
  ),
  elementwise(
    'softplus',
    (x) => e.logOnePlusExp(x),
    (x) => Math.log1p(Math.exp(x)),
    [[-4, 4]],
  ),
  elementwise('sin', (x) => t.sin(x), Math.sin, [[-4, 4]]),
  elementwise('cos', (x) => t.cos(x), Math.cos, [[-4, 4]]),
  elementwise('tan', (x) => t.tan(x), Math.tan, [[-1.2, 1.2]]),
  elementwise('asin', (x) => t.asin(x), Math.asin, [[-0.9, 0.9]]),
  elementwise('acos', (x) => t.acos(x), Math.acos, [[-0.9, 0.9]]),
  elementwise('atan', (x) => t.atan(x), Math.atan, [[-3, 3]]),
  elementwise('sinh', (x) => t.sinh(x), Math.sinh, [[-2, 2]]),
  elementwise('cosh', (x) => t.cosh(x), Math.cosh, [[-2, 2]]),
  elementwise('tanh', (x) => t.tanh(x), Math.tanh, [[-2, 2]]),
  elementwise('asinh', (x) => t.asinh(x), Math.asinh, [[-3, 3]]),
  elementwise('acosh', (x) => t.acosh(x), Math.acosh, [[1.2, 4]]),
  elementwise('atanh', (x) => t.atanh(x), Math.atanh, [[-0.9, 0.9]]),
  elementwise(
    'erf',
    (x) => s.erf(x),
    (x) => 1 - erfcOf(x),
    [[-2, 2]],
  ),
  elementwise('erfc', (x) => s.erfc(x), erfcOf, [[-2, 3]]),
  elementwise('erfinv', (x) => s.erfinv(x), erfinvOf, [[-0.9, 0.9]]),
  elementwise('lgamma', (x) => s.lgamma(x), lgammaOf, [[2.2, 6]]),
  elementwise('digamma', (x) => s.digamma(x), digammaOf, [[1.7, 6]]),
  elementwise('polygamma', (x) => s.polygamma(1, x), trigammaOf, [[0.3, 6]]),
  elementwise('i0e', (x) => s.i0e(x), besselOf(0), [[0.1, 5]]),
  elementwise('i1e', (x) => s.i1e(x), besselOf(1), [[0.1, 5]]),
  elementwise(
    'reducePrecision',
    (x) => reducePrecision(x, { exponentBits: 8, mantissaBits: 7 }),
    (x) => {
      const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - 7);
      return roundEven(x / unit) * unit;
    },
    [[-9, 9]],
    { name: 'to bfloat16', differentiable: [false] },
  ),
  // Where nothing is rounded, differences agree with the derivative that is declared.
  elementwise(
    'reducePrecision',
    (x) => reducePrecision(x, { exponentBits: 11, mantissaBits: 52 }),
    (x) => x,
    [[-2, 2]],
    { name: 'to float64' },
  ),
  elementwise(
    'signbit',
    (x) => signbit(x),
    (x) => Number(x < 0 || Object.is(x, -0)),
    [[-2, 2]],
  ),
  elementwise(
    'not',
    (x) => logicalNot(x),
    (x) => Number(x === 0),
    [[0, 1]],
    { dtype: 'bool' },
  ),
  elementwise('convert', (x) => astype(x, 'int32'), Math.trunc, [[-9, 9]], { name: 'to integers' }),
  elementwise(
    'convert',
    (x) => astype(x, 'float64'),
    (x) => x,
    [[-9, 9]],
    { name: 'to float64' },
  ),
  elementwise(
    'stopGradient',
    (x) => stopGradient(x),
    (x) => x,
    [[-2, 2]],
    { differentiable: [false] },
  ),
  {
    primitive: 'bitcast',
    inputs: [{ shape: [3, 5], dtype: 'int32', domain: [-999, 999] }],
    apply: (x) => bitcast(x, 'uint32'),
    definition: mapped((x) => x >>> 0),
  },
];
