// What random programs are made of: operations that are smooth almost everywhere and keep values of moderate size.
import * as ct from '../public.ts';
import type { Tensor } from '../public.ts';

export interface Op {
  readonly name: string;
  readonly code: (x: string, y: string, c: number) => string;
  /** undefined where the operands do not fit: the instruction does nothing. */
  readonly apply: (x: Tensor, y: Tensor, c: number) => Tensor | undefined;
}

export const unary = (name: string, f: (x: Tensor) => Tensor): Op => ({
  name,
  code: (x) => `${name}(${x})`,
  apply: (x) => f(x),
});
export const binary = (name: string, f: (x: Tensor, y: Tensor) => Tensor): Op => ({
  name,
  code: (x, y) => `${name}(${x}, ${y})`,
  apply: (x, y) => (broadcasts(x, y) ? f(x, y) : undefined),
});
export const broadcasts = (x: Tensor, y: Tensor): boolean => {
  const n = Math.min(x.rank, y.rank);
  for (let i = 1; i <= n; i++) {
    const [p, q] = [x.shape[x.rank - i]!, y.shape[y.rank - i]!];
    if (p !== q && p !== 1 && q !== 1) return false;
  }
  return x.rank <= 3 && y.rank <= 3;
};
export const axis = (x: Tensor, c: number): number => (x.rank === 0 ? 0 : c % x.rank);

/** The vocabulary; all results stay of moderate size on moderate arguments. */
export const plain: readonly Op[] = [
  unary('tanh', (x) => ct.tanh(x)),
  unary('sin', (x) => ct.sin(x)),
  unary('sigmoid', (x) => ct.sigmoid(x)),
  { name: 'exp', code: (x) => `exp(tanh(${x}))`, apply: (x) => ct.exp(ct.tanh(x)) },
  { name: 'log', code: (x) => `log(add(square(${x}), 1))`, apply: (x) => ct.log(ct.add(ct.square(x), 1)) },
  unary('neg', (x) => ct.neg(x)),
  binary('add', (x, y) => ct.add(x, y)),
  binary('sub', (x, y) => ct.sub(x, y)),
  {
    name: 'mul',
    code: (x, y) => `mul(tanh(${x}), ${y})`,
    apply: (x, y) => (broadcasts(x, y) ? ct.mul(ct.tanh(x), y) : undefined),
  },
  {
    name: 'div',
    code: (x, y) => `div(${x}, add(square(${y}), 1))`,
    apply: (x, y) => (broadcasts(x, y) ? ct.div(x, ct.add(ct.square(y), 1)) : undefined),
  },
  binary('maximum', (x, y) => ct.maximum(x, y)),
  {
    name: 'where',
    code: (x, y) => `where(greater(${x}, 0.1), ${x}, ${y})`,
    apply: (x, y) => (broadcasts(x, y) ? ct.where(ct.greater(x, 0.1), x, y) : undefined),
  },
  {
    name: 'sum',
    code: (x, _, c) => `sum(${x}, { axis: ${c}, keepdims: ${c % 2 === 0} })`,
    apply: (x, _, c) => (x.rank === 0 ? undefined : ct.sum(x, { axis: axis(x, c), keepdims: c % 2 === 0 })),
  },
  { name: 'mean', code: (x) => `mean(${x})`, apply: (x) => ct.mean(x) },
  {
    name: 'max',
    code: (x, _, c) => `max(${x}, { axis: ${c} })`,
    apply: (x, _, c) => (x.rank === 0 || x.shape[axis(x, c)] === 0 ? undefined : ct.max(x, { axis: axis(x, c) })),
  },
  {
    name: 'logsumexp',
    code: (x, _, c) => `logsumexp(${x}, { axis: ${c} })`,
    apply: (x, _, c) => (x.rank === 0 ? undefined : ct.logsumexp(x, { axis: axis(x, c) })),
  },
  {
    name: 'softmax',
    code: (x) => `softmax(${x})`,
    apply: (x) => (x.rank === 0 ? undefined : ct.exp(ct.sub(x, ct.logsumexp(x, { axis: -1, keepdims: true })))),
  },
  { name: 'transpose', code: (x) => `transpose(${x})`, apply: (x) => ct.transpose(x) },
  { name: 'ravel', code: (x) => `ravel(${x})`, apply: (x) => ct.ravel(x) },
  {
    name: 'split',
    code: (x) => `reshape(${x}, [2, -1])`,
    apply: (x) => (x.size % 2 === 0 && x.size > 0 ? ct.reshape(x, [2, x.size / 2]) : undefined),
  },
  {
    name: 'flip',
    code: (x, _, c) => `flip(${x}, ${c})`,
    apply: (x, _, c) => (x.rank === 0 ? undefined : ct.flip(x, axis(x, c))),
  },
  {
    name: 'concatenate',
    code: (x, y, c) => `concatenate([${x}, ${y}], { axis: ${c} })`,
    apply: (x, y, c) =>
      x.rank > 0 &&
      x.rank === y.rank &&
      x.shape.every((n, i) => i === axis(x, c) || n === y.shape[i]) &&
      x.size + y.size < 200
        ? ct.concatenate([x, y], { axis: axis(x, c) })
        : undefined,
  },
  {
    name: 'stack',
    code: (x) => `stack([${x}, neg(${x})])`,
    apply: (x) => (x.rank < 3 && x.size < 100 ? ct.stack([x, ct.neg(x)]) : undefined),
  },
  {
    name: 'matmul',
    code: (x, y) => `matmul(${x}, ${y})`,
    apply: (x, y) =>
      x.rank >= 1 &&
      y.rank >= 1 &&
      x.shape[x.rank - 1] === y.shape[Math.max(0, y.rank - 2)] &&
      x.rank <= 2 &&
      y.rank <= 2
        ? ct.tanh(ct.matmul(x, y))
        : undefined,
  },
  {
    name: 'outer',
    code: (x) => `matmul(expandDims(${x}, 1), expandDims(${x}, 0))`,
    apply: (x) => (x.rank === 1 && x.size < 12 ? ct.matmul(ct.expandDims(x, 1), ct.expandDims(x, 0)) : undefined),
  },
  {
    name: 'cumsum',
    code: (x, _, c) => `cumsum(tanh(${x}), { axis: ${c} })`,
    apply: (x, _, c) => (x.rank === 0 ? undefined : ct.cumsum(ct.tanh(x), { axis: axis(x, c) })),
  },
  {
    name: 'take',
    code: (x, _, c) => `take(${x}, [last, first], { axis: ${c} })`,
    apply: (x, _, c) =>
      x.rank === 0 || x.shape[axis(x, c)] === 0
        ? undefined
        : ct.take(x, ct.tensor([x.shape[axis(x, c)]! - 1, 0], { dtype: 'int32' }), { axis: axis(x, c) }),
  },
  { name: 'sort', code: (x) => `sort(${x})`, apply: (x) => (x.rank === 0 ? undefined : ct.sort(x)) },
];
