// Rows of functions composed of primitives: statistics, quantiles, differences, choices, grids; their names stand for a primitive's.
import { logaddexp2, copysign, fmax, fmin, heaviside, xlog1py } from '../../src/core/ops/binary.ts';
import { diff, trapezoid } from '../../src/core/ops/calculus.ts';
import { clip, piecewise, select } from '../../src/core/ops/choice.ts';
import { geomspace, linspace, logspace } from '../../src/core/ops/creation.ts';
import { eye, meshgrid, tri } from '../../src/core/ops/grid.ts';
import { greater, less, mul, neg } from '../../src/core/ops/arithmetic.ts';
import { nanToNum } from '../../src/core/ops/logic.ts';
import * as n from '../../src/core/ops/nan.ts';
import * as q from '../../src/core/ops/order.ts';
import { sinc } from '../../src/core/ops/special.ts';
import * as s from '../../src/core/ops/statistics.ts';
import { round } from '../../src/core/ops/unary.ts';
import { alongAxis, elementwise, floats, spaced, type HostValue, type InputSpec, type Row } from './row.ts';

type Reduce = (run: readonly number[]) => number;
const add: Reduce = (v) => v.reduce((x, y) => x + y, 0);
const mean: Reduce = (v) => add(v) / v.length;
const variance =
  (ddof: number): Reduce =>
  (v) =>
    add(v.map((x) => (x - mean(v)) ** 2)) / (v.length - ddof);
const present =
  (f: Reduce): Reduce =>
  (v) =>
    f(v.filter((x) => !Number.isNaN(x)));
const quantile =
  (f: number): Reduce =>
  (v) => {
    const sorted = [...v].sort((x, y) => x - y);
    const p = f * (v.length - 1);
    const lo = Math.floor(p);
    return sorted[lo]! + (p - lo) * ((sorted[lo + 1] ?? sorted[lo]!) - sorted[lo]!);
  };
const reduced = (f: Reduce, axis: number) => alongAxis(axis, (run) => [f(run)], false);

const over = (primitive: string, apply: Row['apply'], f: Reduce, inputs: readonly InputSpec[]): Row => ({
  primitive,
  inputs,
  apply,
  definition: reduced(f, 1),
});
// One NaN in every run, at another place in each; the difference quotients stay away from it.
const gaps = (shape: readonly number[]): InputSpec => {
  const { draw } = spaced(shape);
  return {
    shape,
    draw: (random, place, places) => {
      const value = draw!(random, place, places);
      return place % 6 === 2 ? NaN : value;
    },
  };
};
const constant = (primitive: string, apply: Row['apply'], shape: readonly number[], data: readonly number[]): Row => ({
  primitive,
  inputs: [],
  apply,
  definition: () => ({ shape, data }),
});
const unary = (
  name: string,
  f: (x: number) => number,
  apply: Row['apply'],
  domain: readonly [number, number] = [-3, 3],
): Row => elementwise(name, apply as never, f, [domain]);

export const rows: readonly Row[] = [
  over('mean', (x) => s.mean(x!, 1), mean, [floats([3, 5])]),
  over('var', (x) => s.variance(x!, 1), variance(0), [floats([3, 5])]),
  over('var, ddof 1', (x) => s.variance(x!, { axis: 1, ddof: 1 }), variance(1), [floats([3, 5])]),
  over(
    'std',
    (x) => s.std(x!, 1),
    (v) => Math.sqrt(variance(0)(v)),
    [floats([3, 5])],
  ),
  over(
    'logsumexp',
    (x) => s.logsumexp(x!, 1),
    (v) => Math.log(add(v.map(Math.exp))),
    [floats([3, 5])],
  ),
  over(
    'norm',
    (x) => s.norm(x!, 1),
    (v) => Math.hypot(...v),
    [floats([3, 5])],
  ),
  over(
    'norm, ord 1',
    (x) => s.norm(x!, { ord: 1, axis: 1 }),
    (v) => add(v.map(Math.abs)),
    [spaced([3, 5])],
  ),
  over(
    'norm, ord 3',
    (x) => s.norm(x!, { ord: 3, axis: 1 }),
    (v) => Math.cbrt(add(v.map((x) => Math.abs(x) ** 3))),
    [spaced([3, 5])],
  ),
  over(
    'norm, ord Infinity',
    (x) => s.norm(x!, { ord: Infinity, axis: 1 }),
    (v) => Math.max(...v.map(Math.abs)),
    [spaced([3, 5])],
  ),
  over(
    'ptp',
    (x) => s.ptp(x!, 1),
    (v) => Math.max(...v) - Math.min(...v),
    [spaced([3, 5])],
  ),
  over(
    'countNonzero',
    (x) => s.countNonzero(x!, 1),
    (v) => v.filter((x) => x !== 0).length,
    [{ shape: [3, 5], dtype: 'int32', domain: [-1, 1] }],
  ),
  over('median', (x) => q.median(x!, 1), quantile(0.5), [spaced([3, 6])]),
  over('quantile', (x) => q.quantile(x!, 0.3, 1), quantile(0.3), [spaced([3, 5])]),
  over('percentile', (x) => q.percentile(x!, 85, 1), quantile(0.85), [spaced([3, 5])]),
  over(
    'quantile, lower',
    (x) => q.quantile(x!, 0.3, { axis: 1, method: 'lower' }),
    (v) => quantile(0.25)(v),
    [spaced([3, 5])],
  ),
  over('nanmedian', (x) => q.nanmedian(x!, 1), present(quantile(0.5)), [gaps([3, 5])]),
  over('nanquantile', (x) => q.nanquantile(x!, 0.3, 1), present(quantile(0.3)), [gaps([3, 5])]),
  over('nansum', (x) => n.nansum(x!, 1), present(add), [gaps([3, 5])]),
  over('nanmean', (x) => n.nanmean(x!, 1), present(mean), [gaps([3, 5])]),
  over('nanvar', (x) => n.nanvar(x!, 1), present(variance(0)), [gaps([3, 5])]),
  over(
    'nanstd',
    (x) => n.nanstd(x!, { axis: 1, ddof: 1 }),
    (v) => Math.sqrt(present(variance(1))(v)),
    [gaps([3, 5])],
  ),
  over(
    'nanmax',
    (x) => n.nanmax(x!, 1),
    present((v) => Math.max(...v)),
    [gaps([3, 5])],
  ),
  over(
    'nanmin',
    (x) => n.nanmin(x!, 1),
    present((v) => Math.min(...v)),
    [gaps([3, 5])],
  ),
  over(
    'nanprod',
    (x) => n.nanprod(x!, 1),
    present((v) => v.reduce((x, y) => x * y, 1)),
    [gaps([3, 5])],
  ),
  over(
    'trapezoid',
    (x) => trapezoid(x!, { dx: 0.5 }),
    (v) => add(v.slice(1).map((x, i) => (x + v[i]!) / 4)),
    [floats([3, 5])],
  ),
  {
    primitive: 'average',
    inputs: [floats([3, 5]), floats([5], 0.5, 2)],
    apply: (x, w) => s.average(x!, { axis: 1, weights: w! }),
    definition: (x, w) => reduced((v) => add(v.map((e, i) => e * w!.data[i]!)) / add(w!.data), 1)(x!),
  },
  {
    primitive: 'trace',
    inputs: [floats([4, 3])],
    apply: (x) => s.trace(x!, { offset: -1 }),
    definition: (x) => ({ shape: [], data: [x!.data[3]! + x!.data[7]! + x!.data[11]!] }),
  },
  {
    primitive: 'diff',
    inputs: [floats([2, 4])],
    apply: (x) => diff(x!, { n: 2 }),
    definition: (x): HostValue => {
      const d = (i: number): number => x!.data[i + 2]! - 2 * x!.data[i + 1]! + x!.data[i]!;
      return { shape: [2, 2], data: [d(0), d(1), d(4), d(5)] };
    },
  },
  unary(
    'sinc',
    (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)),
    (x) => sinc(x!),
    [-1, 1],
  ),
  unary(
    'sinc near 0',
    (x) => 1 - (Math.PI * x) ** 2 / 6 + (Math.PI * x) ** 4 / 120,
    (x) => sinc(x!),
    [-0.001, 0.001],
  ),
  unary(
    'clip',
    (x) => Math.min(Math.max(x, -1), 1),
    (x) => clip(x!, -1, 1),
  ),
  unary(
    'select, the first that holds',
    (x) => (x > 1 ? 2 * x : x > 0 ? -x : 7),
    (x) => select([greater(x!, 1), greater(x!, 0)], [mul(x!, 2), neg(x!)], 7),
  ),
  unary(
    'piecewise',
    (x) => (x < 0 ? -x : 10 * x),
    (x) => piecewise(x!, [less(x!, 0)], [neg, (v) => mul(v, 10)]),
  ),
  unary(
    'heaviside',
    (x) => Number(x > 0),
    (x) => heaviside(x!, 0.5),
  ),
  unary(
    'nanToNum',
    (x) => x,
    (x) => nanToNum(x!),
  ),
  unary(
    'round to decimals',
    (x) => Math.round(x * 10) / 10,
    (x) => round(x!, 1),
  ),
  elementwise(
    'logaddexp2',
    (x, y) => logaddexp2(x, y),
    (x, y) => Math.log2(2 ** x + 2 ** y),
    [
      [-2, 2],
      [-2, 2],
    ],
  ),
  elementwise(
    'copysign',
    (x, y) => copysign(x, y),
    (x, y) => Math.abs(x) * Math.sign(y),
    [
      [-2, 2],
      [-2, 2],
    ],
    { differentiable: [true, false] },
  ),
  elementwise(
    'fmax',
    (x, y) => fmax(x, y),
    (x, y) => Math.max(x, y),
    [
      [-2, 2],
      [-2, 2],
    ],
  ),
  elementwise(
    'fmin',
    (x, y) => fmin(x, y),
    (x, y) => Math.min(x, y),
    [
      [-2, 2],
      [-2, 2],
    ],
  ),
  elementwise(
    'xlog1py',
    (x, y) => xlog1py(x, y),
    (x, y) => x * Math.log1p(y),
    [
      [-2, 2],
      [-0.5, 2],
    ],
  ),
  constant('eye', () => eye(2, 3, { k: 1 }), [2, 3], [0, 1, 0, 0, 0, 1]),
  constant('tri', () => tri(3, 3, { k: -1 }), [3, 3], [0, 0, 0, 1, 0, 0, 1, 1, 0]),
  constant('linspace', () => linspace(0, 1, 4, { endpoint: false, dtype: 'float64' }), [4], [0, 0.25, 0.5, 0.75]),
  constant('logspace', () => logspace(0, 3, 4, { base: 2, dtype: 'float64' }), [4], [1, 2, 4, 8]),
  constant('geomspace', () => geomspace(-1, -1000, 4, { dtype: 'float64' }), [4], [-1, -10, -100, -1000]),
  {
    primitive: 'meshgrid',
    inputs: [floats([2]), floats([3])],
    apply: (x, y) => meshgrid([x!, y!]),
    definition: (x, y) => [
      { shape: [3, 2], data: [0, 1, 2].flatMap(() => x!.data) },
      { shape: [3, 2], data: y!.data.flatMap((v) => [v, v]) },
    ],
  },
  {
    primitive: 'meshgrid, ij',
    inputs: [floats([2]), floats([3])],
    apply: (x, y) => meshgrid([x!, y!], { indexing: 'ij' }),
    definition: (x, y) => [
      { shape: [2, 3], data: x!.data.flatMap((v) => [v, v, v]) },
      { shape: [2, 3], data: [0, 1].flatMap(() => y!.data) },
    ],
  },
];
