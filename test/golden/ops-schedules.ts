// The schedules family of the golden vectors in terms of our schedules: the rates of updates 0 .. steps-1.
import { stack } from '../../src/core/ops/concat.ts';
import { scalar } from '../../src/core/ops/creation.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import {
  cosine,
  cosineRestarts,
  exponential,
  linear,
  piecewiseConstant,
  polynomial,
  step,
  type Schedule,
} from '../../src/optim/index.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

interface Common {
  readonly lr: number;
  readonly steps: number;
}
// A count in float64 asks for rates in float64.
const rates =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  (make: (params: any) => Schedule): GoldenOp =>
    (_, params: Common, precision) => {
      const schedule = make(params);
      const at = (t: number): Tensor => schedule(scalar(t, { dtype: precision }));
      return { lr: stack(Array.from({ length: params.steps }, (_, t) => at(t))) };
    };

export const ops: GoldenOps = {
  step_lr: rates(({ lr, step_size, gamma }: Common & { step_size: number; gamma: number }) =>
    step(lr, step_size, gamma),
  ),
  multi_step_lr: rates(({ lr, milestones, gamma }: Common & { milestones: number[]; gamma: number }) =>
    piecewiseConstant(lr, Object.fromEntries(milestones.map((m) => [m, gamma]))),
  ),
  exponential_lr: rates(({ lr, gamma }: Common & { gamma: number }) => exponential(lr, gamma)),
  cosine_annealing_lr: rates(({ lr, T_max, eta_min }: Common & { T_max: number; eta_min: number }) =>
    cosine(lr, T_max, { alpha: eta_min / lr, wave: true }),
  ),
  cosine_annealing_warm_restarts: rates((p: Common & { T_0: number; T_mult: number; eta_min: number }) =>
    cosineRestarts(p.lr, p.T_0, { factor: p.T_mult, end: p.eta_min }),
  ),
  linear_lr: rates((p: Common & { start_factor: number; end_factor: number; total_iters: number }) =>
    linear(p.lr * p.start_factor, p.lr * p.end_factor, p.total_iters),
  ),
  constant_lr: rates(({ lr, factor, total_iters }: Common & { factor: number; total_iters: number }) =>
    piecewiseConstant(lr * factor, { [total_iters]: 1 / factor }),
  ),
  polynomial_lr: rates(({ lr, total_iters, power }: Common & { total_iters: number; power: number }) =>
    polynomial(lr, 0, power, total_iters),
  ),
};
