// exp, exp2 and expm1: reduction by multiples of ln 2 in two exact steps, a short polynomial, and a power of two put back.
import type { Expr } from '../expr.ts';
import {
  abs,
  add,
  atLeast,
  atMost,
  bitsOf,
  by,
  constant,
  div,
  fromBits,
  gt,
  is32,
  ldexp,
  le,
  lt,
  mul,
  neg,
  poly,
  round,
  sel,
  shl,
  shr,
  sub,
  toInt,
  type Num,
} from './build.ts';

// The high part ends in zeros, so that n times it is exact (with or without fma).
const ln2Hi: readonly [number, number] = [0.693145751953125, 6.9314718036912381649e-1];
const ln2Lo: readonly [number, number] = [1.428606765330187e-6, 1.90821492927058770002e-10];
// 1.5 * 2^23: adding it and a small integer leaves that integer in the low mantissa bits.
const magic = 12582912;

/** x = n ln 2 + hi - lo, |hi - lo| <= ln 2 / 2; n is a float. `low` is an addend of x below its last bit. */
const reduce = (x: Expr, low?: Expr): { readonly n: Expr; readonly hi: Expr; readonly lo: Expr } => {
  const n = round(mul(x, Math.LOG2E));
  const lo = mul(n, by(x, ...ln2Lo));
  return { n, hi: sub(x, mul(n, by(x, ...ln2Hi))), lo: low === undefined ? lo : sub(lo, low) };
};

// (r c) / (2 - c) of fdlibm's e_exp.c: exp(r) = 1 + r + r c / (2 - c), r = hi - lo.
const tail64 = (r: Expr): Expr => {
  const t = mul(r, r);
  const p = poly(
    t,
    [
      1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6,
      4.13813679705723846039e-8,
    ],
  );
  const c = sub(r, mul(t, p));
  return div(mul(r, c), sub(2, c));
};

// Minimax on |r| <= ln 2 / 2 with relative error 9.5e-8: two operations shorter than the next degree.
const exp32 = [
  1, 0.9999997019767761, 0.4999914765357971, 0.16667665541172028, 0.041898466646671295, 0.008288532495498657,
];
// One degree more (4e-9), for what is computed further with.
const expFine32 = [
  1, 1, 0.4999999403953552, 0.166665181517601, 0.041668158024549484, 0.008368927985429764, 0.001382960006594658,
];
const expm132 = [
  1, 0.4999999701976776, 0.1666654646396637, 0.04166741296648979, 0.008366268128156662, 0.001387252239510417,
];
const exp232 = [
  1, 0.6931470036506653, 0.24022233486175537, 0.055506691336631775, 0.00967179611325264, 0.0013285999884828925,
];

const exp2Fine32 = [
  1, 0.6931471824645996, 0.24022647738456726, 0.05550359562039375, 0.009618498384952545, 0.0013390958774834871,
  0.00015329474990721792,
];

interface Reduced {
  readonly n: Expr;
  /** exp(r) */
  readonly p: Expr;
}
const reducedExp = (x: Expr, coefficients: readonly number[]): Reduced => {
  const { n, hi, lo } = reduce(x);
  const r = sub(hi, lo);
  return { n, p: is32(x) ? poly(r, coefficients) : sub(1, sub(sub(lo, tail64(r)), hi)) };
};
/** x = n ln 2 + r and expm1(r), accurate relative to its size; `coarse`: where n is not 0, r only to an ulp of x. */
const reducedExpm1 = (x: Expr, coarse: boolean): { readonly n: Expr; readonly em1: Expr } => {
  const { n, hi, lo } = reduce(x);
  const r = coarse && is32(x) ? sub(x, mul(n, Math.LN2)) : sub(hi, lo);
  return { n, em1: is32(x) ? mul(r, poly(r, expm132)) : sub(hi, sub(lo, tail64(r))) };
};

/** 2^(n + shift) for an integer n held in a float; n + shift must lie in the normal exponent range. */
const powerOfTwo = (n: Expr, shift = 0): Expr =>
  is32(n)
    ? fromBits(shl(bitsOf(add(n, magic + 127 + shift)), 23))
    : ldexp(1, shift === 0 ? toInt(n) : add(toInt(n), shift), n);

// p * 2^n for p near 1, any n up to the overflow threshold; float32 results below 2^-126 are not asked for.
const scale = (x: Expr, p: Expr, n: Expr, low: number, high: number): Expr => {
  const overflows = (y: Expr): Expr => sel(le(x, high), y, mul(x, by(x, 3e38, 1e308)));
  if (is32(x)) return sel(lt(x, low), 0, overflows(fromBits(add(bitsOf(p), shl(bitsOf(add(n, magic)), 23)))));
  const i = toInt(n);
  const half = shr(i, 1);
  return sel(lt(x, low), 0, overflows(ldexp(ldexp(p, half, x), sub(i, half), x)));
};

/** exp. float32 results below the smallest normal number, 2^-126, are zero. */
export const exp = (x: Expr): Expr => {
  const { n, p } = reducedExp(x, exp32);
  return scale(x, p, n, by(x, -87.33654022216797, -745.1332191019412), by(x, 88.72283172607422, 709.782712893384));
};

/** 2^x, exact for integers. float32 results below 2^-126 are zero. */
export const exp2 = (x: Expr): Expr => {
  const n = round(x);
  const f = sub(x, n);
  const low = by(x, -126, -1075);
  const high = by(x, 127.99999237060547, 1023.9999999999999);
  if (is32(x)) return scale(x, poly(f, exp232), n, low, high);
  const r = mul(f, Math.LN2);
  return scale(x, add(1, add(r, tail64(r))), n, low, high);
};

/** 2^(high + low), |low| at most an ulp or so of high's half significand; gradual underflow in both dtypes. */
export const exp2Parts = (high: Expr, low: Expr): Expr => {
  const z = add(high, low);
  const n = round(z);
  const f = add(sub(high, n), low);
  const r = mul(f, Math.LN2);
  const p = is32(z) ? poly(f, exp2Fine32) : add(1, add(r, tail64(r)));
  const below = lt(n, 0);
  const shift = by(z, 64, 512);
  const s = powerOfTwo(add(n, sel(below, constant(shift, z), -1)));
  const y = mul(mul(p, s), sel(below, constant(2 ** -shift, z), 2));
  return sel(gt(z, by(z, 129, 1025)), Infinity, sel(lt(z, by(z, -151, -1076)), 0, y));
};

/** y * exp(x + low) for x <= 0 with gradual underflow; `low` is an addend below x's last bit. */
export const timesExp = (y: Num, x: Expr, low?: Expr): Expr => {
  const { n, hi, lo } = reduce(atLeast(x, by(x, -104, -746)), low);
  const r = sub(hi, lo);
  // y + y (e^r - 1) rounds less than y e^r.
  const em1 = is32(x) ? mul(r, poly(r, expFine32.slice(1))) : sub(hi, sub(lo, tail64(r)));
  const p = typeof y === 'number' ? add(em1, y) : add(y, mul(y, em1));
  const shift = by(x, 64, 512);
  return mul(mul(p, powerOfTwo(n, shift)), 2 ** -shift);
};
/** exp(x) for x <= 0 with gradual underflow. */
export const expNonPositive = (x: Expr): Expr => timesExp(1, x);

// (exp(x) - 1) * 2^shift: a negative shift keeps the power of two in range where exp(x) itself is near overflow.
const shiftedExpm1 = (x: Expr, shift: number, coarse = false): Expr => {
  const { n, em1 } = reducedExpm1(x, coarse);
  const s = powerOfTwo(n, shift);
  return add(mul(s, em1), sub(s, 2 ** shift));
};
/** (exp(x) - 1) / 4 for 0 <= x <= 89.5 (float32) or 710.6 (float64): as far as sinh reaches. */
export const quarterExpm1 = (x: Expr): Expr => shiftedExpm1(x, -2);
/** expm1 for -18 (float32) or -40 (float64) <= x <= 0, right relative to its size: far from 0 that hardly depends on x. */
export const expm1NonPositive = (x: Expr): Expr => shiftedExpm1(x, 0, true);

/** exp(x) - 1, right relative to its size near 0. */
export const expm1 = (x: Expr): Expr => {
  const bounded = atMost(atLeast(x, by(x, -18, -40)), by(x, 88.8, 710));
  const y = mul(shiftedExpm1(bounded, -1), 2);
  return sel(lt(abs(x), by(x, 2 ** -26, 2 ** -55)), x, y);
};

/** exp(x) / 2 for 0 <= x <= 89.5 (float32) or 710.6 (float64): infinite only where the result is. */
export const halfExp = (x: Expr): Expr => {
  const { n, p } = reducedExp(x, expFine32);
  return mul(mul(p, powerOfTwo(n, -2)), 2);
};

/** sigmoid(x) = 1 / (1 + e^-x) from the side where nothing overflows; float32 underflows gradually. */
export const sigmoid = (x: Expr): Expr => {
  const e = expNonPositive(neg(abs(x)));
  const top: Num = sel(lt(x, 0), e, 1);
  return div(top, add(e, constant(1, x)));
};
