// Sorting: one primitive that permutes several tensors alike, and what is made of it.
import { aval, checkAxis, sameShape, showShape } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { bind } from '../interpreter.ts';
import { checkOptions } from '../options.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { indexAlong } from './creation.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { sliceAlong } from './slice.ts';
import { alignBatch, reshapeTo } from './structure.ts';
import { takeAlong } from './take.ts';

interface SortParams {
  readonly axis: number;
  readonly descending: boolean;
}

/** All inputs (of one shape) permuted alike along an axis so that the first ascends or descends; stable, NaN last. */
export const sortPrimitive: Primitive<SortParams> = {
  name: 'sort',
  shape: (xs) => xs.map((x) => aval(x.shape, x.dtype, x.weak)),
  jvp(xs, dxs, params) {
    const outs = bind(sortPrimitive, [...xs, indexAlong(xs[0]!.shape, params.axis)], params);
    const order = outs[xs.length]!;
    return {
      outs: outs.slice(0, xs.length),
      tangents: xs.map((x, i) => {
        const dx = dxs[i] ?? null;
        return dx === null || !isFloat(x.dtype) ? null : takeAlong(dx, order, params.axis);
      }),
    };
  },
  transpose: null,
  batch: (xs, axes, { axis, descending }, size) => {
    const outs = bind(sortPrimitive, alignBatch(xs, axes, size), { axis: axis + 1, descending });
    return { outs, axes: outs.map(() => 0) };
  },
  lower: (_, { axis, descending }) => ({ tag: 'sort', axis, descending }),
};

/** Keys sorted with tensors of their shape carried along, without checks. */
export const sortWith = (xs: readonly Tensor[], axis: number, descending = false): readonly Tensor[] =>
  bind(sortPrimitive, xs, { axis, descending });

export interface SortOptions {
  /** Default: the last; null: the flattened tensor. */
  readonly axis?: number | null;
  readonly descending?: boolean;
}
const prepared = (
  op: string,
  x: TensorLike,
  options: number | null | SortOptions | undefined,
): { readonly t: Tensor; readonly axis: number; readonly descending: boolean } => {
  const byAxis = typeof options === 'number' || options === null;
  if (!byAxis) checkOptions(op, options, ['axis', 'descending']);
  const { axis = -1, descending = false } = byAxis ? { axis: options } : (options ?? {});
  const given = asTensor(op, 'x', x);
  if (given.rank === 0) throw new ShapeError(op, 'a scalar has no axis to sort along');
  const t = axis === null ? reshapeTo(given, [given.size]) : given;
  return { t, axis: checkAxis(op, axis ?? 0, t.rank), descending };
};

/**
 * Elements in ascending order along an axis, the last by default (`jax.numpy.sort`); stable; NaN comes last, also when descending.
 * @example
 * sort(tensor([3, 1, 2])); // [1, 2, 3]
 */
export const sort = (x: TensorLike, options?: number | null | SortOptions): Tensor => {
  const { t, axis, descending } = prepared('sort', x, options);
  if (t.dtype === 'bool') return cast(sortWith([cast(t, 'int32')], axis, descending)[0]!, 'bool');
  return sortWith([t], axis, descending)[0]!;
};

const order = (t: Tensor, axis: number, descending: boolean): readonly [Tensor, Tensor] => {
  const keys = t.dtype === 'bool' ? cast(t, 'int32') : t;
  return sortWith([keys, indexAlong(t.shape, axis)], axis, descending) as [Tensor, Tensor];
};

/**
 * The int32 indices that sort along an axis (`jax.numpy.argsort`); stable.
 * @example
 * argsort(tensor([3, 1, 2])); // [1, 2, 0]
 */
export const argsort = (x: TensorLike, options?: number | null | SortOptions): Tensor => {
  const { t, axis, descending } = prepared('argsort', x, options);
  return order(t, axis, descending)[1];
};

/**
 * The k largest (or smallest) elements along an axis, best first, and their indices (`lax.top_k`); the first of equal ones comes first.
 * @example
 * topK(tensor([1, 3, 2]), 2); // [[3, 2], [1, 2]]
 */
export const topK = (
  x: TensorLike,
  k: number,
  options: { readonly axis?: number; readonly largest?: boolean } = {},
): [values: Tensor, indices: Tensor] => {
  checkOptions('topK', options, ['axis', 'largest']);
  const { axis = -1, largest = true } = options;
  const { t, axis: a } = prepared('topK', x, { axis });
  if (!Number.isInteger(k) || k < 0 || k > t.shape[a]!)
    throw new ArgumentError(
      'topK',
      `k = ${String(k)} must be an integer from 0 to ${t.shape[a]}, the size of axis ${a} of ${showShape(t.shape)}`,
    );
  const [values, indices] = order(t, a, largest);
  const best = sliceAlong(values, a, 0, k);
  return [t.dtype === 'bool' ? cast(best, 'bool') : best, sliceAlong(indices, a, 0, k)];
};

/**
 * Indices that sort by several keys, the last one first in importance (`jax.numpy.lexsort`).
 * @example
 * lexsort([tensor([1, 0, 0]), tensor([5, 5, 4])]); // [2, 1, 0]
 */
export const lexsort = (keys: readonly Tensor[], { axis = -1 }: { readonly axis?: number } = {}): Tensor => {
  const [first, ...others] = keys;
  if (first === undefined) throw new ArgumentError('lexsort', 'needs an array with at least one key');
  others.forEach((k, i) => {
    if (!sameShape(k.shape, first.shape))
      throw new ShapeError(
        'lexsort',
        `key ${i + 1} has shape ${showShape(k.shape)}, key 0 ${showShape(first.shape)}; all must be equal`,
      );
  });
  const { axis: a } = prepared('lexsort', first, { axis });
  // Stable sorts by one key after another, the most important last.
  return keys.reduce<Tensor>(
    (perm, key) => sortWith([takeAlong(key, perm, a), perm], a)[1]!,
    indexAlong(first.shape, a),
  );
};

/**
 * Elements rearranged so that the one at position kth is where sorting puts it, with no larger one before and no smaller one behind
 * (`jax.numpy.partition`); here fully sorted.
 * @example
 * partition(tensor([3, 1, 2]), 1); // [1, 2, 3]
 */
export const partition = (x: TensorLike, kth: number, { axis = -1 }: { readonly axis?: number } = {}): Tensor => {
  const { t, axis: a } = prepared('partition', x, { axis });
  if (!Number.isInteger(kth) || kth < -t.shape[a]! || kth >= t.shape[a]!)
    throw new ArgumentError('partition', `kth = ${String(kth)} is out of range for axis ${a} of ${showShape(t.shape)}`);
  return sort(t, a);
};
