// Whole derivatives: Jacobians and Hessians of any tree in any shape, made of vmap over pushed and pulled basis vectors.
import { sizeOf } from '../core/aval.ts';
import { isFloat } from '../core/dtype.ts';
import { checkArgnums, checkDifferentiable, leafTensor, onLeaves, settle } from '../core/functional.ts';
import { currentInterpreter, withInterpreter } from '../core/interpreter.ts';
import { equal } from '../core/ops/arithmetic.ts';
import { cast } from '../core/ops/promote.ts';
import { indexAlong } from '../core/ops/creation.ts';
import { broadcastInto, fill, moveAxis, reshapeTo } from '../core/ops/structure.ts';
import type { Tensor } from '../core/tensor.ts';
import { flatten, unflatten, type Structure } from '../core/tree.ts';
import { jvp, valueAndGradAs } from '../grad/api.ts';
import { JvpInterpreter } from '../grad/jvp.ts';
import { linearizeAt } from '../grad/linearize.ts';
import { BatchInterpreter } from './batch.ts';

export interface JacobianOptions {
  /** Which argument to differentiate by. Default 0. */
  readonly argnums?: number;
}
type AnyFunction = (...args: never[]) => unknown;

/** The identity matrix's rows as vectors of one leaf's shape: [size, ...shape]. */
const basis = (x: Tensor): Tensor => {
  const n = x.size;
  return reshapeTo(cast(equal(indexAlong([n, n], 0), indexAlong([n, n], 1)), x.dtype), [n, ...x.shape]);
};

/** Runs `f` over the leading axis of its one argument; outputs come with that axis first. */
const mapLeading = (f: (x: Tensor) => readonly Tensor[], xs: Tensor): Tensor[] => {
  const size = xs.shape[0]!;
  const interpreter = new BatchInterpreter(currentInterpreter(), size);
  return withInterpreter(interpreter, () => f(interpreter.lift(xs, 0)))
    .map((y) => interpreter.lower(y))
    .map(({ value, axis }) =>
      axis === null ? broadcastInto(value, [size, ...value.shape], [0]) : moveAxis(value, axis, 0),
    );
};

const zerosLike = (x: Tensor): Tensor => fill(x.shape, 0, x.dtype);

/** Splits arguments at `argnums` into the flattened chosen one and a function of its leaves. */
const chosen = (
  transform: string,
  f: AnyFunction,
  args: readonly unknown[],
  options: JacobianOptions,
): { readonly xs: Tensor[]; readonly structure: Structure; readonly g: ReturnType<typeof onLeaves> } => {
  const [n] = checkArgnums(transform, options.argnums ?? 0, args.length);
  const { leaves, structure } = flatten(args[n!], transform);
  checkDifferentiable(transform, leaves, structure);
  const wrapped = (x: unknown): unknown => {
    const all = [...args];
    all[n!] = x;
    return (f as (...a: unknown[]) => unknown)(...all);
  };
  const g = onLeaves(transform, wrapped as AnyFunction, { kind: 'array', children: [structure] });
  return { xs: leaves.map(leafTensor), structure, g };
};

// Both modes, by the name that errors tell.
const forwardAs =
  <A extends readonly unknown[]>(
    op: string,
    f: (...args: A) => unknown,
    options: JacobianOptions,
  ): ((...args: A) => unknown) =>
  (...args) => {
    const { xs, structure, g } = chosen(op, f as unknown as AnyFunction, args, options);
    // columns[i][k]: derivative of output k by input i, input axes in front.
    const columns = xs.map((x, i) =>
      mapLeading((dx) => {
        const forward = new JvpInterpreter(op, currentInterpreter());
        const duals = xs.map((y, j) => forward.lift(y, j === i ? dx : null));
        return withInterpreter(forward, () => g.run(...duals))
          .map((y) => forward.lower(y))
          .map(({ primal, tangent }) => tangent ?? zerosLike(primal));
      }, basis(x)),
    );
    const outs = columns[0] ?? [];
    return unflatten(
      g.out(),
      outs.map((_, k) =>
        unflatten(
          structure,
          xs.map((x, i) => {
            const column = columns[i]![k]!;
            const out = column.shape.slice(1);
            return settle(reshapeTo(moveAxis(reshapeTo(column, [x.size, sizeOf(out)]), 0, 1), [...out, ...x.shape]));
          }),
        ),
      ),
    );
  };

const reverseAs =
  <A extends readonly unknown[]>(
    op: string,
    f: (...args: A) => unknown,
    options: JacobianOptions,
  ): ((...args: A) => unknown) =>
  (...args) => {
    const { xs, structure, g } = chosen(op, f as unknown as AnyFunction, args, options);
    const at = linearizeAt(op, g.run, xs);
    return unflatten(
      g.out(),
      at.outs.map((y, k) => {
        if (!isFloat(y.dtype))
          return unflatten(
            structure,
            xs.map((x) => fill([...y.shape, ...x.shape], 0, 'float32')),
          );
        const rows = mapLeading(
          (ct) => at.backward(at.outs.map((_, j) => (j === k ? ct : null))).map((t, i) => t ?? zerosLike(xs[i]!)),
          basis(y),
        );
        return unflatten(
          structure,
          rows.map((r, i) => settle(reshapeTo(r, [...y.shape, ...xs[i]!.shape]))),
        );
      }),
    );
  };

/**
 * The Jacobian of f by forward mode, one column at a time at once (`jax.jacfwd`): for each leaf of the result a tree like the
 * argument, of shape [...result, ...argument].
 * @example
 * jacfwd((x) => mul(x, x))(tensor([1, 2])); // [[2, 0], [0, 4]]
 */
export const jacfwd = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: JacobianOptions = {},
): ((...args: A) => unknown) => forwardAs('jacfwd', f, options);

/**
 * The Jacobian of f by reverse mode, all rows at once (`jax.jacrev`): same result as jacfwd, cheaper for few outputs.
 * @example
 * jacrev((x) => mul(x, x))(tensor([1, 2])); // [[2, 0], [0, 4]]
 */
export const jacrev = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: JacobianOptions = {},
): ((...args: A) => unknown) => reverseAs('jacrev', f, options);

/** jacrev: the Jacobian, by the mode that suits most functions. */
export const jacobian = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: JacobianOptions = {},
): ((...args: A) => unknown) => reverseAs('jacobian', f, options);

/**
 * The Hessian of a scalar function (`jax.hessian`): for each pair of leaves a tensor of shape [...leaf, ...leaf].
 * @example
 * hessian((x) => sum(mul(x, mul(x, x))))(tensor([1, 2])); // [[6, 0], [0, 12]]
 */
export const hessian = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: JacobianOptions = {},
): ((...args: A) => unknown) => forwardAs('hessian', reverseAs('hessian', f, options), options);

/**
 * The product of a scalar function's Hessian with a vector, without the Hessian: the derivative of the gradient along it.
 * @example
 * hvp((x) => sum(mul(x, mul(x, x))))(tensor([1, 2]), tensor([1, 1])); // [6, 12]
 */
export const hvp =
  <P, A extends readonly unknown[]>(f: (params: P, ...rest: A) => unknown): ((params: P, vector: P, ...rest: A) => P) =>
  (params, vector, ...rest) => {
    const gradient = (p: P): unknown => valueAndGradAs('hvp', f as (p: P, ...r: A) => unknown)(p, ...rest)[1];
    return jvp(gradient, [params], [vector as never])[1] as P;
  };
