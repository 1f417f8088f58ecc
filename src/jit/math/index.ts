// Rewrites every mathematical function of an expression into basic operations, which the renderers emit lane by lane.
import { isOp, rewrite, type Expr, type MathOp } from '../../core/expr.ts';
import { constant, div, gt, lt, sel, sqrt } from './build.ts';
import { erf, erfc, erfinv } from './erf.ts';
import { exp, exp2, expm1, sigmoid } from './exp.ts';
import { acosh, asinh, atanh, cosh, sinh, tanh } from './hyperbolic.ts';
import { acos, asin, atan, atan2 } from './inverse-trig.ts';
import { log, log10, log1p, log2, softplus } from './log.ts';
import { cbrt, nextafter, pow } from './pow.ts';
import { cos, sin, tan } from './trig.ts';

type Expansion = (x: Expr, y: Expr) => Expr;

const sign = (x: Expr): Expr => sel(gt(x, 0), constant(1, x), sel(lt(x, 0), constant(-1, x), x));
const rsqrt = (x: Expr): Expr => div(1, sqrt(x));

const expansions: Readonly<Partial<Record<MathOp, Expansion>>> = {
  exp, exp2, expm1, sigmoid, log, log2, log10, log1p, softplus, tanh, sinh, cosh, asinh, acosh, atanh, sin, cos, tan,
  asin, acos, atan, atan2, erf, erfc, erfinv, pow, cbrt, nextafter, sign, rsqrt,
};

/** The expression with every mathematical function spelled out in basic operations. */
export const expandMath = (e: Expr): Expr =>
  rewrite(e, (node) => {
    if (!isOp(node)) return node;
    const expansion = expansions[node.op as MathOp];
    if (expansion === undefined) return node;
    const [x, y] = node.args;
    return expansion(x!, y ?? x!);
  });
