// What users index with, made into int32 tensors: the rules for negative and out-of-range indices live here.
import { showShape, type Shape } from '../aval.ts';
import { castScalar, isInteger, type DType } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { hostTensor } from '../host.ts';
import { Tensor } from '../tensor.ts';
import { add, less } from './arithmetic.ts';
import { clip, where } from './choice.ts';
import { mod } from './division.ts';
import { cast } from './promote.ts';
import { checkIndex } from './slice.ts';

/** Indices: a tensor of integers, one integer, or an array of them. JS numbers are checked at once. */
export type IndexLike = Tensor | number | readonly number[];
/**
 * What out-of-range tensor indices do. fill: read NaN (the least int32, the largest uint32, true), as `jax.numpy.take`, and updates there are
 * dropped; clip: the nearest element; wrap: modulo the size. Negative ones count from the end first (not with clip).
 */
export type IndexMode = 'fill' | 'clip' | 'wrap';

const missing: Readonly<Record<DType, number>> = {
  float32: NaN,
  float64: NaN,
  int32: -2147483648,
  uint32: 4294967295,
  bool: 1,
};
/** What mode 'fill' reads out of range: as asked, or JAX's choice. */
export const missingValue = (dtype: DType, asked: number | undefined): number =>
  castScalar(asked ?? missing[dtype], dtype);

/** Indices as int32 within an axis of size n, and whether they still need checking. Mode clamp: negative ones from the end, then clip. */
export const resolveIndex = (
  op: string,
  index: IndexLike,
  n: number,
  axis: number,
  shape: Shape,
  mode: IndexMode | 'clamp',
): { readonly index: Tensor; readonly checked: boolean } => {
  if (!(index instanceof Tensor)) {
    const list = typeof index === 'number' ? [index] : index;
    const data = Int32Array.from(list, (i) => checkIndex(op, i, n, axis, shape));
    return { index: hostTensor(data, typeof index === 'number' ? [] : [list.length], 'int32'), checked: false };
  }
  if (!isInteger(index.dtype))
    throw new DTypeError(
      op,
      index.dtype === 'bool'
        ? 'indices are bools; a result of unknown size cannot be traced: use where(mask, x, y), or nonzero(mask, { size })'
        : `indices must be integers, got ${index.dtype}; convert with astype(indices, 'int32')`,
    );
  const i = cast(index, 'int32');
  const fromEnd = (): Tensor => where(less(i, 0), add(i, n), i);
  if (mode === 'fill') return { index: fromEnd(), checked: true };
  if (n === 0 && index.size > 0)
    throw new ShapeError(op, `axis ${axis} of ${showShape(shape)} is empty and has no element to read`);
  if (mode === 'wrap') return { index: mod(i, n), checked: false };
  if (mode === 'clamp') return { index: clip(fromEnd(), 0, n - 1), checked: false };
  if (mode !== 'clip') throw new ArgumentError(op, `unknown mode '${String(mode)}'; use 'fill', 'clip' or 'wrap'`);
  return { index: clip(i, 0, n - 1), checked: false };
};
