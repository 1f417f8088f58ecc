// Identities that mean something to others: a barrier for the compiler, and a name for checkpoint's policies.
import { aval } from '../core/aval.ts';
import { bind1, currentInterpreter, eagerly } from '../core/interpreter.ts';
import type { Primitive } from '../core/primitive.ts';
import { flatten, unflatten } from '../core/tree.ts';

/** What is computed behind it is not merged with the same in front of it, nor moved there. */
export const barrierPrimitive: Primitive = {
  name: 'barrier',
  evaluate: (inputs) => inputs,
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx]) => ({ outs: [bind1(barrierPrimitive, [x!], {})], tangents: [bind1(barrierPrimitive, [dx!], {})] }),
  transpose: ([ct]) => [ct!],
  batch: ([x], axes) => ({ outs: [bind1(barrierPrimitive, [x!], {})], axes }),
  lower: () => ({ tag: 'move', at: (index) => [{ index }] }),
};

export const namePrimitive: Primitive<{ readonly name: string }> = {
  name: 'name',
  evaluate: (inputs) => inputs,
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx], params) => ({ outs: [bind1(namePrimitive, [x!], params)], tangents: [dx!] }),
  transpose: ([ct]) => [ct!],
  batch: ([x], axes, params) => ({ outs: [bind1(namePrimitive, [x!], params)], axes }),
  lower: () => ({ tag: 'move', at: (index) => [{ index }] }),
};

/**
 * The same values under a name that the policies of `checkpoint` know (`jax.ad_checkpoint.checkpoint_name`); takes any tree.
 * @example
 * checkpointName(tensor([1, 2]), 'hidden'); // [1, 2]
 */
export const checkpointName = <T>(tree: T, name: string): T => {
  const { leaves, structure } = flatten(tree, 'checkpointName');
  if (currentInterpreter() === eagerly) return tree;
  return unflatten<T>(
    structure,
    leaves.map((x) => (typeof x === 'number' ? x : bind1(namePrimitive, [x], { name }))),
  );
};
