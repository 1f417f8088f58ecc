// Slices and padding: strided views of a tensor and their duals, one affine relation between input and output positions.
import { aval, checkAxis, showShape, type Shape } from '../aval.ts';
import { castScalar } from '../dtype.ts';
import { ArgumentError } from '../errors.ts';
import { div, mod, provable, scale, shift, type Guard, type Index } from '../index-expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { moveAxis } from './structure.ts';

/**
 * One axis of an affine move: output j holds input i where `spread * i = stride * j + offset`, and the fill value where there is no
 * such i. Transposing exchanges i and j.
 */
export interface AffineAxis {
  readonly stride: number;
  readonly spread: number;
  readonly offset: number;
  readonly size: number;
}
export interface AffineParams {
  readonly axes: readonly AffineAxis[];
  readonly fill: number;
}

/** The axis as it is. */
export const identityAxis = (size: number): AffineAxis => ({ stride: 1, spread: 1, offset: 0, size });
/** The same relation read from the output, for an input of `size`. */
export const dualAxis = (a: AffineAxis, size: number): AffineAxis => {
  const sign = a.stride < 0 ? -1 : 1;
  return { stride: sign * a.spread, spread: sign * a.stride, offset: 0 - sign * a.offset, size };
};

const affinePrimitive = (name: string): Primitive<AffineParams> => {
  const self: Primitive<AffineParams> = {
    name,
    shape: ([x], { axes }) => [
      aval(
        axes.map((a) => a.size),
        x!.dtype,
        x!.weak,
      ),
    ],
    jvp: ([x], [dx], params) => ({ outs: [bind1(self, [x!], params)], tangents: [moveAffine(dx!, params.axes)] }),
    transpose: ([ct], [x], { axes }) => {
      const { shape } = (x as { aval: { shape: Shape } }).aval;
      return [
        ct === null
          ? null
          : moveAffine(
              ct!,
              axes.map((a, i) => dualAxis(a, shape[i]!)),
            ),
      ];
    },
    batch: ([x], [d], { axes, fill }, size) => ({
      outs: [moveAffine(moveAxis(x!, d!, 0), [identityAxis(size), ...axes], fill)],
      axes: [0],
    }),
    lower([x], { axes, fill }) {
      return {
        tag: 'move',
        fill,
        at(out) {
          const guards: Guard[] = [];
          const index = axes.map((a, i): Index => {
            const p = shift(scale(out[i]!, a.stride), a.offset);
            if (a.spread > 1) guards.push({ index: mod(p, a.spread), lo: 0, hi: 1 });
            const at = div(p, a.spread);
            guards.push({ index: at, lo: 0, hi: x!.shape[i]! });
            return at;
          });
          return [{ index, guards: guards.filter((g) => !provable(g)) }];
        },
      };
    },
  };
  return self;
};

/** A view: every output element is an input element. */
export const slicePrimitive: Primitive<AffineParams> = affinePrimitive('slice');
/** With positions outside of the input, or between its elements, filled. */
export const padPrimitive: Primitive<AffineParams> = affinePrimitive('pad');

const inside = (a: AffineAxis, n: number): boolean => {
  const last = a.offset + a.stride * (a.size - 1);
  return a.size === 0 || (a.spread === 1 && Math.min(a.offset, last) >= 0 && Math.max(a.offset, last) < n);
};

/** Applies an affine move, without checks: for rules. */
export const moveAffine = (x: Tensor, axes: readonly AffineAxis[], fill = 0): Tensor => {
  const same = axes.every(
    (a, i) =>
      a.size === x.shape[i] && (a.size <= 1 ? inside(a, a.size) : a.stride === 1 && a.spread === 1 && a.offset === 0),
  );
  if (same) return x;
  const view = axes.every((a, i) => inside(a, x.shape[i]!));
  return bind1(view ? slicePrimitive : padPrimitive, [x], { axes, fill: view ? 0 : castScalar(fill, x.dtype) });
};

/** The first `shape` elements along each axis, without checks. */
export const sliceTo = (x: Tensor, shape: Shape): Tensor => moveAffine(x, shape.map(identityAxis));

/** `size` elements from `start` by `step` along one axis, without checks. */
export const sliceAlong = (x: Tensor, axis: number, start: number, size: number, step = 1): Tensor =>
  moveAffine(
    x,
    x.shape.map((n, i) => (i === axis ? { stride: step, spread: 1, offset: start, size } : identityAxis(n))),
  );

/** Padding by [before, after] (negative: cropping) on each axis with a number, and `interior` positions between elements: without checks. */
export const padBy = (
  x: Tensor,
  widths: readonly (readonly [number, number])[],
  fill = 0,
  interior?: readonly number[],
): Tensor =>
  moveAffine(
    x,
    widths.map(([lo, hi], i): AffineAxis => {
      const spread = (interior?.[i] ?? 0) + 1;
      const n = x.shape[i]!;
      return { stride: 1, spread, offset: 0 - lo, size: Math.max(0, (n === 0 ? 0 : (n - 1) * spread + 1) + lo + hi) };
    }),
    fill,
  );

/** What a Python slice means on an axis: nulls are defaults, out-of-range bounds are clamped, negative ones count from the end. */
export const resolveSlice = (
  op: string,
  spec: readonly (number | null)[],
  n: number,
): { readonly start: number; readonly step: number; readonly size: number } => {
  const [a = null, b = null, c = null] = spec;
  for (const v of spec)
    if (v !== null && !Number.isInteger(v))
      throw new ArgumentError(
        op,
        `a slice [start, stop, step] holds integers or null, got [${spec.map(String).join(', ')}]`,
      );
  if (spec.length > 3) throw new ArgumentError(op, `a slice is [start, stop, step], got ${spec.length} entries`);
  const step = c ?? 1;
  if (step === 0) throw new ArgumentError(op, 'a slice step must not be 0');
  const bound = (v: number | null, fallback: number): number => {
    if (v === null) return fallback;
    const w = v < 0 ? v + n : v;
    return step > 0 ? Math.min(Math.max(w, 0), n) : Math.min(Math.max(w, -1), n - 1);
  };
  const start = bound(a, step > 0 ? 0 : n - 1);
  const stop = bound(b, step > 0 ? n : -1);
  return { start, step, size: Math.max(0, Math.ceil((stop - start) / step)) };
};

/**
 * Elements reversed along axes, all by default (`jax.numpy.flip`).
 * @example
 * flip(tensor([1, 2, 3])); // [3, 2, 1]
 */
export const flip = (
  x: Tensor,
  axes?: number | readonly number[] | { readonly axis?: number | readonly number[] },
): Tensor => {
  const given =
    typeof axes === 'object' && 'axis' in axes ? axes.axis : (axes as number | readonly number[] | undefined);
  const list =
    given === undefined
      ? x.shape.map((_, i) => i)
      : (typeof given === 'number' ? [given] : given).map((a) => checkAxis('flip', a, x.rank));
  return moveAffine(
    x,
    x.shape.map((n, i) => (list.includes(i) ? { stride: -1, spread: 1, offset: n - 1, size: n } : identityAxis(n))),
  );
};

/** One index along one axis, checked; the axis disappears in `reshape` of the caller. */
export const checkIndex = (op: string, i: number, n: number, axis: number, shape: Shape): number => {
  if (!Number.isInteger(i) || i < -n || i >= n)
    throw new ArgumentError(
      op,
      `index ${String(i)} is out of range for axis ${axis} of shape ${showShape(shape)}${n === 0 ? ', which is empty' : `; use ${-n} to ${n - 1}`}`,
    );
  return i < 0 ? i + n : i;
};
