// Convolutions: layouts, padding and groups as users say them, over the one `conv` primitive in channels-last form.
import { showShape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { convolve, type Window } from './contract.ts';
import { promotePair } from './matmul.ts';
import { inversePermutation, permuteAxes, reshapeTo } from './structure.ts';

export type Padding = 'same' | 'valid' | number | readonly (number | readonly [number, number])[];

/** Options of a convolution; numbers hold for every spatial axis. */
export interface ConvOptions {
  readonly stride?: number | readonly number[];
  /** 'valid' (default: none), 'same' (output is ceil(input / stride), the odd one at the end), a number, or one number or [before, after] per axis. */
  readonly padding?: Padding;
  /** Distance between the kernel's elements. */
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
  /** channelsLast (default): x [n, ...spatial, c], kernel [...spatial, in/groups, out]. channelsFirst: x [n, c, ...spatial], kernel [out, in/groups, ...spatial], as in PyTorch. */
  readonly layout?: 'channelsLast' | 'channelsFirst';
}

export interface ConvGeneralOptions extends Omit<ConvOptions, 'groups' | 'layout'> {
  /** Zeros between the input's elements: the distance of neighbours. */
  readonly inputDilation?: number | readonly number[];
  readonly featureGroupCount?: number;
  readonly batchGroupCount?: number;
  /** Layouts of x, kernel and result: one letter an axis, N C / I O and one for each spatial axis. */
  readonly dimensionNumbers?: readonly [string, string, string];
}

/** A per-axis option spelled out, checked. */
export const perAxis = (
  op: string,
  name: string,
  v: number | readonly number[] | undefined,
  n: number,
  fallback: number,
  least: number,
): number[] => {
  const list =
    v === undefined
      ? new Array<number>(n).fill(fallback)
      : typeof v === 'number'
        ? new Array<number>(n).fill(v)
        : [...v];
  if (list.length !== n)
    throw new ArgumentError(
      op,
      `${name} has ${list.length} entries for ${n} spatial axes; give one number, or one for each axis`,
    );
  for (const k of list)
    if (!Number.isInteger(k) || k < least)
      throw new ArgumentError(op, `${name} must hold integers >= ${least}, got ${String(k)}`);
  return list;
};

/** Padding before and after each axis. `extent` is the dilated kernel. */
export const resolvePadding = (
  op: string,
  padding: Padding | undefined,
  inputs: readonly number[],
  extents: readonly number[],
  strides: readonly number[],
): [number, number][] => {
  const n = inputs.length;
  if (padding === undefined || padding === 'valid') return inputs.map(() => [0, 0]);
  if (padding === 'same')
    return inputs.map((size, i) => {
      const total = Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + extents[i]! - size);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
  if (typeof padding === 'string')
    throw new ArgumentError(
      op,
      `unknown padding '${String(padding)}'; use 'same', 'valid', a number, or one entry per spatial axis`,
    );
  const list: readonly (number | readonly [number, number])[] =
    typeof padding === 'number' ? new Array<number>(n).fill(padding) : padding;
  if (list.length !== n) throw new ArgumentError(op, `padding has ${list.length} entries for ${n} spatial axes`);
  return list.map((p) => {
    const [lo, hi] = typeof p === 'number' ? [p, p] : p;
    if (!Number.isInteger(lo) || !Number.isInteger(hi))
      throw new ArgumentError(op, `padding must hold integers, got [${String(lo)}, ${String(hi)}]`);
    return [lo, hi];
  });
};

/** Channels-last convolution with explicit windows, groups folded into axes: x [n, ...h, G c], kernel [...k, c, G o] -> [n, ...o, G o]. */
export const convolveWindows = (
  op: string,
  x: Tensor,
  kernel: Tensor,
  windows: readonly Window[],
  groups: number,
  batchGroups = 1,
): Tensor => {
  const d = windows.length;
  const spatial = Array.from({ length: d }, (_, i) => i);
  const [n, channels] = [x.shape[0]!, x.shape[d + 1]!];
  const [inner, features] = [kernel.shape[d]!, kernel.shape[d + 1]!];
  const g = groups * batchGroups;
  if (inner * groups !== channels)
    throw new ShapeError(
      op,
      `x ${showShape(x.shape)} (channels last) has ${channels} channels; the kernel ${showShape(kernel.shape)} with groups ${groups} wants ${inner * groups}`,
    );
  if (features % g !== 0)
    throw new ShapeError(op, `the kernel's ${features} output channels are not a multiple of ${g} groups`);
  if (n % batchGroups !== 0)
    throw new ShapeError(op, `the batch of ${n} is not a multiple of batchGroupCount ${batchGroups}`);
  const shifted = spatial.map((i) => i + 1);
  if (g === 1)
    return convolve(x, kernel, {
      lhs: { batch: [], free: [0], contract: [d + 1], window: shifted },
      rhs: { batch: [], free: [d + 1], contract: [d], window: spatial },
      out: { batch: [], lhs: [0], rhs: [d + 1], window: shifted },
      windows,
    });
  const parts = reshapeTo(kernel, [...kernel.shape.slice(0, -1), g, features / g]);
  const rhs = { batch: [d + 1], free: [d + 2], contract: [d], window: spatial };
  const out = { batch: [d + 1], lhs: [0], rhs: [d + 2], window: shifted };
  const result =
    groups > 1
      ? convolve(reshapeTo(x, [...x.shape.slice(0, -1), groups, inner]), parts, {
          lhs: { batch: [d + 1], free: [0], contract: [d + 2], window: shifted },
          rhs,
          out,
          windows,
        })
      : convolve(reshapeTo(x, [batchGroups, n / batchGroups, ...x.shape.slice(1)]), parts, {
          lhs: { batch: [0], free: [1], contract: [d + 2], window: spatial.map((i) => i + 2) },
          rhs,
          out,
          windows,
        });
  return reshapeTo(result, [...result.shape.slice(0, -2), features]);
};

/** Permutations from a layout's letters to n, spatial..., c (or spatial..., i, o for a kernel). */
const layoutOrder = (
  op: string,
  layout: string,
  first: readonly string[],
  last: readonly string[],
  spatial: string,
): number[] => {
  const order = [...first, ...spatial, ...last].map((l) => layout.indexOf(l));
  if (layout.length !== order.length || order.some((i) => i < 0))
    throw new ArgumentError(
      op,
      `dimension numbers '${layout}' must be a permutation of '${[...first, ...spatial, ...last].join('')}'`,
    );
  return order;
};

export const spatialLetters = (op: string, d: number): string => {
  if (d < 0 || d > 3) throw new ShapeError(op, `supports 1 to 3 spatial axes, got ${d}`);
  return 'DHW'.slice(3 - d);
};

/**
 * N-dimensional convolution (`lax.conv_general_dilated`): a cross-correlation, the kernel is not flipped. Layouts default to channels
 * last ('NHWC', 'HWIO', 'NHWC'); numbers for every spatial axis.
 * @example
 * convGeneral(tensor([[[1], [2], [3]]]), tensor([[[1]], [[1]]])); // [[[3], [5]]]
 */
export const convGeneral = (
  x: Tensor,
  kernel: Tensor,
  options: ConvGeneralOptions = {},
  op = 'convGeneral',
): Tensor => {
  checkOptions(op, options, [
    'stride',
    'padding',
    'dilation',
    'inputDilation',
    'featureGroupCount',
    'batchGroupCount',
    'dimensionNumbers',
  ]);
  const [a, w] = promotePair(op, ['x', 'kernel'], x, kernel);
  const d = a.rank - 2;
  if (a.rank !== w.rank || d < 0)
    throw new ShapeError(
      op,
      `x ${showShape(a.shape)} and kernel ${showShape(w.shape)} must have the same rank: batch, channels and the spatial axes`,
    );
  const s = spatialLetters(op, d);
  const [xl, kl, ol] = options.dimensionNumbers ?? [`N${s}C`, `${s}IO`, `N${s}C`];
  const letters = kl.replace(/[IO]/g, '');
  const input = permuteAxes(a, layoutOrder(op, xl, ['N'], ['C'], letters));
  const ker = permuteAxes(w, layoutOrder(op, kl, [], ['I', 'O'], letters));
  const outOrder = layoutOrder(op, ol, ['N'], ['C'], letters);
  const sizes = input.shape.slice(1, -1);
  const kernels = ker.shape.slice(0, d);
  const strides = perAxis(op, 'stride', options.stride, d, 1, 1);
  const dilations = perAxis(op, 'dilation', options.dilation, d, 1, 1);
  const spreads = perAxis(op, 'inputDilation', options.inputDilation, d, 1, 1);
  const dilated = sizes.map((n, i) => (n === 0 ? 0 : (n - 1) * spreads[i]! + 1));
  const extents = kernels.map((k, i) => (k === 0 ? 0 : (k - 1) * dilations[i]! + 1));
  const padding = resolvePadding(op, options.padding, dilated, extents, strides);
  const windows = sizes.map((_, i): Window => {
    const room = dilated[i]! + padding[i]![0] + padding[i]![1] - extents[i]!;
    return {
      stride: strides[i]!,
      dilation: dilations[i]!,
      spread: spreads[i]!,
      offset: 0 - padding[i]![0],
      size: room < 0 ? 0 : Math.floor(room / strides[i]!) + 1,
    };
  });
  const groups = perAxis(op, 'featureGroupCount', options.featureGroupCount, 1, 1, 1)[0]!;
  const batchGroups = perAxis(op, 'batchGroupCount', options.batchGroupCount, 1, 1, 1)[0]!;
  if (groups > 1 && batchGroups > 1)
    throw new ArgumentError(op, 'featureGroupCount and batchGroupCount cannot both exceed 1');
  return permuteAxes(convolveWindows(op, input, ker, windows, groups, batchGroups), inversePermutation(outOrder));
};

const convNd =
  (d: number) =>
  (x: Tensor, kernel: Tensor, options: ConvOptions = {}): Tensor => {
    const op = `conv${d}d`;
    if (x.rank !== d + 2)
      throw new ShapeError(op, `x must have ${d + 2} axes (batch, ${d} spatial, channels), got ${showShape(x.shape)}`);
    checkOptions(op, options, ['stride', 'padding', 'dilation', 'groups', 'layout']);
    const s = spatialLetters(op, d);
    const { groups, layout, ...rest } = options;
    checkLayout(op, layout);
    return convGeneral(
      x,
      kernel,
      {
        ...rest,
        ...(groups === undefined ? {} : { featureGroupCount: groups }),
        ...(layout === 'channelsFirst' ? { dimensionNumbers: [`NC${s}`, `OI${s}`, `NC${s}`] as const } : {}),
      },
      op,
    );
  };

export const checkLayout = (op: string, layout: string | undefined): void => {
  if (layout !== undefined && layout !== 'channelsLast' && layout !== 'channelsFirst')
    throw new ArgumentError(op, `unknown layout '${layout}'; use 'channelsLast' or 'channelsFirst'`);
};

/**
 * 1-d convolution: x [n, w, c], kernel [k, c/groups, o] -> [n, w', o].
 * @example
 * conv1d(tensor([[[1], [2], [3]]]), tensor([[[1]], [[10]]])); // [[[21], [32]]]
 */
export const conv1d: (x: Tensor, kernel: Tensor, options?: ConvOptions) => Tensor = convNd(1);
/** 2-d convolution: x [n, h, w, c], kernel [kh, kw, c/groups, o] -> [n, h', w', o]. */
export const conv2d: (x: Tensor, kernel: Tensor, options?: ConvOptions) => Tensor = convNd(2);
/** 3-d convolution: x [n, d, h, w, c], kernel [kd, kh, kw, c/groups, o] -> [n, d', h', w', o]. */
export const conv3d: (x: Tensor, kernel: Tensor, options?: ConvOptions) => Tensor = convNd(3);
