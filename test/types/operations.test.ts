// Shapes and dtypes that the compiler knows of operations, as functions and as methods. Nothing runs: `check` is never called.
import { expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';
import { expectType } from './equal.ts';

type F<S extends ct.Shape> = Tensor<S, 'float32'>;
type I<S extends ct.Shape> = Tensor<S, 'int32'>;
type B<S extends ct.Shape> = Tensor<S, 'bool'>;

const { zeros, tensor } = ct;

export const creation = (n: number, shape: number[], plain: Tensor): void => {
  expectType<F<readonly [2, 3]>>()(zeros([2, 3]));
  expectType<I<readonly [2, 3]>>()(zeros([2, 3], 'int32'));
  expectType<Tensor<readonly [2], 'float64'>>()(ct.ones([2], { dtype: 'float64' }));
  expectType<F<readonly [number, 3]>>()(zeros([n, 3]));
  expectType<F<number[]>>()(zeros(shape));
  expectType<F<readonly []>>()(tensor(1));
  expectType<F<readonly [2, 2]>>()(tensor([[1, 2], [3, 4]])); // prettier-ignore
  expectType<B<readonly [2]>>()(tensor([true, false]));
  expectType<I<readonly [1]>>()(tensor([1], 'int32'));
  expectType<F<readonly [number]>>()(tensor(shape));
  expectType<F<readonly [number]>>()(tensor(new Float32Array(3)));
  expectType<Tensor>()(tensor(plain));
  expectType<B<readonly [2, 2]>>()(ct.full([2, 2], true));
  expectType<Tensor<readonly [4], 'float64'>>()(ct.fromTypedArray(new Float64Array(4), [4]));
  expectType<F<readonly [2, 3]>>()(ct.zerosLike(zeros([2, 3])));
};

export const elementwise = (
  a: F<readonly [2, 3]>,
  row: F<readonly [3]>,
  column: F<readonly [2, 1]>,
  batch: F<readonly [number, 3]>,
  plain: Tensor,
  i: I<readonly [3]>,
): void => {
  expectType<F<readonly [2, 3]>>()(ct.add(a, row));
  expectType<F<readonly [2, 3]>>()(a.mul(column).sub(row));
  expectType<F<readonly [2, 3]>>()(ct.mul(column, row));
  expectType<F<readonly [2, 3]>>()(ct.mul(2, a));
  expectType<F<readonly [number, 3]>>()(batch.add(row));
  expectType<F<readonly [2, 3]>>()(ct.add(batch, a));
  expectType<Tensor>()(ct.add(plain, a));
  expectType<Tensor>()(plain.add(1));
  expectType<B<readonly [2, 3]>>()(ct.less(a, row));
  expectType<B<readonly [3]>>()(i.equal(1));
  expectType<F<readonly [3]>>()(ct.div(i, i));
  expectType<I<readonly [3]>>()(ct.add(i, i));
  expectType<Tensor<readonly [3]>>()(ct.add(i, row));
  expectType<F<readonly [2, 3]>>()(ct.maximum(a, 0));
  expectType<F<readonly [2, 3]>>()(ct.where(ct.less(row, 0), column, 1));
  expectType<F<readonly [2, 3]>>()(ct.tanh(a).exp());
  expectType<F<readonly [3]>>()(ct.sqrt(i));
  expectType<I<readonly [3]>>()(ct.abs(i));
  expectType<B<readonly [3]>>()(ct.isnan(row));
  expectType<I<readonly [2, 3]>>()(a.astype('int32'));
  expectType<F<readonly [2, 3]>>()(a.clip(0, 6));
  expectType<F<readonly [3]>>()(row.cumsum(0));
};

export const products = (
  x: F<readonly [32, 784]>,
  w: F<readonly [784, 128]>,
  v: F<readonly [784]>,
  stack: F<readonly [8, 1, 5, 784]>,
  n: F<readonly [number, 784]>,
  plain: Tensor,
): void => {
  expectType<F<readonly [32, 128]>>()(ct.matmul(x, w));
  expectType<F<readonly [32, 128]>>()(x.matmul(w));
  expectType<F<readonly [32]>>()(x.matmul(v));
  expectType<F<readonly [128]>>()(ct.matmul(v, w));
  expectType<F<readonly []>>()(ct.matmul(v, v));
  expectType<F<readonly [8, 1, 5, 128]>>()(ct.matmul(stack, w));
  expectType<F<readonly [number, 128]>>()(n.matmul(w));
  expectType<Tensor<ct.Shape>>()(ct.matmul(plain, w));
  expectType<F<readonly [784, 32]>>()(ct.outer(v, x.sum(1)));
  expectType<F<readonly [32]>>()(ct.dot(x, v));
};

export const reductions = (x: F<readonly [2, 3, 4]>, axis: number, plain: Tensor): void => {
  expectType<F<readonly []>>()(ct.sum(x));
  expectType<F<readonly [2, 4]>>()(ct.sum(x, 1));
  expectType<F<readonly [2, 3]>>()(x.sum(-1));
  expectType<F<readonly [4]>>()(x.mean([0, 1]));
  expectType<F<readonly [2, 3, 1]>>()(ct.max(x, { axis: -1, keepdims: true }));
  expectType<F<readonly [1, 1, 1]>>()(ct.max(x, { keepdims: true }));
  expectType<F<ct.Shape>>()(ct.sum(x, axis));
  expectType<I<readonly [2, 3]>>()(ct.argmax(x, -1));
  expectType<B<readonly []>>()(ct.any(x));
  expectType<F<readonly [3, 4]>>()(ct.std(x, { axis: 0, ddof: 1 }));
  expectType<F<readonly [3, 4]>>()(x.logsumexp(0));
  expectType<Tensor>()(plain.sum(0));
};

export const moves = (x: F<readonly [2, 3, 4]>, one: F<readonly [2, 1]>, plain: Tensor, n: number): void => {
  expectType<F<readonly [4, 3, 2]>>()(ct.transpose(x));
  expectType<F<readonly [3, 2, 4]>>()(x.permute([1, 0, 2]));
  expectType<F<readonly [4, 2, 3]>>()(ct.transpose(x, [-1, 0, 1]));
  expectType<F<readonly [4, 3, 2]>>()(x.swapaxes(0, -1));
  expectType<F<readonly [2, 1, 3, 4]>>()(ct.expandDims(x, 1));
  expectType<F<readonly [2, 3, 4, 1]>>()(x.expandDims(-1));
  expectType<F<readonly [2]>>()(ct.squeeze(one));
  expectType<F<readonly [2]>>()(one.squeeze(-1));
  expectType<F<readonly [3, 2, 1]>>()(ct.stack([one, one, one]));
  expectType<F<readonly [2, 2, 1]>>()(ct.stack([one, one], 1));
  expectType<F<readonly [number, number]>>()(ct.concatenate([one, one]));
  expectType<F<readonly [6, number]>>()(x.reshape([6, -1]));
  expectType<F<readonly [number]>>()(x.ravel());
  expectType<F<readonly [5, 2, 1]>>()(ct.broadcastTo(one, [5, 2, 1]));
  expectType<F<readonly [2, number]>>()(x.reshape([2, n]));
  expectType<Tensor>()(plain.transpose());
};

export const transforms = (w: F<readonly [3, 2]>, xs: F<readonly [5, 3]>): void => {
  const loss = (p: { w: F<readonly [3, 2]> }, x: F<readonly [3]>) => ct.sum(ct.matmul(x, p.w));
  expectType<{ w: F<readonly [3, 2]> }>()(ct.grad(loss)({ w }, ct.zeros([3])));
  const norm = ct.vmap((x: F<readonly [3]>) => ct.sum(x));
  expectType<F<readonly [number]>>()(norm(xs));
  const rows = ct.vmap((x: F<readonly [3]>) => ct.matmul(x, w));
  expectType<F<readonly [number, 2]>>()(rows(xs));
};

/** Code that ignores types: anything goes where shapes are not known. */
export const ignorant = (f: (x: Tensor) => Tensor, flag: boolean): Tensor => {
  let w = zeros([3]);
  for (let i = 0; i < 3; i++) w = ct.sub(w, f(w));
  let h = zeros([32, 10]);
  h = ct.matmul(zeros([32, 3], 'float64'), zeros([Number(flag), 10]));
  const either = flag ? w : f(h);
  const all: Tensor[] = [w, h, either];
  const table: Record<string, (x: Tensor, y: Tensor) => Tensor> = { add: ct.add, less: ct.less, matmul: ct.matmul };
  const over: ((x: Tensor, o?: number) => Tensor)[] = [ct.sum, ct.max, ct.argmax];
  for (const g of [ct.add, ct.sub, ct.mul, ct.div]) w = g(w, w);
  for (const g of [ct.exp, ct.abs, ct.neg]) w = g(w);
  const total = all.reduce(ct.add).add(all.reduce((x, y) => ct.mul(x, y)));
  const params = { w: zeros([3, 4]), b: zeros([4]) };
  let moving = params;
  moving = ct.tree.map((p) => f(p), moving);
  return ct.stack([total, moving.w, table['add']!(w, h), over[0]!(w)]);
};

test('types are checked by the compiler', () => {
  expect([creation, elementwise, products, reductions, moves, transforms, ignorant]).toHaveLength(7);
});
