// Which updates of a scatter can meet in one element: its axes by what is known about them.
import { indexKey, range, visitVars, type Guard, type Index, type Term, type Var } from '../core/index-expr.ts';
import { visitDeep } from '../core/rewrite.ts';
import type { ScatterKernel } from '../jit/kernel.ts';

export interface ScatterAxes {
  /** Updates never meet along these, and the place of an update is that at their beginning plus so many elements. */
  readonly lanes: readonly Var[];
  /** Updates never meet along these either. */
  readonly batch: readonly Var[];
  /** The others, in the order in which updates that meet are combined. */
  readonly dependent: readonly Var[];
}

/** The loop variables that an index or anything inside it depends on. */
const varsOf = (i: Index, into: Set<number>): void => {
  const add = (v: Var): void => void into.add(v.id);
  visitVars(i, add, (x) =>
    visitDeep(
      x,
      () => undefined,
      undefined,
      (j) => visitVars(j, add),
    ),
  );
};

/** Greatest less smallest value of some terms, which one guard may say; Infinity where nobody knows. */
const spanOf = (terms: readonly Term[], guards: readonly Guard[]): number => {
  const own = { offset: 0, terms };
  const guard = guards.find((g) => indexKey({ ...g.index, offset: 0 }) === indexKey(own));
  if (guard !== undefined) return guard.hi - 1 - guard.lo;
  if (terms.some((t) => t.atom.kind === 'value')) return Infinity;
  const [lo, hi] = range(own);
  return hi - lo;
};

/**
 * Variables that the place tells: it is read as a number, whose digits are the terms with one coefficient, if each coefficient
 * exceeds the span of all below it.
 */
const told = (k: ScatterKernel): ReadonlySet<number> => {
  const groups = new Map<number, Term[]>();
  for (const t of k.index.terms) {
    const size = Math.abs(t.coef);
    groups.set(size, [...(groups.get(size) ?? []), t]);
  }
  let below = 0;
  let known: number[] = [];
  for (const [size, terms] of [...groups].sort(([a], [b]) => a - b)) {
    // Digits that run into each other tell nothing.
    if (size <= below) known = [];
    else if (terms.length === 1 && terms[0]!.atom.kind === 'var') known.push(terms[0]!.atom.var.id);
    const each = terms.map((t) => ({ coef: t.coef / size, atom: t.atom }));
    below += size * spanOf(each, k.guards);
  }
  return new Set(known);
};

export const scatterAxes = (k: ScatterKernel): ScatterAxes => {
  const known = told(k);
  const used = new Set<number>();
  for (const t of k.index.terms) if (t.atom.kind !== 'var') varsOf({ offset: 0, terms: [t] }, used);
  for (const g of k.guards) varsOf(g.index, used);
  const real = k.axes.filter((v) => v.extent !== 1);
  return {
    lanes: real.filter((v) => known.has(v.id) && !used.has(v.id)),
    batch: real.filter((v) => known.has(v.id) && used.has(v.id)),
    dependent: real.filter((v) => !known.has(v.id)),
  };
};

/** The place at the beginning of all lanes. */
export const baseIndex = (index: Index, lanes: readonly Var[]): Index => ({
  offset: index.offset,
  terms: index.terms.filter(
    (t) => t.atom.kind !== 'var' || !lanes.some((v) => v.id === (t.atom as { var: Var }).var.id),
  ),
});

/** Whether lanes, in some order, are neighbouring elements from their beginning on; that order, outermost first. */
export const denseLanes = (index: Index, lanes: readonly Var[]): readonly Var[] | undefined => {
  const coefs = lanes.map((v) => {
    const term = index.terms.find((t) => t.atom.kind === 'var' && t.atom.var.id === v.id)!;
    return { v, coef: term.coef };
  });
  coefs.sort((a, b) => b.coef - a.coef);
  let stride = 1;
  for (const { v, coef } of [...coefs].reverse()) {
    if (coef !== stride) return undefined;
    stride *= v.extent;
  }
  return coefs.map(({ v }) => v);
};
