// Slices whose position is known only at run time, of a size known at once.
import { showShape, type Shape } from '../aval.ts';
import { isInteger } from '../dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { add, less } from './arithmetic.ts';
import { clip, where } from './choice.ts';
import { gatherAt, scatterInto } from './gather.ts';
import type { Places } from './places.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { moveAffine } from './slice.ts';
import { fill, reshapeTo } from './structure.ts';

const dynamicPlaces = (
  op: string,
  x: Tensor,
  starts: Tensor | readonly (Tensor | number)[],
  sizes: Shape,
): { readonly indices: Tensor[]; readonly places: Places } | readonly number[] => {
  if (sizes.length !== x.rank || sizes.some((s, i) => !Number.isInteger(s) || s < 0 || s > x.shape[i]!))
    throw new ShapeError(
      op,
      `sizes ${showShape(sizes)} must be between 0 and the shape ${showShape(x.shape)}, one an axis`,
    );
  const list: readonly (Tensor | number)[] =
    starts instanceof Tensor
      ? Array.from({ length: starts.rank === 1 ? starts.shape[0]! : 0 }, (_, i) =>
          reshapeTo(moveAffine(starts, [{ stride: 1, spread: 1, offset: i, size: 1 }]), []),
        )
      : starts;
  if (list.length !== x.rank)
    throw new ArgumentError(op, `needs one start an axis: ${x.rank} for ${showShape(x.shape)}, got ${list.length}`);
  const fixed = list.map((s, i) => {
    if (s instanceof Tensor) return s;
    if (!Number.isInteger(s) || s < 0 || s + sizes[i]! > x.shape[i]!)
      throw new ArgumentError(
        op,
        `start ${String(s)} with size ${sizes[i]} does not fit axis ${i} of ${showShape(x.shape)}`,
      );
    return s;
  });
  if (fixed.every((s) => typeof s === 'number')) return fixed;
  const indices = fixed.map((s, i) => {
    if (typeof s === 'number') return fill([], s, 'int32');
    if (s.rank !== 0 || !isInteger(s.dtype))
      throw new DTypeError(op, `start ${i} must be an integer scalar, got ${s.dtype}${showShape(s.shape)}`);
    const v = cast(s, 'int32');
    return clip(where(less(v, 0), add(v, x.shape[i]!), v), 0, x.shape[i]! - sizes[i]!);
  });
  return { indices, places: { axes: x.shape.map((_, i) => i), sizes, batch: [[], []], at: 0, checked: false } };
};

/**
 * `sizes` elements of each axis from run-time starts (`lax.dynamic_slice`). Negative tensor starts count from the end; then they are clamped so that
 * the slice fits. JS number starts must fit.
 * @example
 * dynamicSlice(tensor([1, 2, 3, 4]), [tensor(2, 'int32')], [2]); // [3, 4]
 */
export const dynamicSlice = (x: Tensor, starts: Tensor | readonly (Tensor | number)[], sizes: Shape): Tensor => {
  const t = dynamicPlaces('dynamicSlice', x, starts, sizes);
  if (!('places' in t))
    return moveAffine(
      x,
      sizes.map((size, i) => ({ stride: 1, spread: 1, offset: t[i]!, size })),
    );
  return gatherAt(x, t.indices, { ...t.places, fill: 0 });
};

/**
 * A copy of x with `update` written from run-time starts on (`lax.dynamic_update_slice`); starts as in dynamicSlice. In a compiled program
 * that does not need x any more (a loop's carry, a donated argument, a temporary) no copy is made.
 * @example
 * dynamicUpdateSlice(tensor([1, 2, 3]), tensor([9]), [tensor(1, 'int32')]); // [1, 9, 3]
 */
export const dynamicUpdateSlice = (
  x: Tensor,
  update: TensorLike,
  starts: Tensor | readonly (Tensor | number)[],
): Tensor => {
  const u = asTensor('dynamicUpdateSlice', 'update', update, x.dtype);
  const t = dynamicPlaces('dynamicUpdateSlice', x, starts, u.shape);
  const { indices, places } =
    'places' in t
      ? t
      : {
          indices: t.map((s) => fill([], s, 'int32')),
          places: { axes: x.shape.map((_, i) => i), sizes: u.shape, batch: [[], []] as const, at: 0, checked: false },
        };
  return x.rank === 0 ? u : scatterInto(x, indices, u, { ...places, op: 'set', unique: true });
};
