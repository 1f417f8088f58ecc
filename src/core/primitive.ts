// The primitive: one record that says everything about an operation, so that a forgotten rule is a type error.
import type { Aval } from './aval.ts';
import { TracerError } from './errors.ts';
import type { Lowering } from './lowering.ts';
import type { Equation, Program, Value } from './program.ts';
import type { Tensor } from './tensor.ts';

/** Parameters of an equation: plain data, and programs. */
export type Params = Readonly<Record<string, unknown>>;

/** In a transpose rule: an input that the operation is linear in, whose cotangent is wanted. Other inputs are values. */
export class LinearInput {
  readonly aval: Aval;
  constructor(aval: Aval) {
    this.aval = aval;
  }
}
export type TransposeInput = Tensor | LinearInput;
export const isLinear = (x: TransposeInput): x is LinearInput => x instanceof LinearInput;

/** Fails where an input that must be a value is a tangent: a derivative rule that is not linear in its tangents. */
export const refuseLinear = (op: string, input: TransposeInput): void => {
  if (isLinear(input))
    throw new TracerError(
      op,
      'is not linear in this operand and cannot be transposed; a derivative rule (the jvp of a customJvp) must be linear in its tangents: no product of two of them, no division by one, no choice that depends on one',
    );
};

/** null is the zero tangent or cotangent, which is never materialised. */
export type Tangent = Tensor | null;

export interface JvpResult {
  readonly outs: readonly Tensor[];
  readonly tangents: readonly Tangent[];
}
export interface BatchResult {
  readonly outs: readonly Tensor[];
  /** The batch axis of each output; null where it has none. */
  readonly axes: readonly (number | null)[];
}
/** Outputs, and the derivative at that point as a function to be traced on a tape. */
export interface LinearizeResult {
  readonly outs: readonly Tensor[];
  readonly linear: (tangents: readonly Tangent[]) => readonly Tangent[];
}

/** An equation that says more plainly what it does, and outputs that equal other values. */
export interface Plainer {
  readonly equation: Equation;
  readonly same: readonly (readonly [Value, Value])[];
}

/** How compilation may simplify an equation that holds programs; each part keeps its meaning. */
export interface Simplification {
  /** The equation written out as a program with the same inputs and outputs, where that is better. */
  expand?(e: Equation): Program | undefined;
  plainer?(e: Equation): Plainer;
  /** Without the outputs that are not live, and without what only those needed. */
  prune(e: Equation, live: readonly boolean[]): Equation;
  /** What can be computed once, before it. */
  hoist?(e: Equation): { readonly before: readonly Equation[]; readonly equation: Equation };
}

export interface Primitive<P = Params> {
  readonly name: string;
  /** Absent: none. Ordered effects are never removed, merged or reordered. */
  readonly effects?: 'ordered' | 'callback';
  /** Computes along the axis of a vmap that its parameter `axisName` names, and reaches that vmap whether batched or not. */
  readonly collective?: true;
  /** Computes with concrete tensors at once, instead of as a program of one equation. */
  evaluate?(inputs: readonly Tensor[], params: P): readonly Tensor[];
  /** Its meaning is the program in its parameters, which compilation puts in its place. */
  readonly inlined?: true;
  /** Output shapes and dtypes; throws where the inputs do not fit. Inputs have been promoted and broadcast already. */
  shape(inputs: readonly Aval[], params: P): readonly Aval[];
  /** Called with at least one tangent that is not null. */
  jvp(primals: readonly Tensor[], tangents: readonly Tangent[], params: P): JvpResult;
  /** null: the operation is not linear in any input. One cotangent an input; those of inputs that are values are ignored. */
  readonly transpose:
    ((cts: readonly Tangent[], inputs: readonly TransposeInput[], params: P) => readonly Tangent[]) | null;
  /**
   * Called with at least one axis that is not null, or for what speaks of the axis by its name; `size` is the length of every
   * batch axis.
   */
  batch(
    inputs: readonly Tensor[],
    axes: readonly (number | null)[],
    params: P,
    size: number,
    axisName?: string,
  ): BatchResult;
  lower(inputs: readonly Aval[], params: P, outs: readonly Aval[]): Lowering;
  /** For primitives that hold programs. */
  readonly simplification?: Simplification;
  /**
   * For primitives that hold programs: applied to values and to tangents on a tape, those `onTape`, the same as several
   * applications, where some outputs depend on the values alone; undefined where none does.
   */
  split?(inputs: readonly Tensor[], onTape: readonly boolean[], params: P): readonly Tensor[] | undefined;
  /** For primitives that hold programs: computes residuals once, instead of tracing `jvp` on a tape. */
  linearize?(primals: readonly Tensor[], isConstant: readonly boolean[], params: P): LinearizeResult;
}
