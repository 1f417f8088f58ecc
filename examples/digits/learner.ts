// Learning digits, as compiled functions: one training step whose state is written in place, measurement, prediction.
import { jit, tree, valueAndGrad, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { adam, applyUpdates, type Rate } from '../../src/optim/index.ts';
import { foldIn, key, type Key } from '../../src/random/index.ts';
import type { Network, Params } from './network.ts';

export interface State {
  readonly params: Params;
  readonly opt: ReturnType<ReturnType<typeof adam>['init']>;
}

/** Sums over a batch: a confusion matrix [10, 10], and the loss. */
export interface Measured {
  readonly counts: Tensor;
  readonly loss: Tensor;
}

export interface Learner {
  readonly start: () => State;
  /** The state after step number `n` and the batch's mean loss. The state given is written over. */
  readonly step: (state: State, x: Tensor, y: Tensor, n: number) => [State, Tensor];
  readonly measure: (p: Params, x: Tensor, y: Tensor) => Measured;
  /** Probabilities [batch, 10]. */
  readonly predict: (p: Params, x: Tensor) => Tensor;
}

/** How many numbers a network learns. */
export const parameterCount = (params: Params): number => tree.leaves(params).reduce((n, x) => n + x.size, 0);

/** Runs on the default device at the time of its calls. The same seed gives the same random numbers on every device. */
export const digitsLearner = (network: Network, rate: Rate, seed: number): Learner => {
  const root = key(seed);
  const optimizer = adam(rate);
  const loss = (p: Params, x: Tensor, y: Tensor, k: Key): Tensor => nn.softmaxCrossEntropy(network.logits(p, x, k), y);
  const step = jit(
    (state: State, x: Tensor, y: Tensor, k: Key, n: number): [State, Tensor] => {
      const [value, gradient] = valueAndGrad(loss)(state.params, x, y, foldIn(foldIn(k, 2), n));
      const [updates, opt] = optimizer.update(gradient, state.opt, state.params);
      return [{ params: applyUpdates(state.params, updates), opt }, value];
    },
    { donate: 0, name: 'step' },
  );
  return {
    start: () => {
      const params = network.init(foldIn(root, 0));
      return { params, opt: optimizer.init(params) };
    },
    step: (state, x, y, n) => step(state, x, y, root, n),
    measure: jit((p: Params, x: Tensor, y: Tensor): Measured => {
      const logits = network.logits(p, x, null);
      return { ...nn.confusionOf(y, logits, 10), loss: nn.softmaxCrossEntropy(logits, y, { reduction: 'sum' }) };
    }),
    predict: jit((p: Params, x: Tensor) => nn.softmax(network.logits(p, x, null))),
  };
};
