// One basic operation of a scalar expression as WGSL text over named operands.
import { isInteger, type DType } from '../core/dtype.ts';
import { isOp, type Expr, type OpExpr } from '../core/expr.ts';
import type { Helper } from './helpers.ts';
import { registerType } from './types.ts';

const infix: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  eq: '==',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  and: '&',
  or: '|',
  xor: '^',
};
const onBools: Readonly<Record<string, string>> = {
  and: '&&',
  or: '||',
  xor: '!=',
  min: '&&',
  max: '||',
  mul: '&&',
  add: '||',
  eq: '==',
  ne: '!=',
};
const orders = new Set(['lt', 'le', 'gt', 'ge']);
const rounding = new Set(['floor', 'ceil', 'trunc', 'round']);

/** A sum of float32 of which one term is a product: factor * other + addend. */
export interface ProductSum {
  readonly product: OpExpr;
  readonly addend: Expr;
  /** Whether the product is subtracted, or the addend. */
  readonly minus: 'product' | 'addend' | undefined;
}

/**
 * `e` as a product and what is added to it. GPUs may round such a sum once instead of twice in any case; written as `fma` it is one
 * operation on drivers that do not look for it too. Not the sum of two products: where they are equal, their difference is to be 0.
 */
export const productSum = (e: OpExpr): ProductSum | undefined => {
  if (e.dtype !== 'float32' || (e.op !== 'add' && e.op !== 'sub')) return undefined;
  const [x, y] = e.args as readonly [Expr, Expr];
  const isProduct = (a: Expr): a is OpExpr => a.op === 'mul' && isOp(a) && a.args.some((b) => b.op !== 'const');
  if (isProduct(x) === isProduct(y)) return undefined;
  return isProduct(x)
    ? { product: x, addend: y, minus: e.op === 'sub' ? 'addend' : undefined }
    : { product: y as OpExpr, addend: x, minus: e.op === 'sub' ? 'product' : undefined };
};

/** The text of it. The second factor is the one that may be a constant. */
export const fused = (minus: ProductSum['minus'], [x = '', y = '', z = '']: readonly string[]): string =>
  `fma(${x}, ${minus === 'product' ? `-(${y})` : y}, ${minus === 'addend' ? `-(${z})` : z})`;

/** Adds x * y to a variable, all of one type. */
export const plusProduct = (d: DType, to: string, x: string, y: string): string =>
  d === 'float32' ? `${to} = fma(${x}, ${y}, ${to});` : `${to} += ${x} * ${y};`;

const convert = (x: string, from: DType, to: DType, use: (h: Helper) => void): string => {
  if (from === to) return x;
  if (to === 'bool') return from === 'float32' ? `!(${x} == 0.0f)` : `${x} != ${from === 'uint32' ? '0u' : '0'}`;
  if (from === 'float32') {
    const helper = to === 'uint32' ? 'to_u32' : 'to_i32';
    use(helper);
    return `${helper}(${x})`;
  }
  return `${registerType(to)}(${x})`;
};

/**
 * An operation on numbers that is not one symbol for all of their types, of scalars and vectors alike; undefined for others. `helper` calls a
 * helper of the name for scalars, `by` is the number of bits of a shift, `constant` the second operand's value.
 */
export const onNumbers = (
  op: OpExpr['op'],
  from: DType,
  constant: number | undefined,
  [x = '', y = '']: readonly string[],
  helper: (name: string) => string,
  by: (bits: number) => string,
): string | undefined => {
  const integer = isInteger(from);
  const type = registerType(from);
  const positive = constant !== undefined && constant > 0;
  switch (op) {
    case 'neg':
      return from === 'uint32' ? `0u - ${x}` : `-(${x})`;
    case 'not':
      return `~${x}`;
    case 'abs':
    case 'sqrt':
      return `${op}(${x})`;
    case 'min':
    case 'max':
      return integer ? `${op}(${x}, ${y})` : helper(`${op}_f32`);
    // Not `!=`, which some compilers take to be false for NaN.
    case 'ne':
      return integer ? `${x} != ${y}` : `!(${x} == ${y})`;
    case 'rem':
      return integer && positive ? `${x} % ${y}` : helper(`rem_${type}`);
    case 'div':
      return integer && !positive ? helper(`div_${type}`) : undefined;
    case 'shl':
    case 'shr':
      return constant !== undefined && constant >= 0 && constant < 32
        ? `${x} ${op === 'shl' ? '<<' : '>>'} ${by(constant)}`
        : helper(`${op}_${type}`);
  }
  return !rounding.has(op) ? undefined : integer ? x : `${op}(${x})`;
};

/** `args` are names or constants, never compound; not all of them constants. */
export const operation = (e: OpExpr, args: readonly string[], use: (h: Helper) => void): string => {
  const [x = '', y = '', z = ''] = args;
  const { op, dtype } = e;
  const from = e.args[op === 'select' ? 1 : 0]?.dtype ?? dtype;
  const second = e.args[1];
  const constant = second?.op === 'const' ? second.value : undefined;
  const helper = (h: Helper): string => {
    use(h);
    return `${h}(${args.join(', ')})`;
  };
  switch (op) {
    case 'select':
      return `select(${z}, ${y}, ${x})`;
    case 'convert':
      return convert(x, from, dtype, use);
    case 'bitcast':
      return from === dtype ? x : `bitcast<${registerType(dtype)}>(${x})`;
    case 'ldexp':
    case 'exponent':
    case 'significand':
      return helper(`${op}_f32`);
  }
  if (from === 'bool') {
    if (op === 'not') return `!${x}`;
    if (orders.has(op)) return `u32(${x}) ${infix[op]!} u32(${y})`;
    const symbol = onBools[op];
    if (symbol !== undefined) return `${x} ${symbol} ${y}`;
    throw new Error(`wgsl: ${op} is not defined for bool`);
  }
  const number = onNumbers(
    e.op,
    from,
    constant,
    args,
    (h) => helper(h as Helper),
    (n) => `${n}u`,
  );
  if (number !== undefined) return number;
  const symbol = infix[op];
  if (symbol === undefined) throw new Error(`wgsl: no rendering of the operation ${op}`);
  return `${x} ${symbol} ${y}`;
};
