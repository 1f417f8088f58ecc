// Rows of the moves: slices, padding, joining, sliding windows, pooling.
import { concatenate } from '../../src/core/ops/concat.ts';
import { takeDiagonal } from '../../src/core/ops/diagonal.ts';
import { maxPool, reduceWindow } from '../../src/core/ops/pool.ts';
import { moveAffine, padBy } from '../../src/core/ops/slice.ts';
import { unwindowPrimitive, windowsOf, type WindowAxis } from '../../src/core/ops/windows.ts';
import { bind1 } from '../../src/core/interpreter.ts';
import { elementAt, floats, type HostValue, type Row, tabulate } from './row.ts';

const places: readonly WindowAxis[] = [
  { axis: 0, size: 3, stride: 2, dilation: 1, before: 1, count: 3 },
  { axis: 1, size: 2, stride: 1, dilation: 2, before: 0, count: 2 },
];
// Stride and dilation share a factor, so that some elements are in no window.
const sparse: readonly WindowAxis[] = [{ axis: 0, size: 3, stride: 2, dilation: 2, before: 1, count: 3 }];
const meet = (w: WindowAxis, o: number, k: number): number => o * w.stride + k * w.dilation - w.before;

const patches = (x: HostValue, fill: number): HostValue =>
  tabulate(
    [3, 2, 3, 2, 2],
    ([p, q, i, j, c]) => elementAt(x, [meet(places[0]!, p, i), meet(places[1]!, q, j), c]) ?? fill,
  );

const bestOf =
  (better: (a: number, b: number) => boolean) =>
  (values: readonly number[]): number =>
    values.reduce((a, b) => (better(b, a) ? b : a));
const largest = bestOf((a, b) => a > b);
const smallest = bestOf((a, b) => a < b);
// Values far enough apart that a step of the difference quotient changes no maximum.
const apart = (rng: () => number, i: number): number => ((i * 7) % 13) + rng() * 0.1;

export const rows: readonly Row[] = [
  {
    primitive: 'slice',
    apply: (x) =>
      moveAffine(x, [
        { stride: 2, spread: 1, offset: 1, size: 2 },
        { stride: -1, spread: 1, offset: 3, size: 3 },
      ]),
    inputs: [floats([5, 4])],
    definition: (x) => tabulate([2, 3], ([i, j]) => elementAt(x, [1 + 2 * i, 3 - j])!),
  },
  {
    primitive: 'slice',
    name: 'diagonal',
    apply: (x) => takeDiagonal(x, 0, 2, 1),
    inputs: [floats([3, 2, 4])],
    definition: (x) => tabulate([2, 3], ([b, i]) => elementAt(x, [i, b, i + 1])!),
  },
  {
    primitive: 'pad',
    name: 'with spread and cropping',
    apply: (x) => padBy(x, [[2, 1], [-1, 3]], 5, [1, 2]), // prettier-ignore
    inputs: [floats([3, 2])],
    definition: (x) =>
      tabulate([8, 6], ([i, j]) =>
        (i - 2) % 2 === 0 && (j + 1) % 3 === 0 ? (elementAt(x, [(i - 2) / 2, (j + 1) / 3]) ?? 5) : 5,
      ),
  },
  {
    primitive: 'pad',
    name: 'strided beyond the end',
    apply: (x) => moveAffine(x, [{ stride: -2, spread: 3, offset: 7, size: 6 }]),
    inputs: [floats([4])],
    definition: (x) => tabulate([6], ([i]) => ((7 - 2 * i) % 3 === 0 ? (elementAt(x, [(7 - 2 * i) / 3]) ?? 0) : 0)),
  },
  {
    primitive: 'concatenate',
    apply: (x, y, z) => concatenate([x, y, z], 1),
    inputs: [floats([2, 3]), floats([2, 0]), floats([2, 2])],
    definition: (x, _, z) => tabulate([2, 5], ([i, j]) => (j < 3 ? elementAt(x, [i, j])! : elementAt(z, [i, j - 3])!)),
  },
  {
    primitive: 'windows',
    apply: (x) => windowsOf(x, places, 7),
    inputs: [floats([5, 4, 2])],
    definition: (x) => patches(x, 7),
  },
  {
    primitive: 'windows',
    name: 'stride and dilation with a common factor',
    apply: (x) => windowsOf(x, sparse, 0),
    inputs: [floats([6])],
    definition: (x) => tabulate([3, 3], ([o, k]) => elementAt(x, [meet(sparse[0]!, o, k)]) ?? 0),
  },
  {
    primitive: 'unwindow',
    apply: (x) => bind1(unwindowPrimitive, [x], { windows: places, extents: [5, 4] }),
    inputs: [floats([3, 2, 3, 2, 2])],
    definition: (x) =>
      tabulate([5, 4, 2, 2, 2], ([h, w, s, t, c]) => {
        // The s-th and t-th places that meet (h, w), counted by their residue.
        const find = (a: WindowAxis, at: number, tap: number): readonly [number, number] | undefined => {
          for (let o = 0; o < a.count; o++)
            for (let k = 0; k < a.size; k++)
              if (meet(a, o, k) === at && Math.floor(k / a.stride) === tap) return [o, k];
          return undefined;
        };
        const [p, q] = [find(places[0]!, h, s), find(places[1]!, w, t)];
        return p === undefined || q === undefined ? 0 : elementAt(x, [p[0], q[0], p[1], q[1], c])!;
      }),
  },
  {
    primitive: 'firstMax',
    apply: (x) => maxPool(x, { size: [2, 3], stride: [1, 2], padding: [0, 1] }),
    inputs: [{ shape: [1, 3, 4, 2], draw: apart }],
    definition: (x) =>
      tabulate([1, 2, 2, 2], ([n, i, j, c]) =>
        largest([0, 1].flatMap((a) => [0, 1, 2].map((b) => elementAt(x, [n, i + a, 2 * j + b - 1, c]) ?? -Infinity))),
      ),
  },
  {
    primitive: 'firstMin',
    apply: (x) => reduceWindow(x, { op: 'min', size: [2, 2], dilation: [2, 1] }),
    inputs: [{ shape: [4, 3], draw: apart }],
    definition: (x) =>
      tabulate([2, 2], ([i, j]) => smallest([0, 2].flatMap((a) => [0, 1].map((b) => elementAt(x, [i + a, j + b])!)))),
  },
];
