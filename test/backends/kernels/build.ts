// Short words for writing kernels by hand: axes, loads, stores, stages, and the sizes and dtypes to try.
import type { DType } from '../../../src/core/dtype.ts';
import type { Expr } from '../../../src/core/expr.ts';
import { newVar, rowMajor, type Guard, type Index, type Var } from '../../../src/core/index-expr.ts';
import type { ReduceOp } from '../../../src/core/lowering.ts';
import type { Action, LoopKernel, Stage } from '../../../src/jit/kernel.ts';

/** Every class of size: none, one, the multiples of the lanes of a vector and their neighbours, many. */
export const sizes: readonly number[] = [0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 64, 1000];
export const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint32', 'bool'];

export const product = (xs: readonly number[]): number => xs.reduce((a, b) => a * b, 1);

/** Buffers of one dtype. */
export const of = (dtype: DType, ...lengths: readonly number[]): readonly (readonly [DType, number])[] =>
  lengths.map((n) => [dtype, n]);

/** One variable for each extent. */
export const vars = <T extends readonly number[]>(...extents: T): { -readonly [I in keyof T]: Var } =>
  extents.map(newVar) as { -readonly [I in keyof T]: Var };

/** The number of the point that the variables are at. */
export const at = (...vs: readonly Var[]): Index => rowMajor(vs);

export const load = (
  buffer: number,
  index: Index,
  dtype: DType = 'float32',
  guards: readonly Guard[] = [],
  fill = 0,
): Expr => ({ op: 'load', dtype, buffer, index, guards, fill });
export const acc = (dtype: DType): Expr => ({ op: 'acc', dtype });
export const local = (l: number, dtype: DType): Expr => ({ op: 'local', dtype, local: l });
export const row = (r: number, dtype: DType): Expr => ({ op: 'row', dtype, row: r });
export const indexValue = (index: Index): Expr => ({ op: 'index', dtype: 'int32', index });
export const guarded = (guard: Guard, then: Expr, otherwise: Expr): Expr => ({
  op: 'guarded',
  dtype: then.dtype,
  guards: [guard],
  then,
  otherwise,
});

export const store = (buffer: number, index: Index, value: Expr): Extract<Action, { kind: 'store' }> => ({
  kind: 'store',
  buffer,
  index,
  value,
});
export const reduce = (op: ReduceOp, value: Expr, to: number, dtype: DType): Action => ({
  kind: 'reduce',
  op,
  value,
  local: to,
  dtype,
});

/** Actions at each point of some axes. */
export const over = (axes: readonly Var[], ...actions: readonly Action[]): Stage => ({ axes, actions });
/** Actions once for each outer point. */
export const once = (...actions: readonly Action[]): Stage => ({ axes: [], actions });

export const kernel = (outer: readonly Var[], ...stages: readonly Stage[]): LoopKernel => ({
  kind: 'loop',
  name: 'k',
  outer,
  stages,
});
/** A kernel of one stage without inner axes. */
export const elementwise = (outer: readonly Var[], ...actions: readonly Action[]): LoopKernel =>
  kernel(outer, once(...actions));
