// Softmax and what belongs to it: exponentials that are normalised along axes, stable to any order of derivative.
import { checkAxes, sizeOf } from '../core/aval.ts';
import { add, div, equal, sub } from '../core/ops/arithmetic.ts';
import { where as choose } from '../core/ops/choice.ts';
import { exp, log } from '../core/ops/exponential.ts';
import { isfinite } from '../core/ops/logic.ts';
import { promote, toFloat, type TensorLike } from '../core/ops/promote.ts';
import { max, readOptions, sum, type Axes, type AxisOptions, type ReduceOptions } from '../core/ops/reduce.ts';
import { logsumexp, mean, variance } from '../core/ops/statistics.ts';
import { sqrt } from '../core/ops/unary.ts';
import type { Tensor } from '../core/tensor.ts';
import { stopGradient } from '../grad/index.ts';

const real = (op: string, x: TensorLike): Tensor => promote(op, ['x'], [x], toFloat)[0]!;

interface Kept {
  readonly axis: readonly number[];
  readonly keepdims: true;
}
// The maximum cancels in every derivative: it counts as a constant.
const belowMax = (op: string, x: TensorLike, axis: Axes): readonly [Tensor, Kept] => {
  const t = real(op, x);
  const o: Kept = { axis: checkAxes(op, axis, t.rank), keepdims: true };
  return [t.size === 0 ? t : sub(t, max(stopGradient(t), o)), o];
};

export interface SoftmaxOptions {
  readonly axis?: Axes | undefined;
  /** A mask that broadcasts to x: elsewhere the result is 0, and nothing is counted. */
  readonly where?: Tensor | undefined;
}

// Where all is masked there is nothing to normalise: the result is 0, and so is its gradient.
const masked = (x: Tensor, mask: Tensor, axis: Axes): Tensor => {
  const o: Kept = { axis: checkAxes('softmax', axis, x.rank), keepdims: true };
  if (x.size === 0) return x;
  const top = max(choose(mask, stopGradient(x), -Infinity), o);
  const u = choose(mask, exp(choose(mask, sub(x, choose(isfinite(top), top, 0)), 0)), 0);
  const total = sum(u, o);
  return div(u, choose(equal(total, 0), 1, total));
};

/**
 * e^x / sum(e^x) along an axis (default the last), several, or all (null) (`jax.nn.softmax`). With `where` only the elements of
 * a mask take part; a row without any is 0.
 * @example
 * softmax(tensor([1000, 1000])); // [0.5, 0.5]
 */
export const softmax = (x: TensorLike, options: Axes | SoftmaxOptions = -1): Tensor => {
  const { axis = -1, where }: SoftmaxOptions = readOptions<SoftmaxOptions>('softmax', options, 'where');
  if (where !== undefined) return masked(real('softmax', x), where, axis);
  const [shifted, o] = belowMax('softmax', x, axis);
  const u = exp(shifted);
  return div(u, sum(u, o));
};

/**
 * log(softmax(x)), finite where softmax underflows (`jax.nn.log_softmax`).
 * @example
 * logSoftmax(tensor([0, -1000])); // [0, -1000]
 */
export const logSoftmax = (x: TensorLike, axis: Axes = -1): Tensor => {
  const [shifted, o] = belowMax('logSoftmax', x, axis);
  return sub(shifted, log(sum(exp(shifted), o)));
};

/**
 * log(mean(e^x)) over axes, without overflow (`jax.nn.logmeanexp`).
 * @example
 * logmeanexp(tensor([1000, 1000])); // 1000
 */
export const logmeanexp = (x: TensorLike, options?: AxisOptions): Tensor => {
  const t = real('logmeanexp', x);
  const axes = checkAxes('logmeanexp', readOptions<ReduceOptions>('logmeanexp', options).axis, t.rank);
  return add(logsumexp(t, options), -Math.log(sizeOf(axes.map((i) => t.shape[i]!))));
};

/**
 * (x - mean) / sqrt(variance + epsilon) along an axis (default the last) (`jax.nn.standardize`).
 * @example
 * standardize(tensor([1, 3]), { epsilon: 0 }); // [-1, 1]
 */
export const standardize = (
  x: TensorLike,
  { axis = -1, epsilon = 1e-5 }: { readonly axis?: Axes | undefined; readonly epsilon?: number | undefined } = {},
): Tensor => {
  const t = real('standardize', x);
  const o = { axis, keepdims: true } as const;
  return div(sub(t, mean(t, o)), sqrt(add(variance(t, o), epsilon)));
};
