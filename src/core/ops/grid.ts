// Grids: matrices and coordinates made from indices.
import { broadcastShapes, checkShape } from '../aval.ts';
import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { add, equal, lessEqual } from './arithmetic.ts';
import { dtypeOr, indexAlong, type DTypeOption } from './creation.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { broadcastTo, reshapeTo } from './structure.ts';

interface DiagonalOptions {
  /** Which diagonal: 0 the main one, positive above it. */
  readonly k?: number | undefined;
  readonly dtype?: Exclude<DTypeOption, object> | undefined;
}

/**
 * Ones on a diagonal, zeros elsewhere, n by m (default square) (`jax.numpy.eye`).
 * @example
 * eye(2); // [[1, 0], [0, 1]]
 * eye(2, 3, { k: 1 }); // [[0, 1, 0], [0, 0, 1]]
 */
export const eye = (n: number, m: number = n, { k = 0, dtype }: DiagonalOptions = {}): Tensor => {
  const shape = checkShape('eye', [n, m]);
  return cast(equal(add(indexAlong(shape, 0), k), indexAlong(shape, 1)), dtypeOr('eye', dtype, 'float32'));
};

/**
 * The n by n identity matrix (`jax.numpy.identity`).
 * @example
 * identity(2); // [[1, 0], [0, 1]]
 */
export const identity = (n: number, dtype?: DTypeOption): Tensor =>
  eye(n, n, { dtype: dtypeOr('identity', dtype, 'float32') });

/**
 * Ones at and below a diagonal, zeros above, n by m (default square) (`jax.numpy.tri`).
 * @example
 * tri(2); // [[1, 0], [1, 1]]
 */
export const tri = (n: number, m: number = n, { k = 0, dtype }: DiagonalOptions = {}): Tensor => {
  const shape = checkShape('tri', [n, m]);
  return cast(lessEqual(indexAlong(shape, 1), add(indexAlong(shape, 0), k)), dtypeOr('tri', dtype, 'float32'));
};

interface MeshgridOptions {
  /** 'xy' (default): the first two axes are swapped, as for pictures; 'ij': axis k belongs to input k. */
  readonly indexing?: 'xy' | 'ij' | undefined;
  /** Axes of size 1 instead of repeated values. */
  readonly sparse?: boolean | undefined;
}

/**
 * Coordinate tensors of the grid over vectors (`jax.numpy.meshgrid`).
 * @example
 * meshgrid([tensor([1, 2]), tensor([3, 4])])[0]; // [[1, 2], [1, 2]]
 */
export const meshgrid = (
  vectors: readonly TensorLike[],
  { indexing = 'xy', sparse = false }: MeshgridOptions = {},
): Tensor[] => {
  const xs = vectors.map((v, i) => asTensor('meshgrid', `vectors[${i}]`, v));
  const n = xs.length;
  const axisOf = (i: number): number => (indexing === 'xy' && n > 1 && i < 2 ? 1 - i : i);
  const open = xs.map((x, i) => {
    if (x.rank > 1)
      throw new ArgumentError('meshgrid', `vectors[${i}] has rank ${x.rank}; vectors or scalars are needed`);
    return reshapeTo(
      x,
      Array.from({ length: n }, (_, k) => (k === axisOf(i) ? x.size : 1)),
    );
  });
  if (sparse || n === 0) return open;
  const shape = broadcastShapes('meshgrid', ...open.map((x) => x.shape));
  return open.map((x) => broadcastTo(x, shape));
};

/**
 * The indices of every place of a shape, one int32 tensor an axis (`numpy.indices`; stack them for its layout).
 * @example
 * indices([2, 2])[1]; // [[0, 1], [0, 1]]
 */
export const indices = (shape: readonly number[]): Tensor[] => {
  const s = checkShape('indices', shape);
  return s.map((_, axis) => indexAlong(s, axis));
};
