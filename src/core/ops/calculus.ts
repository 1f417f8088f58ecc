// Differences and integrals of sampled functions.
import { checkAxis } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { add, mul, notEqual, sub } from './arithmetic.ts';
import { asTensor, promote, toFloat, type TensorLike } from './promote.ts';
import { sum } from './reduce.ts';
import { sliceAlong } from './slice.ts';
import { broadcastTo, reshapeTo } from './structure.ts';

export interface DiffOptions {
  /** How many times differences are taken (default once). */
  readonly n?: number | undefined;
  readonly axis?: number | undefined;
}
/**
 * Differences of neighbours along an axis (default the last) (`jax.numpy.diff`).
 * @example
 * diff(tensor([1, 4, 9])); // [3, 5]
 */
export const diff = (x: TensorLike, { n = 1, axis = -1 }: DiffOptions = {}): Tensor => {
  let t = asTensor('diff', 'x', x);
  const a = checkAxis('diff', axis, t.rank);
  if (!Number.isInteger(n) || n < 0) throw new ArgumentError('diff', `n must be an integer >= 0, got ${String(n)}`);
  for (let i = 0; i < n && t.shape[a]! > 0; i++) {
    const size = t.shape[a]! - 1;
    const [hi, lo] = [sliceAlong(t, a, 1, size), sliceAlong(t, a, 0, size)];
    t = t.dtype === 'bool' ? notEqual(hi, lo) : sub(hi, lo);
  }
  return t;
};

export interface TrapezoidOptions {
  /** Where the samples were taken: of the shape of y, or one place for each along the axis. */
  readonly x?: Tensor | undefined;
  /** The distance between samples where x is not given (default 1). */
  readonly dx?: number | undefined;
  readonly axis?: number | undefined;
}
/**
 * The integral along an axis (default the last) by the trapezoidal rule (`jax.numpy.trapezoid`).
 * @example
 * trapezoid(tensor([1, 2, 3])); // 4
 */
export const trapezoid = (y: TensorLike, { x, dx = 1, axis = -1 }: TrapezoidOptions = {}): Tensor => {
  const t = promote('trapezoid', ['y'], [y], toFloat)[0]!;
  const a = checkAxis('trapezoid', axis, t.rank);
  const size = Math.max(0, t.shape[a]! - 1);
  const pairs = add(sliceAlong(t, a, 1, size), sliceAlong(t, a, 0, size));
  if (x === undefined) return mul(sum(pairs, a), dx / 2);
  if (x.rank === 1 && x.size !== t.shape[a])
    throw new ShapeError(
      'trapezoid',
      `x has ${x.size} places, axis ${axis} of y has ${t.shape[a]!} samples (shape [${t.shape.join(', ')}])`,
    );
  const at =
    x.rank === 1
      ? broadcastTo(
          reshapeTo(
            x,
            t.shape.map((d, i) => (i === a ? d : 1)),
          ),
          t.shape,
        )
      : x;
  return mul(sum(mul(pairs, diff(at, { axis: a })), a), 0.5);
};
