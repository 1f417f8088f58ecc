// Indexing with tensors: take, takeAlongAxis, putAlongAxis, gather, scatter.
import { broadcastShapes, checkAxis, sameShape, showShape, type Shape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { hostTensor } from '../host.ts';
import type { ScatterOp } from '../lowering.ts';
import { checkOptions } from '../options.ts';
import { Tensor } from '../tensor.ts';
import { gatherAt, scatterInto } from './gather.ts';
import { gatheredShape, type Places } from './places.ts';
import { asTensor, type TensorLike } from './promote.ts';
import { missingValue, resolveIndex, type IndexLike, type IndexMode } from './resolve-index.ts';
import { broadcastTo, permuteAxes, reshapeTo } from './structure.ts';

/** Elements at JS indices along an axis, without checks: for rules and helpers. */
export const takeAt = (x: Tensor, axis: number, indices: readonly number[]): Tensor =>
  gatherAt(x, [hostTensor(Int32Array.from(indices), [indices.length], 'int32')], {
    axes: [axis],
    sizes: [null],
    batch: [[], []],
    at: axis,
    checked: false,
    fill: 0,
  });

interface ModeOption {
  readonly mode?: IndexMode;
  /** What mode 'fill' reads out of range. */
  readonly fillValue?: number;
}

/**
 * Elements along an axis (`jax.numpy.take`): the axis is replaced by the axes of `indices`; without an axis x is flattened. Negative indices
 * count from the end; out of range tensor indices read NaN (mode 'fill'), the nearest element ('clip') or wrap around ('wrap'); out of
 * range JS numbers are an error.
 * @example
 * take(tensor([10, 20, 30]), [2, 0]); // [30, 10]
 */
export const take = (
  x: TensorLike,
  indices: IndexLike,
  options: number | (ModeOption & { readonly axis?: number | null }) = {},
): Tensor => {
  if (typeof options !== 'number') checkOptions('take', options, ['axis', 'mode', 'fillValue']);
  const { axis = null, mode = 'fill', fillValue } = typeof options === 'number' ? { axis: options } : options;
  const given = asTensor('take', 'x', x);
  const t = axis === null ? reshapeTo(given, [given.size]) : given;
  const a = checkAxis('take', axis ?? 0, t.rank);
  const { index, checked } = resolveIndex('take', indices, t.shape[a]!, a, t.shape, mode);
  return gatherAt(t, [index], {
    axes: [a],
    sizes: [null],
    batch: [[], []],
    at: a,
    checked,
    fill: missingValue(t.dtype, fillValue),
  });
};

interface AlongAxis {
  readonly x: Tensor;
  readonly index: Tensor;
  readonly places: Places;
}
const alongAxis = (
  op: string,
  x: Tensor,
  indices: Tensor,
  axis: number,
  mode: IndexMode,
  stretch: boolean,
): AlongAxis => {
  if (indices.rank !== x.rank)
    throw new ShapeError(op, `indices ${showShape(indices.shape)} must have as many axes as x ${showShape(x.shape)}`);
  const a = checkAxis(op, axis, x.rank);
  const others = (s: Shape): number[] => s.filter((_, i) => i !== a);
  const rest = [...broadcastShapes(op, others(x.shape), others(indices.shape))];
  const full = (s: Shape): number[] => [...rest.slice(0, a), s[a]!, ...rest.slice(a)];
  if (!stretch && !sameShape(full(x.shape), x.shape))
    throw new ShapeError(
      op,
      `indices ${showShape(indices.shape)} exceed x ${showShape(x.shape)} on an axis other than ${a}`,
    );
  const operand = broadcastTo(x, full(x.shape));
  const { index, checked } = resolveIndex(op, broadcastTo(indices, full(indices.shape)), x.shape[a]!, a, x.shape, mode);
  const batch = x.shape.map((_, i) => i).filter((i) => i !== a);
  return { x: operand, index, places: { axes: [a], sizes: [null], batch: [batch, batch], at: 0, checked } };
};

/**
 * Along an axis, the elements that each lane's own indices name (`jax.numpy.take_along_axis`); the other axes of x and indices broadcast.
 * @example
 * takeAlongAxis(tensor([[10, 20], [30, 40]]), tensor([[1], [0]], 'int32'), 1); // [[20], [30]]
 */
export const takeAlongAxis = (x: TensorLike, indices: Tensor, axis: number, options: ModeOption = {}): Tensor => {
  checkOptions('takeAlongAxis', options, ['mode', 'fillValue']);
  const { mode = 'fill', fillValue } = options;
  const t = alongAxis('takeAlongAxis', asTensor('takeAlongAxis', 'x', x), indices, axis, mode, true);
  return gatherAt(t.x, [t.index], { ...t.places, fill: missingValue(t.x.dtype, fillValue) });
};

/** The same with indices known to be in range and aligned with x on all other axes: for rules. */
export const takeAlong = (x: Tensor, index: Tensor, axis: number): Tensor => {
  const batch = x.shape.map((_, i) => i).filter((i) => i !== axis);
  return gatherAt(x, [index], { axes: [axis], sizes: [null], batch: [batch, batch], at: 0, checked: false, fill: 0 });
};

export interface ScatterOptions {
  /** How an update meets what is there (default 'set'). Several updates of one element apply in order. */
  readonly op?: ScatterOp;
  readonly mode?: IndexMode;
  /** Promise that no element is named twice: derivatives are cheaper. */
  readonly unique?: boolean;
}

const checkOp = (name: string, op: ScatterOp): void => {
  if (!['set', 'add', 'mul', 'min', 'max'].includes(op))
    throw new ArgumentError(name, `unknown op '${String(op)}'; use 'set', 'add', 'mul', 'min' or 'max'`);
};

/**
 * A copy of x with values put at each lane's own indices along an axis (`jax.numpy.put_along_axis`); values broadcast to the shape of indices.
 * @example
 * putAlongAxis(tensor([[1, 2], [3, 4]]), tensor([[1], [0]], 'int32'), 9, 1); // [[1, 9], [9, 4]]
 */
export const putAlongAxis = (
  x: TensorLike,
  indices: Tensor,
  values: TensorLike,
  axis: number,
  options: ScatterOptions = {},
): Tensor => {
  checkOptions('putAlongAxis', options, ['op', 'mode', 'unique']);
  const { op = 'set', mode = 'fill', unique = false } = options;
  checkOp('putAlongAxis', op);
  const given = asTensor('putAlongAxis', 'x', x);
  const t = alongAxis('putAlongAxis', given, indices, axis, mode, false);
  const v = broadcastTo(asTensor('putAlongAxis', 'values', values, given.dtype), t.index.shape);
  return scatterInto(t.x, [t.index], v, { ...t.places, op, unique });
};

interface GatherOptions {
  /** Indexed axes, one for each index tensor (default: the first ones after the batch axes). */
  readonly axes?: number | readonly number[];
  /** Leading axes that x and the index tensors share. */
  readonly batchDims?: number;
}
interface Resolved {
  readonly x: Tensor;
  readonly indices: readonly Tensor[];
  readonly places: Places;
  /** Axis order of the user's result in terms of the gathered value. */
  readonly order: readonly number[];
}
const resolveGather = (
  op: string,
  x: Tensor,
  given: IndexLike | readonly Tensor[],
  { axes, batchDims = 0 }: GatherOptions,
  mode: IndexMode,
): Resolved => {
  const list: readonly IndexLike[] =
    Array.isArray(given) && given.some((g) => g instanceof Tensor)
      ? (given as readonly Tensor[])
      : [given as IndexLike];
  const at = (axes === undefined ? list.map((_, i) => batchDims + i) : [axes].flat()).map((a) =>
    checkAxis(op, a, x.rank),
  );
  if (at.length !== list.length || new Set(at).size !== at.length)
    throw new ArgumentError(
      op,
      `axes [${at.join(', ')}] must name one distinct axis for each of the ${list.length} index tensors`,
    );
  const resolved = list.map((g, i) => resolveIndex(op, g, x.shape[at[i]!]!, at[i]!, x.shape, mode));
  const shape = broadcastShapes(op, ...resolved.map((r) => r.index.shape));
  const lead = Array.from({ length: batchDims }, (_, i) => i);
  if (lead.some((i) => at.includes(i) || shape[i] !== x.shape[i]))
    throw new ShapeError(
      op,
      `the first ${batchDims} axes of x ${showShape(x.shape)} and indices ${showShape(shape)} must agree (batchDims), and are not indexed`,
    );
  const before = x.shape.filter((_, i) => i >= batchDims && !at.includes(i) && i < Math.min(...at)).length;
  const sorted = [...at].sort((a, b) => a - b);
  // Axes that are not adjacent leave no natural place: NumPy puts the result's axes first.
  const position = sorted.every((a, i) => a === sorted[0]! + i) ? before : 0;
  const places: Places = {
    axes: at,
    sizes: at.map(() => null),
    batch: [lead, lead],
    at: position,
    checked: resolved.some((r) => r.checked),
  };
  const rank = gatheredShape(x.shape, shape, places).length;
  const order = [
    ...lead.map((i) => position + i),
    ...Array.from({ length: rank }, (_, i) => i).filter((i) => i < position || i >= position + batchDims),
  ];
  return { x, indices: resolved.map((r) => broadcastTo(r.index, shape)), places, order };
};

/**
 * Advanced indexing: the indexed axes of x are replaced by the (broadcast) axes of the index tensors, in place of the first one, or in front
 * where the indexed axes are not adjacent. With `batchDims`, leading axes of x and indices run together. Out of range as in `take`.
 * @example
 * gather(tensor([[1, 2], [3, 4]]), [tensor([0, 1], 'int32'), tensor([1, 0], 'int32')]); // [2, 3]
 */
export const gather = (
  x: TensorLike,
  indices: IndexLike | readonly Tensor[],
  given: GatherOptions & ModeOption = {},
): Tensor => {
  checkOptions('gather', given, ['axes', 'batchDims', 'mode', 'fillValue']);
  const { mode = 'fill', fillValue, ...options } = given;
  const r = resolveGather('gather', asTensor('gather', 'x', x), indices, options, mode);
  return permuteAxes(gatherAt(r.x, r.indices, { ...r.places, fill: missingValue(r.x.dtype, fillValue) }), r.order);
};

/**
 * The dual of gather: a copy of x into which updates (of the shape gather reads, or broadcasting to it) are put, added, multiplied, or taken
 * the minimum or maximum with. Updates out of range are dropped; duplicates apply in order, so that with 'set' the last one stays.
 * @example
 * scatter(tensor([1, 2, 3]), tensor([0, 0, 2], 'int32'), tensor([10, 20, 30]), { op: 'add' }); // [31, 2, 33]
 */
export const scatter = (
  x: TensorLike,
  indices: IndexLike | readonly Tensor[],
  updates: TensorLike,
  given: GatherOptions & ScatterOptions = {},
): Tensor => {
  checkOptions('scatter', given, ['axes', 'batchDims', 'op', 'mode', 'unique']);
  const { op = 'set', mode = 'fill', unique = false, ...options } = given;
  const t = asTensor('scatter', 'x', x);
  checkOp('scatter', op);
  const r = resolveGather('scatter', t, indices, options, mode);
  const shape = gatheredShape(t.shape, r.indices[0]!.shape, r.places);
  const u = broadcastTo(
    asTensor('scatter', 'updates', updates, t.dtype),
    r.order.map((i) => shape[i]!),
  );
  const back = r.order.map((_, i) => r.order.indexOf(i));
  return scatterInto(t, r.indices, permuteAxes(u, back), { ...r.places, op, unique });
};
