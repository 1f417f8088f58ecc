// Rows of the reductions and scans, and of the constants that have no input.
import { full, iota } from '../../src/core/ops/creation.ts';
import * as c from '../../src/core/ops/cumulate.ts';
import * as r from '../../src/core/ops/reduce.ts';
import { logsumexp } from '../../src/core/ops/statistics.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { alongAxis, bools, floats, ints, spaced, type HostValue, type InputSpec, type Row } from './row.ts';

type Apply = (x: Tensor, options?: r.AxisOptions) => Tensor;
type Reduce = (run: readonly number[]) => number;
const add: Reduce = (v) => v.reduce((x, y) => x + y, 0);
const times: Reduce = (v) => v.reduce((x, y) => x * y, 1);
const best =
  (better: (x: number, y: number) => boolean): Reduce =>
  (v) =>
    v.reduce((k, x, i) => (better(x, v[k]!) ? i : k), 0);

const reduced = (f: Reduce, axis: number) => alongAxis(axis, (run) => [f(run)], false);
const everything =
  (f: Reduce) =>
  (x: HostValue): HostValue => ({ shape: [], data: [f(x.data)] });
const scanned = (f: Reduce, axis: number, reverse = false) =>
  alongAxis(axis, (run) => run.map((_, i) => f(reverse ? run.slice(i) : run.slice(0, i + 1))));

const reduction = (
  primitive: string,
  apply: Apply,
  f: Reduce,
  spec: (shape: readonly number[]) => InputSpec,
): Row[] => [
  { primitive, name: 'over all', inputs: [spec([3, 5])], apply: (x) => apply(x), definition: everything(f) },
  {
    primitive,
    name: 'over the first axis',
    inputs: [spec([3, 5])],
    apply: (x) => apply(x, 0),
    definition: reduced(f, 0),
  },
  {
    primitive,
    name: 'over the last axis',
    inputs: [spec([2, 3, 5])],
    apply: (x) => apply(x, -1),
    definition: reduced(f, 2),
  },
];
const scan = (
  primitive: string,
  apply: (x: Tensor, options?: number | c.ScanOptions) => Tensor,
  f: Reduce,
  spec: (shape: readonly number[]) => InputSpec,
): Row[] => [
  { primitive, name: 'forward', inputs: [spec([3, 5])], apply: (x) => apply(x, 1), definition: scanned(f, 1) },
  {
    primitive,
    name: 'in reverse',
    inputs: [spec([5, 3])],
    apply: (x) => apply(x, { axis: 0, reverse: true }),
    definition: scanned(f, 0, true),
  },
];

const zeroes = (shape: readonly number[]): InputSpec => ({
  shape,
  dtype: 'float32',
  draw: (random) => (random() < 0.3 ? 0 : random() * 4 - 2),
});
const logSum: Reduce = (v) => Math.log(add(v.map(Math.exp)));
const maximum: Reduce = (v) => Math.max(...v);
const minimum: Reduce = (v) => Math.min(...v);

export const rows: readonly Row[] = [
  {
    primitive: 'full',
    inputs: [],
    apply: () => full([2, 3], 1.5),
    definition: () => ({ shape: [2, 3], data: [1.5, 1.5, 1.5, 1.5, 1.5, 1.5] }),
  },
  {
    primitive: 'iota',
    inputs: [],
    apply: () => iota([2, 3], 1),
    definition: () => ({ shape: [2, 3], data: [0, 1, 2, 0, 1, 2] }),
  },
  ...reduction('sum', r.sum, add, floats),
  ...reduction('sum', r.sum, add, ints).map((row) => ({ ...row, name: `${row.name!}, of integers` })),
  ...reduction('prod', r.prod, times, floats),
  ...reduction('prod', r.prod, times, zeroes).map((row) => ({ ...row, name: `${row.name!}, with zeros` })),
  ...reduction('max', r.max, maximum, spaced),
  ...reduction('min', r.min, minimum, spaced),
  // The maximum inside that counts as a constant.
  ...reduction('max', logsumexp, logSum, floats).map((row) => ({
    ...row,
    name: `${row.name!}, inside logsumexp`,
  })),
  ...reduction('any', r.any, maximum, bools),
  ...reduction('all', r.all, minimum, bools),
  ...reduction(
    'argmax',
    r.argmax as Apply,
    best((x, y) => x > y),
    spaced,
  ),
  ...reduction(
    'argmin',
    r.argmin as Apply,
    best((x, y) => x < y),
    spaced,
  ),
  ...scan('cumsum', c.cumsum, add, floats),
  ...scan('cumprod', c.cumprod, times, floats),
  ...scan('cumprod', c.cumprod, times, zeroes).map((row) => ({ ...row, name: `${row.name!}, with zeros` })),
  ...scan('cummax', c.cummax, maximum, spaced),
  ...scan('cummin', c.cummin, minimum, spaced),
  ...scan('cumlogsumexp', c.cumlogsumexp, logSum, floats),
];
