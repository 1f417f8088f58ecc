// Why a function was traced again: the nearest earlier signature, and what is different now.
import { showAval, type Aval } from '../core/aval.ts';
import { leafPaths, structureDifference, type Structure } from '../core/tree.ts';

/** What a compiled function is cached by: the structure of its arguments and the type of every leaf. */
export interface Signature {
  readonly structure: Structure;
  readonly avals: readonly (Aval | 'number')[];
  /** The named axes in scope, as text. */
  readonly axes?: string;
}

const show = (a: Aval | 'number' | undefined): string =>
  a === undefined ? 'nothing' : a === 'number' ? 'a number' : showAval(a);

const differences = (now: Signature, before: Signature): string[] => {
  const structural = structureDifference(before.structure, now.structure);
  if (structural !== undefined) return [`structure ${structural}`];
  const paths = leafPaths(now.structure);
  const scope = (s: Signature): string => (s.axes === undefined || s.axes === '' ? 'none' : s.axes);
  if (scope(now) !== scope(before)) return [`the named axes in scope are ${scope(now)}, were ${scope(before)}`];
  return now.avals.flatMap((a, i) =>
    show(a) === show(before.avals[i]) ? [] : [`argument ${paths[i]!} is ${show(a)}, was ${show(before.avals[i])}`],
  );
};

/** One sentence that compares a signature with the nearest of the earlier ones. */
export const explainRetrace = (now: Signature, earlier: readonly Signature[]): string => {
  let best: string[] | undefined;
  for (const e of earlier) {
    const d = differences(now, e);
    if (best === undefined || d.length < best.length) best = d;
  }
  return best === undefined ? 'nothing was traced before' : `against the nearest earlier signature, ${best.join('; ')}`;
};
