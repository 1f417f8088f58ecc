// Reductions inside one invocation: accumulators in registers, long float sums in blocks so that they stay accurate.
import type { DType } from '../core/dtype.ts';
import type { ReduceOp } from '../core/lowering.ts';
import type { Shader } from './shader.ts';
import { literal, registerType } from './types.ts';

/** One reduction of a stage while its loop is written. */
export interface Reducer {
  /** Lines before the loop. */
  begin(): void;
  /** Lines for one value; `position` counts the points of the loop. */
  update(value: string, valueType: DType, position: string): void;
  /** Lines after the loop; the name of the result. */
  finish(): string;
}

// Additions in one accumulator before it is added to the next level's.
const blockBits = 6;

/** What a reduction of nothing gives. */
export const identity = (op: ReduceOp, d: DType): number => {
  switch (op) {
    case 'sum':
    case 'any':
      return 0;
    case 'prod':
    case 'all':
      return 1;
    case 'max':
    case 'argmax':
      return d === 'int32' ? -2147483648 : d === 'uint32' || d === 'bool' ? 0 : -Infinity;
    case 'min':
    case 'argmin':
      return d === 'int32' ? 2147483647 : d === 'uint32' ? 4294967295 : d === 'bool' ? 1 : Infinity;
  }
};

/** Two partial results as one. */
export const combine = (s: Shader, op: ReduceOp, d: DType, a: string, b: string): string => {
  if (d === 'bool') return op === 'all' || op === 'min' || op === 'prod' ? `${a} && ${b}` : `${a} || ${b}`;
  if (op === 'sum') return `${a} + ${b}`;
  if (op === 'prod') return `${a} * ${b}`;
  if (op !== 'max' && op !== 'min') throw new Error(`wgsl: ${op} has no combination of two ${d} values`);
  if (d !== 'float32') return `${op}(${a}, ${b})`;
  s.use(`${op}_f32`);
  return `${op}_f32(${a}, ${b})`;
};

const plain = (s: Shader, op: ReduceOp, dtype: DType, count: number): Reducer => {
  const unit = literal(identity(op, dtype), dtype, s.use);
  const levels =
    op === 'sum' && dtype === 'float32' && count > 0 ? Math.max(1, Math.ceil(Math.log2(count) / blockBits)) : 1;
  const acc = Array.from({ length: levels }, () => s.fresh('a'));
  return {
    begin: () => acc.forEach((a) => s.line(`var ${a}: ${registerType(dtype)} = ${unit};`)),
    update: (value, _, position) => {
      s.line(`${acc[0]!} = ${combine(s, op, dtype, acc[0]!, value)};`);
      for (let l = 1; l < levels; l++)
        s.line(
          `if (((${position} + 1) & ${2 ** (blockBits * l) - 1}) == 0) { ${acc[l]!} += ${acc[l - 1]!}; ${acc[l - 1]!} = ${unit}; }`,
        );
    },
    finish: () => {
      const name = s.fresh('r');
      s.line(`let ${name} = ${acc.join(' + ')};`);
      return name;
    },
  };
};

// The first of the largest (smallest) values wins, NaN before all numbers.
const argument = (s: Shader, op: 'argmax' | 'argmin', valueType: DType): Reducer => {
  const [best, at] = [s.fresh('a'), s.fresh('a')];
  return {
    begin: () => {
      s.line(`var ${best}: ${registerType(valueType)} = ${literal(identity(op, valueType), valueType, s.use)};`);
      s.line(`var ${at} = 0;`);
    },
    update: (value, _, position) => {
      s.line(
        `if (${position} == 0 || ${argumentWins(s, op, valueType, value, best)}) { ${best} = ${value}; ${at} = ${position}; }`,
      );
    },
    finish: () => at,
  };
};

/** True where `x`, which comes later, replaces `y`. */
export const argumentWins = (s: Shader, op: 'argmax' | 'argmin', d: DType, x: string, y: string): string => {
  const better = op === 'argmax' ? '>' : '<';
  if (d === 'bool') return `u32(${x}) ${better} u32(${y})`;
  if (d !== 'float32') return `${x} ${better} ${y}`;
  s.use('is_nan');
  return `(!is_nan(${y}) && (is_nan(${x}) || ${x} ${better} ${y}))`;
};

/** A reduction over `count` points. `valueType` is the dtype of the values, which differs from the result's for argmax and argmin. */
export const reducer = (s: Shader, op: ReduceOp, dtype: DType, valueType: DType, count: number): Reducer =>
  op === 'argmax' || op === 'argmin'
    ? argument(s, op, valueType)
    : plain(s, op, op === 'any' || op === 'all' ? 'bool' : dtype, count);
