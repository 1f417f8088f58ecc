// The building blocks of optimizers: each scales or shapes gradients, with its own typed state.
import {
  abs,
  ArgumentError,
  div,
  expm1,
  max,
  maximum,
  scalar,
  sqrt,
  square,
  tree,
  where,
  type DType,
  type Tensor,
} from '../public.ts';
import { toSchedule, type Rate } from './schedules.ts';
import { mapMany, stateless, type EmptyState, type Optimizer } from './transformation.ts';

type Params = unknown;

/** Gradients times a number (`optax.scale`). */
export const scaleBy = (factor: number): Optimizer<EmptyState> => stateless((g) => tree.scale(factor, g));

export interface CountState {
  /** Updates made so far, an int32 scalar. */
  readonly count: Tensor;
}
const zeroCount = (): Tensor => scalar(0, { dtype: 'int32' });
/** A count as floats: float64 for float64 parameters, else float32. */
const counted = (count: Tensor, dtype: DType): Tensor => count.astype(dtype === 'float64' ? 'float64' : 'float32');
/** One value for each dtype among the leaves, made once. */
const byType = (make: (dtype: DType) => Tensor): ((dtype: DType) => Tensor) => {
  const made = new Map<DType, Tensor>();
  return (dtype) => made.get(dtype) ?? (made.set(dtype, make(dtype)), made.get(dtype)!);
};

/** Gradients times -rate: the last link of most chains (`optax.scale_by_learning_rate`). */
export const scaleByLearningRate = (rate: Rate): Optimizer<CountState> => {
  const schedule = toSchedule(rate);
  return {
    init: () => ({ count: zeroCount() }),
    update: (g, { count }) => {
      const factor = byType((dtype) => schedule(counted(count, dtype)).neg().astype(dtype));
      return [tree.map((x) => x.mul(factor(x.dtype)), g), { count: count.add(1) }];
    },
  };
};

export interface TraceState {
  readonly trace: Params;
  readonly count: Tensor;
}
export interface TraceOptions {
  readonly nesterov?: boolean;
  /** The gradient enters the trace times 1 - dampening, but for the first one (PyTorch). */
  readonly dampening?: number;
}
/** Momentum: trace <- decay * trace + g (`optax.trace`; Sutskever et al., 2013). */
export const trace = (decay: number, options: TraceOptions = {}): Optimizer<TraceState> => {
  const { nesterov = false, dampening = 0 } = options;
  return {
    init: (params) => ({ trace: tree.zerosLike(params), count: zeroCount() }),
    update: (g, state) => {
      const first = state.count.equal(0);
      const enters = (x: Tensor): Tensor => (dampening === 0 ? x : where(first, x, x.mul(1 - dampening)));
      const next = tree.map((t, x) => t.mul(decay).add(enters(x)), state.trace as typeof g, g);
      const updates = nesterov ? tree.map((x, t) => x.add(t.mul(decay)), g, next) : next;
      return [updates, { trace: next, count: state.count.add(1) }];
    },
  };
};

export interface AdamState extends CountState {
  readonly m: Params;
  readonly v: Params;
  /** With amsgrad: the largest v so far. */
  readonly vMax?: Params;
}
export interface AdamOptions {
  readonly b1?: number;
  readonly b2?: number;
  readonly eps?: number;
  readonly amsgrad?: boolean;
}
/** Gradients by Adam's bias-corrected moments (`optax.scale_by_adam`; Kingma & Ba, 2015; amsgrad: Reddi et al., 2018). */
export const scaleByAdam = (options: AdamOptions = {}): Optimizer<AdamState> => {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, amsgrad = false } = options;
  return {
    init: (params) => ({
      m: tree.zerosLike(params),
      v: tree.zerosLike(params),
      count: zeroCount(),
      ...(amsgrad ? { vMax: tree.zerosLike(params) } : {}),
    }),
    update: (g, state) => {
      const count = state.count.add(1);
      // 1 - b^t as -expm1(t log b): in float32 the difference 1 - 0.999^t loses five digits at first.
      const correction = (b: number): ((dtype: DType) => Tensor) =>
        byType((dtype) =>
          expm1(counted(count, dtype).mul(Math.log(b)))
            .neg()
            .astype(dtype),
        );
      const [c1, c2] = [correction(b1), correction(b2)];
      const one = (x: Tensor, m: Tensor, v: Tensor, vMax?: Tensor): Tensor[] => {
        const m1 = m.mul(b1).add(x.mul(1 - b1));
        const v1 = v.mul(b2).add(square(x).mul(1 - b2));
        const top = vMax === undefined ? v1 : maximum(vMax, v1);
        const hat = sqrt(top.div(c2(x.dtype))).add(eps);
        return [m1.div(c1(x.dtype)).div(hat), m1, v1, top];
      };
      const [updates, m, v, vMax] = mapMany(4, one, g, state.m, state.v, ...(amsgrad ? [state.vMax] : []));
      return [updates!, { m, v, count, ...(amsgrad ? { vMax } : {}) }];
    },
  };
};

/** g + decay * params: L2 regularisation before a moment, decoupled decay behind it (`optax.add_decayed_weights`). */
export const addDecayedWeights = (
  decay: number,
  options: { readonly mask?: (path: string) => boolean } = {},
): Optimizer<EmptyState> => {
  const { mask = () => true } = options;
  return stateless((g, params) => tree.mapWithPath((path, x, p) => (mask(path) ? x.add(p.mul(decay)) : x), g, params));
};

/** Every element within [-limit, limit] (`optax.clip`). */
export const clip = (limit: number): Optimizer<EmptyState> =>
  stateless((g) => tree.map((x) => x.clip(-limit, limit), g));

export interface ClipOptions {
  /** Added to the norm, as PyTorch's clip_grad_norm_ does. Default 0. */
  readonly eps?: number;
  /** The norm: 2 (default), or Infinity for the largest absolute element. */
  readonly order?: number;
}
/**
 * Gradients scaled down together so that their norm over the whole tree is at most `maxNorm` (Pascanu et al., 2013;
 * `optax.clip_by_global_norm`). A NaN gradient makes all of them NaN, to be seen.
 * @example
 * clipByGlobalNorm(1).update(tensor([3, 4]), [], tensor([0, 0]))[0]; // [0.6, 0.8]
 */
export const clipByGlobalNorm = (maxNorm: number, options: ClipOptions = {}): Optimizer<EmptyState> => {
  const { eps = 0, order = 2 } = options;
  if (!(maxNorm > 0))
    throw new ArgumentError('clipByGlobalNorm', `maxNorm must be greater than 0, got ${String(maxNorm)}`);
  if (order !== 2 && order !== Infinity)
    throw new ArgumentError('clipByGlobalNorm', `order must be 2 or Infinity, got ${String(order)}`);
  return stateless((g) => {
    const norm =
      order === 2
        ? tree.norm(g)
        : tree
            .leaves(g)
            .map((x) => max(abs(x)))
            .reduce((a, b) => maximum(a, b));
    // At norm 0 the factor is infinite, and then 1.
    const factor = div(maxNorm, norm.add(eps)).minimum(1);
    return tree.map((x) => x.mul(factor.astype(x.dtype)), g);
  });
};
