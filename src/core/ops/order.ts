// Order statistics: quantiles, percentiles and medians, by sorting.
import { checkAxes, showShape, sizeOf } from '../aval.ts';
import { ArgumentError } from '../errors.ts';
import { kindOf } from '../options.ts';
import { Tensor, Tracer, valuesNow } from '../tensor.ts';
import { add, equal, greater, mul, notEqual, sub } from './arithmetic.ts';
import { maximum } from './binary.ts';
import { where } from './choice.ts';
import { stack } from './concat.ts';
import { indexAlong } from './creation.ts';
import { cast, promote, toFloat, type TensorLike } from './promote.ts';
import { readOptions, type Axes, type ReduceOptions } from './reduce.ts';
import { sliceAlong } from './slice.ts';
import { sort } from './sort.ts';
import { broadcastInto, permuteAxes, reduceSum, reshapeTo } from './structure.ts';
import { abs } from './unary.ts';

/** What a quantile that falls between two elements is. */
export type QuantileMethod = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';
export interface QuantileOptions extends ReduceOptions {
  readonly method?: QuantileMethod | undefined;
}

/** The reduced axes flattened into a last one that ascends, and how to shape a result without that axis. */
const sorted = (
  op: string,
  x: TensorLike,
  { axis, keepdims }: ReduceOptions,
): { readonly t: Tensor; readonly n: number; readonly finish: (y: Tensor) => Tensor } => {
  const [u] = promote(op, ['x'], [x], toFloat) as [Tensor];
  const axes = checkAxes(op, axis, u.rank);
  const rest = u.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const n = sizeOf(axes.map((i) => u.shape[i]!));
  const flat = reshapeTo(permuteAxes(u, [...rest, ...axes]), [...rest.map((i) => u.shape[i]!), n]);
  const kept = u.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return { t: sort(flat), n, finish: (y) => (keepdims === true ? reshapeTo(y, kept) : y) };
};

/** One fraction or several: JS numbers, or a scalar or vector whose values are known. */
export type Fractions = number | readonly number[] | Tensor;

/** Results at each of the fractions, for several stacked in front; `round` makes a product as exact as the fractions are. */
const atFractions = (
  op: string,
  q: Fractions,
  whole: number,
  each: (f: number, round: (v: number) => number) => Tensor,
): Tensor => {
  const refuse = (got: string): never => {
    throw new ArgumentError(op, `q must be JS numbers from 0 to ${whole}, or a scalar or vector of them, got ${got}`);
  };
  if (q instanceof Tracer) refuse(`a value traced by ${q.kind}; pass q as JS numbers`);
  if (q instanceof Tensor && q.rank > 1) refuse(`shape ${showShape(q.shape)}`);
  const given = q instanceof Tensor ? Array.from(valuesNow(op, q, 'pass q as JS numbers')) : q;
  const list: readonly unknown[] =
    typeof given === 'number' ? [given] : Array.isArray(given) ? given : refuse(kindOf(given));
  // A tenth of float32 is a little more than a tenth; ten of them, in float32, are one.
  const round = q instanceof Tensor && q.dtype !== 'float64' ? Math.fround : (v: number): number => v;
  const ys = list.map((v) =>
    typeof v === 'number' && v >= 0 && v <= whole ? each(round(v / whole), round) : refuse(String(v)),
  );
  return typeof q === 'number' || (q instanceof Tensor && q.rank === 0) ? ys[0]! : stack(ys);
};

const quantiles = (
  op: string,
  x: TensorLike,
  q: Fractions,
  whole: number,
  options: Axes | QuantileOptions | undefined,
): Tensor => {
  const o = readOptions<QuantileOptions>(op, options, 'method');
  const method = o.method ?? 'linear';
  if (!['linear', 'lower', 'higher', 'midpoint', 'nearest'].includes(method))
    throw new ArgumentError(
      op,
      `unknown method '${String(method)}'; use 'linear', 'lower', 'higher', 'midpoint' or 'nearest'`,
    );
  const { t, n, finish } = sorted(op, x, o);
  const last = t.rank - 1;
  if (n === 0) throw new ArgumentError(op, 'there is no quantile over an axis of size 0');
  const rows = t.shape.slice(0, -1);
  const pick = (i: number): Tensor => reshapeTo(sliceAlong(t, last, i, 1), rows);
  // NaN sorts last: one anywhere makes the result NaN.
  const spoilt = notEqual(pick(n - 1), pick(n - 1));
  return atFractions(op, q, whole, (f, round) => {
    const p = round(f * (n - 1));
    const [lo, hi] = [Math.floor(p), Math.ceil(p)];
    const w = {
      linear: p - lo,
      lower: 0,
      higher: 1,
      midpoint: 0.5,
      nearest: p - lo > 0.5 || (p - lo === 0.5 && lo % 2 === 1) ? 1 : 0,
    }[method];
    const y = lo === hi || w === 0 ? pick(lo) : w === 1 ? pick(hi) : add(mul(pick(lo), 1 - w), mul(pick(hi), w));
    return finish(where(spoilt, NaN, y));
  });
};

/**
 * The element below which a fraction q (0 to 1; several: stacked in front) of the elements over the axes lies, interpolated
 * (`jax.numpy.quantile`). NaN if there is one among them. q may be a scalar or vector tensor outside of transforms.
 * @example
 * quantile(tensor([1, 2, 3, 4]), 0.5); // 2.5
 */
export const quantile = (x: TensorLike, q: Fractions, options?: Axes | QuantileOptions): Tensor =>
  quantiles('quantile', x, q, 1, options);
/**
 * The same with q in percent, 0 to 100 (`jax.numpy.percentile`).
 * @example
 * percentile(tensor([1, 2, 3]), 50); // 2
 */
export const percentile = (x: TensorLike, q: Fractions, options?: Axes | QuantileOptions): Tensor =>
  quantiles('percentile', x, q, 100, options);
/**
 * The middle element over axes, or the mean of the two (`jax.numpy.median`).
 * @example
 * median(tensor([3, 1, 2])); // 2
 */
export const median = (x: TensorLike, options?: Axes | ReduceOptions): Tensor =>
  quantiles('median', x, 0.5, 1, options);

// How many elements count differs from row to row: their weights are a hat around the position.
const nanQuantiles = (
  op: string,
  x: TensorLike,
  q: Fractions,
  whole: number,
  options: Axes | ReduceOptions | undefined,
): Tensor => {
  const { t, finish } = sorted(op, x, readOptions<ReduceOptions>(op, options));
  const last = t.rank - 1;
  const valid = cast(equal(t, t), t.dtype);
  const top = sub(reduceSum(valid, [last]), 1);
  const place = indexAlong(t.shape, last, t.dtype);
  return atFractions(op, q, whole, (f) => {
    const centre = broadcastInto(mul(top, f), t.shape, [last]);
    const weight = maximum(sub(1, abs(sub(place, centre))), 0);
    const used = greater(weight, 0);
    return finish(where(greater(0, top), NaN, reduceSum(mul(weight, where(used, t, 0)), [last])));
  });
};
/**
 * `quantile` of what is not NaN; NaN if there is nothing (`jax.numpy.nanquantile`).
 * @example
 * nanquantile(tensor([1, NaN, 3]), 0.5); // 2
 */
export const nanquantile = (x: TensorLike, q: Fractions, options?: Axes | ReduceOptions): Tensor =>
  nanQuantiles('nanquantile', x, q, 1, options);
/**
 * `percentile` of what is not NaN (`jax.numpy.nanpercentile`).
 * @example
 * nanpercentile(tensor([1, NaN, 3]), 100); // 3
 */
export const nanpercentile = (x: TensorLike, q: Fractions, options?: Axes | ReduceOptions): Tensor =>
  nanQuantiles('nanpercentile', x, q, 100, options);
/**
 * `median` of what is not NaN (`jax.numpy.nanmedian`).
 * @example
 * nanmedian(tensor([1, NaN, 3, 2])); // 2
 */
export const nanmedian = (x: TensorLike, options?: Axes | ReduceOptions): Tensor =>
  nanQuantiles('nanmedian', x, 0.5, 1, options);
