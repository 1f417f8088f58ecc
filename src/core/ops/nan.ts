// Reductions that count NaN as missing.
import { isFloat } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import { div, equal, notEqual, sub } from './arithmetic.ts';
import { where } from './choice.ts';
import { cumprod, cumsum, type ScanOptions } from './cumulate.ts';
import { isnan } from './logic.ts';
import { asTensor, cast, promote, toFloat, type TensorLike } from './promote.ts';
import {
  all,
  argmax,
  argmin,
  max,
  min,
  prod,
  readOptions,
  sum,
  type Axes,
  type AxisOptions,
  type PositionOptions,
  type ReduceOptions,
} from './reduce.ts';
import type { SpreadOptions } from './statistics.ts';
import { sqrt, square } from './unary.ts';

const filled = (op: string, x: TensorLike, value: number): Tensor => {
  const t = asTensor(op, 'x', x);
  return isFloat(t.dtype) ? where(notEqual(t, t), value, t) : t;
};

/**
 * Sum over axes of what is not NaN (`jax.numpy.nansum`).
 * @example
 * nansum(tensor([1, NaN, 2])); // 3
 */
export const nansum = (x: TensorLike, options?: AxisOptions): Tensor => sum(filled('nansum', x, 0), options);
/**
 * Product over axes of what is not NaN (`jax.numpy.nanprod`).
 * @example
 * nanprod(tensor([3, NaN, 2])); // 6
 */
export const nanprod = (x: TensorLike, options?: AxisOptions): Tensor => prod(filled('nanprod', x, 1), options);

const extreme =
  (name: string, f: typeof max, worst: number) =>
  (x: TensorLike, options?: AxisOptions): Tensor => {
    const t = asTensor(name, 'x', x);
    return isFloat(t.dtype) ? where(all(isnan(t), options), NaN, f(filled(name, t, worst), options)) : f(t, options);
  };
/**
 * Largest element over axes that is not NaN; NaN if there is none (`jax.numpy.nanmax`).
 * @example
 * nanmax(tensor([1, NaN, 2])); // 2
 */
export const nanmax: (x: TensorLike, options?: AxisOptions) => Tensor = extreme('nanmax', max, -Infinity);
/**
 * Smallest element over axes that is not NaN; NaN if there is none (`jax.numpy.nanmin`).
 * @example
 * nanmin(tensor([1, NaN, 2])); // 1
 */
export const nanmin: (x: TensorLike, options?: AxisOptions) => Tensor = extreme('nanmin', min, Infinity);
/**
 * Index of the largest element that is not NaN; -1 if there is none (`jax.numpy.nanargmax`).
 * @example
 * nanargmax(tensor([1, NaN, 2])); // 2
 */
export const nanargmax = (x: TensorLike, options?: number | null | PositionOptions): Tensor =>
  where(all(isnan(x), options), -1, argmax(filled('nanargmax', x, -Infinity), options));
/**
 * Index of the smallest element that is not NaN; -1 if there is none (`jax.numpy.nanargmin`).
 * @example
 * nanargmin(tensor([1, NaN, 2])); // 0
 */
export const nanargmin = (x: TensorLike, options?: number | null | PositionOptions): Tensor =>
  where(all(isnan(x), options), -1, argmin(filled('nanargmin', x, Infinity), options));

const real = (op: string, x: TensorLike): Tensor => promote(op, ['x'], [x], toFloat)[0]!;
const presence = (t: Tensor): Tensor => cast(equal(t, t), t.dtype);

/**
 * Mean over axes of what is not NaN; NaN if there is nothing (`jax.numpy.nanmean`).
 * @example
 * nanmean(tensor([1, NaN, 2])); // 1.5
 */
export const nanmean = (x: TensorLike, options?: AxisOptions): Tensor => {
  const t = real('nanmean', x);
  return div(nansum(t, options), sum(presence(t), options));
};

const spread = (op: string, x: TensorLike, options: Axes | SpreadOptions | undefined): Tensor => {
  const { ddof = 0, axis, keepdims } = readOptions<SpreadOptions>(op, options, 'ddof');
  const t = real(op, x);
  const o: ReduceOptions = { axis, keepdims };
  const n = sum(presence(t), o);
  // NaN is filled before it meets the square: the gradient of what is missing is 0, not NaN.
  const centred = sub(filled(op, t, 0), nanmean(t, { axis, keepdims: true }));
  const squares = sum(where(isnan(t), 0, square(centred)), o);
  return where(notEqual(n, 0), div(squares, sub(n, ddof)), NaN);
};
/**
 * Variance over axes of what is not NaN (`jax.numpy.nanvar`).
 * @example
 * nanvar(tensor([1, NaN, 3])); // 1
 */
export const nanvar = (x: TensorLike, options?: Axes | SpreadOptions): Tensor => spread('nanvar', x, options);
/**
 * Standard deviation over axes of what is not NaN (`jax.numpy.nanstd`).
 * @example
 * nanstd(tensor([1, NaN, 3])); // 1
 */
export const nanstd = (x: TensorLike, options?: Axes | SpreadOptions): Tensor => sqrt(spread('nanstd', x, options));

/**
 * Running sum of what is not NaN (`jax.numpy.nancumsum`).
 * @example
 * nancumsum(tensor([1, NaN, 2])); // [1, 1, 3]
 */
export const nancumsum = (x: TensorLike, options?: number | ScanOptions): Tensor =>
  cumsum(filled('nancumsum', x, 0), options);
/**
 * Running product of what is not NaN (`jax.numpy.nancumprod`).
 * @example
 * nancumprod(tensor([2, NaN, 3])); // [2, 2, 6]
 */
export const nancumprod = (x: TensorLike, options?: number | ScanOptions): Tensor =>
  cumprod(filled('nancumprod', x, 1), options);
