// Keyed shuffling: the order of an epoch depends only on the key and the epoch's number.
import { foldIn, permutation, type Key } from '../random/index.ts';

/**
 * A random order of rows for one epoch: of 0 .. n-1, or of the given rows (a part of a data set that `cut` made). The
 * same key and epoch give the same order on every machine, so that a run resumed at batch i of epoch e goes on as if
 * it had never stopped.
 *
 * @example
 * const order = await shuffledRows(key(0), epoch, train);
 * for (const { x, y } of batches(digits, { size: 64, order })) params = step(params, x, y);
 */
export const shuffledRows = async (key: Key, epoch: number, rows: number | Int32Array): Promise<Int32Array> => {
  const count = typeof rows === 'number' ? rows : rows.length;
  const order = Int32Array.from(await permutation(foldIn(key, epoch), count).data());
  return typeof rows === 'number' ? order : order.map((i) => rows[i] as number);
};
