// pow, cbrt and nextafter: log2 and its product with the exponent carried in two floats, as in fdlibm's e_pow.c.
import { call, type Expr } from '../expr.ts';
import {
  abs,
  add,
  and,
  atLeast,
  atMost,
  bitsOf,
  by,
  constant,
  div,
  eq,
  floor,
  fromBits,
  gt,
  is32,
  ldexp,
  leading,
  lt,
  max,
  mul,
  ne,
  neg,
  not,
  or,
  poly,
  sel,
  sub,
  toFloat,
  toInt,
  trunc,
  withSignOf,
  xor,
} from './build.ts';
import { exp2Parts } from './exp.ts';
import { signBit } from './inverse-trig.ts';
import { splitPowerOfTwo } from './log.ts';

// (3 / (2 s)) log((1 + s) / (1 - s)) = 3 + s^2 + s^4 L(s^2).
const l32 = [0.6000000238418579, 0.42855796217918396, 0.3344125747680664, 0.2566947042942047];
const l64 = [
  0.6, 0.42857142857144054, 0.3333333333248059, 0.27272727503788474, 0.23076892372091898, 0.20002210802496537,
  0.17559256878011434, 0.1758576107209665,
];
// 2 / (3 ln 2), its leading half and the rest.
const unit = 2 / (3 * Math.LN2);
const unitHigh: readonly [number, number] = [0.9619140625, 0.9617967009544373];
const unitLow: readonly [number, number] = [-1.173686074024e-4, -7.02846165095275826516e-9];

/** log2(a) = high + low for finite a > 0, high with half a significand. */
const log2Parts = (a: Expr): readonly [Expr, Expr] => {
  const { k, m } = splitPowerOfTwo(a);
  const f = sub(m, 1);
  const d = add(m, 1);
  const s = div(f, d);
  const sh = leading(s);
  const dh = leading(d);
  const dl = sub(m, sub(dh, 1));
  const sl = div(sub(sub(f, mul(sh, dh)), mul(sh, dl)), d);
  const z = mul(s, s);
  const r = add(mul(mul(z, z), poly(z, by(a, l32, l64))), mul(sl, add(sh, s)));
  const z1 = mul(sh, sh);
  const th = leading(add(add(z1, 3), r));
  const tl = sub(r, sub(sub(th, 3), z1));
  const u = mul(sh, th);
  const v = add(mul(sl, th), mul(tl, s));
  const ph = leading(add(u, v));
  const pl = sub(v, sub(ph, u));
  const zh = mul(ph, by(a, ...unitHigh));
  const zl = add(mul(ph, by(a, ...unitLow)), mul(pl, unit));
  const high = leading(add(add(zh, zl), k));
  return [high, sub(zl, sub(sub(high, k), zh))];
};

/** |x|^y for finite positive |x|. */
const powPositive = (a: Expr, exponent: Expr): Expr => {
  // Larger exponents overflow or underflow all the same, unless |x| = 1.
  const bound = by(a, 2 ** 40, 2 ** 70);
  const y = atMost(atLeast(exponent, -bound), bound);
  const [h, l] = log2Parts(a);
  const yh = leading(y);
  const low = add(mul(sub(y, yh), h), mul(y, l));
  return exp2Parts(mul(yh, h), low);
};

/** x^y as in C99: negative bases with integer exponents, 1^y = x^0 = 1 for NaN too. float32 results below 2^-126 are zero. */
export const pow = (x: Expr, y: Expr): Expr => {
  const a = abs(x);
  const edge = or(eq(a, 0), eq(a, Infinity));
  const size = sel(edge, sel(xor(lt(a, 1), lt(y, 0)), constant(0, x), Infinity), powPositive(a, y));
  const integer = eq(trunc(y), y);
  const half = mul(y, 0.5);
  const oddInteger = and(integer, ne(trunc(half), half));
  const signed = sel(and(signBit(x), oddInteger), neg(size), size);
  const outside = and(and(lt(x, 0), gt(x, -Infinity)), not(integer));
  const known = and(eq(x, x), eq(y, y));
  return sel(or(eq(y, 0), eq(x, 1)), 1, sel(and(known, not(outside)), signed, NaN));
};

// cbrt(1 + t) on [0, 1] to 7e-5; Newton's steps square that.
const cbrtStart = [1.000072956085205, 0.3304898142814636, -0.09365478903055191, 0.023104995489120483];

/** The cube root, of negative numbers too. */
export const cbrt = (x: Expr): Expr => {
  const a = abs(x);
  const tiny = lt(a, by(x, 2 ** -126, 2 ** -1022));
  const b = sel(tiny, mul(a, 2 ** 54), a);
  const e = toFloat(call('exponent', 'int32', b), x);
  const m = call('significand', x.dtype, b);
  // a = m 2^r 8^third.
  const third = floor(mul(add(e, 0.5), 1 / 3));
  const r = sub(e, mul(third, 3));
  const start = mul(
    poly(sub(m, 1), cbrtStart),
    sel(eq(r, 0), constant(1, x), sel(eq(r, 1), constant(2 ** (1 / 3), x), 2 ** (2 / 3))),
  );
  const c = mul(m, sel(eq(r, 0), constant(1, x), sel(eq(r, 1), constant(2, x), 4)));
  const newton = (t: Expr): Expr => sub(t, div(sub(t, div(c, mul(t, t))), 3));
  const t = is32(x) ? newton(start) : newton(newton(start));
  const y = mul(ldexp(t, toInt(third), x), sel(tiny, constant(2 ** -18, x), 1));
  const usual = and(lt(a, Infinity), gt(a, 0));
  return sel(usual, withSignOf(y, x), x);
};

/** The next number after x towards y; y where they are equal. */
export const nextafter = (x: Expr, y: Expr): Expr => {
  const away = not(xor(gt(y, x), gt(x, 0)));
  const known = and(eq(x, x), eq(y, y));
  const chosen = (zero: Expr, other: Expr): Expr => sel(eq(x, y), y, sel(known, sel(eq(x, 0), zero, other), NaN));
  if (is32(x)) {
    const one = constant(1, bitsOf(x));
    const step = sel(away, one, -1);
    return chosen(fromBits(or(and(bitsOf(y), -0x80000000), 1)), fromBits(add(bitsOf(x), step)));
  }
  // float64 has no integer of its width: the gap is built from the exponent, half as wide below a power of two.
  const a = abs(x);
  const e = max(call('exponent', 'int32', a), -1022);
  const floorPower = ldexp(1, e, x);
  const narrow = and(not(away), and(eq(a, floorPower), gt(a, 2 ** -1022)));
  const gap = mul(floorPower, sel(narrow, constant(2 ** -53, x), 2 ** -52));
  const moved = sel(away, add(a, gap), sel(eq(a, Infinity), Number.MAX_VALUE, sub(a, gap)));
  const smallest = constant(Number.MIN_VALUE, x);
  return chosen(sel(gt(y, 0), smallest, neg(smallest)), sel(lt(x, 0), neg(moved), moved));
};
