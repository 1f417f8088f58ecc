// Diagonals and triangles: a diagonal is a strided slice of the flattened matrix, so both directions are moves.
import { checkAxis, checkShape, showShape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { hostTensor } from '../host.ts';
import type { Tensor } from '../tensor.ts';
import { greaterEqual, lessEqual, sub } from './arithmetic.ts';
import { maskWith } from './choice.ts';
import { indexAlong } from './creation.ts';
import { asTensor, type TensorLike } from './promote.ts';
import { padBy, sliceAlong } from './slice.ts';
import { broadcastTo, permuteAxes, reshapeTo } from './structure.ts';

const checkOffset = (op: string, k: number): number => {
  if (!Number.isInteger(k)) throw new ArgumentError(op, `the diagonal's offset must be an integer, got ${String(k)}`);
  return k;
};

/** The elements where two axes have equal indices (that of `axis2` ahead by `offset`), as a new last axis: without checks. */
export const takeDiagonal = (x: Tensor, axis1: number, axis2: number, offset = 0): Tensor => {
  const rest = x.shape.map((_, i) => i).filter((i) => i !== axis1 && i !== axis2);
  const [m, n] = [x.shape[axis1]!, x.shape[axis2]!];
  const size = Math.max(0, offset >= 0 ? Math.min(m, n - offset) : Math.min(m + offset, n));
  const flat = reshapeTo(permuteAxes(x, [...rest, axis1, axis2]), [...rest.map((i) => x.shape[i]!), m * n]);
  return sliceAlong(flat, rest.length, size === 0 ? 0 : offset >= 0 ? offset : -offset * n, size, n + 1);
};

/**
 * A diagonal of the matrices in two axes (`jax.numpy.diagonal`), the first and second by default; it becomes the last axis.
 * @example
 * diagonal(tensor([[1, 2], [3, 4]])); // [1, 4]
 */
export const diagonal = (
  x: TensorLike,
  {
    offset = 0,
    axis1 = 0,
    axis2 = 1,
  }: { readonly offset?: number; readonly axis1?: number; readonly axis2?: number } = {},
): Tensor => {
  const t = asTensor('diagonal', 'x', x);
  if (t.rank < 2) throw new ShapeError('diagonal', `needs at least two axes, got ${showShape(t.shape)}`);
  const a = checkAxis('diagonal', axis1, t.rank, 'axis1');
  const b = checkAxis('diagonal', axis2, t.rank, 'axis2');
  if (a === b) throw new ArgumentError('diagonal', `axis1 and axis2 are both axis ${a}`);
  return takeDiagonal(t, a, b, checkOffset('diagonal', offset));
};

/** Last axis [n] onto the diagonal of new matrices [n + |k|, n + |k|], zero elsewhere: without checks. */
const putDiagonal = (v: Tensor, k: number): Tensor => {
  const lead = v.shape.slice(0, -1);
  const n = v.shape[v.rank - 1]!;
  const side = n + Math.abs(k);
  const none = lead.map((): [number, number] => [0, 0]);
  const start = k >= 0 ? k : -k * side;
  const used = n === 0 ? 0 : (n - 1) * (side + 1) + 1;
  const spread = padBy(v, [...none, [start, side * side - start - used]], 0, [...lead.map(() => 0), side]);
  return reshapeTo(spread, [...lead, side, side]);
};

/**
 * A vector becomes a matrix with it on diagonal k; a matrix gives its diagonal k (`jax.numpy.diag`).
 * @example
 * diag(tensor([1, 2])); // [[1, 0], [0, 2]]
 */
export const diag = (x: TensorLike, options: number | { readonly k?: number } = 0): Tensor => {
  const t = asTensor('diag', 'x', x);
  const k = checkOffset('diag', typeof options === 'number' ? options : (options.k ?? 0));
  if (t.rank === 1) return putDiagonal(t, k);
  if (t.rank === 2) return takeDiagonal(t, 0, 1, k);
  throw new ShapeError('diag', `needs a vector or a matrix, got ${showShape(t.shape)}; use diagonal for more axes`);
};

const triangle =
  (op: 'tril' | 'triu') =>
  (x: TensorLike, options: number | { readonly k?: number } = 0): Tensor => {
    const t = asTensor(op, 'x', x);
    const k = checkOffset(op, typeof options === 'number' ? options : (options.k ?? 0));
    if (t.rank < 2) throw new ShapeError(op, `needs at least two axes, got ${showShape(t.shape)}`);
    const matrix = t.shape.slice(-2);
    const ahead = sub(indexAlong(matrix, 1), indexAlong(matrix, 0));
    return maskWith(broadcastTo(op === 'tril' ? lessEqual(ahead, k) : greaterEqual(ahead, k), t.shape), t);
  };

/**
 * The lower triangle of the last two axes, zero above diagonal k (`jax.numpy.tril`).
 * @example
 * tril(tensor([[1, 2], [3, 4]])); // [[1, 0], [3, 4]]
 */
export const tril: (x: TensorLike, options?: number | { readonly k?: number }) => Tensor = triangle('tril');
/**
 * The upper triangle of the last two axes, zero below diagonal k (`jax.numpy.triu`).
 * @example
 * triu(tensor([[1, 2], [3, 4]])); // [[1, 2], [0, 4]]
 */
export const triu: (x: TensorLike, options?: number | { readonly k?: number }) => Tensor = triangle('triu');

interface TriangleOptions {
  readonly k?: number;
  /** Columns (default: n). */
  readonly m?: number;
}
const triangleIndices =
  (op: string, inside: (ahead: number, k: number) => boolean) =>
  (n: number, { k = 0, m = n }: TriangleOptions = {}): [rows: Tensor, columns: Tensor] => {
    checkShape(op, [n, m]);
    checkOffset(op, k);
    const rows: number[] = [];
    const columns: number[] = [];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++)
        if (inside(j - i, k)) {
          rows.push(i);
          columns.push(j);
        }
    const vector = (v: readonly number[]): Tensor => hostTensor(Int32Array.from(v), [v.length], 'int32');
    return [vector(rows), vector(columns)];
  };

/**
 * Rows and columns of the elements of an n by m matrix on or below diagonal k (`jax.numpy.tril_indices`).
 * @example
 * trilIndices(2); // [[0, 1, 1], [0, 0, 1]]
 */
export const trilIndices: (n: number, options?: TriangleOptions) => [rows: Tensor, columns: Tensor] = triangleIndices(
  'trilIndices',
  (ahead, k) => ahead <= k,
);
/**
 * Rows and columns of the elements on or above diagonal k (`jax.numpy.triu_indices`).
 * @example
 * triuIndices(2); // [[0, 0, 1], [0, 1, 1]]
 */
export const triuIndices: (n: number, options?: TriangleOptions) => [rows: Tensor, columns: Tensor] = triangleIndices(
  'triuIndices',
  (ahead, k) => ahead >= k,
);
