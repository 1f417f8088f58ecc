// The reductions family of the golden vectors in terms of our operations.
import * as c from '../../src/core/ops/cumulate.ts';
import type { TensorLike } from '../../src/core/ops/promote.ts';
import * as r from '../../src/core/ops/reduce.ts';
import * as s from '../../src/core/ops/statistics.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

// The parameters have the names and meanings of our options.
const of =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  (f: (x: TensorLike, options: any) => Tensor): GoldenOp =>
    ({ x }, params) => ({ y: f(x!, params) });

export const ops: GoldenOps = {
  sum: of(r.sum),
  prod: of(r.prod),
  max: of(r.max),
  min: of(r.min),
  any: of(r.any),
  all: of(r.all),
  argmax: of(r.argmax),
  argmin: of(r.argmin),
  mean: of(s.mean),
  var: of(s.variance),
  std: of(s.std),
  logsumexp: of(s.logsumexp),
  norm: ({ x }, p: { ord: number | string; axis: number | null; keepdims: boolean }) => ({
    y: s.norm(x!, { ...p, ord: p.ord === 'inf' ? Infinity : p.ord === '-inf' ? -Infinity : Number(p.ord) }),
  }),
  cumsum: of(c.cumsum),
  cumprod: of(c.cumprod),
  cummax: of(c.cummax),
  cummin: of(c.cummin),
  logcumsumexp: of(c.cumlogsumexp),
};
