// Rounding to a narrower floating-point format: in the bits of a float32, and by adding a large number in float64, which has no integer of its width.
import { call, type Expr } from '../expr.ts';
import {
  abs,
  add,
  and,
  bitsOf,
  constant,
  fromBits,
  ge,
  gt,
  is32,
  ldexp,
  lt,
  max,
  mul,
  or,
  sel,
  shr,
  sub,
  toFloat,
  withSignOf,
} from './build.ts';

const valueOf = (e: Expr): number => (e as Extract<Expr, { readonly op: 'const' }>).value;

/** What the largest exponent of a format is, and minus one less than its smallest. */
const biasOf = (exponentBits: number): number => 2 ** (exponentBits - 1) - 1;

const single = (x: Expr, exponentBits: number, mantissaBits: number): Expr => {
  const bits = bitsOf(x);
  const size = and(bits, 0x7fffffff);
  let rounded = size;
  if (mantissaBits < 23) {
    // A carry out of the mantissa is right: it goes to the next power of two, or to infinity.
    const dropped = 23 - mantissaBits;
    const half = add(and(shr(size, dropped), 1), 2 ** (dropped - 1) - 1);
    rounded = and(add(size, half), -(2 ** dropped));
  }
  if (exponentBits < 8) {
    const bias = biasOf(exponentBits);
    const least = (128 - bias) * 2 ** 23;
    const above = (128 + bias) * 2 ** 23;
    rounded = sel(ge(rounded, above), 0x7f800000, sel(lt(rounded, least), 0, rounded));
  }
  return fromBits(sel(gt(size, 0x7f800000), bits, or(rounded, and(bits, -0x80000000))));
};

const double = (x: Expr, exponentBits: number, mantissaBits: number): Expr => {
  const size = abs(x);
  let rounded = size;
  if (mantissaBits < 52) {
    const tiny = lt(size, 2 ** -1022);
    const exponent = max(call('exponent', 'int32', size), -1022);
    const significand = sel(tiny, mul(size, 2 ** 1022), call('significand', 'float64', size));
    // Where no bit remains, the even one of two neighbours is that with the even exponent field, as in a float32.
    const large = constant(2 ** (52 - mantissaBits), x);
    const much = mantissaBits > 0 ? large : add(large, toFloat(and(exponent, 1), x));
    rounded = ldexp(sub(add(significand, much), much), exponent, x);
  }
  if (exponentBits < 11) {
    const bias = biasOf(exponentBits);
    rounded = sel(ge(rounded, 2 ** (bias + 1)), Infinity, sel(lt(rounded, 2 ** (1 - bias)), 0, rounded));
  }
  return sel(and(lt(size, Infinity), gt(size, 0)), withSignOf(rounded, x), x);
};

/** x rounded to a format with so many bits, which are constants. */
export const reducePrecision = (x: Expr, exponentBits: Expr, mantissaBits: Expr): Expr =>
  (is32(x) ? single : double)(x, valueOf(exponentBits), valueOf(mantissaBits));
