// Shape: the same elements seen under other shapes and axis orders, as users write it.
import { broadcastShapes, checkAxis, showShape, type Shape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Expanded, Flat, Rearranged, Reshaped, Squeezed, Squeezes, Swapped, Transposed } from '../types/move.ts';
import { asTensor, type TensorLike } from './promote.ts';
import { broadcastTo, checkPermutation, moveAxis, permuteAxes, reshapeTo } from './structure.ts';

export { broadcastTo } from './structure.ts';

const integersFrom = (op: string, shape: Shape): void => {
  for (const d of shape)
    if (!Number.isInteger(d) || d < -1)
      throw new ShapeError(
        op,
        `a shape holds integers >= 0 and at most one -1, got ${String(d)} in ${showShape(shape)}`,
      );
};

/**
 * The same elements in row-major order under another shape (`jax.numpy.reshape`); one size may be -1 and follows from the others.
 * @example
 * reshape(tensor([1, 2, 3, 4]), [2, -1]); // [[1, 2], [3, 4]]
 */
export const reshape: <X extends TensorLike, const S extends number | Shape>(x: X, shape: S) => Reshaped<X, S> = (
  x: TensorLike,
  shape: number | Shape,
): Tensor => {
  const t = asTensor('reshape', 'x', x);
  const wanted: Shape = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(wanted))
    throw new ArgumentError('reshape', `the shape must be an integer or an array of integers, got ${String(shape)}`);
  integersFrom('reshape', wanted);
  const open = wanted.indexOf(-1);
  if (open < 0) return reshapeTo(t, wanted);
  if (wanted.indexOf(-1, open + 1) >= 0)
    throw new ShapeError('reshape', `only one size may be -1, got ${showShape(wanted)}`);
  const rest = wanted.reduce((n, d, i) => (i === open ? n : n * d), 1);
  if (rest === 0 || t.size % rest !== 0)
    throw new ShapeError(
      'reshape',
      `cannot view ${showShape(t.shape)} (${t.size} elements) as ${showShape(wanted)}: ${t.size} is not a multiple of ${rest}`,
    );
  return reshapeTo(
    t,
    wanted.map((d, i) => (i === open ? t.size / rest : d)),
  );
};

/**
 * All elements as a vector (`jax.numpy.ravel`).
 * @example
 * ravel(tensor([[1, 2], [3, 4]])); // [1, 2, 3, 4]
 */
export const ravel: <X extends TensorLike>(x: X) => Flat<X> = (x: TensorLike): Tensor => {
  const t = asTensor('ravel', 'x', x);
  return reshapeTo(t, [t.size]);
};

/**
 * Axes in another order: axis i of the result is axis `axes[i]` of x; reversed by default (`jax.numpy.transpose`).
 * @example
 * transpose(tensor([[1, 2], [3, 4]])); // [[1, 3], [2, 4]]
 */
export const transpose: <
  X extends TensorLike,
  const P extends readonly number[] | { readonly axes?: readonly number[] } | undefined = undefined,
>(
  x: X,
  axes?: P,
) => Transposed<X, P> = (x: TensorLike, axes?: readonly number[] | { readonly axes?: readonly number[] }): Tensor => {
  const t = asTensor('transpose', 'x', x);
  const list = Array.isArray(axes)
    ? (axes as readonly number[])
    : (axes as { readonly axes?: readonly number[] } | undefined)?.axes;
  return permuteAxes(
    t,
    list === undefined ? t.shape.map((_, i) => t.rank - 1 - i) : checkPermutation('transpose', list, t.rank),
  );
};

/** The same as transpose, with the order required. */
export const permute: <X extends TensorLike, const P extends readonly number[]>(x: X, axes: P) => Transposed<X, P> = (
  x: TensorLike,
  axes: readonly number[],
): Tensor => transpose(x, axes);

/**
 * Two axes exchanged (`jax.numpy.swapaxes`).
 * @example
 * swapaxes(tensor([[1, 2, 3]]), 0, 1); // [[1], [2], [3]]
 */
export const swapaxes: <X extends TensorLike, const A extends number, const B extends number>(
  x: X,
  axis1: A,
  axis2: B,
) => Swapped<X, A, B> = (x: TensorLike, axis1: number, axis2: number): Tensor => {
  const t = asTensor('swapaxes', 'x', x);
  const a = checkAxis('swapaxes', axis1, t.rank, 'axis1');
  const b = checkAxis('swapaxes', axis2, t.rank, 'axis2');
  return permuteAxes(
    t,
    t.shape.map((_, i) => (i === a ? b : i === b ? a : i)),
  );
};

/**
 * Axes moved to other positions, the rest in order (`jax.numpy.moveaxis`).
 * @example
 * moveaxis(tensor([[[1, 2]]]), 2, 0); // [[[1]], [[2]]]
 */
export const moveaxis: <X extends TensorLike>(
  x: X,
  source: number | readonly number[],
  destination: number | readonly number[],
) => Rearranged<X> = (
  x: TensorLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor => {
  const t = asTensor('moveaxis', 'x', x);
  if (typeof source === 'number' && typeof destination === 'number')
    return moveAxis(
      t,
      checkAxis('moveaxis', source, t.rank, 'source'),
      checkAxis('moveaxis', destination, t.rank, 'destination'),
    );
  const from = [source].flat().map((a) => checkAxis('moveaxis', a, t.rank, 'source'));
  const to = [destination].flat().map((a) => checkAxis('moveaxis', a, t.rank, 'destination'));
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length)
    throw new ArgumentError(
      'moveaxis',
      `source [${from.join(', ')}] and destination [${to.join(', ')}] must name equally many distinct axes`,
    );
  const rest = t.shape.map((_, i) => i).filter((i) => !from.includes(i));
  return permuteAxes(
    t,
    t.shape.map((_, i) => (to.includes(i) ? from[to.indexOf(i)]! : rest.shift()!)),
  );
};

/** Axes of a move: one, several, or in an object. */
export type AxesOption = number | readonly number[] | { readonly axis?: number | readonly number[] };
const axesOf = (o: AxesOption | undefined): readonly number[] | undefined => {
  const v = typeof o === 'object' && 'axis' in o ? o.axis : (o as number | readonly number[] | undefined);
  return typeof v === 'number' ? [v] : v;
};

/**
 * New axes of size 1 at positions of the result (`jax.numpy.expand_dims`).
 * @example
 * expandDims(tensor([1, 2]), 1); // [[1], [2]]
 */
export const expandDims: <X extends TensorLike, const O extends AxesOption>(x: X, axis: O) => Expanded<X, O> = (
  x: TensorLike,
  axis: AxesOption,
): Tensor => {
  const t = asTensor('expandDims', 'x', x);
  const axes = axesOf(axis) ?? [0];
  const rank = t.rank + axes.length;
  const at = axes.map((a) => checkAxis('expandDims', a, rank));
  if (new Set(at).size !== at.length)
    throw new ArgumentError('expandDims', `axes [${axes.join(', ')}] name one position twice`);
  const sizes = [...t.shape];
  return reshapeTo(
    t,
    Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : sizes.shift()!)),
  );
};

/**
 * Without axes of size 1: all of them, or the named ones, which must have size 1 (`jax.numpy.squeeze`).
 * @example
 * squeeze(tensor([[1, 2]])); // [1, 2]
 */
export const squeeze: <X extends TensorLike, const O extends AxesOption | undefined = undefined>(
  x: X,
  axis?: Squeezes<X, O>,
) => Squeezed<X, O> = (x: TensorLike, axis?: AxesOption): Tensor => {
  const t = asTensor('squeeze', 'x', x);
  const axes = axesOf(axis)?.map((a) => checkAxis('squeeze', a, t.rank));
  axes?.forEach((a) => {
    if (t.shape[a] !== 1)
      throw new ShapeError(
        'squeeze',
        `axis ${a} of ${showShape(t.shape)} has size ${t.shape[a]}; only axes of size 1 can be squeezed`,
      );
  });
  return reshapeTo(
    t,
    t.shape.filter((d, i) => (axes === undefined ? d !== 1 : !axes.includes(i))),
  );
};

/**
 * Operands broadcast to their common shape (`jax.numpy.broadcast_arrays`).
 * @example
 * broadcastArrays(tensor([1, 2]), 3); // [[1, 2], [3, 3]]
 */
export const broadcastArrays = (...xs: readonly TensorLike[]): Tensor[] => {
  const list = xs.map((x, i) => asTensor('broadcastArrays', `argument ${i}`, x));
  const shape = broadcastShapes('broadcastArrays', ...list.map((t) => t.shape));
  return list.map((t) => broadcastTo(t, shape));
};
