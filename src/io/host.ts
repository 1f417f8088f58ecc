// Arrays on the host: dtype, shape and a typed array, the plain record that every reader and writer works on.
import { either as E } from 'fp-ts';
import { showShape, sizeOf } from '../core/aval.ts';
import { dtypes, isDType, type DType, type HostArrayOf } from '../core/dtype.ts';
import { bad, type IoError } from './error.ts';

/** A row-major array on the host, immutable by agreement: readers and writers copy, and never write into one. */
export interface HostArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: HostArrayOf[D];
}

/** A new array of zeros of that dtype. */
export const zerosOf = <D extends DType>(dtype: D, length: number): HostArrayOf[D] =>
  new dtypes[dtype].array(length) as HostArrayOf[D];

/** `float32 [2, 3]`, as messages print it. */
export const showSpec = (a: { readonly dtype: string; readonly shape: readonly number[] }): string =>
  `${a.dtype} ${showShape(a.shape)}`;

/**
 * A host array, checked: every dimension a whole number of at least 0, as many values as the shape says, a typed array
 * that fits the dtype, and booleans that are 0 or 1. `name` stands in the error.
 *
 * @example
 * const x = orThrow(hostArray('float32', [2, 2], Float32Array.of(1, 2, 3, 4)));
 */
export const hostArray = <D extends DType>(
  dtype: D,
  shape: readonly number[],
  data: HostArrayOf[D],
  name = 'array',
): E.Either<IoError, HostArray<D>> => {
  const where = `${name}, ${showShape(shape)}`;
  if (!isDType(dtype)) return bad('host array', `the dtype ${String(dtype)} is unknown`, where);
  const { array } = dtypes[dtype];
  if (!(data instanceof array)) return bad('host array', `${dtype} is held by a ${array.name}`, where);
  if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0))
    return bad('host array', 'a dimension is not a whole number of at least 0', where);
  if (sizeOf(shape) !== data.length)
    return bad('host array', `the shape has ${sizeOf(shape)} elements and the data ${data.length}`, where);
  const at = dtype === 'bool' ? data.findIndex((v: number) => v > 1) : -1;
  if (at >= 0) return bad('host array', `a boolean is ${data[at]}, not 0 or 1`, `${where}, element ${at}`);
  return E.right({ dtype, shape, data });
};
