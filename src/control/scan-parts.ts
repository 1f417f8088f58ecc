// What the rules of a scan share: its parameters, and working with lists of consts, carries and slices.
import type { Tensor } from '../core/tensor.ts';
import type { Program } from '../core/program.ts';

/** Inputs: consts, the initial carry, xs with the steps along their first axis. Outputs: the last carry, ys stacked alike. */
export interface ScanParams {
  /** (consts.., carry.., slices of xs..) -> (carry.., slices of ys..) */
  readonly program: Program;
  readonly consts: number;
  readonly carry: number;
  readonly length: number;
  /** From the last slice to the first. */
  readonly reverse: boolean;
  /** Steps in one round of the compiled loop. */
  readonly unroll: number;
}

export const split = <A>(list: readonly A[], ...counts: readonly number[]): A[][] => {
  let at = 0;
  return [...counts.map((n) => list.slice(at, (at += n))), list.slice(at)];
};
export const same = (a: readonly boolean[], b: readonly boolean[]): boolean => a.every((x, i) => x === b[i]);

/** Repeats `f` with a growing set of carries until it holds: what enters a step must be what leaves the one before. */
export const fixpoint = <A>(
  start: readonly boolean[],
  f: (mask: readonly boolean[]) => { readonly made: A; readonly mask: readonly boolean[] },
): { readonly made: A; readonly mask: readonly boolean[] } => {
  for (let mask = start; ;) {
    const next = f(mask);
    const grown = mask.map((m, i) => m || next.mask[i]!);
    if (same(grown, mask)) return { made: next.made, mask };
    mask = grown;
  }
};

/** Binds a scan of a program over inputs in three parts; its outputs in two, the last carry and the ys. */
export type BindScan = (
  params: Pick<ScanParams, 'length' | 'reverse' | 'unroll'>,
  program: Program,
  consts: readonly Tensor[],
  carry: readonly Tensor[],
  xs: readonly Tensor[],
) => Tensor[][];
