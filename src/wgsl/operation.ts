// One basic operation of a scalar expression as WGSL text over named operands.
import { isInteger, type DType } from '../core/dtype.ts';
import type { OpExpr } from '../core/expr.ts';
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

/** `args` are names or constants, never compound; not all of them constants. */
export const operation = (e: OpExpr, args: readonly string[], use: (h: Helper) => void): string => {
  const [x = '', y = '', z = ''] = args;
  const { op, dtype } = e;
  const from = e.args[op === 'select' ? 1 : 0]?.dtype ?? dtype;
  const second = e.args[1];
  const constant = second?.op === 'const' ? second.value : undefined;
  const type = registerType(from);
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
  const integer = isInteger(from);
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
      return integer && constant !== undefined && constant > 0 ? `${x} % ${y}` : helper(`rem_${type}` as Helper);
    case 'div':
      return !integer || (constant !== undefined && constant > 0) ? `${x} / ${y}` : helper(`div_${type}` as Helper);
    case 'shl':
    case 'shr':
      if (constant !== undefined && constant >= 0 && constant < 32)
        return `${x} ${op === 'shl' ? '<<' : '>>'} ${constant}u`;
      return helper(`${op}_${type}` as Helper);
  }
  if (rounding.has(op)) return integer ? x : `${op}(${x})`;
  const symbol = infix[op];
  if (symbol === undefined) throw new Error(`wgsl: no rendering of the operation ${op}`);
  return `${x} ${symbol} ${y}`;
};
