// How two results of a reduction become one: NaN wins in maxima and minima, the first in their places.
import type { DType } from '../core/dtype.ts';
import type { ReduceOp } from '../core/lowering.ts';
import type { Helper } from './helpers.ts';
import type { Shader } from './shader.ts';

/** Two partial results as one, or two vectors of them. */
export const combine = (s: Shader, op: ReduceOp, d: DType, a: string, b: string, wide = false): string => {
  if (d === 'bool') return `${a} ${op === 'all' || op === 'min' || op === 'prod' ? '&' : '|'} ${b}`;
  if (op === 'sum') return `${a} + ${b}`;
  if (op === 'prod') return `${a} * ${b}`;
  if (op !== 'max' && op !== 'min') throw new Error(`wgsl: ${op} has no combination of two ${d} values`);
  if (d !== 'float32') return `${op}(${a}, ${b})`;
  const helper: Helper = `${op}_f32${wide ? 'x4' : ''}`;
  s.use(helper);
  return `${helper}(${a}, ${b})`;
};

/** True where `x`, which comes later, replaces `y`; four times for vectors. */
export const argumentWins = (
  s: Shader,
  op: 'argmax' | 'argmin',
  d: DType,
  x: string,
  y: string,
  wide = false,
): string => {
  const better = op === 'argmax' ? '>' : '<';
  const word = wide ? 'vec4<u32>' : 'u32';
  if (d === 'bool') return `${word}(${x}) ${better} ${word}(${y})`;
  if (d !== 'float32') return `${x} ${better} ${y}`;
  const nan: Helper = wide ? 'is_nanx4' : 'is_nan';
  s.use(nan);
  return `(!${nan}(${y}) & (${nan}(${x}) | (${x} ${better} ${y})))`;
};
