// Scalar expressions: what one element of an output is, over elements of inputs. The one vocabulary that reference, Wasm and WGSL render.
import type { DType } from './dtype.ts';
import type { Guard, Index } from './index-expr.ts';

/** Operations every renderer implements directly, lane by lane. */
export type BasicOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div' // integers: wrap around; div truncates
  | 'rem' // sign of the dividend, as C's % and fmod
  | 'neg'
  | 'abs'
  | 'sqrt'
  | 'floor'
  | 'ceil'
  | 'trunc'
  | 'round' // round: half to even
  | 'min'
  | 'max' // propagate NaN
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge' // -> bool
  | 'and'
  | 'or'
  | 'xor'
  | 'not' // bool: logical; integers: bitwise
  | 'shl'
  | 'shr' // shr: arithmetic on int32, logical on uint32; counts are taken modulo 32 by nobody: >= 32 is 0 (or the sign)
  | 'select' // select(condition, then, else)
  | 'convert' // to `dtype`: float -> int truncates and saturates (NaN -> 0), anything -> bool is != 0
  | 'bitcast' // same width: float32 <-> int32 <-> uint32
  | 'ldexp' // ldexp(x, n: int32): x * 2^n with n in the normal exponent range
  | 'exponent' // int32 floor(log2 |x|) of a normal number
  | 'significand'; // x / 2^exponent(x), sign kept, |.| in [1, 2)

/** Functions expanded into basic operations before rendering (jit/math), evaluated directly by the reference. */
export type MathOp =
  | 'exp'
  | 'exp2'
  | 'expm1'
  | 'log'
  | 'log2'
  | 'log10'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'atan2'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'sigmoid'
  | 'softplus'
  | 'erf'
  | 'erfc'
  | 'erfinv'
  | 'lgamma'
  | 'digamma'
  | 'pow'
  | 'rsqrt'
  | 'cbrt'
  | 'sign'
  | 'nextafter'
  | 'i0e'
  | 'i1e'
  | 'reducePrecision'; // of x, and two constants: bits of the exponent, bits of the mantissa

export type ScalarOp = BasicOp | MathOp;

export type Expr =
  | { readonly op: 'const'; readonly dtype: DType; readonly value: number }
  /** In a `map` lowering: the element of input `arg` at the output's own index. */
  | { readonly op: 'arg'; readonly dtype: DType; readonly arg: number }
  /** In a `map` lowering: the output's own index along an axis. */
  | { readonly op: 'iota'; readonly dtype: 'int32'; readonly axis: number }
  /** In a kernel: an index expression as an int32 value. */
  | { readonly op: 'index'; readonly dtype: 'int32'; readonly index: Index }
  /** In a kernel: buffer[index] where every guard holds, else `fill` (a number of this dtype). */
  | {
      readonly op: 'load';
      readonly dtype: DType;
      readonly buffer: number;
      readonly index: Index;
      readonly guards: readonly Guard[];
      readonly fill: number;
    }
  /** In a kernel: where every guard holds `then`, else `otherwise`; only the taken side may be in bounds. */
  | {
      readonly op: 'guarded';
      readonly dtype: DType;
      readonly guards: readonly Guard[];
      readonly then: Expr;
      readonly otherwise: Expr;
    }
  /** In a kernel: the result of an earlier reduction of the same row. */
  | { readonly op: 'local'; readonly dtype: DType; readonly local: number }
  /** In a kernel: a value kept for the current inner position by an earlier stage of the same row. */
  | { readonly op: 'row'; readonly dtype: DType; readonly row: number }
  /** In a contraction's epilogue: the accumulated sum. */
  | { readonly op: 'acc'; readonly dtype: DType }
  | { readonly op: ScalarOp; readonly dtype: DType; readonly args: readonly Expr[] };

export type OpExpr = Extract<Expr, { readonly args: readonly Expr[] }>;

export const isOp = (e: Expr): e is OpExpr => 'args' in e;

export const lit = (value: number, dtype: DType): Expr => ({ op: 'const', dtype, value });
export const arg = (i: number, dtype: DType): Expr => ({ op: 'arg', dtype, arg: i });
export const iota = (axis: number): Expr => ({ op: 'iota', dtype: 'int32', axis });
export const call = (op: ScalarOp, dtype: DType, ...args: readonly Expr[]): Expr => ({ op, dtype, args });
export const compare = (op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', a: Expr, b: Expr): Expr => call(op, 'bool', a, b);
export const select = (c: Expr, a: Expr, b: Expr): Expr => call('select', a.dtype, c, a, b);
export const convert = (x: Expr, dtype: DType): Expr => (x.dtype === dtype ? x : call('convert', dtype, x));
export const bitcast = (x: Expr, dtype: DType): Expr => (x.dtype === dtype ? x : call('bitcast', dtype, x));

/** Rebuilds an expression bottom up, sharing kept: `f` sees each distinct node once, with its arguments already rewritten. */
export const rewrite = (e: Expr, f: (e: Expr) => Expr, memo: Map<Expr, Expr> = new Map()): Expr => {
  const known = memo.get(e);
  if (known !== undefined) return known;
  let next: Expr = e;
  if (isOp(e)) {
    const args = e.args.map((a) => rewrite(a, f, memo));
    if (args.some((a, i) => a !== e.args[i])) next = { op: e.op, dtype: e.dtype, args };
  } else if (e.op === 'guarded') {
    const then = rewrite(e.then, f, memo);
    const otherwise = rewrite(e.otherwise, f, memo);
    if (then !== e.then || otherwise !== e.otherwise) next = { ...e, then, otherwise };
  }
  const out = f(next);
  memo.set(e, out);
  return out;
};

/** Visits each distinct node once, arguments first. Index values are not entered. */
export const visit = (e: Expr, f: (e: Expr) => void, seen: Set<Expr> = new Set()): void => {
  if (seen.has(e)) return;
  seen.add(e);
  if (isOp(e)) for (const a of e.args) visit(a, f, seen);
  else if (e.op === 'guarded') {
    visit(e.then, f, seen);
    visit(e.otherwise, f, seen);
  }
  f(e);
};
