// log, log2, log10, log1p and softplus: the significand near 1 through s = f / (2 + f), after fdlibm's e_log.c.
import { call, type Expr } from '../expr.ts';
import {
  abs,
  add,
  and,
  bitsOf,
  by,
  constant,
  div,
  eq,
  fromBits,
  gt,
  is32,
  lt,
  max,
  mul,
  neg,
  poly,
  sel,
  shr,
  sub,
  toFloat,
} from './build.ts';
import { expNonPositive } from './exp.ts';

const sqrtHalf = 0x3f3504f3; // bits of sqrt(1/2) in float32

/** x = 2^k * m, m in [sqrt(1/2), sqrt(2)), for 0 < x < inf; k is a float. Subnormal numbers too unless `normal`. */
export const splitPowerOfTwo = (x: Expr, normal = false): { readonly k: Expr; readonly m: Expr } => {
  const tiny = lt(x, by(x, 2 ** -126, 2 ** -1022));
  const up = by(x, 23, 54);
  const y = normal ? x : sel(tiny, mul(x, 2 ** up), x);
  if (is32(x)) {
    const bits = bitsOf(y);
    const shifted = sub(bits, normal ? sqrtHalf : sel(tiny, constant(sqrtHalf + (up << 23), bits), sqrtHalf));
    return { k: toFloat(shr(shifted, 23), x), m: fromBits(add(and(shifted, 0x7fffff), sqrtHalf)) };
  }
  const e = toFloat(call('exponent', 'int32', y), x);
  const significand = call('significand', x.dtype, y);
  const big = gt(significand, Math.SQRT2);
  const k = normal ? e : sub(e, sel(tiny, constant(up, x), 0));
  return { k: add(k, sel(big, constant(1, x), 0)), m: sel(big, mul(significand, 0.5), significand) };
};

const lg32 = [0.6666666269302368, 0.4000097215175629, 0.2849878668785095, 0.24279078841209412];
const lg64 = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
];

/** log(1 + f) = f - (half - rest), half = f^2 / 2, for 1 + f in [sqrt(1/2), sqrt(2)]. */
const logParts = (f: Expr): { readonly half: Expr; readonly rest: Expr } => {
  const s = div(f, add(f, 2));
  const z = mul(s, s);
  const half = mul(mul(f, f), 0.5);
  return { half, rest: mul(s, add(half, mul(z, poly(z, by(f, lg32, lg64))))) };
};

const ln2Hi: readonly [number, number] = [0.693138122558594, 6.9314718036912381649e-1];
const ln2Lo: readonly [number, number] = [9.05800061445916e-6, 1.90821492927058770002e-10];

/** log of a finite positive number. */
export const logPositive = (x: Expr, normal = false): Expr => {
  const { k, m } = splitPowerOfTwo(x, normal);
  const f = sub(m, 1);
  const { half, rest } = logParts(f);
  const low = sub(half, add(rest, mul(k, by(x, ...ln2Lo))));
  return sub(mul(k, by(x, ...ln2Hi)), sub(low, f));
};

// inf and NaN for what lies outside 0 < x < inf.
const withEdges = (x: Expr, y: Expr): Expr =>
  sel(gt(x, 0), sel(lt(x, Infinity), y, x), sel(eq(x, 0), constant(-Infinity, x), NaN));

/** Natural logarithm; -inf at 0, NaN below. */
export const log = (x: Expr): Expr => withEdges(x, logPositive(x));

/** Logarithm to base 2, exact for powers of two. */
export const log2 = (x: Expr): Expr => {
  const { k, m } = splitPowerOfTwo(x);
  const f = sub(m, 1);
  const { half, rest } = logParts(f);
  // log2(m) in [-1/2, 1/2]; the product with log2(e) splits so that the large part is nearly exact.
  const y = sub(f, sub(half, rest));
  const low = by(x, 1.925963033500607e-8, 2.0355273740931033e-17);
  return withEdges(x, add(k, add(mul(y, Math.LOG2E), mul(y, low))));
};

/** Logarithm to base 10. */
export const log10 = (x: Expr): Expr => {
  const { k, m } = splitPowerOfTwo(x);
  const f = sub(m, 1);
  const { half, rest } = logParts(f);
  const y = sub(f, sub(half, rest));
  const low = add(mul(k, by(x, 7.903415166765626e-7, 3.69423907715893078616e-13)), mul(y, Math.LOG10E));
  return withEdges(x, add(mul(k, by(x, 0.301029205322265625, 3.01029995663611771306e-1)), low));
};

/** log(1 + x) for x > -1 and finite, right relative to its size near 0. */
export const log1pFinite = (x: Expr): Expr => {
  // log(u) * x / (u - 1) repairs the rounding of u = 1 + x (W. Kahan). Some GPU compilers take (1 + x) - 1 for x, but not past abs.
  const u = abs(add(x, 1));
  const y = mul(logPositive(u, true), div(x, sub(u, 1)));
  return sel(eq(u, 1), x, y);
};

/** log(1 + x); -inf at -1, NaN below. */
export const log1p = (x: Expr): Expr =>
  sel(gt(x, -1), sel(lt(x, Infinity), log1pFinite(x), x), sel(eq(x, -1), constant(-Infinity, x), NaN));

// log1p(e) = w atanh(w / 2) / (w / 2), w = 2 e / (2 + e): the ratio as a polynomial in w^2 on [0, 4/9].
const ratio32 = [1, 0.08333302289247513, 0.012506699189543724, 0.0021876844111829996, 0.000547135598026216];
/** log(1 + e^x) = max(x, 0) + log1p(e^-|x|). */
export const softplus = (x: Expr): Expr => {
  const e = expNonPositive(neg(abs(x)));
  const w = mul(e, div(2, add(e, 2)));
  const tail = is32(x) ? mul(w, poly(mul(w, w), ratio32)) : log1pFinite(e);
  return add(max(x, 0), tail);
};
