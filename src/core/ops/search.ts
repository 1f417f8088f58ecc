// Searching sorted data, histograms, and the positions and values that occur.
import { showShape } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { add, equal, greaterEqual, less, mul, notEqual, sub } from './arithmetic.ts';
import { truth, where } from './choice.ts';
import { concatenateAlong } from './concat.ts';
import { indexAlong, linspace } from './creation.ts';
import { cumulate } from './cumulate.ts';
import { floorDivide, mod } from './division.ts';
import { scatterInto } from './gather.ts';
import type { Places } from './places.ts';
import { logicalAnd, logicalNot, logicalOr } from './logic.ts';
import { promotePair } from './matmul.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { max, min } from './reduce.ts';
import { segmentSum, sizeFromValues } from './segment.ts';
import { flip, sliceAlong } from './slice.ts';
import { sortWith } from './sort.ts';
import { broadcastInto, fill, reduceSum, reshapeTo } from './structure.ts';
import { take } from './take.ts';

const isNaN = (x: Tensor): Tensor => notEqual(x, x);

// The order of sort: NaN comes after everything.
const before = (a: Tensor, b: Tensor): Tensor =>
  isFloat(a.dtype) ? logicalOr(less(a, b), logicalAnd(isNaN(b), logicalNot(isNaN(a)))) : less(a, b);

/**
 * Where values would be inserted into a sorted vector so that it stays sorted (`jax.numpy.searchsorted`): before equal elements ('left') or
 * behind them ('right'). int32, of the shape of values.
 * @example
 * searchsorted(tensor([1, 2, 2, 3]), tensor([2, 0])); // [1, 0]
 */
export const searchsorted = (
  sorted: TensorLike,
  values: TensorLike,
  { side = 'left' }: { readonly side?: 'left' | 'right' } = {},
): Tensor => {
  const [a, v] = promotePair('searchsorted', ['sorted', 'values'], sorted, values);
  if (a.rank !== 1) throw new ShapeError('searchsorted', `sorted must be a vector, got ${showShape(a.shape)}`);
  if (side !== 'left' && side !== 'right')
    throw new ArgumentError('searchsorted', `side must be 'left' or 'right', got '${String(side)}'`);
  const n = a.shape[0]!;
  const passes = (element: Tensor, value: Tensor): Tensor =>
    side === 'left' ? before(element, value) : logicalNot(before(value, element));
  if (n <= 32) {
    const shape = [...v.shape, n];
    const rows = v.shape.map((_, i) => i);
    return reduceSum(cast(passes(broadcastInto(a, shape, rows), broadcastInto(v, shape, [v.rank])), 'int32'), [v.rank]);
  }
  // Binary search, all values together: the answer lies in low .. high.
  let low = fill(v.shape, 0, 'int32');
  let high = fill(v.shape, n, 'int32');
  for (let span = n; span > 0; span = Math.floor(span / 2)) {
    const middle = floorDivide(add(low, high), 2);
    // Where low = high = n the element read is the last one, and must not move the answer.
    const up = logicalAnd(less(low, high), passes(take(a, middle, { axis: 0, mode: 'clip' }), v));
    high = where(up, high, middle);
    low = where(up, add(middle, 1), low);
  }
  return low;
};

/**
 * Which bin each value falls into (`jax.numpy.digitize`): i with bins[i-1] <= x < bins[i], or with `right` bins[i-1] < x <= bins[i].
 * @example
 * digitize(tensor([0.5, 2.5]), tensor([0, 1, 2])); // [1, 3]
 */
export const digitize = (x: TensorLike, bins: Tensor, { right = false }: { readonly right?: boolean } = {}): Tensor => {
  if (bins.rank !== 1) throw new ShapeError('digitize', `bins must be a vector, got ${showShape(bins.shape)}`);
  const n = bins.shape[0]!;
  if (n === 0) return fill(asTensor('digitize', 'x', x).shape, 0, 'int32');
  const up = searchsorted(bins, x, { side: right ? 'left' : 'right' });
  const down = sub(n, searchsorted(flip(bins), x, { side: right ? 'right' : 'left' }));
  const ends = [sliceAlong(bins, 0, 0, 1), sliceAlong(bins, 0, n - 1, 1)].map((t) => reshapeTo(t, [])) as [
    Tensor,
    Tensor,
  ];
  return cast(where(greaterEqual(ends[1], ends[0]), up, down), 'int32');
};

export interface HistogramOptions {
  /** Number of equal bins (default 10), or their edges, ascending. */
  readonly bins?: number | Tensor;
  /** Ends of equal bins; default: smallest and largest element. */
  readonly range?: readonly [number, number];
  readonly weights?: Tensor;
}

/**
 * Counts (or sums of weights) of the elements in each bin, and the edges (`jax.numpy.histogram`); the last bin holds its upper edge too.
 * @example
 * histogram(tensor([1, 2, 2, 3]), { bins: 2 }); // [[1, 3], [1, 2, 3]]
 */
export const histogram = (
  x: TensorLike,
  { bins = 10, range, weights }: HistogramOptions = {},
): [counts: Tensor, edges: Tensor] => {
  const given = asTensor('histogram', 'x', x);
  const t = reshapeTo(isFloat(given.dtype) ? given : cast(given, 'float32'), [given.size]);
  let edges: Tensor;
  if (bins instanceof Tensor) edges = cast(bins, t.dtype);
  else {
    if (!Number.isInteger(bins) || bins < 1)
      throw new ArgumentError('histogram', `bins must be a positive integer or a tensor of edges, got ${String(bins)}`);
    const empty = t.size === 0;
    const low = asTensor('histogram', 'range', range?.[0] ?? (empty ? 0 : min(t)), t.dtype);
    const high = asTensor('histogram', 'range', range?.[1] ?? (empty ? 1 : max(t)), t.dtype);
    const flat = equal(low, high);
    const [a, b] = [where(flat, sub(low, 0.5), low), where(flat, add(high, 0.5), high)];
    const steps = linspace(0, 1, bins + 1, { dtype: t.dtype });
    // Not a + (b - a) t, whose last edge may miss b.
    edges = add(mul(a, sub(1, steps)), mul(b, steps));
  }
  const n = edges.shape[0]!;
  const last = reshapeTo(sliceAlong(edges, 0, n - 1, 1), []);
  const place = where(equal(t, last), n - 1, searchsorted(edges, t, { side: 'right' }));
  const w = weights === undefined ? fill(t.shape, 1, t.dtype) : reshapeTo(cast(weights, t.dtype), t.shape);
  return [sliceAlong(segmentSum(w, cast(place, 'int32'), { numSegments: n }), 0, 1, n - 1), edges];
};

const trues = (mask: ArrayLike<number>): number => {
  let n = 0;
  for (let i = 0; i < mask.length; i++) n += mask[i]!;
  return n;
};
const slots: Places = { axes: [0], sizes: [null], batch: [[], []], at: 0, checked: true };

/**
 * Indices of the elements that are not 0, one int32 vector an axis (`jax.numpy.nonzero`). Inside of a transform `size` is needed: fewer are
 * filled up with `fillValue`, more are cut off.
 * @example
 * nonzero(tensor([0, 5, 7]), { size: 3 }); // [[1, 2, 0]]
 */
export const nonzero = (
  x: TensorLike,
  { size, fillValue = 0 }: { readonly size?: number; readonly fillValue?: number } = {},
): Tensor[] => {
  const t = asTensor('nonzero', 'x', x);
  const mask = reshapeTo(truth('nonzero', 'x', t), [t.size]);
  const n = sizeFromValues('nonzero', 'size', size, mask, trues);
  const place = sub(cumulate('sum', cast(mask, 'int32'), 0), 1);
  const positions = scatterInto(fill([n], -1, 'int32'), [where(mask, place, n)], indexAlong([t.size], 0), {
    ...slots,
    op: 'set',
    unique: true,
  });
  const found = greaterEqual(positions, 0);
  let stride = t.size;
  return t.shape.map((d) => {
    stride /= Math.max(1, d);
    return where(found, mod(floorDivide(positions, Math.max(1, stride)), Math.max(1, d)), fillValue);
  });
};

export interface Unique {
  /** The distinct values, ascending. */
  readonly values: Tensor;
  /** Position of each one's first occurrence in the flattened tensor. */
  readonly indices: Tensor;
  /** For each element the position of its value; of the shape of x. */
  readonly inverse: Tensor;
  readonly counts: Tensor;
}

/**
 * The distinct elements of a tensor, ascending (`jax.numpy.unique`); NaNs count as one. Inside of a transform `size` is needed: fewer are filled up
 * with `fillValue` (default: the smallest), more are cut off.
 * @example
 * unique(tensor([2, 1, 2])).values; // [1, 2]
 */
export const unique = (
  x: TensorLike,
  { size, fillValue }: { readonly size?: number; readonly fillValue?: number } = {},
): Unique => {
  const t = asTensor('unique', 'x', x);
  const n = t.size;
  const [s, order] = sortWith([reshapeTo(t.dtype === 'bool' ? cast(t, 'int32') : t, [n]), indexAlong([n], 0)], 0) as [
    Tensor,
    Tensor,
  ];
  const [left, right] = [sliceAlong(s, 0, 0, Math.max(0, n - 1)), sliceAlong(s, 0, Math.min(1, n), Math.max(0, n - 1))];
  const differs = isFloat(s.dtype) ? logicalAnd(notEqual(left, right), logicalNot(isNaN(left))) : notEqual(left, right);
  const fresh = n === 0 ? fill([0], 0, 'bool') : concatenateAlong([fill([1], 1, 'bool'), differs], 0);
  const rank = sub(cumulate('sum', cast(fresh, 'int32'), 0), 1);
  const count = sizeFromValues('unique', 'size', size, fresh, trues);
  const collect = (start: Tensor, index: Tensor, v: Tensor, once: boolean): Tensor =>
    scatterInto(start, [index], v, { ...slots, op: 'set', unique: once });
  const filler =
    fillValue !== undefined
      ? fill([count], fillValue, s.dtype)
      : n === 0
        ? fill([count], 0, s.dtype)
        : broadcastInto(reshapeTo(sliceAlong(s, 0, 0, 1), []), [count], [0]);
  const firsts = where(fresh, rank, count);
  const values = collect(filler, firsts, s, true);
  return {
    values: t.dtype === 'bool' ? cast(values, 'bool') : values,
    indices: collect(fill([count], 0, 'int32'), firsts, order, true),
    inverse: reshapeTo(collect(fill([n], 0, 'int32'), order, rank, true), t.shape),
    counts: segmentSum(fill([n], 1, 'int32'), rank, { numSegments: count }),
  };
};
