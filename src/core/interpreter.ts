// Context dispatch: one current interpreter, set for the extent of a call, decides what applying a primitive means.
import { TracerError } from './errors.ts';
import type { Params, Primitive } from './primitive.ts';
import { Tracer, type Tensor } from './tensor.ts';

export interface Interpreter {
  readonly kind: string;
  process(primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[];
}

type Evaluator = (primitive: Primitive, inputs: readonly Tensor[], params: Params) => readonly Tensor[];

let evaluate: Evaluator = (primitive) => {
  throw new Error(
    `${primitive.name}: no evaluator is installed; import from 'cotangent', whose entry installs the default one`,
  );
};

/** Installs what computes with concrete tensors. The entry point does this once. */
export const setEvaluator = (f: Evaluator): void => {
  evaluate = f;
};

/** Fails for a traced value that reached a place where only concrete values can be. */
export const refuseEscaped = (op: string, inputs: readonly Tensor[]): void => {
  for (const x of inputs)
    if (x instanceof Tracer)
      throw new TracerError(
        op,
        `got a value traced by ${x.kind} (shape [${x.shape.join(', ')}], dtype ${x.dtype}) outside of the transform that made it; a traced value must not be kept in a variable outside of the function: return it instead`,
      );
};

/** The bottom: concrete tensors are computed with, at once. */
export const eagerly: Interpreter = {
  kind: 'eager evaluation',
  process(primitive, inputs, params) {
    refuseEscaped(primitive.name, inputs);
    return primitive.evaluate === undefined ? evaluate(primitive, inputs, params) : primitive.evaluate(inputs, params);
  },
};

let current: Interpreter = eagerly;
export const currentInterpreter = (): Interpreter => current;

export const withInterpreter = <A>(interpreter: Interpreter, f: () => A): A => {
  const saved = current;
  current = interpreter;
  try {
    return f();
  } finally {
    current = saved;
  }
};

let compiling = true;
/** True inside of disableJit: functions run as they stand, loops and branches as those of JS. */
export const jitDisabled = (): boolean => !compiling;

/** Runs f with compilation switched off. */
export const withoutJit = <A>(f: () => A): A => {
  const saved = compiling;
  compiling = false;
  try {
    return f();
  } finally {
    compiling = saved;
  }
};

/** Applies a primitive under the current interpreter. Inputs must have the exact shapes and dtypes it wants. */
export const bind = <P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] =>
  current.process(primitive as Primitive, inputs, params as Params);

/** The same for a primitive with one output. */
export const bind1 = <P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): Tensor =>
  current.process(primitive as Primitive, inputs, params as Params)[0]!;

/** Refuses what an async function returns: a transform needs the value itself. */
export const refusePromise = (transform: string, f: { readonly name: string }, result: unknown): void => {
  if (typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function')
    throw new TracerError(
      transform,
      `the function ${f.name === '' ? '' : `'${f.name}' `}returned a Promise; a transformed function must be synchronous: do the awaiting outside of it`,
    );
};
