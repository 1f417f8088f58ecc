// Rearrangements: padding, rolling, tiling, repeating, rotating; all of them moves.
import { checkAxis, showShape, type Shape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { where } from './choice.ts';
import { concatenateAlong } from './concat.ts';
import { asTensor, type TensorLike } from './promote.ts';
import { flip, padBy, sliceAlong } from './slice.ts';
import { broadcastInto, broadcastTo, fill, permuteAxes, reshapeTo } from './structure.ts';

export type PadMode = 'constant' | 'edge' | 'reflect' | 'symmetric' | 'wrap';
/** Widths for all axes, [before, after] for all axes, or [before, after] for each. */
export type PadWidth = number | readonly [number, number] | readonly (readonly [number, number])[];

const widths = (op: string, width: PadWidth, rank: number): readonly (readonly [number, number])[] => {
  const all = (p: readonly [number, number]): (readonly [number, number])[] => Array.from({ length: rank }, () => p);
  const list =
    typeof width === 'number'
      ? all([width, width])
      : typeof width[0] === 'number'
        ? all(width as readonly [number, number])
        : (width as readonly (readonly [number, number])[]);
  if (list.length !== rank)
    throw new ArgumentError(op, `widths for ${list.length} axes, x has ${rank}; give [before, after] for each axis`);
  for (const p of list)
    if (!Array.isArray(p) || p.length !== 2 || !p.every(Number.isInteger))
      throw new ArgumentError(op, `a width is a pair of integers [before, after], got ${JSON.stringify(p)}`);
  return list;
};

const floorMod = (a: number, n: number): number => ((a % n) + n) % n;

// Which element of an axis of size n a position outside of it shows.
const source: Readonly<Record<Exclude<PadMode, 'constant'>, (i: number, n: number) => number>> = {
  edge: (i, n) => Math.min(Math.max(i, 0), n - 1),
  wrap: floorMod,
  reflect: (i, n) => (n === 1 ? 0 : n - 1 - Math.abs(n - 1 - floorMod(i, 2 * n - 2))),
  symmetric: (i, n) => Math.min(floorMod(i, 2 * n), 2 * n - 1 - floorMod(i, 2 * n)),
};

/** The elements of an axis in an order known at once: runs of constant step are slices, joined. */
const arrange = (x: Tensor, axis: number, order: readonly number[]): Tensor => {
  const parts: Tensor[] = [];
  for (let i = 0; i < order.length;) {
    const step = i + 1 < order.length ? order[i + 1]! - order[i]! : 1;
    let end = i + 1;
    while (end < order.length && order[end]! - order[end - 1]! === step) end++;
    const one = sliceAlong(x, axis, order[i]!, step === 0 ? 1 : end - i, step === 0 ? 1 : step);
    parts.push(
      step === 0
        ? broadcastTo(
            one,
            x.shape.map((d, a) => (a === axis ? end - i : d)),
          )
        : one,
    );
    i = end;
  }
  return parts.length === 0 ? sliceAlong(x, axis, 0, 0) : concatenateAlong(parts, axis);
};

/**
 * Padding (`jax.numpy.pad`): mode 'constant' (with `value`, default 0; negative widths crop), 'edge', 'reflect' (the edge is not repeated),
 * 'symmetric' (it is) or 'wrap'.
 * @example
 * pad(tensor([1, 2, 3]), [1, 2], { mode: 'reflect' }); // [2, 1, 2, 3, 2, 1]
 */
export const pad = (
  x: TensorLike,
  width: PadWidth,
  options: { readonly mode?: PadMode; readonly value?: TensorLike } = {},
): Tensor => {
  checkOptions('pad', options, ['mode', 'value']);
  const { mode = 'constant', value = 0 } = options;
  const t = asTensor('pad', 'x', x);
  const list = widths('pad', width, t.rank);
  if (mode === 'constant') {
    if (typeof value === 'number' && (value === 0 || t.dtype === 'float32' || t.dtype === 'float64'))
      return padBy(t, list, value);
    const inside = padBy(fill(t.shape, 1, 'bool'), list);
    return where(inside, padBy(t, list), asTensor('pad', 'value', value, t.dtype));
  }
  const from = source[mode] as (typeof source)['edge'] | undefined;
  if (from === undefined)
    throw new ArgumentError(
      'pad',
      `unknown mode '${String(mode)}'; use 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'`,
    );
  return list.reduce((y, [before, after], axis) => {
    const n = t.shape[axis]!;
    if (before < 0 || after < 0)
      throw new ArgumentError(
        'pad',
        `negative widths crop in mode 'constant' only, got [${before}, ${after}] on axis ${axis}`,
      );
    if (before === 0 && after === 0) return y;
    if (n === 0)
      throw new ShapeError(
        'pad',
        `axis ${axis} of ${showShape(t.shape)} is empty; mode '${mode}' has nothing to repeat`,
      );
    const outside = (start: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => from(start + i, n));
    const parts = [arrange(y, axis, outside(-before, before)), y, arrange(y, axis, outside(n, after))];
    return concatenateAlong(
      parts.filter((p) => p.shape[axis] !== 0),
      axis,
    );
  }, t);
};

type Shifts = number | readonly number[];
const listOf = (v: Shifts): readonly number[] => (typeof v === 'number' ? [v] : v);

/**
 * Elements shifted along axes, those pushed out re-entering at the other end (`jax.numpy.roll`); without axes the flattened tensor is rolled.
 * @example
 * roll(tensor([1, 2, 3]), 1); // [3, 1, 2]
 */
export const roll = (
  x: TensorLike,
  shift: Shifts,
  options?: Shifts | null | { readonly axis?: Shifts | null },
): Tensor => {
  const t = asTensor('roll', 'x', x);
  const axis =
    typeof options === 'object' && options !== null && 'axis' in options
      ? options.axis
      : (options as Shifts | null | undefined);
  const shifts = listOf(shift);
  if (!shifts.every(Number.isInteger))
    throw new ArgumentError('roll', `shifts must be integers, got [${shifts.join(', ')}]`);
  const along = (y: Tensor, a: number, by: number): Tensor => {
    const n = y.shape[a]!;
    const k = n === 0 ? 0 : floorMod(by, n);
    return k === 0 ? y : concatenateAlong([sliceAlong(y, a, n - k, k), sliceAlong(y, a, 0, n - k)], a);
  };
  if (axis === undefined || axis === null) {
    const total = shifts.reduce((a, b) => a + b, 0);
    return reshapeTo(along(reshapeTo(t, [t.size]), 0, total), t.shape);
  }
  const axes = listOf(axis).map((a) => checkAxis('roll', a, t.rank));
  const n = Math.max(axes.length, shifts.length);
  if ((axes.length !== n && axes.length !== 1) || (shifts.length !== n && shifts.length !== 1))
    throw new ArgumentError('roll', `${shifts.length} shifts for ${axes.length} axes; give one shift for each axis`);
  return Array.from({ length: n }, (_, i) => i).reduce(
    (y, i) => along(y, axes[i % axes.length]!, shifts[i % shifts.length]!),
    t,
  );
};

/**
 * The tensor repeated as a whole along axes (`jax.numpy.tile`).
 * @example
 * tile(tensor([1, 2]), [2, 2]); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export const tile = (x: TensorLike, reps: Shifts): Tensor => {
  const t = asTensor('tile', 'x', x);
  const list = listOf(reps);
  if (!list.every((r) => Number.isInteger(r) && r >= 0))
    throw new ArgumentError('tile', `repetitions must be integers >= 0, got [${list.join(', ')}]`);
  const rank = Math.max(t.rank, list.length);
  const shape: Shape = [...new Array<number>(rank - t.rank).fill(1), ...t.shape];
  const times = [...new Array<number>(rank - list.length).fill(1), ...list];
  const fresh = times.flatMap((r, i) => (r === 1 ? [] : [i]));
  const wide: number[] = [];
  const added: number[] = [];
  shape.forEach((d, i) => {
    if (fresh.includes(i)) {
      added.push(wide.length);
      wide.push(times[i]!);
    }
    wide.push(d);
  });
  return reshapeTo(
    broadcastInto(reshapeTo(t, shape), wide, added),
    shape.map((d, i) => d * times[i]!),
  );
};

/**
 * Each element repeated along an axis (`jax.numpy.repeat`), a number of times or one count an element; without an axis x is flattened.
 * @example
 * repeat(tensor([1, 2]), 2); // [1, 1, 2, 2]
 */
export const repeat = (
  x: TensorLike,
  repeats: Shifts,
  options?: number | null | { readonly axis?: number | null },
): Tensor => {
  const given = asTensor('repeat', 'x', x);
  const axis = typeof options === 'object' && options !== null ? options.axis : options;
  const t = axis === undefined || axis === null ? reshapeTo(given, [given.size]) : given;
  const a = checkAxis('repeat', axis ?? 0, t.rank);
  const counts = listOf(repeats);
  const n = t.shape[a]!;
  if (!counts.every((r) => Number.isInteger(r) && r >= 0))
    throw new ArgumentError('repeat', `repeats must be integers >= 0, got [${counts.join(', ')}]`);
  if (counts.length === 1) {
    const r = counts[0]!;
    const wide = [...t.shape.slice(0, a), n, r, ...t.shape.slice(a + 1)];
    return reshapeTo(
      broadcastInto(t, wide, [a + 1]),
      t.shape.map((d, i) => (i === a ? d * r : d)),
    );
  }
  if (counts.length !== n)
    throw new ShapeError(
      'repeat',
      `${counts.length} counts for the ${n} elements of axis ${a} of ${showShape(t.shape)}`,
    );
  return arrange(
    t,
    a,
    counts.flatMap((r, i) => new Array<number>(r).fill(i)),
  );
};

/**
 * Rotation by k quarter turns in the plane of two axes, from the first towards the second (`jax.numpy.rot90`).
 * @example
 * rot90(tensor([[1, 2], [3, 4]])); // [[2, 4], [1, 3]]
 */
export const rot90 = (x: TensorLike, k: number = 1, axes: readonly [number, number] = [0, 1]): Tensor => {
  const t = asTensor('rot90', 'x', x);
  const [a, b] = axes.map((v) => checkAxis('rot90', v, t.rank)) as [number, number];
  if (a === b || !Number.isInteger(k))
    throw new ArgumentError('rot90', `needs two different axes and an integer k, got axes [${a}, ${b}] and k ${k}`);
  const turned = (y: Tensor): Tensor =>
    permuteAxes(
      y,
      y.shape.map((_, i) => (i === a ? b : i === b ? a : i)),
    );
  switch (floorMod(k, 4)) {
    case 1:
      return turned(flip(t, b));
    case 2:
      return flip(t, [a, b]);
    case 3:
      return flip(turned(t), b);
    default:
      return t;
  }
};
