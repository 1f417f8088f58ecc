// tanh, sinh, cosh and their inverses, from expm1 and log1p so that nothing cancels near 0 and nothing overflows early.
import type { Expr } from '../../core/expr.ts';
import { abs, add, atMost, by, div, is32, lt, mul, sel, withSignOf } from './build.ts';
import { expm1NonPositive } from './exp.ts';

/** |tanh(x)| = |t / (t + 2)| with t = expm1(-2 |x|). */
export const tanh = (x: Expr): Expr => {
  const t = expm1NonPositive(mul(atMost(abs(x), by(x, 9.1, 20)), -2));
  const y = withSignOf(abs(div(t, add(t, 2))), x);
  return is32(x) ? y : sel(lt(abs(x), 2 ** -28), x, y);
};
