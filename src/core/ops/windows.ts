// Sliding windows: patches of a tensor as new axes, and the dual that looks up, for each element, the windows that hold it.
import { aval, type Shape } from '../aval.ts';
import { castScalar } from '../dtype.ts';
import { add, div, mod, provable, scale, shift, type Guard, type Index } from '../index-expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { solvePhases } from './phases.ts';
import { moveAxis, reduceSum, reshapeTo } from './structure.ts';

/** Windows along one axis: element k of window o is input element `stride * o + dilation * k - before`. */
export interface WindowAxis {
  readonly axis: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly count: number;
}

// An element is in several windows at several of their places k; those form a sequence, whose position is the tap:
// (o, k) and (h, tap) name the same thing. One axis a window for k, or for taps, stands behind the last windowed axis.
interface WindowsParams {
  readonly windows: readonly WindowAxis[];
  readonly fill: number;
  /** The input has tap axes, and differs from tap to tap. */
  readonly taps: boolean;
}
interface UnwindowParams {
  readonly windows: readonly WindowAxis[];
  readonly extents: readonly number[];
}

const phasesOf = (w: WindowAxis): ReturnType<typeof solvePhases> => solvePhases(w.stride, -w.dilation, w.size);
const lastAxis = (windows: readonly WindowAxis[]): number => Math.max(...windows.map((w) => w.axis));

/** A shape with the windowed axes resized and one axis per window inserted behind the last of them. */
const withExtra = (
  shape: Shape,
  windows: readonly WindowAxis[],
  sizes: readonly number[],
  extra: readonly number[],
): number[] => {
  const out = [...shape];
  windows.forEach((w, i) => (out[w.axis] = sizes[i]!));
  out.splice(lastAxis(windows) + 1, 0, ...extra);
  return out;
};
const withoutExtra = <A>(list: readonly A[], windows: readonly WindowAxis[]): A[] => {
  const at = lastAxis(windows) + 1;
  return [...list.slice(0, at), ...list.slice(at + windows.length)];
};
const shifted = (windows: readonly WindowAxis[]): WindowAxis[] => windows.map((w) => ({ ...w, axis: w.axis + 1 }));

export const windowsPrimitive: Primitive<WindowsParams> = {
  name: 'windows',
  shape([x], { windows, taps }) {
    const base = taps ? withoutExtra(x!.shape, windows) : x!.shape;
    return [
      aval(
        withExtra(
          base,
          windows,
          windows.map((w) => w.count),
          windows.map((w) => w.size),
        ),
        x!.dtype,
        x!.weak,
      ),
    ];
  },
  jvp: ([x], [dx], params) => ({
    outs: [bind1(windowsPrimitive, [x!], params)],
    tangents: [bind1(windowsPrimitive, [dx!], { ...params, fill: 0 })],
  }),
  transpose([ct], [x], { windows, taps }) {
    if (ct === null) return [null];
    const { shape } = (x as { aval: { shape: Shape } }).aval;
    const spread = bind1(unwindowPrimitive, [ct!], { windows, extents: windows.map((w) => shape[w.axis]!) });
    return [taps ? spread : sumExtra(spread, windows)];
  },
  batch: ([x], [d], params) => ({
    outs: [bind1(windowsPrimitive, [moveAxis(x!, d!, 0)], { ...params, windows: shifted(params.windows) })],
    axes: [0],
  }),
  lower: ([x], { windows, fill, taps }) => ({
    tag: 'move',
    fill,
    at(out) {
      const guards: Guard[] = [];
      const last = lastAxis(windows);
      const index: Index[] = withoutExtra(out, windows);
      const tap: Index[] = [];
      windows.forEach((w, i) => {
        const k = out[last + 1 + i]!;
        index[w.axis] = shift(add(scale(out[w.axis]!, w.stride), scale(k, w.dilation)), -w.before);
        tap.push(div(k, phasesOf(w).period));
        guards.push({ index: index[w.axis]!, lo: 0, hi: x!.shape[w.axis]! });
      });
      if (taps) index.splice(last + 1, 0, ...tap);
      return [{ index, guards: guards.filter((g) => !provable(g)) }];
    },
  }),
};

/** Window elements to the input elements they came from: [..., h, taps, ...], zero where a tap has none. */
export const unwindowPrimitive: Primitive<UnwindowParams> = {
  name: 'unwindow',
  shape: ([x], { windows, extents }) => [
    aval(
      withExtra(
        withoutExtra(x!.shape, windows),
        windows,
        extents,
        windows.map((w) => phasesOf(w).taps),
      ),
      x!.dtype,
      x!.weak,
    ),
  ],
  jvp: ([x], [dx], params) => ({
    outs: [bind1(unwindowPrimitive, [x!], params)],
    tangents: [bind1(unwindowPrimitive, [dx!], params)],
  }),
  transpose: ([ct], _, { windows }) => [
    ct === null ? null : bind1(windowsPrimitive, [ct!], { windows, fill: 0, taps: true }),
  ],
  batch: ([x], [d], { windows, extents }) => ({
    outs: [bind1(unwindowPrimitive, [moveAxis(x!, d!, 0)], { windows: shifted(windows), extents })],
    axes: [0],
  }),
  lower: (_, { windows }) => ({
    tag: 'move',
    fill: 0,
    at(out) {
      const guards: Guard[] = [];
      const last = lastAxis(windows);
      const index: Index[] = withoutExtra(out, windows);
      const places = windows.map((w, i) => {
        // stride * o = e - dilation * k for the input element h = e - before.
        const phases = phasesOf(w);
        const e = shift(out[w.axis]!, w.before);
        const t = out[last + 1 + i]!;
        const k = add(phases.first(e), scale(t, phases.period));
        index[w.axis] = add(phases.quotient(e), scale(t, phases.advance));
        if (phases.common > 1) guards.push({ index: mod(e, phases.common), lo: 0, hi: 1 });
        guards.push({ index: k, lo: 0, hi: w.size }, { index: index[w.axis]!, lo: 0, hi: w.count });
        return k;
      });
      index.splice(last + 1, 0, ...places);
      return [{ index, guards: guards.filter((g) => !provable(g)) }];
    },
  }),
};

const sumExtra = (x: Tensor, windows: readonly WindowAxis[]): Tensor => {
  const at = lastAxis(windows) + 1;
  const axes = windows.map((_, i) => at + i);
  // Windows that do not overlap: each element has one tap.
  return axes.every((a) => x.shape[a] === 1) ? reshapeTo(x, withoutExtra(x.shape, windows)) : reduceSum(x, axes);
};

/** Patches: each windowed axis becomes its windows, and the places inside follow the last of them. Without checks. */
export const windowsOf = (x: Tensor, windows: readonly WindowAxis[], fill: number): Tensor =>
  bind1(windowsPrimitive, [x], { windows, fill: castScalar(fill, x.dtype), taps: false });

/** Where the axes of the places inside of windows stand in `windowsOf`. */
export const placeAxes = (windows: readonly WindowAxis[]): number[] => windows.map((_, i) => lastAxis(windows) + 1 + i);
