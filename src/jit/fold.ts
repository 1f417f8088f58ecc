// Construction of scalar expressions with constants folded in their own dtype and trivial operations removed.
import { castScalar, isFloat, type DType } from '../core/dtype.ts';
import { call, convert as convertExpr, isOp, lit, type Expr, type ScalarOp } from '../core/expr.ts';

const arithmetic: Partial<Record<ScalarOp, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  gt: (x, y) => Number(x > y),
  ge: (x, y) => Number(x >= y),
};

const is = (e: Expr, n: number): boolean => e.op === 'const' && e.value === n;

const folded = (op: ScalarOp, dtype: DType, args: readonly Expr[]): Expr | undefined => {
  const [x, y, z] = args;
  if (op === 'convert') {
    if (x!.dtype === dtype) return x;
    if (x!.op === 'const') return lit(castScalar(x!.value, dtype), dtype);
    return undefined;
  }
  if (op === 'select') {
    if (x!.op === 'const') return x!.value !== 0 ? y : z;
    return y === z ? y : undefined;
  }
  if (dtype === 'bool' && (op === 'and' || op === 'or')) {
    const one = x!.op === 'const' ? [x!.value, y!] : y!.op === 'const' ? [y!.value, x!] : undefined;
    if (one === undefined) return undefined;
    const [c, other] = one as [number, Expr];
    return op === 'and' ? (c !== 0 ? other : lit(0, 'bool')) : c !== 0 ? lit(1, 'bool') : other;
  }
  if (op === 'neg') {
    if (x!.op === 'const') return lit(castScalar(-x!.value, dtype), dtype);
    return isOp(x!) && x!.op === 'neg' ? x!.args[0] : undefined;
  }
  const f = arithmetic[op];
  if (f !== undefined && x!.op === 'const' && y!.op === 'const') {
    if (op === 'mul' && !isFloat(dtype)) {
      const product = Math.imul(x!.value, y!.value);
      return lit(dtype === 'uint32' ? product >>> 0 : product, dtype);
    }
    const value = f(x!.value, y!.value);
    return lit(dtype === 'int32' ? value | 0 : dtype === 'uint32' ? value >>> 0 : castScalar(value, dtype), dtype);
  }
  if (op === 'div' && isFloat(dtype) && x!.op === 'const' && y!.op === 'const')
    return lit(castScalar(x!.value / y!.value, dtype), dtype);
  if (op === 'mul') return is(y!, 1) ? x : is(x!, 1) ? y : undefined;
  if (op === 'add') return is(y!, 0) ? x : is(x!, 0) ? y : undefined;
  if (op === 'sub') return is(y!, 0) ? x : undefined;
  if (op === 'div') return is(y!, 1) ? x : undefined;
  return undefined;
};

/** An operation on expressions, folded where its arguments are constants. */
export const make = (op: ScalarOp, dtype: DType, args: readonly Expr[]): Expr =>
  folded(op, dtype, args) ?? call(op, dtype, ...args);

export const convert = (x: Expr, dtype: DType): Expr => folded('convert', dtype, [x]) ?? convertExpr(x, dtype);
