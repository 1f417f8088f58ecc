// Sums of an operand beside a contraction: computed by those that have the first rows (or columns) of the result, from what they read anyway.
import type { Var } from '../../core/index-expr.ts';
import type { ContractKernel, LoopKernel, OperandSum, Side } from '../../jit/kernel.ts';
import { renderStore } from '../expr.ts';
import type { Shader } from '../shader.ts';
import { fromWord, toWord } from '../types.ts';
import type { Use } from '../vector.ts';
import type { Problem } from './problem.ts';

/** The operands that are summed. */
export const summedSides = (p: Problem): readonly Side[] =>
  (['a', 'b'] as const).filter((side) => p.sums.some((x) => x.side === side));

/** The axis that a sum of an operand runs over, and the one of which those at the start have it. */
export const sumAxes = (p: Problem, side: Side): { readonly own: Var; readonly edge: Var } =>
  side === 'a' ? { own: p.row, edge: p.column } : { own: p.column, edge: p.row };

/** Sums are stored one by one. */
export const sumsUse = (p: Problem): Use => ({ lane: undefined, values: [], stores: p.sums });

/** Words of scratch memory that partial sums take, those of the result first. */
export const partialWords = (p: Problem, parts: number): number =>
  parts *
  (p.batch.extent * p.row.extent * p.column.extent +
    summedSides(p).reduce((n, side) => n + sumAxes(p, side).own.extent, 0));

/** Where the partial sums of an operand begin. */
const partialPlace = (p: Problem, parts: number, side: Side): number =>
  parts *
  (p.batch.extent * p.row.extent * p.column.extent + (side === 'b' && summedSides(p).includes('a') ? p.row.extent : 0));

/** The stores of an operand's sum at a named place; in one of several parts, to scratch memory. */
export const storeSum = (s: Shader, p: Problem, parts: number, side: Side, at: string, value: string): void => {
  const { own } = sumAxes(p, side);
  if (parts > 1) {
    const words = s.scratch(partialWords(p, parts));
    s.line(
      `${words}[${partialPlace(p, parts, side)} + part * ${own.extent} + ${at}] = ${toWord(value, p.kernel.dtype)};`,
    );
    return;
  }
  const names = { vars: new Map([[own.id, at]]) };
  for (const x of p.sums) if (x.side === side) renderStore(s, names, x.buffer, x.index, value);
};

/** Adds up the parts of an operand's sum at a named place, and stores them. */
export const addSums = (s: Shader, p: Problem, parts: number, side: Side, at: string): void => {
  const words = s.scratch(partialWords(p, parts));
  const { extent } = sumAxes(p, side).own;
  const word = (part: string): string =>
    fromWord(
      `${words}[${partialPlace(p, parts, side)} + ${part}${extent === 1 ? '' : ` * ${extent}`} + ${at}]`,
      p.kernel.dtype,
    );
  s.line(`var added = ${word('0')};`);
  s.line(`for (var part = 1; part < ${parts}; part++) { added += ${word('part')}; }`);
  storeSum(s, p, 1, side, at, 'added');
};

/** The same sum as a reduction, for a contraction without results. */
export const sumKernel = (k: ContractKernel, { side, buffer, index }: OperandSum): LoopKernel => ({
  kind: 'loop',
  name: `${k.name}_operand`,
  outer: [...k.batch, ...(side === 'a' ? k.m : k.n)],
  stages: [
    {
      axes: k.k,
      actions: [{ kind: 'reduce', op: 'sum', value: side === 'a' ? k.a : k.b, local: 0, dtype: k.dtype }],
    },
    { axes: [], actions: [{ kind: 'store', buffer, index, value: { op: 'local', dtype: k.dtype, local: 0 } }] },
  ],
});
