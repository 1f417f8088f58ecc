// Pooling: ties, NaN, padding and divisors; gradients reach the winners; windows that do not overlap are pure moves.
import { describe, expect, it } from 'vitest';
import {
  adaptiveAvgPool,
  avgPool,
  grad,
  imageResize,
  jit,
  makeJaxpr,
  maxPool,
  mul,
  reduceWindow,
  sum,
  tensor,
  type Tensor,
} from '../../src/index.ts';

const line = (v: number[]): Tensor => tensor(v).reshape([1, v.length, 1]);
const flat = (x: Tensor): number[] => Array.from(x.dataSync());

describe('maxPool', () => {
  it('gives the gradient to the first of equal elements', () => {
    const g = (x: Tensor) => grad((v: Tensor) => sum(mul(maxPool(v, { size: 2 }), line([3, 5]))))(x);
    expect(flat(g(line([1, 1, 0, 2])))).toEqual([3, 0, 0, 5]);
    expect(flat(jit(g)(line([1, 1, 0, 2])))).toEqual([3, 0, 0, 5]);
    expect(flat(g(line([0, 0, 0, 0])))).toEqual([3, 0, 5, 0]);
  });
  it('adds up where windows overlap', () => {
    expect(flat(grad((v: Tensor) => sum(maxPool(v, { size: 3, stride: 1 })))(line([1, 5, 2, 0, 3])))).toEqual([
      0, 2, 0, 0, 1,
    ]);
  });
  it('is NaN where its window holds one, and its gradient goes there', () => {
    expect(flat(maxPool(line([1, NaN, 0, 2]), { size: 2 }))).toEqual([NaN, 2]);
    expect(flat(grad((v: Tensor) => sum(maxPool(v, { size: 2 })))(line([1, NaN, 0, 2])))).toEqual([0, 1, 0, 1]);
  });
  it('never takes the padding', () => {
    expect(flat(maxPool(line([-5, -7]), { size: 3, stride: 1, padding: 1 }))).toEqual([-5, -5]);
    expect(
      flat(maxPool(tensor([-5, -7], 'int32').reshape([1, 2, 1]), { size: 2, padding: [[0, 1]], stride: 1 })),
    ).toEqual([-5, -7]);
  });
  it('rounds up in ceilMode, but starts no window beyond the input', () => {
    expect(maxPool(line([1, 2, 3, 4, 5]), { size: 2 }).shape).toEqual([1, 2, 1]);
    expect(flat(maxPool(line([1, 2, 3, 4, 5]), { size: 2, ceilMode: true }))).toEqual([2, 4, 5]);
    expect(maxPool(line([1, 2, 3]), { size: 1, stride: 3, ceilMode: true, padding: [[0, 1]] }).shape).toEqual([
      1, 1, 1,
    ]);
  });
  it('has its gradient without a scatter or a reduction where windows do not overlap', () => {
    const text = String(makeJaxpr(grad((v: Tensor) => sum(maxPool(v, { size: 2 }))))(line([1, 2, 3, 4])));
    expect(text).toMatch(/unwindow/);
    expect(text).not.toMatch(/scatter|sum\[axes=\[(2|1)/);
  });
  it('has second derivatives', () => {
    const f = (x: Tensor) =>
      sum(
        maxPool(x, { size: 2 })
          .square()
          .mul(x.slice([], [0, 2])),
      );
    const h = grad((x: Tensor) => sum(grad(f)(x).mul(line([1, 2, 3, 4]))))(line([1, 3, 2, 4]));
    // f = 9 x0 + 16 x1 with winners x1, x3: f = x1^2 x0 + x3^2 x1.
    expect(flat(h)).toEqual([2 * 3 * 2, 2 * 3 * 1 + 2 * 1 * 2 + 2 * 4 * 4, 0, 2 * 4 * 2 + 2 * 3 * 4]);
  });
});

describe('avgPool', () => {
  it('divides by what the window covers', () => {
    const x = line([2, 4, 6]);
    expect(flat(avgPool(x, { size: 2, stride: 1, padding: 1 }))).toEqual([1, 3, 5, 3]);
    expect(flat(avgPool(x, { size: 2, stride: 1, padding: 1, countIncludePad: false }))).toEqual([2, 3, 5, 6]);
    expect(flat(avgPool(x, { size: 2, ceilMode: true }))).toEqual([3, 6]);
    expect(flat(avgPool(x, { size: 2, padding: 'same' }))).toEqual([3, 3]);
  });
  it('takes integers as float32', () => {
    expect(avgPool(tensor([1, 2], 'int32').reshape([1, 2, 1]), { size: 2 }).dtype).toBe('float32');
  });
});

it('reduceWindow covers all axes', () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  expect(reduceWindow(x, { op: 'sum', size: [2, 2] }).arraySync()).toEqual([[12, 16]]);
  expect(reduceWindow(x, { op: 'prod', size: [1, 2], stride: [1, 2], padding: [0, [0, 1]] }).arraySync()).toEqual([[2, 3], [20, 6]]); // prettier-ignore
  expect(reduceWindow(x, { op: 'max', size: [2, 1] }).arraySync()).toEqual([[4, 5, 6]]);
  expect(grad((v: Tensor) => sum(reduceWindow(v, { op: 'prod', size: [2, 2] })))(tensor([[0, 2], [3, 4]])).arraySync()).toEqual([[24, 0], [0, 0]]); // prettier-ignore
  expect(() => reduceWindow(x, { op: 'mean' as 'sum', size: [1, 1] })).toThrow(/op must be/);
});

describe('resizing', () => {
  it('keeps a constant image, and the mean of adaptive parts', () => {
    expect(flat(imageResize(line([5, 5, 5]), 7))).toEqual([5, 5, 5, 5, 5, 5, 5]);
    expect(flat(imageResize(line([1, 3]), 3, { alignCorners: true }))).toEqual([1, 2, 3]);
    expect(flat(adaptiveAvgPool(line([1, 2, 3, 4]), 1))).toEqual([2.5]);
  });
  it('averages all pixels when it shrinks with antialiasing', () => {
    const peak = line([0, 0, 0, 8, 0, 0, 0, 0]);
    expect(flat(imageResize(peak, 2))[0]).toBe(0);
    expect(flat(imageResize(peak, 2, { antialias: true }))[0]).toBeGreaterThan(0.5);
  });
  it('samples nearest as PyTorch, or at centres as JAX', () => {
    expect(flat(imageResize(line([1, 2, 3, 4, 5]), 2, { method: 'nearest' }))).toEqual([1, 3]);
    expect(flat(imageResize(line([1, 2, 3, 4, 5]), 2, { method: 'nearest', halfPixel: true }))).toEqual([2, 4]);
  });
});
