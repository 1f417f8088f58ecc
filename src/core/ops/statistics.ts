// Statistics: what reductions are composed of — means, spread, norms, log-sum-exp, counts.
import { checkAxes, sizeOf } from '../aval.ts';
import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { CountReduction, RealReduction } from '../types/functions.ts';
import { add, div, mul, notEqual, sub } from './arithmetic.ts';
import { where } from './choice.ts';
import { diagonal } from './diagonal.ts';
import { exp, log } from './exponential.ts';
import { isfinite } from './logic.ts';
import { pow } from './power.ts';
import { promote, toFloat, type TensorLike } from './promote.ts';
import {
  fixedMax,
  max,
  min,
  readOptions,
  reduceOver,
  sum,
  type AxisOptions,
  type Axes,
  type ReduceOptions,
} from './reduce.ts';
import { broadcastInto, reduceSum } from './structure.ts';
import { abs, sqrt, square } from './unary.ts';

const real = (op: string, x: TensorLike): Tensor => promote(op, ['x'], [x], toFloat)[0]!;
const countOf = (x: Tensor, axes: readonly number[]): number => sizeOf(axes.map((a) => x.shape[a]!));

/**
 * Arithmetic mean over axes; integers give float32; NaN over nothing (`jax.numpy.mean`).
 * @example
 * mean(tensor([1, 2, 3, 4])); // 2.5
 */
export const mean: RealReduction<'mean'> = (x: TensorLike, options?: AxisOptions): Tensor =>
  reduceOver('mean', real('mean', x), options, (t, axes) => div(reduceSum(t, axes), countOf(t, axes)));

export interface SpreadOptions extends ReduceOptions {
  /** The sum of squares is divided by n - ddof (default 0). */
  readonly ddof?: number | undefined;
}
const spread = (
  op: string,
  x: TensorLike,
  options: Axes | SpreadOptions | undefined,
  finish: (v: Tensor) => Tensor,
): Tensor => {
  const { ddof = 0, ...axes } = readOptions<SpreadOptions>(op, options, 'ddof');
  return reduceOver(op, real(op, x), axes, (t, axes) => {
    const n = countOf(t, axes);
    const centre = div(reduceSum(t, axes), n);
    return finish(div(reduceSum(square(sub(t, broadcastInto(centre, t.shape, axes))), axes), n - ddof));
  });
};
/**
 * Variance over axes: mean squared distance from the mean, in two passes (`jax.numpy.var`).
 * @example
 * variance(tensor([1, 2, 3, 4])); // 1.25
 */
export const variance: RealReduction<'var', 'ddof'> = (x: TensorLike, options?: Axes | SpreadOptions): Tensor =>
  spread('var', x, options, (v) => v);
/**
 * Standard deviation over axes (`jax.numpy.std`).
 * @example
 * std(tensor([1, 3])); // 1
 */
export const std: RealReduction<'std', 'ddof'> = (x: TensorLike, options?: Axes | SpreadOptions): Tensor =>
  spread('std', x, options, sqrt);

/**
 * log(sum(exp(x))) over axes, without overflow or underflow, to any order of derivative; -Infinity over nothing but
 * -Infinity (`jax.scipy.special.logsumexp`).
 * @example
 * logsumexp(tensor([1000, -Infinity])); // 1000
 */
export const logsumexp: RealReduction<'logsumexp'> = (x: TensorLike, options?: AxisOptions): Tensor =>
  reduceOver('logsumexp', real('logsumexp', x), options, (t, axes) => {
    const top = fixedMax(t, axes);
    // An infinite maximum is left inside of the exponent: it must not meet itself in a difference.
    const shift = where(isfinite(top), top, 0);
    return add(log(reduceSum(exp(sub(t, broadcastInto(shift, t.shape, axes))), axes)), shift);
  });

export interface NormOptions extends ReduceOptions {
  readonly ord?: number | undefined;
}
/**
 * Vector norm over axes: order 2 (default), 1, 0 (count of non-zeros), Infinity, -Infinity or any other number
 * (`jax.numpy.linalg.norm` of vectors; all axes together if none is named). The gradient of the 2-norm at 0 is NaN, as in JAX.
 * @example
 * norm(tensor([3, 4])); // 5
 */
export const norm: RealReduction<'norm', 'ord'> = (x: TensorLike, options?: Axes | NormOptions): Tensor => {
  const { ord = 2, axis, keepdims } = readOptions<NormOptions>('norm', options, 'ord');
  const t = real('norm', x);
  const o: ReduceOptions = { axis, keepdims };
  if (typeof ord !== 'number' || Number.isNaN(ord))
    throw new ArgumentError('norm', `ord must be a number, Infinity or -Infinity, got ${String(ord)}`);
  if (ord === 2) return sqrt(sum(square(t), o));
  if (ord === 1) return sum(abs(t), o);
  if (ord === Infinity) return max(abs(t), o);
  if (ord === -Infinity) return min(abs(t), o);
  if (ord === 0) return sum(where(notEqual(t, 0), 1, mul(t, 0)), o);
  return pow(sum(pow(abs(t), ord), o), 1 / ord);
};

/**
 * How many elements over the axes are not 0, int32 (`jax.numpy.count_nonzero`).
 * @example
 * countNonzero(tensor([0, 3, 4])); // 2
 */
export const countNonzero: CountReduction<'countNonzero'> = (x: TensorLike, options?: AxisOptions): Tensor =>
  sum(notEqual(x, 0), options);

/**
 * Largest minus smallest element over axes (`jax.numpy.ptp`).
 * @example
 * ptp(tensor([3, 7, 5])); // 4
 */
export const ptp = (x: TensorLike, options?: AxisOptions): Tensor => sub(max(x, options), min(x, options));

export interface AverageOptions extends ReduceOptions {
  /** Of the shape of x, or one for each place along a single axis. */
  readonly weights?: Tensor | undefined;
}
/**
 * Weighted mean over axes (`jax.numpy.average`).
 * @example
 * average(tensor([1, 2]), { weights: tensor([3, 1]) }); // 1.25
 */
export const average = (x: TensorLike, options?: Axes | AverageOptions): Tensor => {
  const { weights, axis, keepdims } = readOptions<AverageOptions>('average', options, 'weights');
  const o: ReduceOptions = { axis, keepdims };
  if (weights === undefined) return mean(x, o);
  const t = real('average', x);
  const axes = checkAxes('average', axis, t.rank);
  const perPlace = weights.rank === 1 && t.rank !== 1;
  if (perPlace && (axes.length !== 1 || weights.shape[0] !== t.shape[axes[0]!]))
    throw new ArgumentError(
      'average',
      `weights of shape [${weights.shape.join(', ')}] need one axis of that size in x, of shape [${t.shape.join(', ')}]`,
    );
  const w = real(
    'average',
    perPlace
      ? broadcastInto(
          weights,
          t.shape,
          t.shape.map((_, i) => i).filter((i) => i !== axes[0]),
        )
      : weights,
  );
  return div(sum(mul(t, w), o), sum(mul(w, where(notEqual(t, t), 1, 1)), o));
};

export interface TraceOptions {
  /** Which diagonal: 0 the main one, positive above it. */
  readonly offset?: number;
  readonly axis1?: number;
  readonly axis2?: number;
}
/**
 * Sum of a diagonal of the matrices along two axes, the first two unless named (`jax.numpy.trace`).
 * @example
 * trace(tensor([[1, 2], [3, 4]])); // 5
 */
export const trace = (x: TensorLike, options: TraceOptions = {}): Tensor => sum(diagonal(x, options), -1);
