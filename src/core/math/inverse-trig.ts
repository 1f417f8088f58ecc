// asin, acos, atan and atan2: short polynomials after the usual halvings of the interval.
import type { Expr } from '../expr.ts';
import {
  abs,
  add,
  and,
  bitsOf,
  by,
  constant,
  div,
  eq,
  gt,
  is32,
  lt,
  mul,
  neg,
  or,
  poly,
  sel,
  sqrt,
  sub,
  withSignOf,
} from './build.ts';

const asin32 = [
  0.16666673123836517, 0.07498813420534134, 0.045009907335042953, 0.026499344035983086, 0.03819632530212402,
];
const asinP64 = [
  1.66666666666666657415e-1, -3.25565818622400915405e-1, 2.01212532134862925881e-1, -4.00555345006794114027e-2,
  7.91534994289814532176e-4, 3.4793310759602116757e-5,
];
const asinQ64 = [
  1, -2.40339491173441421878, 2.02094576023350569471, -6.8828397160545329303e-1, 7.70381505559019352791e-2,
];
// pi less its rounded value.
const piLow: readonly [number, number] = [-8.742277657347586e-8, 1.2246467991473532e-16];

const signed = (y: Expr, x: Expr): Expr => (is32(x) ? withSignOf(y, x) : sel(eq(x, 0), x, withSignOf(y, x)));

/** For a = |x| <= 1: asin(a) where a <= 1/2, else asin(sqrt((1 - a) / 2)), whose double is acos(a). */
const halved = (a: Expr): { readonly big: Expr; readonly p: Expr } => {
  const big = gt(a, 0.5);
  const z = sel(big, mul(sub(1, a), 0.5), mul(a, a));
  const s = sel(big, sqrt(z), a);
  const ratio = is32(a) ? poly(z, asin32) : div(poly(z, asinP64), poly(z, asinQ64));
  return { big, p: add(s, mul(mul(s, z), ratio)) };
};

/** asin; NaN outside [-1, 1]. */
export const asin = (x: Expr): Expr => {
  const { big, p } = halved(abs(x));
  const y = sel(big, sub(Math.PI / 2, sub(mul(p, 2), by(x, ...piLow) / 2)), p);
  return signed(y, x);
};

/** acos; NaN outside [-1, 1], right relative to its size near 1. */
export const acos = (x: Expr): Expr => {
  const { big, p } = halved(abs(x));
  const negative = lt(x, 0);
  const low = by(x, ...piLow);
  const twice = mul(p, 2);
  const outer = sel(negative, sub(Math.PI, sub(twice, low)), twice);
  const inner = sub(Math.PI / 2, sub(sel(negative, neg(p), p), low / 2));
  return sel(big, outer, inner);
};

// (atan(t) / t - 1) / t^2 as a polynomial in t^2, |t| <= tan(pi / 8).
const atan32 = [
  -0.3333333134651184, 0.19999544322490692, -0.14264078438282013, 0.107448048889637, -0.06454843282699585,
];
const atan64 = [
  -0.3333333333333333, 0.19999999999999807, -0.14285714285660386, 0.11111111105203705, -0.09090908755626535,
  0.07692296429479818, -0.06666425752184621, 0.05878937818361573, -0.052305116984823936, 0.045518242069415654,
  -0.0345757812071156, 0.016290813845876502,
];
const tanPi8 = 0.41421356237309503;
const tan3Pi8 = 2.414213562373095;

const atanKernel = (t: Expr): Expr => {
  const z = mul(t, t);
  return mul(mul(t, z), poly(z, by(t, atan32, atan64)));
};

// base + low + atan(t), base and low multiples of pi / 4.
const shifted = (t: Expr, quarters: Expr): Expr => {
  const unit = Math.PI / 4;
  const low = mul(quarters, by(t, ...piLow) / 4);
  return add(mul(quarters, unit), add(t, add(atanKernel(t), low)));
};

/** atan; +-pi/2 at infinity. */
export const atan = (x: Expr): Expr => {
  const a = abs(x);
  const large = gt(a, tan3Pi8);
  const middle = gt(a, tanPi8);
  const top = sel(large, -1, sel(middle, sub(a, 1), a));
  const bottom = sel(large, a, sel(middle, add(a, 1), constant(1, x)));
  const quarters = sel(large, constant(2, x), sel(middle, constant(1, x), 0));
  return signed(shifted(div(top, bottom), quarters), x);
};

/** True where x is negative or -0. */
export const signBit = (x: Expr): Expr => (is32(x) ? lt(bitsOf(x), 0) : or(lt(x, 0), lt(div(1, x), 0)));

/** atan2(y, x), the angle of (x, y), with C's values at zeros and infinities. */
export const atan2 = (y: Expr, x: Expr): Expr => {
  const [ay, ax] = [abs(y), abs(x)];
  const steep = gt(ay, ax);
  const [low, high] = [sel(steep, ax, ay), sel(steep, ay, ax)];
  // Equal sizes, both infinite or both zero among them: 1 / 1 or 0 / 1.
  const equal = eq(low, high);
  const q = div(sel(equal, sel(gt(low, 0), constant(1, x), 0), low), sel(equal, 1, high));
  const middle = gt(q, tanPi8);
  const t = div(sel(middle, sub(q, 1), q), sel(middle, add(q, 1), constant(1, x)));
  const acute = shifted(t, sel(middle, constant(1, x), 0));
  const piLow0 = by(x, ...piLow);
  const upright = sel(steep, sub(Math.PI / 2, sub(acute, piLow0 / 2)), acute);
  const angle = sel(signBit(x), sub(Math.PI, sub(upright, piLow0)), upright);
  const whole = sel(and(eq(x, x), eq(y, y)), angle, NaN);
  return is32(x) ? withSignOf(whole, y) : sel(signBit(y), neg(whole), whole);
};
