// sin, cos and tan: fdlibm's polynomials on the reduced argument, the quadrant chosen by selects.
import type { Expr } from '../expr.ts';
import {
  abs,
  add,
  and,
  bitsOf,
  by,
  div,
  fromBits,
  is32,
  le,
  lt,
  mul,
  ne,
  neg,
  poly,
  sel,
  shl,
  sub,
  xor,
} from './build.ts';
import { limit64, reduceQuadrant, type Quadrant } from './reduction.ts';

const sin32 = [-0.16666654611, 8.3321608736e-3, -1.9515295891e-4];
const cos32 = [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5];
const sin64 = [
  -1.66666666666666324348e-1, 8.33333333332248946124e-3, -1.98412698298579493134e-4, 2.75573137070700676789e-6,
  -2.50507602534068634195e-8, 1.58969099521155010221e-10,
];
const cos64 = [
  4.16666666666666019037e-2, -1.38888888888741095749e-3, 2.48015872894767294178e-5, -2.75573143513906633035e-7,
  2.0875723212981748279e-9, -1.13596475577881948265e-11,
];

/** sin(r + tail) and cos(r + tail) for |r| <= pi/4. */
export const sinKernel = (r: Expr, z: Expr, tail?: Expr): Expr => {
  const v = mul(r, z);
  if (tail === undefined) return add(r, mul(v, poly(z, by(r, sin32, sin64))));
  if (is32(r)) return add(r, add(mul(v, poly(z, sin32)), tail));
  const rest = poly(z, sin64.slice(1));
  return sub(r, sub(sub(mul(z, sub(mul(tail, 0.5), mul(v, rest))), tail), mul(v, sin64[0]!)));
};
export const cosKernel = (r: Expr, z: Expr, tail?: Expr): Expr => {
  const half = mul(z, 0.5);
  const w = sub(1, half);
  const rest = mul(mul(z, z), poly(z, by(r, cos32, cos64)));
  // (1 - w) - half is what rounding 1 - half lost.
  return add(w, add(sub(sub(1, w), half), tail === undefined ? rest : sub(rest, mul(r, tail))));
};

// float32 sin and cos stay within 3 ulp without the tail.
const parts = (
  quadrant: Quadrant,
  withTail: boolean,
): { readonly sine: Expr; readonly cosine: Expr; readonly odd: Expr } => {
  const { r, q } = quadrant;
  const tail = withTail ? quadrant.tail : undefined;
  const z = mul(r, r);
  return { sine: sinKernel(r, z, tail), cosine: cosKernel(r, z, tail), odd: ne(and(q, 1), 0) };
};

// y, negated where bit 1 of q is set.
const signByQuadrant = (y: Expr, q: Expr): Expr =>
  is32(y) ? fromBits(xor(bitsOf(y), shl(and(q, 2), 30))) : sel(ne(and(q, 2), 0), neg(y), y);

const flipWith = (y: Expr, x: Expr): Expr =>
  is32(x) ? fromBits(xor(bitsOf(y), and(bitsOf(x), -0x80000000))) : sel(lt(x, 0), neg(y), y);

// NaN for infinities and NaN, and beyond the reach of the float64 reduction; x itself where it is its own sine.
const finite = (x: Expr, a: Expr, y: Expr): Expr => sel(is32(x) ? lt(a, Infinity) : le(a, limit64), y, NaN);
const tinyItself = (x: Expr, a: Expr, y: Expr): Expr => (is32(x) ? y : sel(lt(a, 2 ** -27), x, y));

/** sin; float64 is NaN beyond |x| = 1.75e15, where its argument reduction ends. */
export const sin = (x: Expr): Expr => {
  const a = abs(x);
  const quadrant = reduceQuadrant(a);
  const { sine, cosine, odd } = parts(quadrant, !is32(x));
  return tinyItself(x, a, finite(x, a, flipWith(signByQuadrant(sel(odd, cosine, sine), quadrant.q), x)));
};

/** cos; float64 is NaN beyond |x| = 1.75e15. */
export const cos = (x: Expr): Expr => {
  const a = abs(x);
  const quadrant = reduceQuadrant(a);
  const { sine, cosine, odd } = parts(quadrant, !is32(x));
  return finite(x, a, signByQuadrant(sel(odd, sine, cosine), add(quadrant.q, 1)));
};

/** tan; float64 is NaN beyond |x| = 1.75e15. */
export const tan = (x: Expr): Expr => {
  const a = abs(x);
  const quadrant = reduceQuadrant(a);
  const { sine, cosine, odd } = parts(quadrant, true);
  const t = div(sel(odd, neg(cosine), sine), sel(odd, sine, cosine));
  return tinyItself(x, a, finite(x, a, flipWith(t, x)));
};
