// The plain definition of every scalar operation on JS numbers, in float64; the caller rounds the result to its dtype.
import { isFloat, isInteger, type DType } from '../core/dtype.ts';
import type { ScalarOp } from '../core/expr.ts';
import { digamma, erf, erfc, erfinv, i0e, i1e, lgamma } from './special.ts';

type Definition = (x: number, y: number) => number;

const truth = (b: boolean): number => (b ? 1 : 0);
const roundEven = (x: number): number => {
  if (Math.abs(x) >= 2 ** 52 || Number.isNaN(x)) return x;
  const low = Math.floor(x);
  const gap = x - low;
  const r = gap < 0.5 || (gap === 0.5 && low % 2 === 0) ? low : low + 1;
  return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
};

/** C99 pow, which differs from JS where the base is 1 or -1 and the exponent is NaN or infinite. */
export const pow = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

/** The neighbour of x towards y among the numbers of a float dtype. */
const nextafter = (x: number, y: number, dtype: DType): number => {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  const single = dtype === 'float32';
  if (x === 0) return Math.sign(y) * (single ? 2 ** -149 : 2 ** -1074);
  const view = new DataView(new ArrayBuffer(8));
  const step = y > x === x > 0 ? 1 : -1;
  if (single) {
    view.setFloat32(0, x);
    view.setInt32(0, view.getInt32(0) + step);
    return view.getFloat32(0);
  }
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(step));
  return view.getFloat64(0);
};

const exponent = (x: number): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return ((view.getUint32(0) >>> 20) & 0x7ff) - 1023;
};

/** The nearest number of a narrower format, ties to the even one (without a mantissa: with the even exponent field); no subnormal numbers. */
const reducePrecision = (x: number, exponentBits: number, mantissaBits: number, dtype: DType): number => {
  const size = Math.abs(x);
  if (size === 0 || !(size < Infinity)) return x;
  const [ownExponent, ownMantissa, least] = dtype === 'float32' ? [8, 23, -126] : [11, 52, -1022];
  let rounded = size;
  if (mantissaBits < ownMantissa) {
    const power = Math.max(exponent(size), least);
    const unit = 2 ** (power - mantissaBits);
    const odd = mantissaBits === 0 ? power & 1 : 0;
    rounded = (roundEven(size / unit + odd) - odd) * unit;
  }
  if (exponentBits < ownExponent) {
    const top = 2 ** (exponentBits - 1) - 1;
    if (rounded >= 2 ** (top + 1)) rounded = Infinity;
    else if (rounded < 2 ** (1 - top)) rounded = 0;
  }
  return x < 0 ? -rounded : rounded;
};

// Stable forms: no intermediate overflows, and the tails keep their size.
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const floats: Readonly<Partial<Record<ScalarOp, Definition>>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundEven,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  ldexp: (x, n) => x * 2 ** n,
  significand: (x) => x / 2 ** exponent(x),
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid,
  softplus,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
  pow,
  rsqrt: (x) => 1 / Math.sqrt(x),
  cbrt: Math.cbrt,
  sign: Math.sign,
  i0e,
  i1e,
};

// Integers wrap; a division by zero gives what XLA gives: all ones, and the dividend as remainder.
const integers: Readonly<Partial<Record<ScalarOp, Definition>>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: Math.imul,
  neg: (x) => -x,
  abs: (x) => (x < 0 ? -x : x),
  div: (x, y) => (y === 0 ? -1 : Math.trunc(x / y)),
  rem: (x, y) => (y === 0 ? x : x % y),
  floor: (x) => x,
  ceil: (x) => x,
  trunc: (x) => x,
  round: (x) => x,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  sign: Math.sign,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x) => ~x,
  pow: (x, y) => {
    if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
    let power = 1;
    for (let base = x, n = y >>> 0; n > 0; n >>>= 1, base = Math.imul(base, base))
      if (n & 1) power = Math.imul(power, base);
    return power;
  },
};

const booleans: Readonly<Partial<Record<ScalarOp, Definition>>> = {
  and: (x, y) => truth(x !== 0 && y !== 0),
  or: (x, y) => truth(x !== 0 || y !== 0),
  xor: (x, y) => truth((x !== 0) !== (y !== 0)),
  not: (x) => truth(x === 0),
  min: (x, y) => truth(x !== 0 && y !== 0),
  max: (x, y) => truth(x !== 0 || y !== 0),
  add: (x, y) => truth(x !== 0 || y !== 0),
  mul: (x, y) => truth(x !== 0 && y !== 0),
};

const comparisons: Readonly<Partial<Record<ScalarOp, Definition>>> = {
  eq: (x, y) => truth(x === y),
  ne: (x, y) => truth(x !== y),
  lt: (x, y) => truth(x < y),
  le: (x, y) => truth(x <= y),
  gt: (x, y) => truth(x > y),
  ge: (x, y) => truth(x >= y),
};

const wrap = (x: number, dtype: DType): number => (dtype === 'uint32' ? x >>> 0 : x | 0);

const shift = (op: 'shl' | 'shr', x: number, count: number, dtype: DType): number => {
  const all = count < 0 || count >= 32;
  if (op === 'shl') return all ? 0 : wrap(x << count, dtype);
  return dtype === 'uint32' ? (all ? 0 : x >>> count) : x >> (all ? 31 : count);
};

const toDType = (x: number, from: DType, to: DType): number => {
  if (to === 'bool') return truth(x !== 0);
  if (isFloat(to) || from === to) return x;
  if (!isFloat(from)) return wrap(x, to);
  if (Number.isNaN(x)) return 0;
  return to === 'uint32'
    ? Math.min(Math.max(Math.trunc(x), 0), 0xffffffff)
    : Math.min(Math.max(Math.trunc(x), -0x80000000), 0x7fffffff);
};

const bits = new DataView(new ArrayBuffer(4));
const reinterpret = (x: number, from: DType, to: DType): number => {
  if (from === 'float32') bits.setFloat32(0, x);
  else bits.setInt32(0, x | 0);
  return to === 'float32' ? bits.getFloat32(0) : to === 'uint32' ? bits.getUint32(0) : bits.getInt32(0);
};

/**
 * One operation on numbers: `args` hold values of `argDtypes`, the result is a value of `dtype` up to rounding (floats are not yet rounded
 * to float32). Comparisons and logic give 0 or 1. Throws for an operation that the dtype does not have.
 */
export const scalar = (op: ScalarOp, dtype: DType, argDtypes: readonly DType[], args: readonly number[]): number => {
  const [x = NaN, y = NaN, z = NaN] = args;
  const from = argDtypes[op === 'select' ? 1 : 0] ?? dtype;
  switch (op) {
    case 'select':
      return x !== 0 ? y : z;
    case 'convert':
      return toDType(x, from, dtype);
    case 'bitcast':
      return from === dtype ? x : reinterpret(x, from, dtype);
    case 'exponent':
      return exponent(x);
    case 'nextafter':
      return nextafter(x, y, dtype);
    case 'reducePrecision':
      return reducePrecision(x, y, z, dtype);
    case 'shl':
    case 'shr':
      return shift(op, x, y, from);
    default: {
      const table = comparisons[op] ? comparisons : isFloat(from) ? floats : isInteger(from) ? integers : booleans;
      const f = table[op];
      if (f === undefined) throw new Error(`scalar: ${op} is not defined for ${from}`);
      const v = f(x, y);
      return isInteger(dtype) && table === integers ? wrap(v, dtype) : v;
    }
  }
};
