// Pooling: reductions over sliding windows of the spatial axes.
import { showShape } from '../aval.ts';
import { isFloat, type DType } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { bind1 } from '../interpreter.ts';
import { checkOptions } from '../options.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, equal, mul, sub } from './arithmetic.ts';
import { maximum, minimum } from './binary.ts';
import { maskWith } from './choice.ts';
import { checkLayout, perAxis, resolvePadding, type Padding } from './conv.ts';
import { indexAlong } from './creation.ts';
import { identity } from './limits.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { argmaxPrimitive, argminPrimitive, maxPrimitive, minPrimitive, prod } from './reduce.ts';
import { broadcastInto, broadcastTo, moveAxis, reduceSum, reshapeTo } from './structure.ts';
import { placeAxes, windowsOf, type WindowAxis } from './windows.ts';

export interface PoolOptions {
  /** Window size, one number for every spatial axis or one for each. */
  readonly size: number | readonly number[];
  /** Defaults to the window size. */
  readonly stride?: number | readonly number[];
  readonly padding?: Padding;
  readonly dilation?: number | readonly number[];
  /** Round the output size up: the last window may reach beyond the input, but starts inside of it or of its left padding. */
  readonly ceilMode?: boolean;
  /** channelsLast (default): [n, ...spatial, c]. channelsFirst: [n, c, ...spatial]. */
  readonly layout?: 'channelsLast' | 'channelsFirst';
}
export interface AvgPoolOptions extends Omit<PoolOptions, 'dilation'> {
  /** Whether padded zeros count in the divisor (default true). */
  readonly countIncludePad?: boolean;
}
export type WindowReduction = 'sum' | 'prod' | 'max' | 'min';
export interface ReduceWindowOptions {
  readonly op: WindowReduction;
  /** One entry an axis of x. */
  readonly size: readonly number[];
  readonly stride?: number | readonly number[];
  readonly padding?: Padding;
  readonly dilation?: number | readonly number[];
}

// A maximum whose gradient goes to the first element that attains it, as frameworks define it for pooling.
const peakPrimitive = (name: string, op: 'max' | 'min'): Primitive<{ readonly axis: number }> => {
  const self: Primitive<{ readonly axis: number }> = {
    name,
    shape: ([x], { axis }) => (op === 'max' ? maxPrimitive : minPrimitive).shape([x!], { axes: [axis] }),
    jvp([x], [dx], { axis }) {
      const y = bind1(self, [x!], { axis });
      const first = bind1(op === 'max' ? argmaxPrimitive : argminPrimitive, [x!], { axes: [axis] });
      const here = equal(broadcastInto(first, x!.shape, [axis]), indexAlong(x!.shape, axis));
      return { outs: [y], tangents: [reduceSum(maskWith(here, dx!), [axis])] };
    },
    transpose: null,
    batch: ([x], [d], { axis }) => ({ outs: [bind1(self, [moveAxis(x!, d!, 0)], { axis: axis + 1 })], axes: [0] }),
    lower: (_, { axis }) => ({ tag: 'reduce', op, axes: [axis] }),
  };
  return self;
};
export const firstMaxPrimitive: Primitive<{ readonly axis: number }> = peakPrimitive('firstMax', 'max');
export const firstMinPrimitive: Primitive<{ readonly axis: number }> = peakPrimitive('firstMin', 'min');

const reduceWindows = (x: Tensor, windows: readonly WindowAxis[], op: WindowReduction): Tensor => {
  const places = placeAxes(windows);
  const patches = windowsOf(x, windows, identity(op, x.dtype));
  if (op === 'sum') return reduceSum(patches, places);
  if (op === 'prod') return prod(patches, places);
  // The places of a window as one axis, so that they have an order.
  const at = places[0]!;
  const flat = reshapeTo(patches, [
    ...patches.shape.slice(0, at),
    windows.reduce((n, w) => n * w.size, 1),
    ...patches.shape.slice(at + windows.length),
  ]);
  return bind1(op === 'max' ? firstMaxPrimitive : firstMinPrimitive, [flat], { axis: at });
};

// Callers without types are told what is missing or misspelt.
const checkPool = (op: string, options: { readonly size?: unknown } | undefined, ...known: readonly string[]): void => {
  checkOptions(op, options, ['size', 'stride', 'padding', 'dilation', ...known]);
  if (options?.size === undefined) throw new ArgumentError(op, 'needs the size of the window, such as { size: 2 }');
};

const poolWindows = (
  op: string,
  x: Tensor,
  o: PoolOptions,
  axes: readonly number[],
): { readonly windows: WindowAxis[]; readonly padding: [number, number][] } => {
  const d = axes.length;
  const inputs = axes.map((a) => x.shape[a]!);
  const sizes = perAxis(op, 'size', o.size, d, 1, 1);
  const strides = perAxis(op, 'stride', o.stride ?? sizes, d, 1, 1);
  const dilations = perAxis(op, 'dilation', o.dilation, d, 1, 1);
  const extents = sizes.map((k, i) => (k - 1) * dilations[i]! + 1);
  const padding = resolvePadding(op, o.padding, inputs, extents, strides);
  const windows = axes.map((axis, i): WindowAxis => {
    const [before, after] = padding[i]!;
    const [n, s] = [inputs[i]!, strides[i]!];
    const room = n + before + after - extents[i]!;
    let count = Math.max(0, (o.ceilMode === true ? Math.ceil(room / s) : Math.floor(room / s)) + 1);
    if (o.ceilMode === true && (count - 1) * s >= n + before) count--;
    return { axis, size: sizes[i]!, stride: s, dilation: dilations[i]!, before, count };
  });
  return { windows, padding };
};

const spatialAxes = (op: string, x: Tensor, layout: string | undefined): number[] => {
  checkLayout(op, layout);
  if (x.rank < 3)
    throw new ShapeError(
      op,
      `x needs a batch axis, a channel axis and at least one spatial axis, got ${showShape(x.shape)}`,
    );
  return Array.from({ length: x.rank - 2 }, (_, i) => i + (layout === 'channelsFirst' ? 2 : 1));
};

/**
 * Largest element of each window over the spatial axes (`flax.linen.max_pool`, `torch.nn.functional.max_pool2d`); padding is -infinity. At ties the
 * first element of the window wins, in value and gradient; a NaN in the window is its maximum.
 * @example
 * maxPool(tensor([[[1], [3], [2], [5]]]), { size: 2 }); // [[[3], [5]]]
 */
export const maxPool = (x: TensorLike, options: PoolOptions): Tensor => {
  checkPool('maxPool', options, 'ceilMode', 'layout');
  const t = asTensor('maxPool', 'x', x);
  return reduceWindows(t, poolWindows('maxPool', t, options, spatialAxes('maxPool', t, options.layout)).windows, 'max');
};

// How many elements of each window along an axis lie in [low, high), as floats shaped for that axis of the result.
const countsAlong = (w: WindowAxis, low: number, high: number, rank: number, dtype: DType): Tensor | number => {
  const inside = (o: number): number =>
    Math.max(0, Math.min(o * w.stride - w.before + w.size, high) - Math.max(o * w.stride - w.before, low));
  if (inside(0) === w.size && inside(w.count - 1) === w.size) return w.size;
  const start = sub(mul(indexAlong([w.count], 0), w.stride), w.before);
  const n = sub(minimum(add(start, w.size), high), maximum(start, low));
  return reshapeTo(
    cast(n, dtype),
    Array.from({ length: rank }, (_, i) => (i === w.axis ? w.count : 1)),
  );
};

/**
 * Mean of each window over the spatial axes (`flax.linen.avg_pool`, `torch.nn.functional.avg_pool2d`); padding is zero, and what lies beyond it
 * (`ceilMode`) never counts in the divisor.
 * @example
 * avgPool(tensor([[[1], [3], [2], [6]]]), { size: 2 }); // [[[2], [4]]]
 */
export const avgPool = (x: TensorLike, options: AvgPoolOptions): Tensor => {
  checkPool('avgPool', options, 'ceilMode', 'layout', 'countIncludePad');
  const given = asTensor('avgPool', 'x', x);
  const t = isFloat(given.dtype) ? given : cast(given, 'float32');
  const { windows, padding } = poolWindows('avgPool', t, options, spatialAxes('avgPool', t, options.layout));
  const total = reduceWindows(t, windows, 'sum');
  let whole = 1;
  let count: Tensor | undefined;
  windows.forEach((w, i) => {
    const n = t.shape[w.axis]!;
    const [before, after] = padding[i]!;
    const along =
      options.countIncludePad === false
        ? countsAlong(w, 0, n, t.rank, t.dtype)
        : countsAlong(w, -before, n + after, t.rank, t.dtype);
    if (typeof along === 'number') whole *= along;
    else count = count === undefined ? along : mul(count, along);
  });
  return div(total, count === undefined ? whole : broadcastTo(mul(count, whole), total.shape));
};

/**
 * A reduction over windows of all axes (`lax.reduce_window` with the identity of `op` as padding). For max and min the first of tied elements
 * takes the gradient.
 * @example
 * reduceWindow(tensor([1, 2, 3, 4]), { op: 'sum', size: [2] }); // [3, 5, 7]
 */
export const reduceWindow = (x: TensorLike, options: ReduceWindowOptions): Tensor => {
  checkPool('reduceWindow', options, 'op');
  const t = asTensor('reduceWindow', 'x', x);
  const { op, size, ...rest } = options;
  if (!['sum', 'prod', 'max', 'min'].includes(op))
    throw new ArgumentError('reduceWindow', `op must be 'sum', 'prod', 'max' or 'min', got '${String(op)}'`);
  const counted = (op === 'sum' || op === 'prod') && t.dtype === 'bool' ? cast(t, 'int32') : t;
  if (t.rank === 0) return counted;
  const { windows } = poolWindows(
    'reduceWindow',
    counted,
    { ...rest, size, stride: rest.stride ?? 1 },
    t.shape.map((_, i) => i),
  );
  return reduceWindows(counted, windows, op);
};
