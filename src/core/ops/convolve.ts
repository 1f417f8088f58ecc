// Convolution and correlation of vectors, as signal processing names them.
import { showShape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { convGeneral } from './conv.ts';
import { promotePair } from './matmul.ts';
import type { TensorLike } from './promote.ts';
import { flip, sliceAlong } from './slice.ts';
import { reshapeTo } from './structure.ts';

type Mode = 'full' | 'same' | 'valid';

// All overlaps of x with v as it lies (no flip), then the part that the mode keeps.
const slide = (op: string, x: Tensor, v: Tensor, mode: Mode): Tensor => {
  if (!['full', 'same', 'valid'].includes(mode))
    throw new ArgumentError(op, `mode must be 'full', 'same' or 'valid', got '${String(mode)}'`);
  const [n, k] = [x.size, v.size];
  const full = reshapeTo(convGeneral(reshapeTo(x, [1, n, 1]), reshapeTo(v, [k, 1, 1]), { padding: k - 1 }), [
    n + k - 1,
  ]);
  const size = mode === 'full' ? n + k - 1 : mode === 'same' ? Math.max(n, k) : Math.abs(n - k) + 1;
  return sliceAlong(full, 0, Math.floor((n + k - 1 - size) / 2), size);
};

const vectors = (op: string, x: TensorLike, v: TensorLike): [Tensor, Tensor] => {
  const [a, b] = promotePair(op, ['x', 'v'], x, v);
  if (a.rank !== 1 || b.rank !== 1 || a.size === 0 || b.size === 0)
    throw new ShapeError(
      op,
      `x and v must be vectors that are not empty, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  return [a, b];
};

/**
 * Convolution of two vectors (`jax.numpy.convolve`): 'full' has all overlaps, 'same' the length of the longer, 'valid' complete overlaps only.
 * @example
 * convolve(tensor([1, 2, 3]), tensor([0, 1, 0.5])); // [0, 1, 2.5, 4, 1.5]
 */
export const convolve = (x: TensorLike, v: TensorLike, { mode = 'full' }: { readonly mode?: Mode } = {}): Tensor => {
  const [a, b] = vectors('convolve', x, v);
  // As in NumPy, the longer one comes first: 'same' is its length.
  return a.size < b.size ? slide('convolve', b, flip(a), mode) : slide('convolve', a, flip(b), mode);
};

/**
 * Correlation of two vectors (`jax.numpy.correlate`): element k is the sum of x[i + k] v[i].
 * @example
 * correlate(tensor([1, 2, 3]), tensor([0, 1, 0.5])); // [3.5]
 */
export const correlate = (x: TensorLike, v: TensorLike, { mode = 'valid' }: { readonly mode?: Mode } = {}): Tensor => {
  const [a, b] = vectors('correlate', x, v);
  return a.size < b.size ? flip(slide('correlate', b, a, mode)) : slide('correlate', a, b, mode);
};
