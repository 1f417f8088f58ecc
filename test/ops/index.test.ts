// Indexing, updates, segments and sorts as users write them.
import { describe, expect, it } from 'vitest';
import {
  arange, at, bincount, dynamicSlice, dynamicUpdateSlice, jit, oneHot, putAlongAxis, segmentMax, segmentMin, segmentProd, segmentSum,
  slice, sort, tensor, topK, unique, vmap, type Tensor,
} from '../../src/index.ts'; // prettier-ignore

const int = (v: number[]): Tensor => tensor(v, 'int32');
const grid = arange(12).reshape([3, 4]);

describe('slice', () => {
  it('reads like NumPy', () => {
    expect(slice(grid, 1).arraySync()).toEqual([4, 5, 6, 7]);
    expect(slice(grid, [], -1).arraySync()).toEqual([3, 7, 11]);
    expect(slice(grid, '...', 0).arraySync()).toEqual([0, 4, 8]);
    expect(slice(grid, [null, null, -2], [1, 3]).arraySync()).toEqual([[9, 10], [1, 2]]); // prettier-ignore
    expect(slice(grid, null, 0, null).shape).toEqual([1, 1, 4]);
    expect(slice(grid, int([2, 0]), [0, 2]).arraySync()).toEqual([[8, 9], [0, 1]]); // prettier-ignore
    expect(slice(grid, int([2, 0]), int([3, 1])).arraySync()).toEqual([11, 1]);
    expect(slice(grid, [5, 9]).shape).toEqual([0, 4]);
    expect(grid.slice(2, [1, null, 2]).arraySync()).toEqual([9, 11]);
  });
  it('reads at a traced position', () => {
    const row = (x: Tensor, i: Tensor): Tensor => slice(x, i);
    expect(jit(row)(grid, tensor(2, 'int32')).arraySync()).toEqual([8, 9, 10, 11]);
    expect(vmap(row, { inAxes: [null, 0] })(grid, int([0, -1])).arraySync()).toEqual([[0, 1, 2, 3], [8, 9, 10, 11]]); // prettier-ignore
  });
});

describe('at', () => {
  it('updates slices and leaves the rest', () => {
    expect(at(grid, 1).set(0).arraySync()).toEqual([[0, 1, 2, 3], [0, 0, 0, 0], [8, 9, 10, 11]]); // prettier-ignore
    expect(at(grid, [0, 2], [null, null, 3]).add(100).arraySync()).toEqual([[100, 1, 2, 103], [104, 5, 6, 107], [8, 9, 10, 11]]); // prettier-ignore
    expect(at(grid, [null, null, -1], 0).set(int([1, 2, 3])).arraySync()).toEqual([[3, 1, 2, 3], [2, 5, 6, 7], [1, 9, 10, 11]]); // prettier-ignore
    expect(grid.at([1, null], int([0, 0])).add(1).arraySync()).toEqual([[0, 1, 2, 3], [6, 5, 6, 7], [10, 9, 10, 11]]); // prettier-ignore
    expect(at(grid, -1, -1).min(5).arraySync()).toEqual([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 5]]); // prettier-ignore
    expect(at(grid, [3, null]).set(7).arraySync()).toEqual(grid.arraySync());
  });
  it('keeps the dtype of x', () => {
    expect(at(grid, 0).set(1).dtype).toBe('int32');
    expect(at(tensor([1.5]), 0).set(tensor(2, 'int32')).dtype).toBe('float32');
  });
});

it('a dynamic slice is clamped so that it fits', () => {
  const x = arange(5);
  expect(dynamicSlice(x, [tensor(4, 'int32')], [3]).arraySync()).toEqual([2, 3, 4]);
  expect(dynamicSlice(x, [tensor(-2, 'int32')], [2]).arraySync()).toEqual([3, 4]);
  expect(dynamicUpdateSlice(x, int([9, 9]), [tensor(9, 'int32')]).arraySync()).toEqual([0, 1, 2, 9, 9]);
  const shifted = vmap((i: Tensor) => dynamicSlice(x, [i], [2]))(int([0, 3]));
  expect(shifted.arraySync()).toEqual([[0, 1], [3, 4]]); // prettier-ignore
});

it('segments', () => {
  const ids = int([0, 2, 0, 5]);
  const v = tensor([1, 2, 3, 4]);
  expect(segmentSum(v, ids, 3).arraySync()).toEqual([4, 0, 2]);
  expect(segmentProd(v, ids, 3).arraySync()).toEqual([3, 1, 2]);
  expect(segmentMax(v, ids, 3).arraySync()).toEqual([3, -Infinity, 2]);
  expect(segmentMin(int([1, 2, 3, 4]), ids, 3).arraySync()).toEqual([1, 2147483647, 2]);
  expect(segmentSum(tensor([[1, 2], [3, 4]]), int([1, 1])).arraySync()).toEqual([[0, 0], [4, 6]]); // prettier-ignore
  expect(bincount(int([-3, 1, 9]), { length: 3 }).arraySync()).toEqual([1, 1, 0]);
  expect(oneHot(int([1, -1, 3]), 3, { axis: 0 }).arraySync()).toEqual([[0, 0, 0], [1, 0, 0], [0, 0, 0]]); // prettier-ignore
});

it('sorts put NaN last in both directions, and keep equal elements in order', () => {
  expect(sort(tensor([NaN, 1, Infinity, -0, 0])).arraySync()).toEqual([-0, 0, 1, Infinity, NaN]);
  expect(sort(tensor([NaN, 1, 2]), { descending: true }).arraySync()).toEqual([2, 1, NaN]);
  const [values, indices] = topK(tensor([2, 3, 3, 1]), 3, { largest: true });
  expect(values.arraySync()).toEqual([3, 3, 2]);
  expect(indices.arraySync()).toEqual([1, 2, 0]);
  expect(sort(tensor([true, false, true])).arraySync()).toEqual([false, true, true]);
});

it('unique has a fixed size under jit', () => {
  const f = jit((x: Tensor) => unique(x, { size: 4, fillValue: -1 }));
  const u = f(int([3, 1, 3, 3, 1]));
  expect(u.values.arraySync()).toEqual([1, 3, -1, -1]);
  expect(u.counts.arraySync()).toEqual([2, 3, 0, 0]);
  expect(u.inverse.arraySync()).toEqual([1, 0, 1, 1, 0]);
  expect(u.indices.arraySync()).toEqual([1, 0, 0, 0]);
});

it('putAlongAxis is the dual of takeAlongAxis', () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  expect(putAlongAxis(x, int([2, 0]).reshape([2, 1]), 0, 1, { op: 'mul' }).arraySync()).toEqual([[1, 2, 0], [0, 5, 6]]); // prettier-ignore
});
