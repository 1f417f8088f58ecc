// map over trees: a function of one slice applied to slice after slice, or to a batch of them at a time.
import { ArgumentError } from '../core/errors.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { concatenateAlong } from '../core/ops/concat.ts';
import { sliceAlong } from '../core/ops/slice.ts';
import { reshapeTo } from '../core/ops/structure.ts';
import type { Tensor } from '../core/tensor.ts';
import { unflatten, type Structure } from '../core/tree.ts';
import { vmap } from '../vmap/index.ts';
import { leavesOf, returned, type AnyFunction, type Traced } from './body.ts';
import { runScan, stepsOf } from './loops.ts';

export interface MapOptions {
  /** Slices that f is given at once by vmap; a remainder is done apart. Default: one slice at a time. */
  readonly batchSize?: number;
}

/**
 * f on each slice of xs along the first axis, one after the other, the results stacked (`jax.lax.map`): the memory of one
 * slice at a time where vmap takes that of all.
 *
 *     map :: (a -> b) -> [a] -> [b]
 *
 *     const map = (f, xs) => stack(xs.map(f));
 * @example
 * map((x) => mul(x, x), tensor([1, 2, 3])); // [1, 4, 9]
 */
export const map = <const X, const Y>(f: (x: Traced<X>) => Y, xs: X, options: MapOptions = {}): Traced<Y> => {
  const op = 'map';
  checkFunction(op, f);
  checkOptions(op, options, ['batchSize']);
  const g = (x: unknown): unknown => returned(op, f as unknown as AnyFunction, f(x as Traced<X>));
  const one = (tree: unknown): unknown =>
    runScan(op, ((_: unknown, x: unknown) => [null, g(x)]) as unknown as AnyFunction, null, tree, {})[1];
  const { batchSize } = options;
  if (batchSize === undefined) return one(xs) as Traced<Y>;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ArgumentError(op, `batchSize must be a positive integer, got ${String(batchSize)}`);
  const { leaves, structure } = leavesOf(op, xs);
  const n = stepsOf(op, leaves, structure, undefined);
  const whole = Math.floor(n / batchSize);
  const batched = vmap(g as (x: Tensor) => Tensor) as unknown as (x: unknown) => unknown;
  const part = (from: number, size: number): Tensor[] => leaves.map((x) => sliceAlong(x, 0, from, size));
  const rest = n - whole * batchSize;
  const results: { readonly leaves: Tensor[]; readonly structure: Structure }[] = [];
  if (whole > 0 || rest === 0) {
    const groups = part(0, whole * batchSize).map((x) => reshapeTo(x, [whole, batchSize, ...x.shape.slice(1)]));
    const done = leavesOf(
      op,
      runScan(
        op,
        ((_: unknown, x: unknown) => [null, batched(x)]) as unknown as AnyFunction,
        null,
        unflatten(structure, groups),
        {},
      )[1],
    );
    results.push({
      structure: done.structure,
      leaves: done.leaves.map((y) => reshapeTo(y, [whole * batchSize, ...y.shape.slice(2)])),
    });
  }
  if (rest > 0) results.push(leavesOf(op, batched(unflatten(structure, part(whole * batchSize, rest)))));
  const [first, second] = results;
  return unflatten(
    first!.structure,
    first!.leaves.map((y, i) => (second === undefined ? y : concatenateAlong([y, second.leaves[i]!], 0))),
  );
};
