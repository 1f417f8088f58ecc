// The activations family of the golden vectors in terms of our operations.
import type { TensorLike } from '../../src/core/ops/promote.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import * as n from '../../src/nn/activations.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

const of =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  (f: (x: TensorLike, params: any) => Tensor): GoldenOp =>
    ({ x }, params) => ({ y: f(x!, params) });

export const ops: GoldenOps = {
  relu: of(n.relu),
  relu6: of(n.relu6),
  selu: of(n.selu),
  silu: of(n.silu),
  mish: of(n.mish),
  softsign: of(n.softSign),
  gelu: of(n.gelu),
  softplus: of(n.softplus),
  log_sigmoid: of(n.logSigmoid),
  hardswish: of(n.hardSwish),
  hardsigmoid: of(n.hardSigmoid),
  leaky_relu: of((x, p: { negative_slope: number }) => n.leakyRelu(x, p.negative_slope)),
  elu: of((x, p: { alpha: number }) => n.elu(x, p.alpha)),
  celu: of((x, p: { alpha: number }) => n.celu(x, p.alpha)),
  hardtanh: of((x, p: { min: number; max: number }) => n.hardTanh(x, p.min, p.max)),
  glu: of((x, p: { axis: number }) => n.glu(x, p.axis)),
  softmax: of((x, p: { axis: number }) => n.softmax(x, p.axis)),
  log_softmax: of((x, p: { axis: number }) => n.logSoftmax(x, p.axis)),
};
