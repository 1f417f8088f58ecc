// What every transform does with a function of trees: flattens its arguments, runs it on leaves, and checks what comes back.
import { isFloat } from './dtype.ts';
import { ArgumentError, DTypeError, TreeError } from './errors.ts';
import { hostTensor } from './host.ts';
import { refusePromise } from './interpreter.ts';
import { cast } from './ops/promote.ts';
import { Tensor } from './tensor.ts';
import { flatten, leafPaths, unflatten, type Leaf, type Structure } from './tree.ts';

/** Trees with every number replaced by a scalar tensor: what derivatives of a tree look like. */
export type Cotangent<T> = T extends Tensor
  ? T
  : T extends number
    ? Tensor<readonly [], 'float32'>
    : T extends (...args: never[]) => unknown
      ? T
      : T extends object
        ? { [K in keyof T]: Cotangent<T[K]> }
        : T;

/** A number among the arguments of a transformed function: a weakly typed scalar. */
export const leafTensor = (x: Leaf): Tensor =>
  x instanceof Tensor ? x : hostTensor(Float64Array.of(x), [], 'float64', true);

/** Weak values become float32 where they leave a transform. */
export const settle = (x: Tensor): Tensor => (x.weak ? cast(x, 'float32') : x);

/** Flattens a function's result into tensors; anything else in it is an error. */
export const flattenResult = (
  transform: string,
  f: { readonly name: string },
  result: unknown,
): { readonly leaves: Tensor[]; readonly structure: Structure } => {
  refusePromise(transform, f, result);
  if (result === undefined)
    throw new TreeError(
      transform,
      `the function ${f.name === '' ? '' : `'${f.name}' `}returned undefined; return a tensor or a tree of tensors`,
    );
  const { leaves, structure } = flatten(result, transform);
  return { leaves: leaves.map(leafTensor), structure };
};

/** Turns a function of trees into one of tensors; the structure of its result is known after the first call. */
export const onLeaves = (
  transform: string,
  f: (...args: never[]) => unknown,
  structure: Structure,
): { readonly run: (...leaves: Tensor[]) => readonly Tensor[]; readonly out: () => Structure } => {
  let out: Structure | undefined;
  return {
    run: (...leaves) => {
      const result = flattenResult(transform, f, f(...unflatten<never[]>(structure, leaves)));
      out = result.structure;
      return result.leaves;
    },
    out: () => out!,
  };
};

/** Leaves to differentiate by must be floating; integers are named by path. */
export const checkDifferentiable = (transform: string, leaves: readonly Leaf[], structure: Structure): void => {
  leaves.forEach((x, i) => {
    if (x instanceof Tensor && !isFloat(x.dtype))
      throw new DTypeError(
        transform,
        `cannot differentiate with respect to ${leafPaths(structure)[i] || 'the argument'}, which is ${x.dtype}; only float32 and float64 have derivatives (choose other argnums, or astype to a float)`,
      );
  });
};

/** Argument positions given by the user. */
export const checkArgnums = (transform: string, argnums: number | readonly number[], count: number): number[] =>
  (typeof argnums === 'number' ? [argnums] : [...argnums]).map((n) => {
    if (!Number.isInteger(n) || n < -count || n >= count)
      throw new ArgumentError(
        transform,
        `argnums ${String(n)} does not name one of the ${count} argument${count === 1 ? '' : 's'} of the call`,
      );
    return n < 0 ? n + count : n;
  });
