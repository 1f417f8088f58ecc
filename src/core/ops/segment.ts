// Reductions by key: elements combined into the slot that an integer names.
import { checkAxis, sameShape, showShape } from '../aval.ts';
import { isInteger, type DType } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import type { ScatterOp } from '../lowering.ts';
import { checkOptions } from '../options.ts';
import { ConcreteTensor, valuesNow, type Tensor } from '../tensor.ts';
import { equal } from './arithmetic.ts';
import { maximum } from './binary.ts';
import { indexAlong } from './creation.ts';
import { scatterInto } from './gather.ts';
import { identity } from './limits.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { broadcastInto, fill, reshapeTo } from './structure.ts';

const checkInteger = (op: string, name: string, x: Tensor): Tensor => {
  if (!isInteger(x.dtype))
    throw new DTypeError(op, `${name} must be integers, got ${x.dtype}; convert with astype(${name}, 'int32')`);
  return cast(x, 'int32');
};

/** A size that results from values: as given, or read from a concrete tensor. */
export const sizeFromValues = (
  op: string,
  option: string,
  given: number | undefined,
  x: Tensor,
  count: (data: ArrayLike<number>) => number,
): number => {
  if (given !== undefined) {
    if (!Number.isInteger(given) || given < 0)
      throw new ArgumentError(op, `${option} must be an integer >= 0, got ${String(given)}`);
    return given;
  }
  if (!(x instanceof ConcreteTensor))
    throw new ArgumentError(
      op,
      `the size of the result depends on values, which a transform does not know; pass { ${option} }`,
    );
  return count(valuesNow(op, x, `pass { ${option} }`));
};

export interface SegmentOptions {
  /** Number of segments; may be left out (largest id + 1) where the ids are known, outside of transforms. */
  readonly numSegments?: number;
}

/** The number of slots that integers from 0 need, at least `from`. */
const slotsFor =
  (from: number) =>
  (ids: ArrayLike<number>): number => {
    let n = from;
    for (let i = 0; i < ids.length; i++) n = Math.max(n, ids[i]! + 1);
    return n;
  };

const segment =
  (name: string, op: Exclude<ScatterOp, 'set'>) =>
  (data: TensorLike, ids: Tensor, options: SegmentOptions | number = {}): Tensor => {
    const given = asTensor(name, 'data', data);
    const t = given.dtype === 'bool' && (op === 'add' || op === 'mul') ? cast(given, 'int32') : given;
    const index = checkInteger(name, 'ids', ids);
    if (!sameShape(t.shape.slice(0, ids.rank), ids.shape))
      throw new ShapeError(
        name,
        `the first axes of data ${showShape(t.shape)} must be those of ids ${showShape(ids.shape)}`,
      );
    const asked = typeof options === 'number' ? options : options.numSegments;
    const n = sizeFromValues(name, 'numSegments', asked, ids, slotsFor(0));
    const neutral = identity(op === 'add' ? 'sum' : op === 'mul' ? 'prod' : op, t.dtype);
    const rows = reshapeTo(t, [ids.size, ...t.shape.slice(ids.rank)]);
    const start = fill([n, ...rows.shape.slice(1)], neutral, t.dtype);
    return scatterInto(start, [reshapeTo(index, [ids.size])], rows, {
      axes: [0],
      sizes: [null],
      batch: [[], []],
      at: 0,
      checked: true,
      op,
      unique: false,
    });
  };

/**
 * Sums of the rows of data that share an id (`jax.ops.segment_sum`): data [n, ...], ids [n] -> [numSegments, ...]; rows whose id is out of range
 * are dropped.
 * @example
 * segmentSum(tensor([1, 2, 3]), tensor([0, 1, 0], 'int32'), { numSegments: 2 }); // [4, 2]
 */
export const segmentSum: (data: TensorLike, ids: Tensor, options?: SegmentOptions | number) => Tensor = segment(
  'segmentSum',
  'add',
);
/** Products of the rows that share an id (`jax.ops.segment_prod`); empty segments are 1. The gradient needs ids that are all different. */
export const segmentProd: (data: TensorLike, ids: Tensor, options?: SegmentOptions | number) => Tensor = segment(
  'segmentProd',
  'mul',
);
/** Largest of the rows that share an id (`jax.ops.segment_max`); empty segments are -infinity (the least integer). */
export const segmentMax: (data: TensorLike, ids: Tensor, options?: SegmentOptions | number) => Tensor = segment(
  'segmentMax',
  'max',
);
/** Smallest of the rows that share an id (`jax.ops.segment_min`); empty segments are infinity (the largest integer). */
export const segmentMin: (data: TensorLike, ids: Tensor, options?: SegmentOptions | number) => Tensor = segment(
  'segmentMin',
  'min',
);

/**
 * How often each of 0 .. length-1 occurs, or the sum of the weights there (`jax.numpy.bincount`). Negative numbers count as 0, those from length on
 * not at all. `length` may be left out where the numbers are known.
 * @example
 * bincount(tensor([0, 2, 2], 'int32'), { length: 4 }); // [1, 0, 2, 0]
 */
export const bincount = (
  x: Tensor,
  options: { readonly weights?: Tensor; readonly length?: number; readonly minlength?: number } = {},
): Tensor => {
  checkOptions('bincount', options, ['weights', 'length', 'minlength']);
  const { weights, length, minlength = 0 } = options;
  const index = maximum(checkInteger('bincount', 'x', x), 0);
  if (x.rank !== 1) throw new ShapeError('bincount', `x must be a vector, got ${showShape(x.shape)}`);
  const n = sizeFromValues('bincount', 'length', length, x, slotsFor(minlength));
  return segmentSum(weights ?? fill(x.shape, 1, 'int32'), index, { numSegments: n });
};

/**
 * 1 at the index, 0 elsewhere, along a new axis of size n, the last by default (`jax.nn.one_hot`); indices out of range give zeros.
 * @example
 * oneHot(tensor([2, 0], 'int32'), 3); // [[0, 0, 1], [1, 0, 0]]
 */
export const oneHot = (
  indices: TensorLike,
  n: number,
  options: { readonly dtype?: DType; readonly axis?: number } = {},
): Tensor => {
  checkOptions('oneHot', options, ['dtype', 'axis']);
  const { dtype = 'float32', axis = -1 } = options;
  const t =
    typeof indices === 'number'
      ? asTensor('oneHot', 'indices', indices, 'int32')
      : checkInteger('oneHot', 'indices', asTensor('oneHot', 'indices', indices));
  if (!Number.isInteger(n) || n < 0)
    throw new ArgumentError('oneHot', `the number of classes must be an integer >= 0, got ${String(n)}`);
  const a = checkAxis('oneHot', axis, t.rank + 1);
  const shape = [...t.shape.slice(0, a), n, ...t.shape.slice(a)];
  return cast(equal(broadcastInto(t, shape, [a]), indexAlong(shape, a)), dtype);
};
