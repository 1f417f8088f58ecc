// Standardising features: mean 0 and deviation 1 by column, with statistics of the training rows applied to all others.
import { showShape, sizeOf } from '../core/aval.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import type { HostArray } from '../io/host.ts';

/** Mean and standard deviation of each column, plain data that a checkpoint may hold. */
export interface Moments {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Moments of each position behind the first axis, over that axis, in double precision and two passes, so that a large mean
 * costs no accuracy. A column that does not vary has deviation 1: standardised, it is zero and not NaN.
 *
 * The deviation divides by n, as scikit-learn's StandardScaler does. An array without rows is an error.
 *
 * @example
 * fitMoments({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 5, 3, 5) })
 * // { mean: [2, 5], deviation: [1, 1] }
 */
export const fitMoments = ({ shape, data }: HostArray): Moments => {
  const [rows = 0, ...rest] = shape;
  if (rows === 0) throw new ArgumentError('fitMoments', `an array of shape ${showShape(shape)} has no rows to measure`);
  const width = sizeOf(rest);
  const columns = Array.from({ length: width }, (_, c) => c);
  const sum = (c: number, of: (v: number) => number): number => {
    let total = 0;
    for (let at = c; at < data.length; at += width) total += of(data[at] as number);
    return total;
  };
  const mean = columns.map((c) => sum(c, (v) => v) / rows);
  // Exactly constant: a rounded mean would leave a deviation of rounding errors, and those would be blown up to 1.
  const varies = (c: number): boolean => sum(c, (v) => (v === data[c] ? 0 : 1)) > 0;
  const deviation = columns.map((c) => Math.sqrt(sum(c, (v) => (v - (mean[c] as number)) ** 2) / rows));
  return { mean, deviation: deviation.map((d, c) => (d > 0 && varies(c) ? d : 1)) };
};

/**
 * `(x - mean) / deviation`, column by column, as float32.
 *
 * @example
 * const moments = fitMoments(train.x);
 * const [x, held] = [standardise(train.x, moments), standardise(test.x, moments)];
 */
export const standardise = ({ shape, data }: HostArray, { mean, deviation }: Moments): HostArray<'float32'> => {
  const width = sizeOf(shape.slice(1));
  if (width !== mean.length)
    throw new ShapeError('standardise', `${showShape(shape)} has ${width} columns and the moments ${mean.length}`);
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) {
    const c = i % width;
    out[i] = ((data[i] as number) - (mean[c] as number)) / (deviation[c] as number);
  }
  return { dtype: 'float32', shape, data: out };
};
