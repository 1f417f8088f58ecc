// Optimizers: aliases of a few lines over chain.
import {
  addDecayedWeights,
  scaleByAdam,
  scaleByLearningRate,
  trace,
  type AdamOptions,
  type AdamState,
  type CountState,
  type TraceOptions,
  type TraceState,
} from './transforms.ts';
import { chain, type EmptyState, type Optimizer } from './transformation.ts';
import type { Rate } from './schedules.ts';

export interface SgdOptions extends TraceOptions {
  readonly momentum?: number;
  /** L2 regularisation, added to the gradient first. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent, with momentum (Polyak) or Nesterov's (`optax.sgd`): p <- p - rate * trace.
 * @example
 * sgd(0.1).update(tensor([1]), sgd(0.1).init(tensor([1])), tensor([1]))[0]; // [-0.1]
 */
export const sgd = (
  rate: Rate,
  options: SgdOptions = {},
): Optimizer<readonly (EmptyState | TraceState | CountState)[]> =>
  chain(
    ...(options.weightDecay === undefined || options.weightDecay === 0 ? [] : [addDecayedWeights(options.weightDecay)]),
    ...(options.momentum === undefined || options.momentum === 0 ? [] : [trace(options.momentum, options)]),
    scaleByLearningRate(rate),
  );

/**
 * Adam (Kingma & Ba, 2015; `optax.adam`); `weightDecay` is added to the gradient (for decoupled decay use adamw).
 * @example
 * adam(0.1).update(tensor([2]), adam(0.1).init(tensor([1])), tensor([1]))[0]; // [-0.1]
 */
export const adam = (
  rate: Rate,
  options: AdamOptions & { readonly weightDecay?: number } = {},
): Optimizer<readonly (EmptyState | AdamState | CountState)[]> =>
  chain(
    ...(options.weightDecay === undefined || options.weightDecay === 0 ? [] : [addDecayedWeights(options.weightDecay)]),
    scaleByAdam(options),
    scaleByLearningRate(rate),
  );

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, 2019; `optax.adamw`). `mask` tells by path which parameters decay.
 * @example
 * adamw(0.1).init(tensor([1])).length; // 3
 */
export const adamw = (
  rate: Rate,
  options: AdamOptions & { readonly weightDecay?: number; readonly mask?: (path: string) => boolean } = {},
): Optimizer<readonly [AdamState, EmptyState, CountState]> =>
  chain(
    scaleByAdam(options),
    addDecayedWeights(options.weightDecay ?? 1e-4, options.mask === undefined ? {} : { mask: options.mask }),
    scaleByLearningRate(rate),
  );
