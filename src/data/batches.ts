// Batches of a data set: batch i depends only on the data, the order and i, so that a loop can stop and go on anywhere.
import { ArgumentError } from '../core/errors.ts';
import type { Shape } from '../core/aval.ts';
import type { Tensor } from '../core/tensor.ts';
import type { HostArray } from '../io/host.ts';
import { fromHost } from '../io/tensors.ts';
import { countRows, selectRows, type Dataset } from './rows.ts';

/** A batch: the data set's names, with tensors of `size` rows. */
export type Batch<S extends Dataset> = { readonly [K in keyof S]: S[K] extends HostArray<infer D> ? Tensor<Shape, D> : never };

/** How a data set is cut into batches. */
export interface BatchOptions {
  /** Rows in a batch. */
  readonly size: number;
  /** Which row comes when, or which rows at all; every row in its own order where left out. */
  readonly order?: Int32Array;
  /** The last batch, if smaller: kept (the default), or dropped, which keeps one shape and so one compiled program. */
  readonly remainder?: 'keep' | 'drop';
}

const rowCount = (data: Dataset, order: Int32Array | undefined): number => {
  const rows = countRows(data);
  return order?.length ?? rows;
};

/**
 * How many batches there are.
 *
 * @example
 * batchCount({ x }, { size: 64, remainder: 'drop' })
 */
export const batchCount = (data: Dataset, { size, order, remainder = 'keep' }: BatchOptions): number => {
  if (!Number.isInteger(size) || size < 1) throw new ArgumentError('batches', `the batch size must be a whole number of at least 1, got ${size}`);
  const batches = rowCount(data, order) / size;
  return remainder === 'keep' ? Math.ceil(batches) : Math.floor(batches);
};

/**
 * Batch number `i`, from 0.
 *
 * @example
 * const { x, y } = batchAt(train, 3, { size: 64, order });
 */
export const batchAt = <S extends Dataset>(data: S, i: number, options: BatchOptions): Batch<S> => {
  const count = batchCount(data, options);
  if (!Number.isInteger(i) || i < 0 || i >= count) throw new ArgumentError('batchAt', `there is no batch ${i}: there are ${count}, from 0`);
  const { size, order } = options;
  const from = i * size;
  const to = Math.min(from + size, rowCount(data, order));
  const rows = order?.subarray(from, to) ?? Int32Array.from({ length: to - from }, (_, r) => from + r);
  return Object.fromEntries(Object.entries(selectRows(data, rows)).map(([name, array]) => [name, fromHost(array)])) as Batch<S>;
};

/**
 * The batches one after the other, from number `from` on: `batchAt` for each.
 *
 * @example
 * for (const { x, y } of batches(train, { size: 64, order })) params = step(params, x, y);
 */
export function* batches<S extends Dataset>(data: S, options: BatchOptions & { readonly from?: number }): Generator<Batch<S>, void> {
  const count = batchCount(data, options);
  for (let i = options.from ?? 0; i < count; i++) yield batchAt(data, i, options);
}
