// Branches as users write them: cond and switch over trees.
import { showShape, type Aval } from '../core/aval.ts';
import { ArgumentError, DTypeError, ShapeError } from '../core/errors.ts';
import { settle } from '../core/functional.ts';
import { bind, jitDisabled } from '../core/interpreter.ts';
import { checkFunction, kindOf } from '../core/options.ts';
import { notEqual } from '../core/ops/arithmetic.ts';
import { clip } from '../core/ops/choice.ts';
import { cast } from '../core/ops/promote.ts';
import { applyProgram, stage } from '../core/stage.ts';
import { Tensor, Tracer } from '../core/tensor.ts';
import { unflatten, type Structure } from '../core/tree.ts';
import { agreeOn, leavesOf, returned, scalarNow, settled, stageBody, type AnyFunction, type Traced } from './body.ts';
import { condPrimitive, shareInputs } from './branch.ts';

/** The chosen function as JS calls it, with the result that it would have compiled. */
const apply = (op: string, f: AnyFunction, structure: Structure, leaves: readonly Tensor[]): unknown => {
  const result = (f as unknown as (...args: unknown[]) => unknown)(...unflatten<unknown[]>(structure, leaves));
  return settled(op, returned(op, f, result));
};

const choose = (
  op: string,
  index: Tensor,
  branches: readonly AnyFunction[],
  names: readonly string[],
  operands: readonly unknown[],
): unknown => {
  const { leaves, structure } = leavesOf(op, operands);
  if (jitDisabled() && !(index instanceof Tracer)) {
    const chosen = Math.min(Math.max(scalarNow(op, index), 0), branches.length - 1);
    return apply(op, branches[chosen]!, structure, leaves);
  }
  const args = leaves.map((x): Aval => ({ shape: x.shape, dtype: x.dtype, weak: x.weak }));
  const bodies = branches.map((f) => stageBody(op, f, structure, args));
  const outs = agreeOn(op, names, bodies);
  const shared = shareInputs(
    bodies.map(({ staged }) => {
      const values = [...staged.captured];
      // Weak results take the dtype that the branches agree on.
      const exact = stage(
        op,
        (...xs) =>
          applyProgram(staged.program, xs, bind).map((y, i) =>
            y.weak || y.dtype !== outs[i]!.dtype ? cast(y, outs[i]!.dtype) : y,
          ),
        staged.program.inputs.map((v) => v.aval),
      );
      return { program: exact.program, captured: [...exact.captured, ...values] };
    }),
  );
  const results = bind(condPrimitive, [index, ...shared.captured, ...leaves], { branches: shared.branches });
  return unflatten(bodies[0]!.out, results.map(settle));
};

/**
 * One of two functions, chosen when it runs (`jax.lax.cond`): only that one is computed. Both are traced and must return the
 * same structure, shapes and dtypes. A JS boolean chooses while tracing. Under vmap with a predicate that differs from slice to
 * slice both run and each slice takes its own.
 *
 *     cond :: bool -> (a -> b) -> (a -> b) -> a -> b
 *
 *     const cond = (pred, onTrue, onFalse, ...operands) => (pred ? onTrue(...operands) : onFalse(...operands));
 * @example
 * cond(tensor(true), (x) => mul(x, 2), (x) => neg(x), tensor(3)); // 6
 */
export const cond = <const A extends readonly unknown[], const R>(
  pred: Tensor | boolean,
  onTrue: (...operands: { [K in keyof A]: Traced<A[K]> }) => R,
  onFalse: (...operands: { [K in keyof A]: Traced<A[K]> }) => unknown,
  ...operands: A
): Traced<R> => {
  const op = 'cond';
  const p = typeof pred === 'boolean' ? leavesOf(op, pred ? 1 : 0).leaves[0]! : pred;
  if (!(p instanceof Tensor))
    throw new ArgumentError(op, `the predicate must be a bool scalar tensor or a JS boolean, got ${kindOf(pred)}`);
  if (p.rank !== 0)
    throw new ShapeError(
      op,
      `the predicate must be a scalar, got shape ${showShape(p.shape)}; use where for a choice by element, vmap for one by slice, or any/all for one of the whole`,
    );
  const branches = [onFalse, onTrue] as unknown as readonly AnyFunction[];
  const names = ['onFalse', 'onTrue'];
  branches.forEach((f, i) => checkFunction(op, f, names[i]));
  if (typeof pred === 'boolean') {
    const { leaves, structure } = leavesOf(op, operands);
    return apply(op, branches[pred ? 1 : 0]!, structure, leaves) as Traced<R>;
  }
  const index = cast(p.dtype === 'bool' ? p : notEqual(p, 0), 'int32');
  return choose(op, index, branches, names, operands) as Traced<R>;
};

/**
 * One of several functions, by number (`jax.lax.switch`); a number out of range is clamped. Exported as `switch` too.
 *
 *     switch :: int -> [a -> b] -> a -> b
 *
 *     const switchCase = (index, branches, ...operands) => branches[clamp(index, 0, branches.length - 1)](...operands);
 * @example
 * switchCase(tensor(1, 'int32'), [(x) => x, (x) => mul(x, x), (x) => neg(x)], tensor(3)); // 9
 */
export const switchCase = <const A extends readonly unknown[], const R>(
  index: Tensor | number,
  branches: readonly ((...operands: { [K in keyof A]: Traced<A[K]> }) => R)[],
  ...operands: A
): Traced<R> => {
  const op = 'switch';
  if (!Array.isArray(branches) || branches.length === 0)
    throw new ArgumentError(op, 'needs an array of at least one function');
  const names = branches.map((_, i) => `branch ${i}`);
  branches.forEach((f, i) => checkFunction(op, f, names[i]));
  if (typeof index === 'number') {
    if (!Number.isInteger(index)) throw new ArgumentError(op, `the index must be an integer, got ${index}`);
    const { leaves, structure } = leavesOf(op, operands);
    const f = branches[Math.min(Math.max(index, 0), branches.length - 1)] as unknown as AnyFunction;
    return apply(op, f, structure, leaves) as Traced<R>;
  }
  if (!(index instanceof Tensor) || index.rank !== 0)
    throw new ShapeError(
      op,
      `the index must be an integer scalar, got ${index instanceof Tensor ? `shape ${showShape(index.shape)}; use vmap for one by slice` : kindOf(index)}`,
    );
  if (!/int/.test(index.dtype))
    throw new DTypeError(op, `the index must be an integer scalar, got ${index.dtype}; cast it with astype('int32')`);
  const last = branches.length - 1;
  return choose(
    op,
    cast(clip(index, 0, last), 'int32'),
    branches as unknown as readonly AnyFunction[],
    names,
    operands,
  ) as Traced<R>;
};
