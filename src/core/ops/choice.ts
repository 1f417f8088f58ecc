// Choice: elements taken from one tensor or another.
import { broadcastShapes } from '../aval.ts';
import { ArgumentError } from '../errors.ts';
import { bind1 } from '../interpreter.ts';
import type { Tensor } from '../tensor.ts';
import type { Choice, Clipped, Fits, FitsBoth } from '../types/elementwise.ts';
import { greater, less, notEqual, selectPrimitive } from './arithmetic.ts';
import { asTensor, promote, type TensorLike } from './promote.ts';
import { broadcastTo, fillLike } from './structure.ts';

/** Any operand as a truth value: not zero. */
export const truth = (op: string, name: string, x: TensorLike): Tensor => {
  const t = asTensor(op, name, x);
  return t.dtype === 'bool' ? t : notEqual(t, 0);
};

/**
 * x where the condition holds, else y; all three broadcast (`jax.numpy.where`). The gradient of the side not taken is 0, also
 * where that side is infinite; where its own derivative is not finite, make the argument safe with a second `where` before it.
 * @example
 * where(tensor([true, false]), 1, tensor([5, 6])); // [1, 6]
 */
export const where: <C extends TensorLike, X extends TensorLike, Y extends TensorLike>(
  condition: C,
  x: Fits<'where', C, X>,
  y: FitsBoth<'where', C, X, Y>,
) => Choice<C, X, Y> = (condition: TensorLike, x: TensorLike, y: TensorLike): Tensor => {
  const c = truth('where', 'condition', condition);
  const [a, b] = promote('where', ['x', 'y'], [x, y]) as [Tensor, Tensor];
  const shape = broadcastShapes('where', c.shape, a.shape);
  return bind1(selectPrimitive, [broadcastTo(c, shape), broadcastTo(a, shape), broadcastTo(b, shape)], {});
};

/** Keeps x where the mask holds, else zero, for rules: x and mask have one shape. */
export const maskWith = (mask: Tensor, x: Tensor): Tensor => bind1(selectPrimitive, [mask, x, fillLike(x, 0)], {});

/**
 * For each element the choice that belongs to the first condition that holds, else `otherwise` (`numpy.select`). With a tensor
 * as condition it is `where` (`jax.lax.select`).
 * @example
 * select([tensor([true, false, false]), tensor([true, true, false])], [1, 2], 9); // [1, 2, 9]
 */
export const select = (
  conditions: TensorLike | readonly TensorLike[],
  choices: TensorLike | readonly TensorLike[],
  otherwise: TensorLike = 0,
): Tensor => {
  if (!Array.isArray(conditions)) return where(conditions as TensorLike, choices as TensorLike, otherwise);
  const cs = conditions as readonly TensorLike[];
  const xs = choices as readonly TensorLike[];
  if (!Array.isArray(choices) || cs.length !== xs.length || cs.length === 0)
    throw new ArgumentError(
      'select',
      `needs as many choices as conditions and at least one, got ${cs.length} conditions and ${Array.isArray(choices) ? xs.length : 'no array of'} choices`,
    );
  return xs.reduceRight<TensorLike>((rest, x, i) => where(cs[i]!, x, rest), otherwise) as Tensor;
};

/**
 * x limited to [min, max]; either bound may be left out (null) (`jax.numpy.clip`). NaN stays NaN; the gradient is 1 at the
 * bounds themselves; where min > max the result is max.
 * @example
 * clip(tensor([-2, 0, 3]), -1, 1); // [-1, 0, 1]
 */
export const clip: <
  X extends TensorLike,
  A extends TensorLike | null | undefined = undefined,
  B extends TensorLike | null | undefined = undefined,
>(
  x: X,
  min?: A,
  max?: B,
) => Clipped<X, A, B> = (x: TensorLike, min?: TensorLike | null, max?: TensorLike | null): Tensor => {
  let out: TensorLike = asTensor('clip', 'x', x);
  if (min !== undefined && min !== null) out = where(less(out, min), min, out);
  if (max !== undefined && max !== null) out = where(greater(out, max), max, out);
  return out;
};

/**
 * A function given piece by piece: where conditions[i] holds, functions[i](x) (a function or a value), the last that holds
 * winning; one more function is the default, which else is 0 (`numpy.piecewise`).
 * @example
 * piecewise(tensor([-1, 2]), [less(tensor([-1, 2]), 0)], [(x) => neg(x), (x) => mul(x, 10)]); // [1, 20]
 */
export const piecewise = (
  x: TensorLike,
  conditions: readonly TensorLike[],
  functions: readonly (TensorLike | ((x: Tensor) => Tensor))[],
): Tensor => {
  const t = asTensor('piecewise', 'x', x);
  const n = conditions.length;
  if (functions.length !== n && functions.length !== n + 1)
    throw new ArgumentError('piecewise', `${n} conditions need ${n} or ${n + 1} functions, got ${functions.length}`);
  const value = (f: TensorLike | ((x: Tensor) => Tensor)): TensorLike => (typeof f === 'function' ? f(t) : f);
  const start: TensorLike = functions.length > n ? value(functions[n]!) : fillLike(t, 0);
  return conditions.reduce<TensorLike>((rest, c, i) => where(c, value(functions[i]!), rest), start) as Tensor;
};
