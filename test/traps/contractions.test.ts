// Traps of contractions: broadcast batches have gradients, transposed operands cost nothing, convolutions are one product in all directions.
import { describe, expect, it } from 'vitest';
import {
  conv2d, convTranspose, explain, flip, grad, jvp, makeJaxpr, matmul, mul, ones, sum, tensor, transpose, vjp, vmap, type Tensor,
} from '../../src/index.ts'; // prettier-ignore

const filled = (shape: number[], f: (i: number) => number = (i) => Math.sin(i + 1)): Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i))).reshape(shape);
const close = (a: Tensor, b: Tensor): void => {
  expect(a.shape).toEqual(b.shape);
  const [p, q] = [a.dataSync(), b.dataSync()];
  p.forEach((v, i) => expect(v).toBeCloseTo(q[i]!, 4));
};

describe('a batched matmul against one matrix', () => {
  const a = filled([2, 3, 4]);
  const w = filled([4, 5], Math.cos);
  it('has gradients by both', () => {
    const f = (p: Tensor, q: Tensor) => sum(matmul(p, q).square());
    const [da, dw] = grad(f, { argnums: [0, 1] as const })(a, w);
    const y = matmul(a, w).mul(2);
    close(da, matmul(y, transpose(w)));
    close(dw, matmul(transpose(a.reshape([6, 4])), y.reshape([6, 5])));
  });
  it('repeats nothing: the batch is one more axis of the rows', () => {
    expect(String(makeJaxpr((p: Tensor, q: Tensor) => matmul(p, q))(a, w))).not.toMatch(/broadcast/);
    expect(String(makeJaxpr(vmap((p: Tensor) => matmul(p, w)))(a))).not.toMatch(/broadcast/);
  });
  it('broadcasts leading axes', () => {
    const p = filled([2, 1, 3, 4]);
    const q = filled([5, 4, 2], Math.cos);
    const y = matmul(p, q);
    expect(y.shape).toEqual([2, 5, 3, 2]);
    close(y.slice(1, 3), matmul(p.slice(1, 0), q.slice(3)));
  });
  it('says which dimensions differ', () => {
    // @ts-expect-error the compiler sees it as well
    expect(() => matmul(ones([2, 3]), ones([4, 5]))).toThrow(/inner dimensions 3 and 4 differ, in \[2, 3\] @ \[4, 5\]/);
    // @ts-expect-error the compiler sees it as well
    expect(() => matmul(ones([2, 3, 4]), ones([3, 4, 5]))).toThrow(/do not broadcast/);
    // @ts-expect-error the compiler sees it as well
    expect(() => matmul(tensor(1), ones([2]))).toThrow(/scalar.*use mul/);
  });
});

describe('a transposed operand', () => {
  it('is no kernel of its own', () => {
    const [a, b] = [filled([8, 8]), filled([8, 8])];
    for (const f of [
      (p: Tensor, q: Tensor) => matmul(transpose(p), q),
      (p: Tensor, q: Tensor) => matmul(p, transpose(q)),
    ])
      expect(explain(f)(a, b).kernels.length).toBe(1);
  });
  it('arises in no gradient: products are asked for in the order they are wanted', () => {
    const g = grad((p: Tensor, q: Tensor) => sum(matmul(p, q).square()), { argnums: [0, 1] as const });
    expect(String(makeJaxpr(g)(filled([3, 4]), filled([4, 5])))).not.toMatch(/transpose/);
  });
});

describe('a convolution', () => {
  const x = filled([2, 7, 6, 3]);
  const k = filled([3, 2, 3, 4], Math.cos);
  const options = { stride: 2, padding: 1 };
  it('is one product forward, by its input and by its kernel', () => {
    const ct = conv2d(x, k, options);
    const g = (p: Tensor, q: Tensor) => vjp((a: Tensor, b: Tensor) => conv2d(a, b, options), p, q)[1](ct);
    const text = String(makeJaxpr(g)(x, k));
    expect(text.match(/conv\[/g)?.length).toBe(3);
    expect(text).not.toMatch(/transpose|broadcast/);
  });
  it('is linear in both: its derivative along the input is itself', () => {
    const v = filled(x.shape as number[], (i) => Math.cos(2 * i));
    close(jvp((a: Tensor) => conv2d(a, k, options), [x], [v])[1], conv2d(v, k, options));
  });
  it('transposed is the gradient by its input', () => {
    const y = conv2d(x, k, { stride: 2, padding: 1 });
    const back = vjp((a: Tensor) => conv2d(a, k, { stride: 2, padding: 1 }), x)[1](y)[0];
    close(convTranspose(y, k, { stride: 2, padding: 1, outputPadding: [0, 0], transposeKernel: true }), back);
  });
  it('takes any layout, and same padding puts the odd one at the end', () => {
    const first = conv2d(transpose(x, [0, 3, 1, 2]), transpose(k, [3, 2, 0, 1]), {
      ...options,
      layout: 'channelsFirst',
    });
    close(transpose(first, [0, 2, 3, 1]), conv2d(x, k, options));
    const same = conv2d(
      filled([1, 3, 1, 1], () => 1),
      ones([2, 1, 1, 1]),
      { padding: 'same' },
    );
    expect(same.arraySync()).toEqual([[[[2]], [[2]], [[1]]]]);
  });
  it('does not flip its kernel', () => {
    const line = (v: number[]): Tensor => tensor(v).reshape([1, v.length, 1, 1]);
    const kernel = tensor([1, 10]).reshape([2, 1, 1, 1]);
    expect(conv2d(line([1, 2, 3]), kernel).dataSync()).toEqual(Float32Array.of(21, 32));
    expect(conv2d(line([1, 2, 3]), flip(kernel)).dataSync()).toEqual(Float32Array.of(12, 23));
  });
  it('counts the channels', () => {
    expect(() => conv2d(x, filled([3, 3, 2, 4]))).toThrow(
      /has 3 channels; the kernel \[3, 3, 2, 4\] with groups 1 wants 2/,
    );
    expect(() => conv2d(x, k, { stride: 0 })).toThrow(/stride must hold integers >= 1/);
    expect(() => conv2d(x, k, { padding: 'full' as 'same' })).toThrow(/unknown padding 'full'/);
    expect(() => conv2d(filled([2, 3]), k)).toThrow(/must have 4 axes/);
  });
  it('of an empty batch is empty, and of a kernel larger than the input too', () => {
    expect(conv2d(filled([0, 4, 4, 3]), k).shape).toEqual([0, 2, 3, 4]);
    expect(conv2d(filled([1, 2, 1, 3]), k).shape).toEqual([1, 0, 0, 4]);
    expect(sum(mul(conv2d(filled([0, 4, 4, 3]), k), 1)).itemSync()).toBe(0);
  });
});
