// Data sets as records of host arrays with one leading axis, and choosing rows of them.
import { showShape, sizeOf } from '../core/aval.ts';
import type { DType } from '../core/dtype.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { zerosOf, type HostArray } from '../io/host.ts';

/** Arrays whose first axes count the same examples: `{ x: images, y: labels }`. */
export type Dataset = Readonly<Record<string, HostArray>>;

/** How many examples a data set has; arrays that disagree are a `ShapeError`. */
export const countRows = (data: Dataset): number => {
  const entries = Object.entries(data);
  const [first] = entries;
  if (first === undefined) throw new ArgumentError('dataset', 'it has no arrays; give at least one, as { x: images }');
  const [firstName, { shape }] = first;
  for (const [name, array] of entries) {
    if (array.shape.length === 0) throw new ShapeError('dataset', `${name} is a scalar; the first axis counts the examples`);
    if (array.shape[0] !== shape[0])
      throw new ShapeError(
        'dataset',
        `${firstName} ${showShape(shape)} and ${name} ${showShape(array.shape)} differ in their first axis, which counts the examples`,
      );
  }
  return shape[0] as number;
};

/**
 * The rows of an array at the given positions, copied, in that order.
 *
 * @example
 * const x = { dtype: 'int32', shape: [3], data: Int32Array.of(10, 20, 30) } as const;
 * takeRows(x, [2, 0]).data // Int32Array [30, 10]
 */
export const takeRows = <D extends DType>(array: HostArray<D>, rows: ArrayLike<number>): HostArray<D> => {
  const [count = 0, ...rest] = array.shape;
  const width = sizeOf(rest);
  const data = zerosOf(array.dtype, rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (!Number.isInteger(row) || row < 0 || row >= count)
      throw new ArgumentError('takeRows', `row ${row} is out of range: the array has ${count} rows`);
    data.set(array.data.subarray(row * width, (row + 1) * width), i * width);
  }
  return { dtype: array.dtype, shape: [rows.length, ...rest], data };
};

/** The same rows of every array of a data set. */
export const selectRows = <S extends Dataset>(data: S, rows: ArrayLike<number>): S =>
  Object.fromEntries(Object.entries(data).map(([name, array]) => [name, takeRows(array, rows)])) as S;

/**
 * Consecutive pieces of an order of rows: `cut(order, [7500, 1000, 1500])` gives the rows to train on, to validate with
 * and to hold out. Sizes that do not add up to the length of the order are an error, so that no row is lost silently.
 *
 * @example
 * cut(Int32Array.of(2, 0, 1), [2, 1]) // [Int32Array [2, 0], Int32Array [1]]
 */
export const cut = (order: Int32Array, sizes: readonly number[]): readonly Int32Array[] => {
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== order.length || !sizes.every((n) => Number.isInteger(n) && n >= 0))
    throw new ArgumentError('cut', `the sizes ${sizes.join(' + ')} do not add up to the ${order.length} rows`);
  return sizes.map((n, i) => {
    const from = sizes.slice(0, i).reduce((a, b) => a + b, 0);
    return order.slice(from, from + n);
  });
};
