// Argument reduction for sin, cos and tan: |x| = n pi/2 + r, |r| <= pi/4, exact enough that r keeps its relative accuracy.
import { bitcast, convert, lit, select, type Expr } from '../expr.ts';
import {
  add,
  and,
  bitsOf,
  floor,
  fromBits,
  le,
  mul,
  ne,
  or,
  round,
  sel,
  shl,
  shr,
  sub,
  toFloat,
  toInt,
} from './build.ts';

export interface Quadrant {
  /** n modulo 4 in its two low bits, int32. */
  readonly q: Expr;
  readonly r: Expr;
  /** What r lacks; tan needs it in float32 too. */
  readonly tail?: Expr;
}

const twoOverPi = 2 / Math.PI;
// pi/2 in parts of 12 bits, so that n < 2^12 times each is exact.
const half32 = [1.5703125, 0.0004837512969970703, 7.549533620476723e-8, 2.5633440682570896e-12];
const mediumLimit = 6000;

const u = (value: number): Expr => lit(value, 'uint32');
const mediumReduction = (a: Expr): Quadrant => {
  const n = round(mul(a, twoOverPi));
  return { q: toInt(n), r: half32.reduce<Expr>((r, part) => sub(r, mul(n, part)), a) };
};

// The bits of 2/pi from bit 8 g - 16 on (bit j weighs 2^-j), 32 at a time, for g = 0 .. 23.
const words = [
  0x517c, 0x517cc1, 0x517cc1b7, 0x7cc1b727, 0xc1b72722, 0xb727220a, 0x27220a94, 0x220a94fe, 0xa94fe13, 0x94fe13ab,
  0xfe13abe8, 0x13abe8fa, 0xabe8fa9a, 0xe8fa9a6e, 0xfa9a6ee0, 0x9a6ee06d, 0x6ee06db1, 0xe06db14a, 0x6db14acc,
  0xb14acc9e, 0x4acc9e21, 0xcc9e21c8, 0x9e21c820, 0x21c820ff,
];

/**
 * Payne and Hanek's reduction in 32-bit integers, for 2^8 <= |x| < 2^128: the significand times those 96 bits of 2/pi that matter
 * at this exponent. Whole multiples of four quadrants overflow away.
 */
const hugeReduction = (a: Expr): Quadrant => {
  const bits = bitsOf(a);
  const position = sub(shr(bits, 23), 127 + 8);
  const shift = and(position, 7);
  // m = significand * 2^shift < 2^31: the byte-wise window needs only seven shifts, and those the float's own exponent makes.
  const m = fromBits(or(and(bits, 0x7fffff), shl(add(shift, 150), 23)));
  const integer = bitcast(toInt(m), 'uint32');
  const bit = (k: number): Expr => ne(and(position, 1 << k), 0);
  const [b3, b4, b5, b6] = [bit(3), bit(4), bit(5), bit(6)];
  const pick = (high: Expr, low: Expr, four: readonly Expr[]): Expr =>
    select(high, select(low, four[3]!, four[2]!), select(low, four[1]!, four[0]!));
  const column = [0, 1, 2, 3, 4, 5].map((k) => pick(b4, b3, words.slice(4 * k, 4 * k + 4).map(u)));
  const [w0, w1, w2] = [0, 1, 2].map((k) => pick(b6, b5, column.slice(k, k + 4))) as [Expr, Expr, Expr];
  // The high half of m * w1, by 16-bit halves; no partial sum overflows.
  const [mh, ml, wh, wl] = [shr(integer, 16), and(integer, 0xffff), shr(w1, 16), and(w1, 0xffff)];
  const cross = add(mul(mh, wl), shr(mul(ml, wl), 16));
  const cross2 = add(mul(ml, wh), and(cross, 0xffff));
  const high1 = add(mul(mh, wh), add(shr(cross, 16), shr(cross2, 16)));
  // Units of 2^-30 quadrants, the top two bits count whole ones.
  const high = add(mul(integer, w0), high1);
  const q = shr(add(high, 0x20000000), 30);
  const fraction = bitcast(sub(high, shl(q, 30)), 'int32');
  const coarse = and(add(fraction, 128), -256);
  const near = toFloat(coarse, a); // exact
  // Below the last bit: the low half of m * w1, and m * w2 roughly.
  const low1 = toFloat(bitcast(shr(mul(integer, w1), 8), 'int32'), a);
  const low2 = mul(m, toFloat(bitcast(shr(w2, 8), 'int32'), a));
  const low = add(toFloat(sub(fraction, coarse), a), mul(add(low1, mul(low2, 2 ** -32)), 2 ** -24));
  const f = add(near, low);
  const unit = (Math.PI / 2) * 2 ** -30;
  const main = mul(f, unit);
  const fine = mul(f, unit - Math.fround(unit));
  const r = add(main, fine);
  const tail = add(add(sub(main, r), fine), mul(add(sub(near, f), low), unit));
  return { q: bitcast(q, 'int32'), r, tail };
};

// pi/2 in parts of 27 bits below bit 26, then a full double.
const half64 = [
  1.570796325802803, 9.920935184482005e-10, 6.123233932053594e-17, 6.368317116855041e-25, 4.665590917179985e-33,
];
/** The largest |x| whose float64 reduction holds: n stays below 2^50. Beyond, sin, cos and tan are NaN. */
export const limit64 = 1.75e15;

/** a - b and its rounding error (Knuth). */
const difference = (a: Expr, b: Expr): readonly [Expr, Expr] => {
  const s = sub(a, b);
  const bb = sub(s, a);
  return [s, sub(sub(a, sub(s, bb)), add(b, bb))];
};

// n in two parts of at most 26 bits times pi/2 in parts of 27: every product is exact, and so are the first four differences.
const reduction64 = (a: Expr): Quadrant => {
  const guess = round(mul(a, twoOverPi));
  const high = convert(convert(guess, 'float32'), 'float64');
  const rough = sub(guess, high);
  const [p1, p2, p3, p4, p5] = half64 as [number, number, number, number, number];
  const exact = sub(sub(sub(sub(a, mul(high, p1)), mul(rough, p1)), mul(high, p2)), mul(rough, p2));
  // From 1e13 on the guess can be one off.
  const step = round(mul(exact, twoOverPi));
  const low = add(rough, step);
  const n = add(guess, step);
  const [s1, e1] = difference(sub(sub(exact, mul(step, p1)), mul(step, p2)), mul(high, p3));
  const [s2, e2] = difference(s1, mul(low, p3));
  const [s3, e3] = difference(s2, mul(high, p4));
  const rest = sub(add(add(e1, e2), e3), add(mul(low, p4), mul(n, p5)));
  const r = add(s3, rest);
  return { q: toInt(sub(n, mul(floor(mul(n, 0.25)), 4))), r, tail: add(sub(s3, r), rest) };
};

/** Reduces a = |x|; in float32 for every finite number, in float64 up to `limit64`. Non-finite input gives an arbitrary result. */
export const reduceQuadrant = (a: Expr): Quadrant => {
  if (a.dtype === 'float64') return reduction64(a);
  const medium = mediumReduction(a);
  const huge = hugeReduction(a);
  const small = le(a, mediumLimit);
  return { q: select(small, medium.q, huge.q), r: sel(small, medium.r, huge.r), tail: sel(small, 0, huge.tail!) };
};
