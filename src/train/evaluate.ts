// Evaluation over batches: each batch measured, the measurements merged by their monoid.
import type { monoid } from 'fp-ts';

/**
 * Measure each item and merge the results, in order: metrics over a validation set. Asynchronous measurements are
 * awaited one at a time, so that no more than one batch is held.
 *
 * @example
 * const total = await evaluate(N.MonoidSum, batches(valid, { size: 256 }), async ({ x, y }) => loss(params, x, y).item());
 */
export const evaluate = async <M, A>(
  merge: monoid.Monoid<M>,
  items: Iterable<A> | AsyncIterable<A>,
  measure: (item: A) => M | Promise<M>,
): Promise<M> => {
  let total = merge.empty;
  for await (const item of items) total = merge.concat(total, await measure(item));
  return total;
};
