// Joining and splitting: concatenate and what is made of it.
import { aval, checkAxis, sameShape, showShape, type Shape } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { shift, provable } from '../index-expr.ts';
import { bind1 } from '../interpreter.ts';
import { checkOptions } from '../options.ts';
import { isLinear, type Primitive } from '../primitive.ts';
import { Tensor } from '../tensor.ts';
import type { Concatenated, Slice, Stack } from '../types/move.ts';
import { checkOperand, resultType, type TensorLike, asTensor } from './promote.ts';
import { sliceAlong } from './slice.ts';
import { alignBatch, fillLike, reshapeTo } from './structure.ts';

/** Where each of several runs begins, and the end. */
const offsets = (sizes: readonly number[]): number[] => sizes.reduce((o, n) => [...o, o[o.length - 1]! + n], [0]);

/** Inputs one after the other along an axis; they agree in dtype and in the other axes. */
export const concatenatePrimitive: Primitive<{ readonly axis: number }> = {
  name: 'concatenate',
  shape: (xs, { axis }) => [
    aval(
      xs[0]!.shape.map((d, i) => (i === axis ? xs.reduce((n, x) => n + x.shape[axis]!, 0) : d)),
      xs[0]!.dtype,
      xs.every((x) => x.weak),
    ),
  ],
  jvp: (xs, dxs, params) => ({
    outs: [bind1(concatenatePrimitive, xs, params)],
    tangents: [
      isFloat(xs[0]!.dtype)
        ? bind1(
            concatenatePrimitive,
            xs.map((x, i) => dxs[i] ?? fillLike(x, 0)),
            params,
          )
        : null,
    ],
  }),
  transpose([ct], inputs, { axis }) {
    if (ct === null) return inputs.map(() => null);
    const sizes = inputs.map((x) => (isLinear(x) ? x.aval : x).shape[axis]!);
    const starts = offsets(sizes);
    return inputs.map((x, i) => (isLinear(x) ? sliceAlong(ct!, axis, starts[i]!, sizes[i]!) : null));
  },
  batch: (inputs, axes, { axis }, size) => ({
    outs: [bind1(concatenatePrimitive, alignBatch(inputs, axes, size), { axis: axis + 1 })],
    axes: [0],
  }),
  lower(xs, { axis }) {
    const starts = offsets(xs.map((x) => x.shape[axis]!));
    return {
      tag: 'move',
      at: (out) =>
        xs.flatMap((x, input) => {
          const n = x.shape[axis]!;
          const guard = { index: out[axis]!, lo: starts[input]!, hi: starts[input]! + n };
          const index = out.map((o, i) => (i === axis ? shift(o, -starts[input]!) : o));
          return n === 0 ? [] : [{ input, index, guards: provable(guard) ? [] : [guard] }];
        }),
    };
  },
};

/** Joins tensors of one dtype along an axis, without checks: for rules. */
export const concatenateAlong = (xs: readonly Tensor[], axis: number): Tensor =>
  xs.length === 1 ? xs[0]! : bind1(concatenatePrimitive, xs, { axis });

const common = (op: string, xs: readonly TensorLike[]): Tensor[] => {
  if (!Array.isArray(xs) || xs.length === 0) throw new ArgumentError(op, 'needs an array with at least one tensor');
  xs.forEach((x, i) => checkOperand(op, `element ${i}`, x));
  const dtype = resultType(...xs);
  const weak = xs.every((x) => x instanceof Tensor && x.weak && x.dtype === dtype);
  return xs.map((x, i) => (weak ? (x as Tensor) : asTensor(op, `element ${i}`, x, dtype)));
};

type AxisOption = number | { readonly axis?: number };
const axisOf = (op: string, o: AxisOption | undefined): number => {
  if (typeof o === 'number') return o;
  checkOptions(op, o, ['axis']);
  return o?.axis ?? 0;
};

/**
 * Tensors joined along an existing axis (`jax.numpy.concatenate`), 0 by default; the other axes agree.
 * @example
 * concatenate([tensor([1, 2]), tensor([3])]); // [1, 2, 3]
 */
export const concatenate: <const Xs extends readonly TensorLike[]>(xs: Xs, options?: AxisOption) => Concatenated<Xs> = (
  xs: readonly TensorLike[],
  options?: AxisOption,
): Tensor => {
  const list = common('concatenate', xs);
  const rank = list[0]!.rank;
  if (rank === 0) throw new ShapeError('concatenate', 'scalars have no axis to join along; use stack');
  const axis = checkAxis('concatenate', axisOf('concatenate', options), rank);
  list.forEach((x, i) => {
    if (x.rank !== rank || x.shape.some((d, a) => a !== axis && d !== list[0]!.shape[a]))
      throw new ShapeError(
        'concatenate',
        `element ${i} has shape ${showShape(x.shape)}, element 0 ${showShape(list[0]!.shape)}; they must agree on all axes but axis ${axis}`,
      );
  });
  return concatenateAlong(list, axis);
};

/**
 * Tensors of one shape joined along a new axis (`jax.numpy.stack`), 0 by default.
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])], 1); // [[1, 3], [2, 4]]
 */
export const stack: <const Xs extends readonly TensorLike[], const O extends AxisOption | undefined = undefined>(
  xs: Xs,
  options?: O,
) => Stack<Xs, O> = (xs: readonly TensorLike[], options?: AxisOption): Tensor => {
  const list = common('stack', xs);
  const { shape } = list[0]!;
  const axis = checkAxis('stack', axisOf('stack', options), shape.length + 1);
  list.forEach((x, i) => {
    if (!sameShape(x.shape, shape))
      throw new ShapeError(
        'stack',
        `element ${i} has shape ${showShape(x.shape)}, element 0 ${showShape(shape)}; all must be equal`,
      );
  });
  const one: Shape = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
  return concatenateAlong(
    list.map((x) => reshapeTo(x, one)),
    axis,
  );
};

/**
 * The slices of a tensor along an axis, each without it (`jax.numpy.unstack`).
 * @example
 * unstack(tensor([[1, 2], [3, 4]])); // [[1, 2], [3, 4]]
 */
export const unstack: <X extends Tensor, const O extends AxisOption | undefined = undefined>(
  x: X,
  options?: O,
) => Slice<X, O>[] = (x: Tensor, options?: AxisOption): Tensor[] => {
  const axis = checkAxis('unstack', axisOf('unstack', options), x.rank);
  const rest = x.shape.filter((_, i) => i !== axis);
  return Array.from({ length: x.shape[axis]! }, (_, i) => reshapeTo(sliceAlong(x, axis, i, 1), rest));
};

const pieces = (x: Tensor, axis: number, sizes: readonly number[]): Tensor[] => {
  const starts = offsets(sizes);
  return sizes.map((n, i) => sliceAlong(x, axis, starts[i]!, n));
};

/**
 * A tensor cut along an axis: into n equal parts, or before each of the listed positions (`jax.numpy.split`), or, with
 * `{ sizes }`, into parts of these sizes.
 * @example
 * split(tensor([1, 2, 3, 4]), 2); // [[1, 2], [3, 4]]
 */
export const split = (
  x: Tensor,
  parts: number | readonly number[] | { readonly sizes: readonly number[] },
  options?: AxisOption,
): Tensor[] => {
  const axis = checkAxis('split', axisOf('split', options), x.rank);
  const n = x.shape[axis]!;
  if (typeof parts === 'number') {
    if (!Number.isInteger(parts) || parts < 1)
      throw new ArgumentError('split', `the number of parts must be a positive integer, got ${String(parts)}`);
    if (n % parts !== 0)
      throw new ShapeError(
        'split',
        `axis ${axis} of ${showShape(x.shape)} does not divide into ${parts} equal parts; use arraySplit, or { sizes }`,
      );
    return pieces(x, axis, new Array<number>(parts).fill(n / parts));
  }
  if (!Array.isArray(parts)) checkOptions('split', parts, ['sizes']);
  if ('sizes' in parts) {
    const total = parts.sizes.reduce((a, b) => a + b, 0);
    if (total !== n || parts.sizes.some((s) => !Number.isInteger(s) || s < 0))
      throw new ShapeError(
        'split',
        `sizes [${parts.sizes.join(', ')}] must be integers >= 0 that add up to ${n}, the size of axis ${axis} of ${showShape(x.shape)}`,
      );
    return pieces(x, axis, parts.sizes);
  }
  const cuts = [0, ...parts.map((p) => Math.min(Math.max(p < 0 ? p + n : p, 0), n)), n];
  return cuts.slice(1).map((stop, i) => sliceAlong(x, axis, Math.min(cuts[i]!, stop), Math.max(0, stop - cuts[i]!)));
};

/**
 * Cut into n parts whose sizes differ by one at most (`jax.numpy.array_split`).
 * @example
 * arraySplit(tensor([1, 2, 3]), 2); // [[1, 2], [3]]
 */
export const arraySplit = (x: Tensor, parts: number, options?: AxisOption): Tensor[] => {
  const axis = checkAxis('arraySplit', axisOf('arraySplit', options), x.rank);
  if (!Number.isInteger(parts) || parts < 1)
    throw new ArgumentError('arraySplit', `the number of parts must be a positive integer, got ${String(parts)}`);
  const n = x.shape[axis]!;
  return pieces(
    x,
    axis,
    Array.from({ length: parts }, (_, i) => Math.floor(n / parts) + (i < n % parts ? 1 : 0)),
  );
};

const atLeast = (x: Tensor, rank: 1 | 2 | 3): Tensor => {
  if (x.rank >= rank) return x;
  if (rank === 1) return reshapeTo(x, [1]);
  const row = x.rank === 0 ? [1, 1] : [1, x.shape[0]!];
  return reshapeTo(x, rank === 2 ? row : x.rank === 2 ? [...x.shape, 1] : [...row, 1]);
};
export const atleast1d = (x: TensorLike): Tensor => atLeast(asTensor('atleast1d', 'x', x), 1);
/** A vector becomes a row (`jax.numpy.atleast_2d`). */
export const atleast2d = (x: TensorLike): Tensor => atLeast(asTensor('atleast2d', 'x', x), 2);
/** A vector becomes [1, n, 1], a matrix [m, n, 1] (`jax.numpy.atleast_3d`). */
export const atleast3d = (x: TensorLike): Tensor => atLeast(asTensor('atleast3d', 'x', x), 3);

/**
 * Joined along axis 1, vectors along their only axis (`jax.numpy.hstack`).
 * @example
 * hstack([tensor([1]), tensor([2, 3])]); // [1, 2, 3]
 */
export const hstack = (xs: readonly TensorLike[]): Tensor => {
  const list = common('hstack', xs).map((x) => atLeast(x, 1));
  return concatenate(list, list[0]!.rank === 1 ? 0 : 1);
};
/**
 * Joined along axis 0, vectors as rows (`jax.numpy.vstack`).
 * @example
 * vstack([tensor([1, 2]), tensor([3, 4])]); // [[1, 2], [3, 4]]
 */
export const vstack = (xs: readonly TensorLike[]): Tensor =>
  concatenate(
    common('vstack', xs).map((x) => atLeast(x, 2)),
    0,
  );
/** Joined along axis 2 (`jax.numpy.dstack`). */
export const dstack = (xs: readonly TensorLike[]): Tensor =>
  concatenate(
    common('dstack', xs).map((x) => atLeast(x, 3)),
    2,
  );
