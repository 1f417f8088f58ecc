// Places: which elements of an operand index tensors name, for gather, scatter and their batches.
import type { Shape } from '../aval.ts';
import { add, type Guard, type Index } from '../index-expr.ts';
import type { Access, ReadIndex } from '../lowering.ts';

/**
 * Which axes of the operand are indexed. Index tensors (int32, one for each indexed axis) have one common shape I. The gathered value has
 * the axes of the operand that remain, in order, with I inserted before the one numbered `at`.
 */
export interface Places {
  readonly axes: readonly number[];
  /** Length of the run read from each index on; null: one element, and the axis disappears. */
  readonly sizes: readonly (number | null)[];
  /** Axes of the operand that run along with axes of I: [operand's, I's]. */
  readonly batch: readonly [readonly number[], readonly number[]];
  readonly at: number;
  /** Indices may be out of range. */
  readonly checked: boolean;
}
/** Axes of the operand that the gathered value keeps. */
export const remaining = (rank: number, p: Places): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter(
    (a) => !p.batch[0].includes(a) && !(p.axes.includes(a) && p.sizes[p.axes.indexOf(a)] === null),
  );

/** Shape of what is read. */
export const gatheredShape = (operand: Shape, indices: Shape, p: Places): number[] => {
  const kept = remaining(operand.length, p).map((a) =>
    p.axes.includes(a) ? p.sizes[p.axes.indexOf(a)]! : operand[a]!,
  );
  return [...kept.slice(0, p.at), ...indices, ...kept.slice(p.at)];
};

/** Where in the operand a position of the gathered value lies. */
export const access = (
  operand: Shape,
  indexRank: number,
  p: Places,
  firstIndex: number,
  out: readonly Index[],
  read: ReadIndex,
): Access => {
  const named = out.slice(p.at, p.at + indexRank);
  const kept = [...out.slice(0, p.at), ...out.slice(p.at + indexRank)];
  const index: Index[] = new Array<Index>(operand.length);
  const guards: Guard[] = [];
  p.batch[0].forEach((a, j) => (index[a] = named[p.batch[1][j]!]!));
  remaining(operand.length, p).forEach((a, i) => (index[a] = kept[i]!));
  p.axes.forEach((a, t) => {
    const start = read(firstIndex + t, named);
    index[a] = p.sizes[t] === null ? start : add(start, index[a]!);
    if (p.checked) guards.push({ index: index[a], lo: 0, hi: operand[a]! });
  });
  return { input: 0, index, guards };
};

const shiftFrom = (axes: readonly number[], at: number): number[] => axes.map((a) => (a >= at ? a + 1 : a));

/** The places once operand and indices have batch axes (indices at the front); and where that axis is in the gathered value. */
export const batchPlaces = <P extends Places>(
  p: P,
  rank: number,
  indexRank: number,
  operandAxis: number | null,
  indexed: boolean,
): { readonly params: P; readonly axis: number } => {
  const axes = operandAxis === null ? p.axes : shiftFrom(p.axes, operandAxis);
  const [own, theirs] = [
    operandAxis === null ? p.batch[0] : shiftFrom(p.batch[0], operandAxis),
    indexed ? shiftFrom(p.batch[1], 0) : p.batch[1],
  ];
  if (!indexed) {
    const before = remaining(rank, p).filter((a) => a < operandAxis!).length;
    const front = before <= p.at;
    return {
      params: { ...p, axes, batch: [own, theirs], at: front ? p.at + 1 : p.at },
      axis: front ? before : before + indexRank,
    };
  }
  return {
    params: {
      ...p,
      axes,
      batch:
        operandAxis === null
          ? [own, theirs]
          : [
              [operandAxis, ...own],
              [0, ...theirs],
            ],
    },
    axis: p.at,
  };
};
