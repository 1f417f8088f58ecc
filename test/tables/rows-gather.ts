// Rows of gather and scatter, and of sorting.
import { dynamicSlice, dynamicUpdateSlice } from '../../src/core/ops/dynamic.ts';
import { sortWith } from '../../src/core/ops/sort.ts';
import { gather, putAlongAxis, scatter, take, takeAlongAxis } from '../../src/core/ops/take.ts';
import { elementAt, floats, type HostValue, type InputSpec, type Row, tabulate } from './row.ts';

const indices = (shape: readonly number[], lo: number, hi: number): InputSpec => ({
  shape,
  dtype: 'int32',
  domain: [lo, hi],
});
const wrap = (i: number, n: number): number => (i < 0 ? i + n : i);

/** x with updates applied one after the other along its first axis; those out of range are dropped. */
const applyRows =
  (combine: (a: number, b: number) => number) =>
  (x: HostValue, index: HostValue, u: HostValue): HostValue => {
    const data = Array.from(x.data);
    const [n, width] = [x.shape[0]!, x.shape[1]!];
    Array.from(index.data).forEach((raw, row) => {
      const i = wrap(raw, n);
      if (i < 0 || i >= n) return;
      for (let j = 0; j < width; j++) data[i * width + j] = combine(data[i * width + j]!, u.data[row * width + j]!);
    });
    return { shape: x.shape, data };
  };

const scatterRow = (op: 'set' | 'add' | 'mul' | 'min' | 'max', combine: (a: number, b: number) => number): Row => ({
  primitive: 'scatter',
  name: op,
  // Products have derivatives by the updates only where all indices differ.
  apply: (x, i, u) => scatter(x, i, u, { op, unique: op === 'mul' }),
  inputs: [
    floats([4, 2]),
    op === 'mul' ? { shape: [3], dtype: 'int32', draw: (_, i) => [2, 0, -1][i % 3]! } : indices([5], -4, 6),
    floats([op === 'mul' ? 3 : 5, 2]),
  ],
  definition: applyRows(combine),
});

const clamp = (i: number, hi: number): number => Math.min(Math.max(i, 0), hi);

export const rows: readonly Row[] = [
  {
    primitive: 'gather',
    name: 'along an axis, out of range',
    apply: (x, i) => take(x, i, { axis: 1, fillValue: 9 }),
    inputs: [floats([2, 3, 2]), indices([2, 2], -4, 4)],
    definition: (x, i) =>
      tabulate([2, 2, 2, 2], ([a, p, q, c]) => elementAt(x, [a, wrap(elementAt(i, [p, q])!, 3), c]) ?? 9),
  },
  {
    primitive: 'gather',
    name: 'clipped',
    apply: (x, i) => take(x, i, { axis: 0, mode: 'clip' }),
    inputs: [floats([3, 2]), indices([4], -5, 5)],
    definition: (x, i) => tabulate([4, 2], ([a, c]) => elementAt(x, [clamp(elementAt(i, [a])!, 2), c])!),
  },
  {
    primitive: 'gather',
    name: 'two axes',
    apply: (x, i, j) => gather(x, [i, j], { axes: [2, 0] }),
    inputs: [floats([3, 2, 4]), indices([2], 0, 3), indices([3, 1], 0, 2)],
    definition: (x, i, j) =>
      tabulate([3, 2, 2], ([p, q, c]) => elementAt(x, [elementAt(j, [p, 0])!, c, elementAt(i, [q])!])!),
  },
  {
    primitive: 'gather',
    name: 'with batch axes',
    apply: (x, i) => gather(x, i, { axes: 2, batchDims: 1 }),
    inputs: [floats([2, 3, 4]), indices([2, 2], 0, 3)],
    definition: (x, i) => tabulate([2, 3, 2], ([b, c, p]) => elementAt(x, [b, c, elementAt(i, [b, p])!])!),
  },
  {
    primitive: 'gather',
    name: 'lane by lane',
    apply: (x, i) => takeAlongAxis(x, i, 0),
    inputs: [floats([3, 2]), indices([4, 2], -3, 2)],
    definition: (x, i) => tabulate([4, 2], ([a, c]) => elementAt(x, [wrap(elementAt(i, [a, c])!, 3), c])!),
  },
  {
    primitive: 'gather',
    name: 'dynamic slice',
    apply: (x, i, j) => dynamicSlice(x, [i, j], [2, 3]),
    inputs: [floats([4, 5]), indices([], 0, 6), indices([], -3, 6)],
    definition: (x, i, j) =>
      tabulate([2, 3], ([a, b]) => elementAt(x, [clamp(i.data[0]!, 2) + a, clamp(wrap(j.data[0]!, 5), 2) + b])!),
  },
  {
    primitive: 'scatter',
    name: 'dynamic update',
    apply: (x, u, i) => dynamicUpdateSlice(x, u, [i, 1]),
    inputs: [floats([4, 3]), floats([2, 2]), indices([], 0, 6)],
    definition: (x, u, i) =>
      tabulate([4, 3], ([a, b]) => elementAt(u, [a - clamp(i.data[0]!, 2), b - 1]) ?? elementAt(x, [a, b])!),
  },
  {
    primitive: 'scatter',
    name: 'lane by lane',
    apply: (x, i, u) => putAlongAxis(x, i, u, 1, { op: 'add' }),
    inputs: [floats([2, 3]), indices([2, 4], 0, 2), floats([2, 4])],
    definition: (x, i, u) =>
      tabulate([2, 3], ([a, b]) =>
        [0, 1, 2, 3].reduce(
          (s, p) => s + (elementAt(i, [a, p]) === b ? elementAt(u, [a, p])! : 0),
          elementAt(x, [a, b]) ?? 0,
        ),
      ),
  },
  scatterRow('set', (_, b) => b),
  scatterRow('add', (a, b) => a + b),
  scatterRow('mul', (a, b) => a * b),
  scatterRow('min', Math.min),
  scatterRow('max', Math.max),
  {
    primitive: 'sort',
    apply: (x, y) => sortWith([x, y], 1, true),
    inputs: [floats([2, 5]), floats([2, 5])],
    definition: (x, y) => {
      const order = [0, 1].map((a) => [0, 1, 2, 3, 4].sort((p, q) => elementAt(x, [a, q])! - elementAt(x, [a, p])!));
      return [x, y].map((t) => tabulate([2, 5], ([a, b]) => elementAt(t, [a, order[a]![b]!])!));
    },
  },
];
