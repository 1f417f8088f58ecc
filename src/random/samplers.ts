// Samplers: draws from distributions as pure functions of a key and a shape, in JAX's order of bits.
import { checkShape, sizeOf, type Shape } from '../core/aval.ts';
import { isFloat, isInteger, type DType } from '../core/dtype.ts';
import { ArgumentError, DTypeError } from '../core/errors.ts';
import { add, less, mul, neg, sub } from '../core/ops/arithmetic.ts';
import { maximum } from '../core/ops/binary.ts';
import { clip, where } from '../core/ops/choice.ts';
import { cumsum } from '../core/ops/cumulate.ts';
import { remainder } from '../core/ops/division.ts';
import { log } from '../core/ops/exponential.ts';
import { bitwiseOr, rightShift } from '../core/ops/logic.ts';
import { cast, type TensorLike } from '../core/ops/promote.ts';
import { argmax } from '../core/ops/reduce.ts';
import { argsort, sortWith } from '../core/ops/sort.ts';
import { searchsorted } from '../core/ops/search.ts';
import { sliceAlong } from '../core/ops/slice.ts';
import { broadcastTo, fill, reshapeTo } from '../core/ops/structure.ts';
import { take } from '../core/ops/take.ts';
import { bitcast } from '../core/ops/types.ts';
import { erf, erfinv } from '../core/ops/special.ts';
import { broadcastShapes } from '../core/aval.ts';
import { indexAlong } from '../core/ops/creation.ts';
import { Tensor } from '../core/tensor.ts';
import { bits, split, words, type Key } from './key.ts';

export interface SampleOptions {
  /** float32 (default) or float64. */
  readonly dtype?: 'float32' | 'float64';
}

const floatType = (op: string, d: DType | undefined): DType => {
  if (d !== undefined && !isFloat(d))
    throw new DTypeError(op, `draws floats; dtype must be 'float32' or 'float64', got ${d}`);
  return d ?? 'float32';
};

/** Uniform in [0, 1): the high bits as a fraction. */
const unit = (op: string, k: Key, shape: Shape, dtype: DType): Tensor => {
  if (dtype === 'float32') return sub(bitcast(bitwiseOr(rightShift(bits(k, shape), 9), 0x3f800000), 'float32'), 1);
  const [high, low] = words(op, k, shape);
  // 52 bits: all of the high word, the upper 20 of the low one.
  const top = mul(cast(high, 'float64'), 2 ** -32);
  return add(top, mul(cast(rightShift(low, 12), 'float64'), 2 ** -52));
};

/**
 * Uniform in [minval, maxval) (`jax.random.uniform`; bit-equal to it).
 * @example
 * uniform(key(0), [3]).shape; // [3]
 */
export const uniform = (
  k: Key,
  shape: Shape = [],
  options: SampleOptions & { readonly minval?: TensorLike; readonly maxval?: TensorLike } = {},
): Tensor => {
  const dims = checkShape('uniform', shape);
  const dtype = floatType('uniform', options.dtype);
  const u = unit('uniform', k, dims, dtype);
  const { minval = 0, maxval = 1 } = options;
  if (minval === 0 && maxval === 1) return u;
  const lo = minval instanceof Tensor ? cast(minval, dtype) : fill([], Number(minval), dtype);
  const hi = maxval instanceof Tensor ? cast(maxval, dtype) : fill([], Number(maxval), dtype);
  return maximum(lo, add(mul(u, sub(hi, lo)), lo));
};

// The largest number below zero away from -1: uniform values never reach an infinite quantile.
const above = (dtype: DType): number => (dtype === 'float32' ? -1 + 2 ** -24 : -1 + 2 ** -53);

/**
 * Standard normal (`jax.random.normal`), by the inverse of the error function.
 * @example
 * normal(key(0), [2, 2]).shape; // [2, 2]
 */
export const normal = (k: Key, shape: Shape = [], options: SampleOptions = {}): Tensor => {
  const dtype = floatType('normal', options.dtype);
  const u = uniform(k, shape, { dtype: dtype as 'float32', minval: above(dtype), maxval: 1 });
  return mul(erfinv(u), Math.SQRT2);
};

/** Normal restricted to [lower, upper] (`jax.random.truncated_normal`). */
export const truncatedNormal = (
  k: Key,
  lower: TensorLike,
  upper: TensorLike,
  shape?: Shape,
  options: SampleOptions = {},
): Tensor => {
  const dtype = floatType('truncatedNormal', options.dtype);
  const lo = lower instanceof Tensor ? cast(lower, dtype) : fill([], Number(lower), dtype);
  const hi = upper instanceof Tensor ? cast(upper, dtype) : fill([], Number(upper), dtype);
  const dims = shape ?? broadcastShapes('truncatedNormal', lo.shape, hi.shape);
  const u = uniform(k, dims, {
    dtype: dtype as 'float32',
    minval: erf(mul(lo, Math.SQRT1_2)),
    maxval: erf(mul(hi, Math.SQRT1_2)),
  });
  return clip(mul(erfinv(u), Math.SQRT2), lo, hi);
};

/** True with probability p, default 0.5 (`jax.random.bernoulli`). */
export const bernoulli = (k: Key, p: TensorLike = 0.5, shape?: Shape): Tensor => {
  const probability = p instanceof Tensor ? p : fill([], Number(p), 'float32');
  const dims = shape ?? probability.shape;
  return less(
    uniform(k, dims, { dtype: probability.dtype === 'float64' ? 'float64' : 'float32' }),
    broadcastTo(probability, dims),
  );
};

/**
 * Integers in [minval, maxval) (`jax.random.randint`; bit-equal to it). dtype int32 (default) or uint32.
 * @example
 * randint(key(0), [4], 0, 10).dtype; // 'int32'
 */
export const randint = (
  k: Key,
  shape: Shape,
  minval: TensorLike,
  maxval: TensorLike,
  options: { readonly dtype?: 'int32' | 'uint32' } = {},
): Tensor => {
  const dtype = options.dtype ?? 'int32';
  if (!isInteger(dtype))
    throw new DTypeError('randint', `draws integers; dtype must be 'int32' or 'uint32', got ${String(dtype)}`);
  const dims = checkShape('randint', shape);
  for (const [name, v] of [
    ['minval', minval],
    ['maxval', maxval],
  ] as const)
    if (typeof v === 'number' && !Number.isInteger(v))
      throw new ArgumentError('randint', `${name} must be an integer, got ${String(v)}`);
  const bound = (v: TensorLike): Tensor =>
    broadcastTo(v instanceof Tensor ? cast(v, dtype) : fill([], Number(v), dtype), dims);
  const [lo, hi] = [bound(minval), bound(maxval)];
  const [k1, k2] = split(k);
  const [high, low] = [bits(k1!, dims), bits(k2!, dims)];
  const span = where(less(lo, hi), sub(cast(hi, 'uint32'), cast(lo, 'uint32')), fill(dims, 1, 'uint32'));
  // Two words reduced modulo the span: 2^32 mod span as (2^16 mod span)^2 mod span.
  const half = remainder(fill(dims, 65536, 'uint32'), span);
  const multiplier = remainder(mul(half, half), span);
  const offset = remainder(add(mul(remainder(high, span), multiplier), remainder(low, span)), span);
  return add(lo, cast(offset, dtype));
};

/**
 * A random order of 0 .. n-1, or of the rows of a tensor (`jax.random.permutation`), by sorting random words.
 * @example
 * permutation(key(0), 5).shape; // [5]
 */
export const permutation = (k: Key, x: number | Tensor): Tensor => {
  const n = typeof x === 'number' ? x : (x.shape[0] ?? 0);
  if (!Number.isInteger(n) || n < 0 || (x instanceof Tensor && x.rank === 0))
    throw new ArgumentError('permutation', `needs a count or a tensor with a leading axis, got ${String(x)}`);
  let order = indexAlong([n], 0);
  const rounds = Math.ceil((3 * Math.log(Math.max(1, n))) / Math.log(2 ** 32 - 1));
  let rest = k;
  for (let i = 0; i < rounds; i++) {
    const [next, sub] = split(rest);
    rest = next!;
    order = sortWith([bits(sub!, [n]), order], 0)[1]!;
  }
  return typeof x === 'number' ? order : take(x, order, { axis: 0 });
};

/** Standard Gumbel (`jax.random.gumbel`). */
export const gumbel = (k: Key, shape: Shape = [], options: SampleOptions = {}): Tensor => {
  const dtype = floatType('gumbel', options.dtype);
  const tiny = dtype === 'float32' ? 2 ** -126 : 2 ** -1022;
  return neg(log(neg(log(uniform(k, shape, { dtype: dtype as 'float32', minval: tiny, maxval: 1 })))));
};

/**
 * Indices drawn with unnormalised log-probabilities along an axis (`jax.random.categorical`). `shape` defaults to that of
 * the logits without the axis, and must end with it.
 */
export const categorical = (
  k: Key,
  logits: Tensor,
  options: { readonly axis?: number; readonly shape?: Shape } = {},
): Tensor => {
  const axis = options.axis ?? -1;
  const at = axis < 0 ? axis + logits.rank : axis;
  const batch = logits.shape.filter((_, i) => i !== at);
  const shape = options.shape ?? batch;
  const lead = shape.slice(0, shape.length - batch.length);
  if (shape.length < batch.length || sizeOf(shape.slice(lead.length)) !== sizeOf(batch))
    throw new ArgumentError(
      'categorical',
      `shape [${shape.join(', ')}] must end with the batch shape [${batch.join(', ')}] of the logits`,
    );
  const full = [...lead, ...logits.shape];
  return argmax(
    add(gumbel(k, full, { dtype: logits.dtype === 'float64' ? 'float64' : 'float32' }), broadcastTo(logits, full)),
    lead.length + at,
  );
};

/**
 * Draws from 0 .. n-1, or from the rows of a tensor, with or without replacement and with probabilities `p`
 * (`jax.random.choice`).
 */
export const choice = (
  k: Key,
  a: number | Tensor,
  shape: Shape = [],
  options: { readonly replace?: boolean; readonly p?: Tensor } = {},
): Tensor => {
  const n = typeof a === 'number' ? a : (a.shape[0] ?? 0);
  const count = sizeOf(shape);
  const { replace = true, p } = options;
  if (n < 1) throw new ArgumentError('choice', `there is nothing to choose from: n is ${n}`);
  if (!replace && count > n) throw new ArgumentError('choice', `cannot draw ${count} of ${n} without replacement`);
  if (p !== undefined && (p.rank !== 1 || p.shape[0] !== n))
    throw new ArgumentError('choice', `p must have shape [${n}], got [${p.shape.join(', ')}]`);
  let index: Tensor;
  if (p === undefined)
    index = replace ? randint(k, shape, 0, n) : reshapeTo(sliceAlong(permutation(k, n), 0, 0, count), shape);
  else if (replace) {
    const total = cumsum(p);
    const last = reshapeTo(sliceAlong(total, 0, n - 1, 1), []);
    index = searchsorted(
      total,
      mul(last, sub(1, uniform(k, shape, { dtype: p.dtype === 'float64' ? 'float64' : 'float32' }))),
    );
  } else index = reshapeTo(sliceAlong(argsort(sub(neg(gumbel(k, [n])), log(p))), 0, 0, count), shape);
  return typeof a === 'number' ? index : take(a, index, { axis: 0 });
};

/** Exponential with rate 1 (`jax.random.exponential`). */
export const exponential = (k: Key, shape: Shape = [], options: SampleOptions = {}): Tensor =>
  neg(log(sub(1, uniform(k, shape, options))));

/** -1 or 1 with equal probability (`jax.random.rademacher`). */
export const rademacher = (k: Key, shape: Shape = [], options: { readonly dtype?: DType } = {}): Tensor =>
  cast(sub(mul(cast(bernoulli(k, 0.5, shape), 'int32'), 2), 1), options.dtype ?? 'int32');
