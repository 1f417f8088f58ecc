// Debugging: printing and calling back from inside of transformed functions, and switching compilation off.
import { ArgumentError } from '../core/errors.ts';
import { hostTensor } from '../core/host.ts';
import { refusePromise, withoutJit } from '../core/interpreter.ts';
import { checkFunction } from '../core/options.ts';
import type { ConcreteTensor } from '../core/tensor.ts';
import { unflatten } from '../core/tree.ts';
import { leavesOf, type Traced } from './body.ts';
import { runForEffect } from './callback.ts';
import { nans } from './nans.ts';
import { showTree } from './show.ts';

/**
 * Prints a label and a tree of values in one line, when the value has been computed (`jax.debug.print`): also inside of jit, grad
 * (once, in the forward pass), vmap (once, with the batched value, its batch axis in front) and scan (at every step), in the order
 * of the program. It is never removed. Returns nothing.
 * @example
 * jit((x) => { debug.print('x', x); return mul(x, 2); })(tensor([1, 2])); // [2, 4]
 */
const print = (label: string, x: unknown): void => {
  if (typeof label !== 'string')
    throw new ArgumentError('debug.print', `needs a label, a string, as its first argument, got a ${typeof label}`);
  runForEffect('debug.print', label, x, (tree) => {
    const show = (values: unknown): void => {
      // eslint-disable-next-line no-console -- printing is what was asked for
      console.log(`${label} ${showTree(values)}`);
    };
    const { leaves, structure } = leavesOf('debug.print', tree);
    if (leaves.every((y) => (y as ConcreteTensor).storage.device.kind !== 'webgpu')) show(tree);
    // What is on a GPU is printed when it has been read; a failure is told by whoever reads the value itself.
    else
      void Promise.all(leaves.map(async (y) => hostTensor(await y.data(), y.shape, y.dtype))).then(
        (values) => show(unflatten(structure, values)),
        () => undefined,
      );
  });
};

/**
 * Calls f with concrete values when the program runs, for its effect; what it returns is ignored (`jax.debug.callback`). Where and
 * how often it runs is as for debug.print; an exception that it throws comes out of the call of the program, whose arguments are
 * as they were, donated ones too; on a GPU, where it runs after the call, out of reading the results.
 * @example
 * const seen = [];
 * jit((x) => { debug.callback((v) => seen.push(v.itemSync()), sum(x)); return x; })(tensor([1, 2]));
 * seen; // [3]
 */
const callback = <A extends readonly unknown[]>(
  f: (...args: { [K in keyof A]: Traced<A[K]> }) => unknown,
  ...args: A
): void => {
  checkFunction('debug.callback', f);
  runForEffect('debug.callback', f.name === '' ? 'function' : f.name, args, (tree) => {
    f(...(tree as { [K in keyof A]: Traced<A[K]> }));
  });
};

/**
 * Runs f, a synchronous function, with compilation switched off (`jax.disable_jit`): functions made by jit run as they stand and
 * loops and branches are those of JS, so that breakpoints stop and console.log shows values. Returns what f returns.
 * @example
 * const g = jit((x) => (x.itemSync() > 0 ? x : mul(x, -1)));
 * disableJit(() => g(tensor(-3))); // 3
 */
export const disableJit = <R>(f: () => R): R => {
  checkFunction('disableJit', f);
  return withoutJit(() => {
    const result = f();
    refusePromise('disableJit', f, result);
    return result;
  });
};

export const debug: {
  readonly print: typeof print;
  readonly callback: typeof callback;
  readonly nans: typeof nans;
} = { print, callback, nans };
