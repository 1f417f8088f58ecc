// Traps of indexing: positions out of range, and gradients through take, slices and sort, eager and compiled.
import { describe, expect, it } from 'vitest';
import {
  argsort, at, explain, gather, grad, jit, makeJaxpr, mul, scatter, slice, sort, sum, take, takeAlongAxis, tensor, topK, vmap,
} from '../../src/index.ts'; // prettier-ignore

const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
const ids = tensor([2, 0, 2], 'int32');

describe('an index out of range never reads element 0', () => {
  it('is an error where it is a JS number', () => {
    expect(() => slice(x, 2)).toThrow(/slice: index 2 is out of range for axis 0 of shape \[2, 3\]; use -2 to 1/);
    expect(() => slice(x, [], 3)).toThrow(/out of range/);
    expect(() => take(x, [0, 5], { axis: 1 })).toThrow(/take: index 5 is out of range for axis 1/);
    expect(() => at(x, -3).set(0)).toThrow(/out of range/);
    expect(() => slice(x, 0.5)).toThrow(/out of range/);
    expect(() => slice(x, 0, 0, 0)).toThrow(/names 3 axes/);
  });
  it('reads NaN where take meets it in a tensor, and the nearest element where a slice does', () => {
    const far = tensor([5, -9, -1], 'int32');
    expect(take(x, far, 1).arraySync()).toEqual([[NaN, NaN, 3], [NaN, NaN, 6]]); // prettier-ignore
    expect(take(x, far, { axis: 1, mode: 'clip' }).arraySync()).toEqual([[3, 1, 1], [6, 4, 4]]); // prettier-ignore
    expect(take(x, far, { axis: 1, mode: 'wrap' }).arraySync()).toEqual([[3, 1, 3], [6, 4, 6]]); // prettier-ignore
    expect(slice(x, 0, far).arraySync()).toEqual([3, 1, 3]);
    expect(take(tensor([7, 8], 'int32'), far).arraySync()).toEqual([-2147483648, -2147483648, 8]);
  });
  it('drops the update that would go there', () => {
    expect(at(x, 0, tensor([5, 1], 'int32')).add(10).arraySync()).toEqual([[1, 12, 3], [4, 5, 6]]); // prettier-ignore
    expect(scatter(x, tensor([7], 'int32'), 9).arraySync()).toEqual(x.arraySync());
  });
  it('gets no gradient', () => {
    const far = tensor([5, 1], 'int32');
    const f = (v: typeof x) => sum(take(v, far, { axis: 1, fillValue: 0 }));
    expect(grad(f)(x).arraySync()).toEqual([[0, 1, 0], [0, 1, 0]]); // prettier-ignore
  });
  it('refuses masks and floats by name', () => {
    expect(() => slice(x, tensor([true, false]))).toThrow(/bools.*where\(mask/);
    expect(() => take(x, tensor([0.5]))).toThrow(/must be integers, got float32/);
  });
});

describe('gradients of reads are the same eager and under jit', () => {
  const table = tensor([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
  const weights = tensor([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
  const cases: Record<string, (v: typeof table) => typeof table> = {
    'rows by index (an embedding)': (v) => sum(mul(take(v, ids, 0), weights)),
    'x[0]': (v) => sum(mul(slice(v, 0), tensor([10, 20]))),
    'x[-1, ::-1]': (v) => sum(mul(slice(v, -1, [null, null, -1]), tensor([10, 20]))),
    sort: (v) => sum(mul(sort(v, { axis: 0, descending: true }), weights)),
    'the best k': (v) => sum(mul(topK(v, 2, { axis: 0 })[0], tensor([[1, 2], [3, 4]]))), // prettier-ignore
    'lane by lane': (v) => sum(mul(takeAlongAxis(v, argsort(v, 0), 0), weights)),
    'an update': (v) => sum(mul(at(v, ids).set(mul(v, 3)), weights)),
  };
  const wanted: Record<string, number[][]> = {
    'rows by index (an embedding)': [[3, 4], [0, 0], [6, 8]], // prettier-ignore
    'x[0]': [[10, 20], [0, 0], [0, 0]], // prettier-ignore
    'x[-1, ::-1]': [[0, 0], [0, 0], [20, 10]], // prettier-ignore
    sort: [[5, 6], [3, 4], [1, 2]], // prettier-ignore
    'the best k': [[0, 0], [3, 4], [1, 2]], // prettier-ignore
    'lane by lane': [[1, 2], [3, 4], [5, 6]], // prettier-ignore
    // Row 2 is named twice: the last update stays, and only it has a gradient.
    'an update': [[0, 0], [3 * 1 + 3, 3 * 2 + 4], [3 * 5, 3 * 6]], // prettier-ignore
  };
  for (const [name, f] of Object.entries(cases))
    it(name, () => {
      expect(grad(f)(table).arraySync()).toEqual(wanted[name]);
      expect(jit(grad(f))(table).arraySync()).toEqual(wanted[name]);
      const many = jit(vmap(grad(f)))(tensor([table.arraySync(), table.arraySync()] as number[][][]));
      expect(many.arraySync()).toEqual([wanted[name], wanted[name]]);
    });
  it('an embedding trains under jit', () => {
    const step = jit((v: typeof table) => v.sub(grad((w: typeof table) => sum(take(w, ids, 0).square()))(v).mul(0.1)));
    let v = table;
    for (let i = 0; i < 60; i++) v = step(v);
    const rows = v.arraySync() as number[][];
    expect(Math.abs(rows[0]![0]!)).toBeLessThan(1e-4);
    expect(rows[1]).toEqual([3, 4]);
  });
});

it('several updates of one element apply in order', () => {
  const i = tensor([1, 1, 1], 'int32');
  expect(
    at(tensor([0, 0]), i)
      .set(tensor([5, 6, 7]))
      .arraySync(),
  ).toEqual([0, 7]);
  expect(
    at(tensor([1, 2]), i)
      .mul(tensor([2, 3, 4]))
      .arraySync(),
  ).toEqual([1, 48]);
  expect(
    at(tensor([1, 2]), i)
      .max(tensor([0, 9, 4]))
      .arraySync(),
  ).toEqual([1, 9]);
  expect(
    at(tensor([1, 2]), i)
      .min(tensor([0, 9, -4]))
      .arraySync(),
  ).toEqual([1, -4]);
});

it('one slice is read as a view and written in one pass, no gather and no scatter', () => {
  expect(String(makeJaxpr((v: typeof x) => slice(v, 1, [0, 2]))(x))).not.toMatch(/gather/);
  expect(explain(jit((v: typeof x) => at(v, 1, [0, 2]).set(0)))(x).kernels.map((k) => k.kind)).toEqual(['loop']);
});

it('the shape of gather: adjacent indices stay in place, others come first', () => {
  const y = tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]); // prettier-ignore
  const i = tensor([1, 0, 1], 'int32');
  expect(slice(y, i, i).shape).toEqual([3, 2]);
  expect(slice(y, i, [], i).shape).toEqual([3, 2]);
  expect(slice(y, [], i, i).shape).toEqual([2, 3]);
  expect(slice(y, 0, [], i).shape).toEqual([3, 2]);
  expect(gather(y, i, { axes: 1 }).shape).toEqual([2, 3, 2]);
});
