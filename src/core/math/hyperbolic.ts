// tanh, sinh, cosh and their inverses, from expm1 and log1p so that nothing cancels near 0 and nothing overflows early.
import type { Expr } from '../expr.ts';
import { abs, add, atMost, by, constant, div, eq, ge, gt, is32, lt, mul, sel, sqrt, sub, withSignOf } from './build.ts';
import { expm1NonPositive, halfExp, quarterExpm1 } from './exp.ts';
import { log1pFinite } from './log.ts';

// y >= 0 with the sign of x; an odd function is its argument near 0 (float64 has no cheap copysign that knows -0).
const odd = (x: Expr, y: Expr): Expr => (is32(x) ? withSignOf(y, x) : sel(lt(abs(x), 2 ** -28), x, withSignOf(y, x)));

/** |tanh(x)| = |t / (t + 2)| with t = expm1(-2 |x|). */
export const tanh = (x: Expr): Expr => {
  const t = expm1NonPositive(mul(atMost(abs(x), by(x, 9.1, 20)), -2));
  return odd(x, abs(div(t, add(t, 2))));
};

/** sinh = (t + t / (t + 1)) / 2 with t = expm1(|x|). */
export const sinh = (x: Expr): Expr => {
  const a = abs(x);
  const q = quarterExpm1(atMost(a, by(x, 89.5, 710.6)));
  const y = mul(add(q, div(q, add(mul(q, 4), 1))), 2);
  // A quarter of a tiny number would be subnormal.
  return odd(x, is32(x) ? sel(lt(a, 2 ** -13), a, y) : y);
};

/** cosh = h + 1 / (4 h) with h = e^|x| / 2. */
export const cosh = (x: Expr): Expr => {
  const h = halfExp(atMost(abs(x), by(x, 89.5, 710.6)));
  return add(h, div(0.25, h));
};

/** asinh(|x|) = log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))); for large |x| log|x| + log 2, before the square overflows. */
export const asinh = (x: Expr): Expr => {
  const a = abs(x);
  const large = gt(a, by(x, 1e10, 1e20));
  const square = mul(a, a);
  const argument = sel(large, a, add(a, div(square, add(sqrt(add(square, 1)), 1))));
  const y = add(log1pFinite(argument), sel(large, constant(Math.LN2, x), 0));
  return odd(x, sel(lt(a, Infinity), y, a));
};

/** acosh(x) = log1p(t + sqrt(t (t + 2))) with t = x - 1; NaN below 1. */
export const acosh = (x: Expr): Expr => {
  const large = gt(x, by(x, 1e10, 1e20));
  const t = sub(x, 1);
  const argument = sel(large, x, add(t, sqrt(mul(t, add(t, 2)))));
  const y = add(log1pFinite(argument), sel(large, constant(Math.LN2, x), 0));
  return sel(ge(x, 1), sel(lt(x, Infinity), y, x), NaN);
};

/** atanh(|x|) = log1p(2 |x| / (1 - |x|)) / 2; infinite at +-1, NaN beyond. */
export const atanh = (x: Expr): Expr => {
  const a = abs(x);
  const y = mul(log1pFinite(div(mul(a, 2), sub(1, a))), 0.5);
  return odd(x, sel(lt(a, 1), y, sel(eq(a, 1), constant(Infinity, x), NaN)));
};
