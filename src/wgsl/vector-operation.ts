// One basic operation of a scalar expression on vectors of four, as WGSL text over named operands.
import type { DType } from '../core/dtype.ts';
import type { OpExpr } from '../core/expr.ts';
import type { Helper, VectorHelper } from './helpers.ts';
import { onNumbers } from './operation.ts';
import { registerType } from './types.ts';

/** A named operand: a vector, or a scalar that all four share. */
export interface Operand {
  readonly text: string;
  readonly wide: boolean;
}

export const vectorType = (d: DType): string => `vec4<${registerType(d)}>`;

/** An operand as a vector. */
export const widen = ({ text, wide }: Operand, d: DType): string => (wide ? text : `${vectorType(d)}(${text})`);

const arithmetic: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/' };
const bitwise: Readonly<Record<string, string>> = { and: '&', or: '|', xor: '^' };
const comparison: Readonly<Record<string, string>> = { eq: '==', lt: '<', le: '<=', gt: '>', ge: '>=' };
const onBools: Readonly<Record<string, string>> = {
  and: '&',
  or: '|',
  xor: '!=',
  min: '&',
  max: '|',
  mul: '&',
  add: '|',
  eq: '==',
  ne: '!=',
};

const convert = (x: string, from: DType, to: DType, use: (h: Helper) => void): string => {
  if (from === to) return x;
  if (to === 'bool')
    return from === 'float32' ? `!(${x} == ${vectorType(from)}(0.0f))` : `${x} != ${vectorType(from)}()`;
  if (from !== 'float32') return `${vectorType(to)}(${x})`;
  const helper: VectorHelper = to === 'uint32' ? 'to_u32x4' : 'to_i32x4';
  use(helper);
  return `${helper}(${x})`;
};

/** At least one operand is a vector. */
export const vectorOperation = (e: OpExpr, operands: readonly Operand[], use: (h: Helper) => void): string => {
  const { op, dtype } = e;
  const from = e.args[op === 'select' ? 1 : 0]?.dtype ?? dtype;
  const args = operands.map((o, i) => widen(o, e.args[i]!.dtype));
  const [x = '', y = '', z = ''] = args;
  const second = e.args[1];
  const constant = second?.op === 'const' ? second.value : undefined;
  const helper = (h: VectorHelper): string => {
    use(h);
    return `${h}(${args.join(', ')})`;
  };
  switch (op) {
    case 'select':
      return `select(${z}, ${y}, ${operands[0]!.text})`;
    case 'convert':
      return convert(x, from, dtype, use);
    case 'bitcast':
      return from === dtype ? x : `bitcast<${vectorType(dtype)}>(${x})`;
    case 'ldexp':
    case 'exponent':
    case 'significand':
      return helper(`${op}_f32x4`);
  }
  if (from === 'bool') {
    if (op === 'not') return `!${x}`;
    const symbol = onBools[op];
    if (symbol !== undefined) return `${x} ${symbol} ${y}`;
    const order = comparison[op];
    if (order !== undefined) return `vec4<u32>(${x}) ${order} vec4<u32>(${y})`;
    throw new Error(`wgsl: ${op} is not defined for bool`);
  }
  const number = onNumbers(
    op,
    from,
    constant,
    [x, y],
    (h) => helper(`${h}x4` as VectorHelper),
    (n) => `vec4<u32>(${n}u)`,
  );
  if (number !== undefined) return number;
  // Scalars stay scalars where WGSL takes them so.
  const mixed = arithmetic[op];
  if (mixed !== undefined) return `${operands[0]!.text} ${mixed} ${operands[1]!.text}`;
  const symbol = bitwise[op] ?? comparison[op];
  if (symbol === undefined) throw new Error(`wgsl: no rendering of the operation ${op}`);
  return `${x} ${symbol} ${y}`;
};
