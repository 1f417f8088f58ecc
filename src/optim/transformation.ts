// Gradient transformations: pure state transitions from gradients to updates, and how they chain.
import { tree, type Tensor } from '../public.ts';

/**
 * A gradient transformation (`optax.GradientTransformation`): `init` makes the state for parameters, `update` turns gradients
 * and state into updates (to be added to the parameters) and the next state. P is the type of the parameters.
 */
export interface Optimizer<S = unknown> {
  init<P>(params: P): S;
  update<P>(gradients: P, state: S, params: P): [P, S];
}

/** The state of a transformation that needs none. */
export type EmptyState = readonly [];

/** A transformation without state, from a function of gradients and parameters. */
export const stateless = (f: <P>(gradients: P, params: P) => P): Optimizer<EmptyState> => ({
  init: () => [],
  update: (gradients, state, params) => [f(gradients, params), state],
});

type States<T extends readonly Optimizer<unknown>[]> = { [K in keyof T]: T[K] extends Optimizer<infer S> ? S : never };

/**
 * Transformations one after the other (`optax.chain`); its state is the tuple of theirs.
 * @example
 * chain(clipByGlobalNorm(1), sgd(0.1)).init({ w: tensor([1]) }).length; // 2
 */
export const chain = <T extends readonly Optimizer<unknown>[]>(...transformations: T): Optimizer<States<T>> => ({
  init: (params) => transformations.map((t) => t.init(params)) as States<T>,
  update: (gradients, state, params) => {
    let updates = gradients;
    const next = transformations.map((t, i) => {
      const [u, s] = t.update(updates, (state as readonly unknown[])[i], params);
      updates = u;
      return s;
    });
    return [updates, next as States<T>];
  },
});

/**
 * Parameters plus updates (`optax.apply_updates`).
 * @example
 * applyUpdates(tensor([1, 2]), tensor([0.5, -0.5])); // [1.5, 1.5]
 */
export const applyUpdates = <P>(params: P, updates: P): P =>
  tree.map((p, u) => p.add(u).astype(p.dtype), params, updates);

/** Trees of several results of one function of leaves: f's k-th result makes the k-th tree. */
export const mapMany = <P>(
  count: number,
  f: (...leaves: Tensor[]) => readonly Tensor[],
  first: P,
  ...rest: readonly unknown[]
): P[] => {
  const results = new Map<Tensor, readonly Tensor[]>();
  const marked = tree.map(
    (...xs) => {
      const out = f(...xs);
      results.set(out[0]!, out);
      return out[0]!;
    },
    first,
    ...rest,
  );
  return Array.from({ length: count }, (_, k) => tree.map((x) => results.get(x)![k]!, marked));
};
