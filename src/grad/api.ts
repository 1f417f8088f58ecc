// The differentiation transforms that users call: jvp, linearize, vjp, grad, valueAndGrad and stopGradient.
import { aval, showShape } from '../core/aval.ts';
import { isFloat } from '../core/dtype.ts';
import { DTypeError, ShapeError, TreeError } from '../core/errors.ts';
import { arg } from '../core/expr.ts';
import {
  checkArgnums,
  checkDifferentiable,
  flattenResult,
  leafTensor,
  onLeaves,
  settle,
  type Cotangent,
} from '../core/functional.ts';
import { bind1, currentInterpreter, eagerly, withInterpreter } from '../core/interpreter.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { cast } from '../core/ops/promote.ts';
import { fill } from '../core/ops/structure.ts';
import type { Primitive } from '../core/primitive.ts';
import type { Tensor } from '../core/tensor.ts';
import { checkSameStructure, flatten, leafPaths, unflatten, type Leaf, type Structure } from '../core/tree.ts';
import { JvpInterpreter } from './jvp.ts';
import { linearizeAt, type Linearized } from './linearize.ts';

type AnyFunction = (...args: never[]) => unknown;

const zerosOf = (x: Tensor): Tensor => fill(x.shape, 0, x.dtype);

/** Tangents for leaves: same structure, shapes and dtypes (numbers are cast); integers take none. */
const tangentsFor = (
  transform: string,
  name: string,
  primals: readonly Leaf[],
  structure: Structure,
  given: unknown,
): (Tensor | null)[] => {
  const flat = flatten(given, transform);
  checkSameStructure(transform, structure, flat.structure, ['the primals', name]);
  return primals.map((p, i) => {
    const x = leafTensor(p);
    if (!isFloat(x.dtype)) return null;
    const t = leafTensor(flat.leaves[i]!);
    if (showShape(t.shape) !== showShape(x.shape))
      throw new ShapeError(
        transform,
        `${name} at ${leafPaths(structure)[i] || 'the root'} has shape ${showShape(t.shape)}, the primal has ${showShape(x.shape)}; they must be equal`,
      );
    if (!t.weak && !x.weak && t.dtype !== x.dtype)
      throw new DTypeError(
        transform,
        `${name} at ${leafPaths(structure)[i] || 'the root'} is ${t.dtype}, the primal is ${x.dtype}; cast it with astype`,
      );
    return t.dtype === x.dtype ? t : cast(t, x.dtype);
  });
};

/**
 * Forward-mode derivative (`jax.jvp`): f(...primals) and its directional derivative along the tangents, which have the
 * structure, shapes and dtypes of the primals.
 * @example
 * jvp((x) => mul(x, x), [tensor(3)], [tensor(1)]); // [9, 6]
 */
export const jvp = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: readonly [...A],
  tangents: readonly [...{ [K in keyof A]: Cotangent<A[K]> }],
): [R, Cotangent<R>] => {
  const flat = flatten(primals, 'jvp');
  const given = tangentsFor('jvp', 'the tangents', flat.leaves, flat.structure, tangents);
  const interpreter = new JvpInterpreter('jvp', currentInterpreter());
  const g = onLeaves('jvp', f as unknown as AnyFunction, flat.structure);
  const duals = flat.leaves.map((x, i) => interpreter.lift(leafTensor(x), given[i]!));
  const outs = withInterpreter(interpreter, () => g.run(...duals)).map((y) => interpreter.lower(y));
  return [
    unflatten<R>(
      g.out(),
      outs.map((o) => settle(o.primal)),
    ),
    unflatten<Cotangent<R>>(
      g.out(),
      outs.map((o) => settle(o.tangent ?? zerosOf(o.primal))),
    ),
  ];
};

/** What linearize and vjp share: f linearized at its arguments, the structures on both sides. */
const linearizeTrees = (
  transform: string,
  f: AnyFunction,
  primals: readonly unknown[],
): { readonly at: Linearized; readonly out: Structure; readonly flat: ReturnType<typeof flatten> } => {
  const flat = flatten(primals, transform);
  const g = onLeaves(transform, f, flat.structure);
  const xs = flat.leaves.map(leafTensor);
  return {
    at: linearizeAt(
      transform,
      g.run,
      xs,
      xs.map((x) => !isFloat(x.dtype)),
    ),
    out: g.out(),
    flat,
  };
};

/**
 * f at a point, and its derivative there as a linear function that can be applied many times (`jax.linearize`).
 * @example
 * linearize((x) => mul(x, x), tensor(3))[1](tensor(2)); // 12
 */
export const linearize = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): [R, (...tangents: { [K in keyof A]: Cotangent<A[K]> }) => Cotangent<R>] => {
  const { at, out, flat } = linearizeTrees('linearize', f as unknown as AnyFunction, primals);
  return [
    unflatten<R>(out, at.outs.map(settle)),
    (...tangents) => {
      const given = tangentsFor('linearize', 'the tangents', flat.leaves, flat.structure, tangents);
      return unflatten<Cotangent<R>>(
        out,
        at.forward(given).map((t, i) => settle(t ?? zerosOf(at.outs[i]!))),
      );
    },
  ];
};

/**
 * f at a point, and the function that pulls a cotangent of its result back to cotangents of its arguments (`jax.vjp`),
 * as a tuple with one entry an argument. Integer arguments get zeros of float32.
 * @example
 * vjp((x, y) => mul(x, y), tensor(3), tensor(4))[1](tensor(1)); // [4, 3]
 */
export const vjp = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): [R, (ct: Cotangent<R>) => { [K in keyof A]: Cotangent<A[K]> }] => {
  const { at, out, flat } = linearizeTrees('vjp', f as unknown as AnyFunction, primals);
  return [
    unflatten<R>(out, at.outs.map(settle)),
    (ct) => {
      const cts = tangentsFor('vjp', 'the cotangent', at.outs, out, ct);
      return unflatten(flat.structure, gradients(at.backward(cts), flat.leaves));
    },
  ];
};

const gradients = (cts: readonly (Tensor | null)[], leaves: readonly Leaf[]): Tensor[] =>
  leaves.map((leaf, i) => {
    const x = leafTensor(leaf);
    const ct = cts[i] ?? fill(x.shape, 0, isFloat(x.dtype) ? x.dtype : 'float32');
    return x.weak ? cast(ct, 'float32') : ct;
  });

export interface GradOptions {
  /** Which arguments to differentiate by: a position (the gradient is a tree like that argument) or several (a tuple). Default 0. */
  readonly argnums?: number | readonly number[];
  /** The function returns [scalar, anything]; the second part is handed through. */
  readonly hasAux?: boolean;
}
type At<A extends readonly unknown[], N> = N extends keyof A ? A[N] : N extends number ? A[N] : never;
/** The gradient's type: like the differentiated argument, or a tuple of such. */
export type GradientOf<A extends readonly unknown[], O> = O extends { readonly argnums: infer N }
  ? N extends readonly number[]
    ? { [K in keyof N]: Cotangent<At<A, N[K]>> }
    : Cotangent<At<A, N>>
  : Cotangent<A[0]>;

/** valueAndGrad by the name that errors tell. */
export const valueAndGradAs =
  <A extends readonly unknown[], R, const O extends GradOptions = Record<never, never>>(
    name: string,
    f: (...args: A) => R,
    options?: O,
  ): ((...args: A) => [R, GradientOf<A, O>]) =>
  (...args) => {
    checkFunction(name, f);
    checkOptions(name, options, ['argnums', 'hasAux']);
    const argnums = checkArgnums(name, options?.argnums ?? 0, args.length);
    const flat = flatten(
      argnums.map((n) => args[n]),
      name,
    );
    checkDifferentiable(name, flat.leaves, flat.structure);
    let aux: { readonly leaves: readonly Tensor[]; readonly structure: Structure } | undefined;
    const scalar = (...leaves: Tensor[]): readonly Tensor[] => {
      const chosen = unflatten<unknown[]>(flat.structure, leaves);
      const all = [...args] as unknown[];
      argnums.forEach((n, i) => (all[n] = chosen[i]));
      let result: unknown = f(...(all as unknown as A));
      if (options?.hasAux === true) {
        if (!Array.isArray(result) || result.length !== 2)
          throw new TreeError(name, 'with hasAux the function must return the pair [scalar, aux]');
        aux = flattenResult(name, f, (result as unknown[])[1]);
        result = (result as unknown[])[0];
      }
      const { leaves: outs, structure } = flattenResult(name, f, result);
      const y = outs[0];
      if (structure.kind !== 'leaf' || y === undefined)
        throw new TreeError(
          name,
          'the function must return one scalar tensor; for other results use vjp or jacrev, for extra results { hasAux: true }',
        );
      if (y.size !== 1 || y.rank !== 0)
        throw new ShapeError(
          name,
          `the function must return a scalar, got shape ${showShape(y.shape)}; reduce it (sum, mean), or use jacrev for a Jacobian`,
        );
      if (!isFloat(y.dtype)) throw new DTypeError(name, `the function must return a float scalar, got ${y.dtype}`);
      return [y, ...(aux?.leaves ?? [])];
    };
    const at = linearizeAt(name, scalar, flat.leaves.map(leafTensor));
    const y = at.outs[0]!;
    const cts = at.backward([fill([], 1, y.dtype), ...at.outs.slice(1).map(() => null)]);
    const gradient = unflatten<unknown[]>(flat.structure, gradients(cts, flat.leaves));
    const value = settle(y);
    return [
      (aux === undefined ? value : [value, unflatten(aux.structure, at.outs.slice(1).map(settle))]) as R,
      (typeof (options?.argnums ?? 0) === 'number' ? gradient[0] : gradient) as GradientOf<A, O>,
    ];
  };

/**
 * The function that returns f's value (a scalar) and its gradient (`jax.value_and_grad`). The gradient has the structure,
 * shapes and dtypes of the differentiated argument. With `hasAux` the value is the pair [value, aux].
 * @example
 * valueAndGrad((x) => sum(mul(x, x)))(tensor([1, 2])); // [5, [2, 4]]
 */
export const valueAndGrad = <A extends readonly unknown[], R, const O extends GradOptions = Record<never, never>>(
  f: (...args: A) => R,
  options?: O,
): ((...args: A) => [R, GradientOf<A, O>]) => valueAndGradAs('valueAndGrad', f, options);

type AuxOf<R> = R extends readonly [unknown, infer X] ? X : never;

/**
 * The gradient of a scalar function (`jax.grad`), as a tree like the differentiated argument; with `hasAux` the pair
 * [gradient, aux].
 * @example
 * grad((x) => sum(mul(x, x)))(tensor([1, 2])); // [2, 4]
 */
export const grad = <A extends readonly unknown[], R, const O extends GradOptions = Record<never, never>>(
  f: (...args: A) => R,
  options?: O,
): ((...args: A) => O extends { readonly hasAux: true } ? [GradientOf<A, O>, AuxOf<R>] : GradientOf<A, O>) => {
  const both = valueAndGradAs('grad', f, options);
  return (...args) => {
    const [value, gradient] = both(...args);
    return (options?.hasAux === true ? [gradient, (value as unknown as [unknown, unknown])[1]] : gradient) as never;
  };
};

export const stopGradientPrimitive: Primitive = {
  name: 'stopGradient',
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp: ([x]) => ({ outs: [bind1(stopGradientPrimitive, [x!], {})], tangents: [null] }),
  transpose: null,
  batch: ([x], axes) => ({ outs: [bind1(stopGradientPrimitive, [x!], {})], axes }),
  lower: ([x]) => ({ tag: 'map', outs: [arg(0, x!.dtype)] }),
};

/**
 * The same values, whose derivative is zero (`jax.lax.stop_gradient`); takes any tree.
 * @example
 * grad((x) => mul(x, stopGradient(x)))(tensor(3)); // 3
 */
export const stopGradient = <T>(tree: T): T => {
  const { leaves, structure } = flatten(tree, 'stopGradient');
  return unflatten<T>(
    structure,
    leaves.map((x) =>
      typeof x === 'number' || currentInterpreter() === eagerly || !isFloat(x.dtype)
        ? x
        : bind1(stopGradientPrimitive, [x], {}),
    ),
  );
};
