// The axes of a reduction: kept and reduced parts of a shape, and of a position in it.
import type { Index } from '../core/index-expr.ts';

export const splitAxes = (
  shape: readonly number[],
  axes: readonly number[],
): { readonly kept: number[]; readonly reduced: number[] } => ({
  kept: shape.filter((_, i) => !axes.includes(i)),
  reduced: axes.map((a) => shape[a]!),
});

/** The multi-index of a reduction's source from its kept and reduced parts. */
export const sourceIndex = (
  rank: number,
  axes: readonly number[],
  kept: readonly Index[],
  reduced: readonly Index[],
): Index[] => {
  let k = 0;
  return Array.from({ length: rank }, (_, i) => (axes.includes(i) ? reduced[axes.indexOf(i)]! : kept[k++]!));
};
