// Copies of trees of tensors, which outlive the donation of the originals.
import { flatten, unflatten } from '../core/tree.ts';
import { Tensor } from '../core/tensor.ts';
import { fromHost, toHost } from '../io/tensors.ts';

/**
 * A copy of a tree on the host: the same values in tensors of their own, which stay when the originals are donated.
 *
 * @example
 * const best = await snapshot(params);
 */
export const snapshot = async <T>(tree: T): Promise<T> => {
  const { leaves, structure } = flatten(tree, 'snapshot');
  const copies = await Promise.all(
    leaves.map(async (leaf) => (leaf instanceof Tensor ? fromHost(await toHost(leaf)) : leaf)),
  );
  return unflatten<T>(structure, copies);
};
