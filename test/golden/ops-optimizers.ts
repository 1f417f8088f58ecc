// The optimizers family of the golden vectors in terms of our optimizers: twelve given gradients, one after the other.
import { stack } from '../../src/core/ops/concat.ts';
import { slice } from '../../src/core/ops/index.ts';
import { abs } from '../../src/core/ops/unary.ts';
import { maximum } from '../../src/core/ops/binary.ts';
import { max } from '../../src/core/ops/reduce.ts';
import { norm as treeNorm } from '../../src/core/tree-ops.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { adam, adamw, applyUpdates, clip, clipByGlobalNorm, sgd, type Optimizer } from '../../src/optim/index.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

const trajectory =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  (make: (params: any) => Optimizer): GoldenOp =>
    ({ p0, grads }, params) => {
      const optimizer = make(params);
      let p = p0!;
      let state = optimizer.init(p);
      const after: Tensor[] = [];
      for (let t = 0; t < grads!.shape[0]!; t++) {
        const [updates, next] = optimizer.update(slice(grads!, t), state, p);
        state = next;
        p = applyUpdates(p, updates);
        after.push(p);
      }
      return { trajectory: stack(after) };
    };

interface Adam {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly amsgrad: boolean;
}
const adamOptions = ({ betas: [b1, b2], eps, weight_decay, amsgrad }: Adam) =>
  ({ b1, b2, eps, weightDecay: weight_decay, amsgrad }) as const;

interface Sgd {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weight_decay: number;
  readonly nesterov: boolean;
}

export const ops: GoldenOps = {
  sgd: trajectory(({ lr, weight_decay, ...p }: Sgd) => sgd(lr, { ...p, weightDecay: weight_decay })),
  adam: trajectory((p: Adam) => adam(p.lr, adamOptions(p))),
  adamw: trajectory((p: Adam) => adamw(p.lr, adamOptions(p))),
  clip_grad_norm: (g, { max_norm, norm_type }: { max_norm: number; norm_type: number | 'inf' }) => {
    const order = norm_type === 'inf' ? Infinity : norm_type;
    const [clipped] = clipByGlobalNorm(max_norm, { eps: 1e-6, order }).update(g, [], g);
    const total =
      order === 2
        ? treeNorm(g)
        : Object.values(g)
            .map((x) => max(abs(x)))
            .reduce(maximum);
    return { ...clipped, total_norm: total };
  },
  clip_grad_value: (g, { clip_value }: { clip_value: number }) => clip(clip_value).update(g, [], g)[0],
};
