// Structure: the primitives that every rule needs to line values up: full, broadcast and its dual sum, reshape, transpose.
import { aval, checkAxis, sameShape, showShape, sizeOf, type Shape } from '../aval.ts';
import { castScalar, isFloat, type DType } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { lit } from '../expr.ts';
import { linearize, unlinearize } from '../index-expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { View } from '../types/move.ts';

/** A constant: no input. */
export const fullPrimitive: Primitive<{
  readonly shape: Shape;
  readonly value: number;
  readonly dtype: DType;
  readonly weak?: boolean;
}> = {
  name: 'full',
  shape: (_, { shape, dtype, weak }) => [aval(shape, dtype, weak === true)],
  jvp: (_, __, params) => ({ outs: [bind1(fullPrimitive, [], params)], tangents: [null] }),
  transpose: null,
  batch: (_, __, params) => ({ outs: [bind1(fullPrimitive, [], params)], axes: [null] }),
  lower: (_, { value, dtype }) => ({ tag: 'map', outs: [lit(value, dtype)] }),
};

/** A tensor of one value, without checks: for rules. */
export const fill = (shape: Shape, value: number, dtype: DType): Tensor =>
  bind1(fullPrimitive, [], { shape, value: castScalar(value, dtype), dtype });

export const fillLike = (x: Tensor, value: number): Tensor => fill(x.shape, value, x.dtype);

/** New axes `axes` (positions in the output) along which the input is repeated. */
export const broadcastPrimitive: Primitive<{ readonly shape: Shape; readonly axes: readonly number[] }> = {
  name: 'broadcast',
  shape: ([x], { shape }) => [aval(shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx], params) => ({
    outs: [bind1(broadcastPrimitive, [x!], params)],
    tangents: [bind1(broadcastPrimitive, [dx!], params)],
  }),
  transpose: ([ct], _, { axes }) => [ct === null ? null : reduceSum(ct!, axes)],
  batch: ([x], [d], { shape, axes }, size) => ({
    outs: [bind1(broadcastPrimitive, [moveAxis(x!, d!, 0)], { shape: [size, ...shape], axes: axes.map((a) => a + 1) })],
    axes: [0],
  }),
  lower: (_, { axes }) => ({ tag: 'move', at: (out) => [{ index: out.filter((__, i) => !axes.includes(i)) }] }),
};

/** Repeats x along new axes of the output shape. */
export const broadcastInto = (x: Tensor, shape: Shape, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : bind1(broadcastPrimitive, [x], { shape, axes });

/** Sum over axes, which disappear: the dual of broadcast. */
export const sumPrimitive: Primitive<{ readonly axes: readonly number[] }> = {
  name: 'sum',
  shape: ([x], { axes }) => [
    aval(
      x!.shape.filter((_, i) => !axes.includes(i)),
      x!.dtype,
      x!.weak,
    ),
  ],
  jvp: ([x], [dx], params) => ({
    outs: [bind1(sumPrimitive, [x!], params)],
    tangents: [bind1(sumPrimitive, [dx!], params)],
  }),
  transpose: ([ct], [x], { axes }) => [
    ct === null ? null : broadcastInto(ct!, (x as { aval: { shape: Shape } }).aval.shape, axes),
  ],
  batch: ([x], [d], { axes }) => ({
    outs: [bind1(sumPrimitive, [moveAxis(x!, d!, 0)], { axes: axes.map((a) => a + 1) })],
    axes: [0],
  }),
  lower: (_, { axes }) => ({ tag: 'reduce', op: 'sum', axes }),
};

/** Sum over axes (ascending, non-negative) without checks: for rules. */
export const reduceSum = (x: Tensor, axes: readonly number[]): Tensor =>
  axes.length === 0 ? x : bind1(sumPrimitive, [x], { axes });

export const reshapePrimitive: Primitive<{ readonly shape: Shape }> = {
  name: 'reshape',
  shape: ([x], { shape }) => [aval(shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx], params) => ({
    outs: [bind1(reshapePrimitive, [x!], params)],
    tangents: [bind1(reshapePrimitive, [dx!], params)],
  }),
  transpose: ([ct], [x]) => [ct === null ? null : reshapeTo(ct!, (x as { aval: { shape: Shape } }).aval.shape)],
  batch: ([x], [d], { shape }, size) => ({ outs: [reshapeTo(moveAxis(x!, d!, 0), [size, ...shape])], axes: [0] }),
  lower: ([x], { shape }) => ({ tag: 'move', at: (out) => [{ index: unlinearize(linearize(out, shape), x!.shape) }] }),
};

/** The same elements in row-major order under another shape of the same size. */
export const reshapeTo = (x: Tensor, shape: Shape): Tensor => {
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(shape) !== x.size)
    throw new ShapeError(
      'reshape',
      `cannot view ${showShape(x.shape)} (${x.size} elements) as ${showShape(shape)} (${sizeOf(shape)} elements)`,
    );
  return bind1(reshapePrimitive, [x], { shape });
};

export const transposePrimitive: Primitive<{ readonly permutation: readonly number[] }> = {
  name: 'transpose',
  shape: ([x], { permutation }) => [
    aval(
      permutation.map((p) => x!.shape[p]!),
      x!.dtype,
      x!.weak,
    ),
  ],
  jvp: ([x], [dx], params) => ({
    outs: [bind1(transposePrimitive, [x!], params)],
    tangents: [bind1(transposePrimitive, [dx!], params)],
  }),
  transpose: ([ct], _, { permutation }) => [ct === null ? null : permuteAxes(ct!, inversePermutation(permutation))],
  batch: ([x], [d], { permutation }) => {
    // The batch axis stays where it is in the input and comes first in the output.
    const rest = permutation.map((p) => (p >= d! ? p + 1 : p));
    return { outs: [permuteAxes(x!, [d!, ...rest])], axes: [0] };
  },
  lower: (_, { permutation }) => ({
    tag: 'move',
    at: (out) => [{ index: inversePermutation(permutation).map((i) => out[i]!) }],
  }),
};

export const inversePermutation = (p: readonly number[]): number[] => {
  const out = new Array<number>(p.length);
  p.forEach((a, i) => (out[a] = i));
  return out;
};

/** Axis i of the result is axis permutation[i] of x, without checks: for rules. */
export const permuteAxes = (x: Tensor, permutation: readonly number[]): Tensor =>
  permutation.every((p, i) => p === i) ? x : bind1(transposePrimitive, [x], { permutation });

/** Axis `from` moved to position `to`, the others in order. */
export const moveAxis = (x: Tensor, from: number, to: number): Tensor => {
  if (from === to) return x;
  const order = x.shape.map((_, i) => i).filter((i) => i !== from);
  order.splice(to, 0, from);
  return permuteAxes(x, order);
};

/** Every input with its batch axis first; inputs without one are repeated along it. */
export const alignBatch = (inputs: readonly Tensor[], axes: readonly (number | null)[], size: number): Tensor[] =>
  inputs.map((x, i) => {
    const d = axes[i]!;
    return d === null ? broadcastInto(x, [size, ...x.shape], [0]) : moveAxis(x, d, 0);
  });

/**
 * Broadcasts to a shape by NumPy's rule (`jax.numpy.broadcast_to`): sizes of 1 are repeated, missing axes are added in front.
 * @example
 * broadcastTo(tensor([1, 2]), [2, 2]); // [[1, 2], [1, 2]]
 */
export const broadcastTo: <X extends Tensor, const S extends Shape>(x: X, shape: S) => View<X, S> = (
  x: Tensor,
  shape: Shape,
): Tensor => {
  if (sameShape(x.shape, shape)) return x;
  const lead = shape.length - x.rank;
  const keep: number[] = [];
  const fresh: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    const d = i < lead ? undefined : x.shape[i - lead];
    if (d === shape[i]) keep.push(d!);
    else if (d === undefined || d === 1) fresh.push(i);
    else lead < 0 || fail(x.shape, shape);
  }
  if (lead < 0) fail(x.shape, shape);
  return broadcastInto(reshapeTo(x, keep), shape, fresh);
};

const fail = (from: Shape, to: Shape): never => {
  throw new ShapeError(
    'broadcastTo',
    `shape ${showShape(from)} does not broadcast to ${showShape(to)}; each size must be equal or 1, aligned from the right`,
  );
};

/** A permutation given by the user, axes counted from the end allowed. */
export const checkPermutation = (op: string, axes: readonly number[], rank: number): number[] => {
  const p = axes.map((a) => checkAxis(op, a, rank));
  if (p.length !== rank || new Set(p).size !== rank)
    throw new ArgumentError(op, `axes [${String(axes)}] are not a permutation of the ${rank} axes of the tensor`);
  return p;
};

export const isFloatTensor = (x: Tensor): boolean => isFloat(x.dtype);
