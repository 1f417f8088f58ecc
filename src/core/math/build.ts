// A small vocabulary for writing expressions as formulas: numbers become constants of their partner's dtype, sharing is by identity.
import { bitcast, call, compare, convert, lit, select, type Expr } from '../expr.ts';

/** An expression, or a number that takes the dtype of the expression beside it. */
export type Num = Expr | number;

/** A constant, rounded to its dtype. */
export const constant = (value: number, like: Expr): Expr =>
  lit(like.dtype === 'float32' ? Math.fround(value) : value, like.dtype);

const pair = (a: Num, b: Num): readonly [Expr, Expr] => {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? constant(b, a) : b];
  if (typeof b !== 'number') return [constant(a, b), b];
  throw new Error('build: one operand must be an expression');
};

type Binary = (a: Num, b: Num) => Expr;
const binary =
  (op: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max' | 'and' | 'or' | 'xor' | 'shl' | 'shr'): Binary =>
  (a, b) => {
    const [x, y] = pair(a, b);
    return call(op, x.dtype, x, y);
  };
const comparison =
  (op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'): Binary =>
  (a, b) => {
    const [x, y] = pair(a, b);
    return compare(op, x, y);
  };

export const add: Binary = binary('add');
export const sub: Binary = binary('sub');
export const mul: Binary = binary('mul');
export const div: Binary = binary('div');
export const max: Binary = binary('max');
export const min: Binary = binary('min');
export const and: Binary = binary('and');
export const or: Binary = binary('or');
export const xor: Binary = binary('xor');
export const shl: Binary = binary('shl');
export const shr: Binary = binary('shr');
export const eq: Binary = comparison('eq');
export const ne: Binary = comparison('ne');
export const lt: Binary = comparison('lt');
export const le: Binary = comparison('le');
export const gt: Binary = comparison('gt');
export const ge: Binary = comparison('ge');

type Unary = (x: Expr) => Expr;
const unary =
  (op: 'neg' | 'sqrt' | 'floor' | 'trunc' | 'round' | 'not'): Unary =>
  (x) =>
    call(op, x.dtype, x);

export const neg: Unary = unary('neg');
/** |x|; that of -x is the same expression, so that f(x) and f(-x) share what depends on |x| (sigmoid and its gradient). */
export const abs: Unary = (x) => call('abs', x.dtype, x.op === 'neg' ? (x.args[0] ?? x) : x);
export const sqrt: Unary = unary('sqrt');
export const floor: Unary = unary('floor');
export const trunc: Unary = unary('trunc');
export const round: Unary = unary('round');
export const not: Unary = unary('not');

/** condition ? a : b; at least one branch is an expression. */
export const sel = (condition: Expr, a: Num, b: Num): Expr => select(condition, ...pair(a, b));
/** min(x, bound) that keeps a NaN in x and costs a compare and a select. */
export const atMost = (x: Expr, bound: number): Expr => sel(gt(x, bound), bound, x);
/** max(x, bound) that keeps a NaN in x and costs a compare and a select. */
export const atLeast = (x: Expr, bound: number): Expr => sel(lt(x, bound), bound, x);

/** c0 + c1 x + c2 x^2 + ... by Horner's rule. */
export const poly = (x: Expr, coefficients: readonly Num[]): Expr => {
  let sum: Num = coefficients[coefficients.length - 1] ?? 0;
  for (let i = coefficients.length - 2; i >= 0; i--) sum = add(mul(sum, x), coefficients[i] ?? 0);
  return typeof sum === 'number' ? constant(sum, x) : sum;
};

export const is32 = (x: Expr): boolean => x.dtype === 'float32';
/** One of two constants, by the dtype of `x`. */
export const by = <T>(x: Expr, single: T, double: T): T => (is32(x) ? single : double);
export const bitsOf = (x: Expr): Expr => bitcast(x, 'int32');
export const fromBits = (x: Expr): Expr => bitcast(x, 'float32');
export const toFloat = (x: Expr, like: Expr): Expr => convert(x, like.dtype);
export const toInt = (x: Expr): Expr => convert(x, 'int32');
export const ldexp = (x: Num, n: Expr, like: Expr): Expr =>
  call('ldexp', like.dtype, typeof x === 'number' ? constant(x, like) : x, n);

const signBit = -0x80000000;
/** |x| (already non-negative) with the sign of `of`, -0 included in float32; in float64 `magnitude` must be right at 0 by itself. */
export const withSignOf = (magnitude: Expr, of: Expr): Expr =>
  is32(of) ? fromBits(or(bitsOf(magnitude), and(bitsOf(of), signBit))) : sel(lt(of, 0), neg(magnitude), magnitude);

/** The leading half of the significand, 12 bits of a float32 or 24 of a float64: products of two such are exact, with or without fma. */
export const leading = (x: Expr): Expr =>
  is32(x) ? fromBits(and(bitsOf(x), -0x1000)) : convert(convert(x, 'float32'), 'float64');
