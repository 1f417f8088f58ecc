// Rewrites every mathematical function of an expression into basic operations, which the renderers emit lane by lane, branch-free.
import { isFloat } from '../dtype.ts';
import { call, isOp, type Expr, type MathOp } from '../expr.ts';
import { rewriter, type Rewriter } from '../rewrite.ts';
import { and, constant, div, eq, gt, lt, mul, ne, sel, shr, sqrt } from './build.ts';
import { exp, exp2, expm1, sigmoid } from './exp.ts';
import { acosh, asinh, atanh, cosh, sinh, tanh } from './hyperbolic.ts';
import { log, log10, log1p, log2, softplus } from './log.ts';
import { cbrt, nextafter, pow } from './pow.ts';
import { cos, sin, tan } from './trig.ts';

/** A function of up to three expressions. */
export type Expansion = (x: Expr, y: Expr, z: Expr) => Expr;

const sign = (x: Expr): Expr => sel(gt(x, 0), constant(1, x), sel(lt(x, 0), constant(-1, x), x));
const rsqrt = (x: Expr): Expr => div(1, sqrt(x));

/** x^n by repeated squaring; the product stays within 4 ulp for |n| <= 4. */
const constantPower = (x: Expr, n: number): Expr | undefined => {
  switch (n) {
    case 0:
      return constant(1, x);
    case 1:
      return x;
    case 2:
      return mul(x, x);
    case 3:
      return mul(mul(x, x), x);
    case 4: {
      const square = mul(x, x);
      return mul(square, square);
    }
    case -1:
      return div(1, x);
    default:
      return undefined;
  }
};

// All 32 squarings: which of them count is data. A negative exponent gives what integer division by a power gives.
const integerPow = (x: Expr, y: Expr): Expr => {
  let [result, base, rest]: [Expr, Expr, Expr] = [constant(1, x), x, y];
  for (let bit = 0; bit < 31; bit++) {
    result = sel(ne(and(rest, 1), 0), mul(result, base), result);
    if (bit === 30) break;
    base = mul(base, base);
    rest = shr(rest, 1);
  }
  if (x.dtype === 'uint32') return result;
  const parity = sel(eq(and(y, 1), 0), constant(1, x), -1);
  const inverse = sel(eq(x, 1), constant(1, x), sel(eq(x, -1), parity, 0));
  return sel(lt(y, 0), inverse, result);
};

const power: Expansion = (x, y) => {
  const simple = y.op === 'const' ? constantPower(x, y.value) : undefined;
  return simple ?? (isFloat(x.dtype) ? pow(x, y) : integerPow(x, y));
};

const expansions: Partial<Record<MathOp, Expansion>> = {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  softplus,
  pow: power,
  rsqrt,
  cbrt,
  sign,
  nextafter,
};
/**
 * An expression of a less common function. It brings its expansion along, so that a bundle of an application that has no use
 * for the function does not carry it.
 */
export const special = (op: MathOp, expansion: Expansion, x: Expr, ...rest: readonly Expr[]): Expr => {
  expansions[op] = expansion;
  return call(op, x.dtype, x, ...rest);
};

const ofIntegers: ReadonlySet<string> = new Set<MathOp>(['pow', 'sign']);

const expandNode = (node: Expr): Expr => {
  if (!isOp(node) || !Object.hasOwn(expansions, node.op)) return node;
  const [x, y = x, z = x] = node.args as [Expr, Expr?, Expr?];
  if (!isFloat(node.dtype) && !ofIntegers.has(node.op))
    throw new Error(`${node.op}: not defined for ${node.dtype}; convert to a float first`);
  return expansions[node.op as MathOp]!(x, y, z);
};

/** Spells mathematical functions out in expressions, and in indices and guards that are computed from such. */
export const mathExpander = (): Rewriter => rewriter(expandNode);

/**
 * The expression with every mathematical function (a `MathOp` of float32 or float64) spelled out in basic operations, float32 in 32-bit
 * operations alone, those inside of indices too. Accuracy: 4 ulp over the whole range, float32 results below 2^-126 possibly zero; see each
 * function for more.
 *
 * @throws if a function is applied to a dtype that it is not defined for.
 */
export const expandMath = (e: Expr): Expr => mathExpander().expr(e);
