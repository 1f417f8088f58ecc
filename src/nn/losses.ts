// Losses: a scalar by default (the mean over examples); reduction 'sum' or 'none' instead.
import {
  abs,
  add,
  ArgumentError,
  broadcastTo,
  div,
  equal,
  expandDims,
  greaterEqual,
  iota,
  less,
  logicalAnd,
  maximum,
  mean,
  moveaxis,
  mul,
  neg,
  notEqual,
  ShapeError,
  square,
  sub,
  sum,
  where,
  type Tensor,
} from '../public.ts';
import { logSoftmax, softplus } from './activations.ts';

export type Reduction = 'mean' | 'sum' | 'none';
export interface LossOptions {
  readonly reduction?: Reduction;
}

const reduced = (losses: Tensor, options: LossOptions): Tensor => {
  switch (options.reduction ?? 'mean') {
    case 'mean':
      return mean(losses);
    case 'sum':
      return sum(losses);
    case 'none':
      return losses;
    default:
      throw new ArgumentError('loss', `reduction must be 'mean', 'sum' or 'none', got ${String(options.reduction)}`);
  }
};

const paired = (op: string, x: Tensor, target: Tensor): void => {
  if (x.shape.join() !== target.shape.join())
    throw new ShapeError(
      op,
      `prediction [${x.shape.join(', ')}] and target [${target.shape.join(', ')}] must have one shape; a difference would broadcast to something you do not want`,
    );
};

/**
 * Squared error, per element (x - target)^2.
 * @example
 * squaredError(tensor([1, 3]), tensor([1, 1])); // 2
 */
export const squaredError = (x: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
  paired('squaredError', x, target);
  return reduced(square(sub(x, target)), options);
};

/**
 * Absolute error; its derivative at 0 is 0.
 * @example
 * absoluteError(tensor([1, 3]), tensor([1, 1])); // 1
 */
export const absoluteError = (x: Tensor, target: Tensor, options: LossOptions = {}): Tensor => {
  paired('absoluteError', x, target);
  return reduced(abs(sub(x, target)), options);
};

/**
 * Huber's loss: 0.5 d^2 up to |d| = delta, delta (|d| - delta/2) beyond (Huber, 1964).
 * @example
 * huber(tensor([3]), tensor([0])); // 2.5
 */
export const huber = (x: Tensor, target: Tensor, options: LossOptions & { readonly delta?: number } = {}): Tensor => {
  paired('huber', x, target);
  const { delta = 1 } = options;
  const d = sub(x, target);
  const size = abs(d);
  return reduced(where(less(size, delta), mul(square(d), 0.5), mul(sub(size, delta / 2), delta)), options);
};

export interface CrossEntropyOptions extends LossOptions {
  /** The axis of the classes. Default the last. */
  readonly axis?: number;
  /** Share of the target spread evenly over all classes (Szegedy et al., 2016). */
  readonly labelSmoothing?: number;
  /** A factor for each class, of shape [classes]; the mean then divides by the factors of the targets. */
  readonly weight?: Tensor;
  /** Integer labels of this value do not count. */
  readonly ignoreIndex?: number;
}

/**
 * Cross-entropy of the softmax of logits [..., classes] with integer labels [...] or target probabilities [..., classes]
 * (`optax.softmax_cross_entropy`, `..._with_integer_labels`). A label outside 0 .. classes-1 that is not ignored gives
 * NaN.
 * @example
 * softmaxCrossEntropy(tensor([[0, 0]]), tensor([1], { dtype: 'int32' })); // 0.6931472
 */
export const softmaxCrossEntropy = (logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor => {
  const op = 'softmaxCrossEntropy';
  const { labelSmoothing = 0, weight, ignoreIndex, axis = -1 } = options;
  const x = moveaxis(logits, axis, -1);
  const classes = x.shape[x.rank - 1]!;
  const byLabel = target.rank === x.rank - 1;
  const t = byLabel ? target : moveaxis(target, axis, -1);
  if (t.shape.join() !== (byLabel ? x.shape.slice(0, -1) : x.shape).join())
    throw new ShapeError(
      op,
      `logits [${logits.shape.join(', ')}] need labels of the same shape without the class axis, or probabilities of the same shape; got target [${target.shape.join(', ')}]`,
    );
  if (byLabel && (t.dtype === 'float32' || t.dtype === 'float64'))
    throw new ArgumentError(
      op,
      `labels must be integers, got ${t.dtype}; for probabilities give the target a class axis`,
    );
  const logp = logSoftmax(x);
  // A comparison with the class number instead of a gather: it fuses, and so does its derivative.
  const hot = byLabel ? equal(expandDims(t, -1), iota(x.shape, x.rank - 1)) : undefined;
  const even = labelSmoothing / classes;
  const weighted = weight === undefined ? logp : mul(logp, weight);
  const picked = hot === undefined ? sum(mul(t, weighted), { axis: -1 }) : sum(where(hot, weighted, 0), { axis: -1 });
  const losses = neg(
    labelSmoothing === 0 ? picked : add(mul(picked, 1 - labelSmoothing), mul(sum(weighted, { axis: -1 }), even)),
  );
  const counts = ignoreIndex === undefined || !byLabel ? undefined : notEqual(t, ignoreIndex);
  // Added, not chosen, so that the derivative need not ask again.
  const known = byLabel ? add(losses, where(logicalAnd(greaterEqual(t, 0), less(t, classes)), 0, NaN)) : losses;
  const kept = counts === undefined ? known : where(counts, known, 0);
  if ((options.reduction ?? 'mean') !== 'mean' || !byLabel || (weight === undefined && counts === undefined))
    return reduced(kept, options);
  const share =
    weight === undefined ? where(counts!, 1, 0) : sum(where(hot!, broadcastTo(weight, x.shape), 0), { axis: -1 });
  return div(sum(kept), sum(counts === undefined ? share : where(counts, share, 0)));
};

/**
 * Cross-entropy of the sigmoid of logits with targets in [0, 1], per element; stable for large logits.
 * `positiveWeight` multiplies the term of the positive class, `weight` the whole element.
 * @example
 * sigmoidCrossEntropy(tensor([0]), tensor([1])); // 0.6931472
 */
export const sigmoidCrossEntropy = (
  logits: Tensor,
  target: Tensor,
  options: LossOptions & { readonly weight?: Tensor; readonly positiveWeight?: Tensor | number } = {},
): Tensor => {
  paired('sigmoidCrossEntropy', logits, target);
  const positive = options.positiveWeight === undefined ? target : mul(target, options.positiveWeight);
  // -log sigmoid(x) = softplus(-x), -log(1 - sigmoid(x)) = softplus(x).
  const losses = add(mul(positive, softplus(neg(logits))), mul(sub(1, target), softplus(logits)));
  return reduced(options.weight === undefined ? losses : mul(losses, options.weight), options);
};

/** The mean of several per-example losses where `mask` is true; 0 where it is nowhere. */
export const maskedMean = (losses: Tensor, mask: Tensor): Tensor =>
  div(sum(where(mask, losses, 0)), maximum(sum(where(mask, 1, 0)), 1));
