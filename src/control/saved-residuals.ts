// savedResiduals: what reverse mode keeps of a function between its forward and its backward pass.
import { showAval, type Shape } from '../core/aval.ts';
import { isFloat, type DType } from '../core/dtype.ts';
import { onLeaves } from '../core/functional.ts';
import { checkFunction } from '../core/options.ts';
import type { Equation, Value } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import { leafPaths } from '../core/tree.ts';
import { leavesOf, type AnyFunction } from './body.ts';
import { writtenOut } from './checkpoint.ts';
import { reads } from './live.ts';
import { linearizeProgram } from './programs.ts';

/** A value that is kept. */
export interface SavedResidual {
  readonly shape: Shape;
  readonly dtype: DType;
  /** An argument of the function, a value that it closes over, or computed by it. */
  readonly kind: 'argument' | 'captured' | 'computed';
  /** In words: the argument's path, the name that checkpointName gave, the operation and the user's line. */
  readonly from: string;
}

const origin = (e: Equation | undefined): string => {
  if (e === undefined) return 'the result';
  if (e.primitive.name === 'name') return `named '${String(e.params['name'])}'`;
  const line = e.frame?.();
  return `result of ${e.primitive.name}${line === undefined ? '' : ` at ${line}`}`;
};

/**
 * What reverse mode keeps of f at these arguments for its backward pass (`jax.ad_checkpoint.saved_residuals`): to see what
 * `checkpoint` and its policies save.
 * @example
 * savedResiduals((x) => sin(sin(x)))(tensor(1)).length; // 2
 * savedResiduals(checkpoint((x) => sin(sin(x))))(tensor(1)).map((r) => r.from); // ['argument [0]']
 */
export const savedResiduals =
  <A extends readonly unknown[]>(f: (...args: A) => unknown): ((...args: A) => readonly SavedResidual[]) =>
  (...args) => {
    const op = 'savedResiduals';
    checkFunction(op, f);
    const { leaves, structure } = leavesOf(op, args);
    const g = onLeaves(op, f as unknown as AnyFunction, structure);
    const { program, captured } = stage(op, g.run, leaves);
    const made = linearizeProgram(
      program,
      program.inputs.map((v, i) => i < captured.length || !isFloat(v.aval.dtype)),
    );
    const forward = writtenOut(made.forward.program);
    const before = made.forward.captured.length;
    const makers = new Map<Value, Equation>(forward.equations.flatMap((e) => e.outs.map((v) => [v, e] as const)));
    const used = reads(made.linear);
    const seen = new Set<Value>();
    return made.residuals.flatMap((r, i): SavedResidual[] => {
      if (!used[i]!) return [];
      const v =
        r.from === 'input'
          ? forward.inputs[before + r.at]!
          : r.from === 'out'
            ? forward.outs[r.at]!
            : made.linear.inputs[i]!;
      if (seen.has(v)) return [];
      seen.add(v);
      const at = forward.inputs.indexOf(v) - before;
      const { shape, dtype } = v.aval;
      if (r.from !== 'constant' && at >= captured.length)
        return [{ shape, dtype, kind: 'argument', from: `argument ${leafPaths(structure)[at - captured.length]!}` }];
      if (r.from === 'constant' || forward.inputs.includes(v))
        return [{ shape, dtype, kind: 'captured', from: `a captured ${showAval(v.aval)}` }];
      return [{ shape, dtype, kind: 'computed', from: origin(makers.get(v)) }];
    });
  };
