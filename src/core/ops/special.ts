// Special functions: error functions, gamma and its logarithmic derivatives, Bessel functions, sinc.
import { aval } from '../aval.ts';
import { ArgumentError } from '../errors.ts';
import { arg, call, compare, lit, select, type Expr, type MathOp } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import * as bessels from '../math/bessel.ts';
import * as errors from '../math/erf.ts';
import * as gammas from '../math/gamma.ts';
import { special, type Expansion } from '../math/index.ts';
import type { Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { RealFunction } from '../types/functions.ts';
import { add, div, equal, less, mul, neg, sub } from './arithmetic.ts';
import { where } from './choice.ts';
import { exp } from './exponential.ts';
import { promote, toFloat, type TensorLike } from './promote.ts';
import { unaryPrimitive } from './rules.ts';
import { sin } from './trigonometric.ts';
import { abs, integerPower, onReals, sign, times } from './unary.ts';

const record = (op: MathOp, expansion: Expansion, jvp: (dx: Tensor, x: Tensor, y: Tensor) => Tangent): Primitive =>
  unaryPrimitive(op, (x) => special(op, expansion, x), jvp);

const bell = (x: Tensor): Tensor => mul(exp(neg(integerPower(x, 2))), 2 / Math.sqrt(Math.PI));
export const erfPrimitive: Primitive = record('erf', errors.erf, (dx, x) => times(dx, bell(x)));
export const erfcPrimitive: Primitive = record('erfc', errors.erfc, (dx, x) => neg(times(dx, bell(x))));
export const erfinvPrimitive: Primitive = record('erfinv', errors.erfinv, (dx, _, y) =>
  times(dx, mul(exp(integerPower(y, 2)), Math.sqrt(Math.PI) / 2)),
);
/**
 * The error function (`jax.scipy.special.erf`).
 * @example
 * erf(tensor([0])); // [0]
 */
export const erf: RealFunction = onReals('erf', erfPrimitive);
/**
 * 1 - erf(x), with all its digits for large x (`jax.scipy.special.erfc`).
 * @example
 * erfc(tensor([0])); // [1]
 */
export const erfc: RealFunction = onReals('erfc', erfcPrimitive);
/**
 * The inverse of erf; infinite at -1 and 1, NaN beyond (`jax.scipy.special.erfinv`).
 * @example
 * erfinv(tensor([0])); // [0]
 */
export const erfinv: RealFunction = onReals('erfinv', erfinvPrimitive);

export const lgammaPrimitive: Primitive = record('lgamma', gammas.lgamma, (dx, x) =>
  times(dx, bind1(digammaPrimitive, [x], {})),
);
export const digammaPrimitive: Primitive = record('digamma', gammas.digamma, (dx, x) =>
  times(dx, bind1(polygammaPrimitive, [x], { n: 1 })),
);
/**
 * log |Gamma(x)|; infinite at 0, -1, -2, ... (`jax.scipy.special.gammaln`).
 * @example
 * lgamma(tensor([1])); // [0]
 */
export const lgamma: RealFunction = onReals('lgamma', lgammaPrimitive);
/**
 * The derivative of log Gamma (`jax.scipy.special.digamma`).
 * @example
 * isnan(digamma(tensor([-1]))); // [true]
 */
export const digamma: RealFunction = onReals('digamma', digammaPrimitive);

// Bernoulli numbers B2, B4, ...
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];
const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

// For x > 0: (-1)^(n+1) n! * (sum of 1/(x+i)^(n+1) over the first steps + the tail by Euler and Maclaurin at x + steps).
const positivePolygamma = (x: Expr, n: number): Expr => {
  const d = x.dtype;
  const op = (name: 'add' | 'mul' | 'div', a: Expr, b: Expr): Expr => call(name, d, a, b);
  const k = (v: number): Expr => lit(v, d);
  const power = (e: Expr, m: number): Expr => {
    let out = e;
    for (let i = 1; i < m; i++) out = op('mul', out, e);
    return out;
  };
  const steps = (d === 'float64' ? 10 : 5) + n;
  let out: Expr | null = null;
  for (let i = 0; i < steps; i++) {
    const term = op('div', k(1), power(i === 0 ? x : op('add', x, k(i)), n + 1));
    out = out === null ? term : op('add', out, term);
  }
  const z = op('add', x, k(steps));
  const u = op('div', k(1), z);
  const u2 = op('mul', u, u);
  // z^-n (1/n + u/2 + sum B2j (2j+n-1)! / ((2j)! n!) u^2j), all over n! outside.
  let series: Expr = k(0);
  const terms = d === 'float64' ? 8 : 4;
  for (let j = terms; j >= 1; j--) {
    const c = (bernoulli[j - 1]! * factorial(2 * j + n - 1)) / (factorial(2 * j) * factorial(n));
    series = op('mul', u2, op('add', k(c), series));
  }
  const tail = op('mul', power(u, n), op('add', k(1 / n), op('add', op('mul', u, k(0.5)), series)));
  return op('mul', op('add', out!, tail), k((n % 2 === 1 ? 1 : -1) * factorial(n)));
};

// Coefficients, by powers of c, of the n-th derivative of cot as a polynomial in c = cot: P' (-(1 + c^2)).
const cotDerivative = (n: number): number[] => {
  let p = [0, 1];
  for (let i = 0; i < n; i++) {
    const q = new Array<number>(p.length + 1).fill(0);
    for (let j = 1; j < p.length; j++) {
      q[j - 1]! -= j * p[j]!;
      q[j + 1]! -= j * p[j]!;
    }
    p = q;
  }
  return p;
};

const polygammaExpr = (x: Expr, n: number): Expr => {
  const d = x.dtype;
  const op = (name: 'add' | 'sub' | 'mul' | 'div', a: Expr, b: Expr): Expr => call(name, d, a, b);
  const low = compare('lt', x, lit(0.5, d));
  const right = positivePolygamma(select(low, op('sub', lit(1, d), x), x), n);
  // psi_n(x) = (-1)^n psi_n(1 - x) - pi d^n/dx^n cot(pi x); the period is taken off first.
  const t = op('mul', op('sub', x, call('round', d, x)), lit(Math.PI, d));
  const c = op('div', call('cos', d, t), call('sin', d, t));
  let poly: Expr = lit(0, d);
  for (const a of cotDerivative(n).reverse()) poly = op('add', op('mul', poly, c), lit(a, d));
  const mirrored = n % 2 === 0 ? right : call('neg', d, right);
  const left = op('sub', mirrored, op('mul', poly, lit(Math.PI ** (n + 1), d)));
  return select(low, left, right);
};

/** The n-th derivative of digamma, n >= 1. */
export const polygammaPrimitive: Primitive<{ readonly n: number }> = {
  name: 'polygamma',
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx], { n }) => ({
    outs: [bind1(polygammaPrimitive, [x!], { n })],
    tangents: [times(dx!, bind1(polygammaPrimitive, [x!], { n: n + 1 }))],
  }),
  transpose: null,
  batch: ([x], axes, params) => ({ outs: [bind1(polygammaPrimitive, [x!], params)], axes }),
  lower: ([x], { n }) => ({ tag: 'map', outs: [polygammaExpr(arg(0, x!.dtype), n)] }),
};
/**
 * The n-th derivative of digamma; n = 0 is digamma itself (`jax.scipy.special.polygamma`).
 * @example
 * round(mul(polygamma(1, tensor([1])), 1000)); // [1645]
 */
export const polygamma = (n: number, x: TensorLike): Tensor => {
  if (!Number.isInteger(n) || n < 0 || n > 20)
    throw new ArgumentError('polygamma', `the order must be an integer from 0 to 20, got ${String(n)}`);
  return n === 0 ? digamma(x) : bind1(polygammaPrimitive, promote('polygamma', ['x'], [x], toFloat), { n });
};

export const i0ePrimitive: Primitive = record('i0e', bessels.i0e, (dx, x, y) =>
  times(dx, sub(bind1(i1ePrimitive, [x], {}), mul(sign(x), y))),
);
// At 0 the quotient I1(x) / x has the limit 1/2.
export const i1ePrimitive: Primitive = record('i1e', bessels.i1e, (dx, x, y) => {
  const origin = equal(x, 0);
  const quotient = where(origin, 0.5, div(y, where(origin, 1, x)));
  return times(dx, sub(sub(bind1(i0ePrimitive, [x], {}), quotient), mul(sign(x), y)));
});
/**
 * e^-|x| I0(x) (`jax.scipy.special.i0e`).
 * @example
 * i0e(tensor([0])); // [1]
 */
export const i0e: RealFunction = onReals('i0e', i0ePrimitive);
/**
 * e^-|x| I1(x) (`jax.scipy.special.i1e`).
 * @example
 * i1e(tensor([0])); // [0]
 */
export const i1e: RealFunction = onReals('i1e', i1ePrimitive);
/**
 * The modified Bessel function of order 0 (`jax.numpy.i0`).
 * @example
 * i0(tensor([0])); // [1]
 */
export const i0: RealFunction = (x: TensorLike): Tensor => {
  const t = promote('i0', ['x'], [x], toFloat)[0]!;
  return times(exp(abs(t)), i0e(t));
};
/** The modified Bessel function of order 1 (`jax.scipy.special.i1`). */
export const i1: RealFunction = (x: TensorLike): Tensor => {
  const t = promote('i1', ['x'], [x], toFloat)[0]!;
  return times(exp(abs(t)), i1e(t));
};

/**
 * sin(pi x) / (pi x), 1 at 0, with right derivatives of every order there (`jax.numpy.sinc`).
 * @example
 * sinc(tensor([0, 0.5])); // [1, 0.63661975]
 */
export const sinc: RealFunction = (x: TensorLike): Tensor => {
  const t = mul(promote('sinc', ['x'], [x], toFloat)[0]!, Math.PI);
  const near = less(abs(t), 0.5);
  const far = where(near, 1, t);
  const u = integerPower(where(near, t, 0), 2);
  let series: Tensor = mul(u, 0);
  for (let k = 9; k >= 1; k--) series = times(u, add(series, (k % 2 === 0 ? 1 : -1) / factorial(2 * k + 1)));
  return where(near, add(series, 1), div(sin(far), far));
};
