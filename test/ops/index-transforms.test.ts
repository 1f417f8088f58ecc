// Index operations under every transform: a row an operation, judged by definitions, finite differences and the map of slices.
import { describe, expect, test } from 'vitest';
import * as c from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';

type Nested = number | readonly Nested[];
interface Row {
  /** Shapes of the float arguments, which come first. */
  readonly floats: readonly (readonly number[])[];
  /** Integer arguments: three values each, for three slices. */
  readonly indices: readonly (readonly [Nested, Nested, Nested])[];
  readonly f: (...args: Tensor[]) => Tensor;
  /** The first result, from the definition. */
  readonly want?: (floats: readonly number[][][], indices: readonly Nested[]) => Nested;
}

const at = (n: Nested, ...i: number[]): number => i.reduce<Nested>((a, k) => (a as readonly Nested[])[k]!, n) as number;
const copy = (x: readonly (readonly number[])[]): number[][] => x.map((r) => [...r]);
const put = (x: readonly number[][][], edit: (y: number[][]) => void): Nested => {
  const y = copy(x[0]!);
  edit(y);
  return y;
};

const rows: Record<string, Row> = {
  'slice, static': {
    floats: [[4, 5]],
    indices: [],
    f: (x) => c.slice(x!, [3, null, -2], [1, 4]),
    want: ([x]) => [x![3]!.slice(1, 4), x![1]!.slice(1, 4)],
  },
  'slice by a tensor': {
    floats: [[4, 3]],
    indices: [[[0, 2, -1], [3, 3, 1], [1, 0, 0]]], // prettier-ignore
    f: (x, i) => c.slice(x!, i!),
    want: ([x], [i]) => (i as number[]).map((k) => x!.at(k)!),
  },
  'at.get, filled': {
    floats: [[4, 3]],
    indices: [[[0, 9], [3, -1], [1, 1]]], // prettier-ignore
    f: (x, i) => c.at(x!, i!).get({ mode: 'fill', fillValue: 7 }),
    want: ([x], [i]) => (i as number[]).map((k) => x!.at(k) ?? [7, 7, 7]),
  },
  'at.get, wrapped, two axes': {
    floats: [[4, 3]],
    indices: [[[0, 5], [3, -1], [1, 1]], [[0, 1], [2, 2], [7, 0]]], // prettier-ignore
    f: (x, i, j) => c.at(x!, i!, j!).get({ mode: 'wrap' }),
    want: ([x], [i, j]) => (i as number[]).map((k, n) => x![k % 4]![at(j!, n) % 3]!),
  },
  'at.set, static slice': {
    floats: [[4, 5], [2, 3]], // prettier-ignore
    indices: [],
    f: (x, u) => c.at(x!, [0, null, 2], [1, 4]).set(u!),
    want: ([x, u]) => put([x!], (y) => [0, 2].forEach((r, i) => y[r]!.splice(1, 3, ...u![i]!))),
  },
  'at.set of nothing, and of columns': {
    floats: [[4, 5], [4, 2]], // prettier-ignore
    indices: [],
    f: (x, u) => c.at(c.at(x!, [2, 2]).set(9), [], [-2, null]).set(u!),
    want: ([x, u]) => x!.map((r, n) => [...r.slice(0, 3), ...u![n]!]),
  },
  'at.set': {
    floats: [[4, 3], [3]], // prettier-ignore
    indices: [[2, 0, 9]],
    f: (x, u, i) => c.at(x!, i!).set(u!),
    want: ([x, u], [i]) => put([x!], (y) => (y[i as number] = u as unknown as number[])),
  },
  'at.set, repeated': {
    floats: [[4, 3], [3, 3]], // prettier-ignore
    indices: [[[1, 1, 3], [0, 2, 2], [3, 3, 3]]], // prettier-ignore
    f: (x, u, i) => c.at(x!, i!).set(u!),
    want: ([x, u], [i]) => put([x!], (y) => (i as number[]).forEach((k, n) => (y[k] = u![n]!))),
  },
  'at.set of elements': {
    floats: [[4, 3], [2]], // prettier-ignore
    indices: [[[1, 3], [0, 2], [2, 2]], [[0, 2], [1, 1], [1, 0]]], // prettier-ignore
    f: (x, u, i, j) => c.at(x!, i!, j!).set(u!),
    want: ([x, u], [i, j]) => put([x!], (y) => (i as number[]).forEach((k, n) => (y[k]![at(j!, n)] = at(u!, n)))),
  },
  'at.add, static': { floats: [[4, 3], [3]], indices: [], f: (x, u) => c.at(x!, -1).add(u!) }, // prettier-ignore
  'at.add, repeated': {
    floats: [[4, 3], [3, 3]], // prettier-ignore
    indices: [[[1, 1, 3], [0, 2, 2], [9, 3, 3]]], // prettier-ignore
    f: (x, u, i) => c.at(x!, i!).add(u!),
    want: ([x, u], [i]) =>
      put([x!], (y) => (i as number[]).forEach((k, n) => (y[k] = y[k]!.map((v, m) => v + u![n]![m]!)))),
  },
  'at.mul': {
    floats: [[4, 3], [2, 3]], // prettier-ignore
    indices: [[[1, 3], [0, 2], [2, 9]]], // prettier-ignore
    f: (x, u, i) => c.at(x!, i!).mul(u!, { unique: true }),
    want: ([x, u], [i]) =>
      put([x!], (y) => (i as number[]).forEach((k, n) => (y[k] = y[k]!.map((v, m) => v * u![n]![m]!)))),
  },
  'at.mul by a number': {
    floats: [[4, 3]],
    indices: [[[1, 1], [0, 2], [2, 9]]], // prettier-ignore
    f: (x, i) => c.at(x!, i!).mul(3),
    want: ([x], [i]) => put([x!], (y) => (i as number[]).forEach((k) => (y[k] = y[k]!.map((v) => v * 3)))),
  },
  'at.min': {
    floats: [[4, 3], [3, 3]], // prettier-ignore
    indices: [[[1, 1, 3], [0, 2, 2], [3, 9, 0]]], // prettier-ignore
    f: (x, u, i) => c.at(x!, i!).min(u!),
    want: ([x, u], [i]) =>
      put([x!], (y) => (i as number[]).forEach((k, n) => (y[k] = y[k]!.map((v, m) => Math.min(v, u![n]![m]!))))),
  },
  'at.max': { floats: [[4, 3], [3, 3]], indices: [[[1, 1, 3], [0, 2, 2], [3, 9, 0]]], f: (x, u, i) => c.at(x!, i!).max(u!) }, // prettier-ignore
  take: {
    floats: [[4, 3]],
    indices: [[[2, 0], [1, 1], [3, -1]]], // prettier-ignore
    f: (x, i) => c.take(x!, i!, 0),
    want: ([x], [i]) => (i as number[]).map((k) => x!.at(k)!),
  },
  'take along the last axis, clipped': {
    floats: [[2, 4]],
    indices: [[[[2, 0], [1, 9]], [[1, 1], [0, 0]], [[3, 2], [1, 0]]]], // prettier-ignore
    f: (x, i) => c.take(x!, i!, { axis: 1, mode: 'clip' }),
  },
  'take, flattened': { floats: [[3, 4]], indices: [[7, 0, 11]], f: (x, i) => c.mul(c.take(x!, i!), 2) },
  takeAlongAxis: {
    floats: [[3, 4]],
    indices: [[[[2], [0], [1]], [[3], [3], [0]], [[-1], [0], [2]]]], // prettier-ignore
    f: (x, i) => c.takeAlongAxis(x!, i!, 1),
    want: ([x], [i]) => x!.map((r, n) => [r.at(at(i!, n, 0))!]),
  },
  putAlongAxis: {
    floats: [[3, 4], [3, 1]], // prettier-ignore
    indices: [[[[2], [0], [1]], [[3], [3], [0]], [[1], [0], [2]]]], // prettier-ignore
    f: (x, u, i) => c.putAlongAxis(x!, i!, u!, 1),
    want: ([x, u], [i]) => put([x!], (y) => y.forEach((r, n) => (r[at(i!, n, 0)] = u![n]![0]!))),
  },
  'putAlongAxis, added, repeated': {
    floats: [[3, 4], [3, 2]], // prettier-ignore
    indices: [[[[2, 2], [0, 1], [1, 1]], [[3, 0], [3, 3], [0, 0]], [[1, 2], [0, 0], [2, 1]]]], // prettier-ignore
    f: (x, u, i) => c.putAlongAxis(x!, i!, u!, 1, { op: 'add' }),
  },
  'gather by two tensors': {
    floats: [[3, 4]],
    indices: [[[0, 2], [1, 1], [2, 0]], [[3, 1], [0, 2], [2, 2]]], // prettier-ignore
    f: (x, i, j) => c.gather(x!, [i!, j!]),
    want: ([x], [i, j]) => (i as number[]).map((k, n) => x![k]![at(j!, n)]!),
  },
  'gather in batches': {
    floats: [[2, 4, 2]],
    indices: [[[[0, 2], [1, 1]], [[3, 0], [0, 0]], [[2, 2], [3, 1]]]], // prettier-ignore
    f: (x, i) => c.gather(x!, i!, { axes: 1, batchDims: 1 }),
  },
  'scatter, set': {
    floats: [[4, 2], [2, 2]], // prettier-ignore
    indices: [[[3, 1], [0, 0], [2, 9]]], // prettier-ignore
    f: (x, u, i) => c.scatter(x!, i!, u!),
  },
  'scatter, unique': {
    floats: [[4, 2], [2, 2]], // prettier-ignore
    indices: [[[3, 1], [0, 2], [2, 9]]], // prettier-ignore
    f: (x, u, i) => c.scatter(x!, i!, u!, { unique: true }),
  },
  'scatter, add by two tensors': {
    floats: [[3, 4], [2]], // prettier-ignore
    indices: [[[0, 2], [1, 1], [2, 0]], [[3, 1], [0, 0], [2, 2]]], // prettier-ignore
    f: (x, u, i, j) => c.scatter(x!, [i!, j!], u!, { op: 'add' }),
  },
  'scatter in batches': {
    floats: [[2, 4], [2, 2]], // prettier-ignore
    indices: [[[[0, 2], [1, 3]], [[3, 0], [0, 2]], [[2, 1], [3, 1]]]], // prettier-ignore
    f: (x, u, i) => c.scatter(x!, i!, u!, { axes: 1, batchDims: 1, op: 'max' }),
  },
  dynamicSlice: {
    floats: [[5, 4]],
    indices: [[1, 9, -2]],
    f: (x, i) => c.dynamicSlice(x!, [i!, 1], [2, 2]),
    want: ([x], [i]) => {
      const s = Math.min(Math.max((i as number) < 0 ? (i as number) + 5 : (i as number), 0), 3);
      return x!.slice(s, s + 2).map((r) => r.slice(1, 3));
    },
  },
  'dynamicSlice from a vector of starts': {
    floats: [[5, 4]],
    indices: [[[1, 2], [3, 0], [9, 1]]], // prettier-ignore
    f: (x, i) => c.dynamicSlice(x!, i!, [2, 2]),
  },
  dynamicUpdateSlice: {
    floats: [[5, 4], [2, 2]], // prettier-ignore
    indices: [[1, 9, -2], [2, 0, 1]], // prettier-ignore
    f: (x, u, i, j) => c.dynamicUpdateSlice(x!, u!, [i!, j!]),
  },
  'dynamicUpdateSlice of a small window': {
    floats: [[6, 4], [1, 4]], // prettier-ignore
    indices: [[1, 9, 3]],
    f: (x, u, i) => c.dynamicUpdateSlice(x!, u!, [i!, 0]),
    want: ([x, u], [i]) => put([x!], (y) => (y[Math.min(i as number, 5)] = u![0]!)),
  },
  'a window read, changed and written back': {
    floats: [[6, 4], [1, 4]], // prettier-ignore
    indices: [[1, 4, 3]],
    f: (x, u, i) => c.dynamicUpdateSlice(x!, c.mul(c.sin(c.dynamicSlice(x!, [i!, 0], [1, 4])), u!), [i!, 0]),
  },
  sort: {
    floats: [[3, 4]],
    indices: [],
    f: (x) => c.sort(x!),
    want: ([x]) => x!.map((r) => [...r].sort((a, b) => a - b)),
  },
  'sort along the first axis, descending': { floats: [[4, 3]], indices: [], f: (x) => c.sort(x!, { axis: 0, descending: true }) }, // prettier-ignore
  'argsort and take': {
    floats: [[3, 4], [3, 4]], // prettier-ignore
    indices: [],
    f: (x, y) => c.takeAlongAxis(y!, c.argsort(x!), 1),
    want: ([x, y]) => x!.map((r, n) => r.map((v, k) => [v, k] as const).sort((a, b) => a[0] - b[0]).map(([, k]) => y![n]![k]!)), // prettier-ignore
  },
  topK: {
    floats: [[3, 4]],
    indices: [],
    f: (x) => c.topK(x!, 2)[0],
    want: ([x]) => x!.map((r) => [...r].sort((a, b) => b - a).slice(0, 2)),
  },
  'topK and its indices': { floats: [[3, 4]], indices: [], f: (x) => { const [v, i] = c.topK(x!, 2, { axis: 0 }); return c.add(v, c.takeAlongAxis(c.sin(x!), i, 0)); } }, // prettier-ignore
  'embedding of tokens': {
    floats: [[6, 3], [3, 2]], // prettier-ignore
    indices: [[[5, 0, 5, 2], [1, 1, 1, 1], [0, 3, 2, 4]]], // prettier-ignore
    f: (table, w, ids) => c.tanh(c.matmul(c.take(table!, ids!, 0), w!)),
  },
  segmentSum: {
    floats: [[4, 2]],
    indices: [[[0, 2, 0, 1], [1, 1, 1, 1], [2, 1, 0, 9]]], // prettier-ignore
    f: (x, i) => c.segmentSum(x!, i!, { numSegments: 3 }),
  },
};

// Values in (-1.5, 1.5), well apart from each other: no ties, far from kinks.
const data = (n: number, seed: number): number[] => {
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => Math.sin(a * 91 + seed) - Math.sin(b * 91 + seed),
  );
  return order.map((k) => (3 * (k + 0.31 + 0.07 * seed)) / (n + 1) - 1.5);
};
const floatOf = (shape: readonly number[], seed: number): Tensor =>
  c.tensor(data(shape.reduce((a, b) => a * b, 1), seed), 'float64').reshape(shape); // prettier-ignore
const indexOf = (n: Nested): Tensor => c.tensor(n as number[], 'int32');

const numbers = (t: Tensor): number[] => Array.from(t.dataSync(), Number);
const near = (got: Tensor, want: Tensor, tolerance: number, what: string): void => {
  expect(got.shape, what).toEqual(want.shape);
  const [g, w] = [numbers(got), numbers(want)];
  const worst = w.reduce(
    (m, v, i) => (Object.is(g[i], v) ? m : Math.max(m, Math.abs(g[i]! - v) / (1 + Math.abs(v)))),
    0,
  );
  expect(worst, what).toBeLessThanOrEqual(tolerance);
};
/** Every set of arguments but the empty one. */
const subsets = (n: number): boolean[][] =>
  Array.from({ length: 2 ** n - 1 }, (_, k) => Array.from({ length: n }, (__, i) => ((k + 1) >> i) % 2 === 1));
const first = (t: Tensor, i: number): Tensor => c.slice(t, i);

describe.each(Object.entries(rows))('%s', (_, { floats, indices, f, want }) => {
  const n = floats.length;
  const xs = (seed: number): Tensor[] => floats.map((s, i) => floatOf(s, 2 * seed + 0.7 * i + 1));
  const is = (k: number): Tensor[] => indices.map((v) => indexOf(v[k]!));
  const x = xs(0);
  const ids = is(0);
  const g = (...args: Tensor[]): Tensor => f(...args, ...ids);
  const y = g(...x);
  const w = floatOf(y.shape, 5);
  const dx = xs(3);
  const loss =
    (i: readonly Tensor[]) =>
    (...args: Tensor[]): Tensor =>
      c.sum(c.mul(w, c.sin(f(...args, ...i))));
  const argnums = x.map((_x, i) => i);
  const gradient = (i: readonly Tensor[]) => c.grad(loss(i), { argnums }) as unknown as (...a: Tensor[]) => Tensor[];
  const shifted = (by: number): Tensor[] => x.map((t, i) => c.add(t, c.mul(dx[i]!, by)));
  const step = 1e-5;
  const central = (h: (...args: Tensor[]) => Tensor): Tensor =>
    c.div(c.sub(h(...shifted(step)), h(...shifted(-step))), 2 * step);

  test('value, compiled too', () => {
    if (want !== undefined) {
      const given = x.map((t) => t.arraySync() as never as number[][]);
      near(y, c.tensor(want(given, ids.map((t) => t.arraySync() as Nested)) as number[], 'float64'), 1e-12, 'value'); // prettier-ignore
    }
    near(c.jit(f)(...x, ...ids), y, 1e-12, 'jit');
    const single = f(...x.map((t) => t.astype('float32')), ...ids);
    near(single.astype('float64'), y, 1e-6, 'float32');
  });

  test('forward and reverse derivatives', () => {
    const tangent = c.jvp(g as (...a: never[]) => Tensor, x as never, dx as never)[1] as Tensor;
    near(tangent, central(g), 1e-8, 'jvp');
    near(c.jit((...a: Tensor[]) => c.jvp(g as never, a as never, dx as never)[1] as Tensor)(...x), tangent, 1e-12, 'jit of jvp'); // prettier-ignore
    const [, back] = c.vjp(g, ...x);
    const cts = back(w as never) as Tensor[];
    const inner = cts.reduce((s, t, i) => s + numbers(c.sum(c.mul(t, dx[i]!)))[0]!, 0);
    expect(inner).toBeCloseTo(numbers(c.sum(c.mul(w, tangent)))[0]!, 10);
    const gs = gradient(ids)(...x);
    c.jit(gradient(ids))(...x).forEach((t, i) => near(t, gs[i]!, 1e-12, `jit of grad ${i}`)); // prettier-ignore
  });

  test('second order, forward over reverse and reverse over reverse', () => {
    const along = (...args: Tensor[]): Tensor =>
      gradient(ids)(...args).reduce<Tensor>((s, t, i) => c.add(s, c.sum(c.mul(t, dx[i]!))), c.tensor(0, 'float64'));
    gradient(ids)(...x).forEach((_t, i) => {
      const one = (...args: Tensor[]): Tensor => gradient(ids)(...args)[i]!;
      const forward = c.jvp(one as never, x as never, dx as never)[1] as Tensor;
      near(forward, central(one), 1e-7, `forward over reverse ${i}`);
      const reverse = c.grad(along, { argnums: i }) as unknown as (...a: Tensor[]) => Tensor;
      near(reverse(...x), forward, 1e-9, `reverse over reverse ${i}`);
      near(c.jit(reverse)(...x), forward, 1e-9, `jit of reverse over reverse ${i}`);
    });
  });

  const slices = [0, 1, 2].map((k) => [...xs(k), ...is(k)]);
  const stacked = slices[0]!.map((_t, i) => c.stack(slices.map((s) => s[i]!)));
  const argument = (mapped: readonly boolean[], k: number): Tensor[] => mapped.map((m, i) => slices[m ? k : 0]![i]!);
  const given = (mapped: readonly boolean[]): Tensor[] => mapped.map((m, i) => (m ? stacked[i]! : slices[0]![i]!));
  const axes = (mapped: readonly boolean[]): (number | null)[] => mapped.map((m) => (m ? 0 : null));
  const show = (mapped: readonly boolean[]): string => mapped.map(Number).join('');

  test('vmap of every argument is the map of slices', () => {
    for (const mapped of subsets(slices[0]!.length)) {
      const h = c.vmap(f, { inAxes: axes(mapped) }) as unknown as (...a: Tensor[]) => Tensor;
      const got = h(...given(mapped));
      for (const k of [0, 1, 2])
        near(first(got, k), f(...argument(mapped, k)), 1e-12, `vmap ${show(mapped)} slice ${k}`);
      near(c.jit(h)(...given(mapped)), got, 1e-12, `jit of vmap ${show(mapped)}`);
    }
    // Another position of the batch axis.
    const all = slices[0]!.map(() => true);
    const last = stacked.map((t) => c.moveaxis(t, 0, -1));
    const h = c.vmap(f, { inAxes: -1, outAxes: 1 }) as unknown as (...a: Tensor[]) => Tensor;
    if (y.rank > 0) near(c.moveaxis(h(...last), 1, 0), c.stack([0, 1, 2].map((k) => f(...argument(all, k)))), 1e-12, 'vmap of last axes'); // prettier-ignore
  });

  test('vmap of grad, and grad of vmap', () => {
    for (const mapped of subsets(slices[0]!.length)) {
      const per = (...args: Tensor[]): Tensor[] => gradient(args.slice(n))(...args.slice(0, n));
      const h = c.vmap(per, { inAxes: axes(mapped) }) as unknown as (...a: Tensor[]) => Tensor[];
      const got = h(...given(mapped));
      const each = [0, 1, 2].map((k) => per(...argument(mapped, k)));
      got.forEach((t, i) => near(t, c.stack(each.map((e) => e[i]!)), 1e-10, `vmap ${show(mapped)} of grad ${i}`));
      c.jit(h)(...given(mapped)).forEach((t, i) => near(t, got[i]!, 1e-10, `jit of vmap ${show(mapped)} of grad ${i}`));
      const one = (...args: Tensor[]): Tensor => loss(args.slice(n))(...args.slice(0, n));
      const total = (...args: Tensor[]): Tensor =>
        c.sum((c.vmap(one, { inAxes: axes(mapped) }) as unknown as (...a: Tensor[]) => Tensor)(...args));
      const summed = (c.grad(total, { argnums }) as unknown as (...a: Tensor[]) => Tensor[])(...given(mapped));
      summed.forEach((t, i) => {
        const parts = c.stack(each.map((e) => e[i]!));
        near(t, mapped[i]! ? parts : c.sum(parts, 0), 1e-10, `grad ${i} of vmap ${show(mapped)}`);
      });
    }
  });
});
