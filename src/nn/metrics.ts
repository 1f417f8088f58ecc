// Metrics as monoids: counts that add up over batches, and the figures read from them at the end.
import type { monoid as M } from 'fp-ts';
import { add, argmax, ArgumentError, equal, iota, type Tensor, transpose, zeros } from '../public.ts';

/** How a metric's state starts and merges over batches. */
export type Metric<S> = M.Monoid<S>;

/** Rows are true classes, columns predicted ones; a matrix [classes, classes] of counts. */
export interface Confusion {
  readonly counts: Tensor;
}

/** The monoid of confusion matrices of so many classes. */
export const confusion = (classes: number): Metric<Confusion> => ({
  empty: { counts: zeros([classes, classes]) },
  concat: (a, b) => ({ counts: add(a.counts, b.counts) }),
});

/**
 * Counts of one batch: labels [n] and predicted classes [n] (integers), or scores [n, classes] of which the largest counts.
 * @example
 * confusionOf(tensor([0, 1], { dtype: 'int32' }), tensor([0, 0], { dtype: 'int32' }), 2).counts; // [[1, 0], [1, 0]]
 */
export const confusionOf = (labels: Tensor, predicted: Tensor, classes: number): Confusion => {
  const chosen = predicted.rank === labels.rank + 1 ? argmax(predicted, -1) : predicted;
  if (labels.rank !== 1 || chosen.shape[0] !== labels.shape[0])
    throw new ArgumentError(
      'confusionOf',
      `needs labels [n] and as many predictions, got [${labels.shape.join(', ')}] and [${predicted.shape.join(', ')}]`,
    );
  const hot = (x: Tensor): Tensor => equal(x.reshape([x.size, 1]), iota([x.size, classes], 1)).astype('float32');
  return { counts: transpose(hot(labels)).matmul(hot(chosen)) };
};

/** Figures of a confusion matrix, as plain numbers. A ratio 0/0 is 0. */
export interface Report {
  readonly accuracy: number;
  readonly precision: readonly number[];
  readonly recall: readonly number[];
  readonly f1: readonly number[];
  /** True examples of each class. */
  readonly support: readonly number[];
  readonly macro: { readonly precision: number; readonly recall: number; readonly f1: number };
  readonly weighted: { readonly precision: number; readonly recall: number; readonly f1: number };
}

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/** Accuracy, precision, recall and F1 from a matrix of counts. */
export const report = (matrix: readonly (readonly number[])[]): Report => {
  const n = matrix.length;
  const classes = Array.from({ length: n }, (_, i) => i);
  const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
  const support = matrix.map(total);
  const hits = classes.map((i) => matrix[i]![i]!);
  const precision = classes.map((i) => ratio(hits[i]!, total(classes.map((j) => matrix[j]![i]!))));
  const recall = classes.map((i) => ratio(hits[i]!, support[i]!));
  const f1 = classes.map((i) => ratio(2 * precision[i]! * recall[i]!, precision[i]! + recall[i]!));
  const macro = (xs: readonly number[]): number => ratio(total(xs), n);
  const weighted = (xs: readonly number[]): number =>
    ratio(total(classes.map((i) => xs[i]! * support[i]!)), total(support));
  return {
    accuracy: ratio(total(hits), total(support)),
    precision,
    recall,
    f1,
    support,
    macro: { precision: macro(precision), recall: macro(recall), f1: macro(f1) },
    weighted: { precision: weighted(precision), recall: weighted(recall), f1: weighted(f1) },
  };
};

/** A mean over examples that merges over batches. */
export interface Mean {
  readonly total: Tensor;
  readonly count: Tensor;
}
/** The monoid of means; read one with `meanValue`. */
export const average: Metric<Mean> = {
  get empty() {
    return { total: zeros([]), count: zeros([]) };
  },
  concat: (a, b) => ({ total: add(a.total, b.total), count: add(a.count, b.count) }),
};
/** total / count, 0 before the first example. */
export const meanValue = async (m: Mean): Promise<number> =>
  ratio(Number(await m.total.item()), Number(await m.count.item()));

/** Share of the rows of scores [n, classes] whose largest is the label, as a mean that merges. */
export const accuracyOf = (labels: Tensor, scores: Tensor): Mean => {
  const hits = equal(argmax(scores, -1), labels).astype('float32');
  return { total: hits.sum(), count: zeros([]).add(hits.size) };
};
