// What a nest's expressions depend on: every linear form in them, and the variables of each.
import { isOp, visit, type Expr } from '../../core/expr.ts';
import { visitVars, type Atom, type Index, type Var } from '../../core/index-expr.ts';
import { indicesOf } from '../../core/rewrite.ts';
import type { Nest } from './canonical.ts';
import type { Load } from './guards.ts';

/** Every linear form of a nest: indices, guards, positions, and what digits are digits of. */
export const forms = (n: Nest): readonly Index[] => {
  const out: Index[] = [];
  const seen = new Set<Expr>();
  const form = (i: Index): void => {
    out.push(i);
    const atom = (a: Atom): void => {
      if (a.kind === 'digit') form(a.of);
      else if (a.kind === 'value') visit(a.value, expr, seen);
    };
    for (const t of i.terms) atom(t.atom);
  };
  const expr = (e: Expr): void => {
    indicesOf(e).forEach(form);
    if (e.op === 'load') for (const g of (e as Load).safety ?? []) form(g.index);
  };
  for (const s of n.stages) {
    for (const a of s.actions) {
      if (a.kind === 'store') form(a.index);
      else if (a.op === 'argmax' || a.op === 'argmin') form(a.position);
      visit(a.value, expr, seen);
    }
  }
  return out;
};

export const coefficient = (i: Index, v: Var): number => {
  for (const t of i.terms) if (t.atom.kind === 'var' && t.atom.var.id === v.id) return t.coef;
  return 0;
};

/** The variables an expression depends on, through index values too. */
export const expressionVars = (lanes?: Var | null): ((e: Expr) => ReadonlySet<number>) => {
  const memo = new Map<Expr, ReadonlySet<number>>();
  const of = (e: Expr): ReadonlySet<number> => {
    const known = memo.get(e);
    if (known !== undefined) return known;
    const out = new Set<number>();
    const index = (i: Index): void =>
      visitVars(
        i,
        (v) => out.add(v.id),
        (x) => of(x).forEach((v) => out.add(v)),
      );
    // Lanes that are rows have their own results of reductions and their own kept rows.
    if (lanes != null && (e.op === 'local' || (e.op === 'load' && e.buffer < 0))) out.add(lanes.id);
    if (isOp(e)) for (const a of e.args) of(a).forEach((v) => out.add(v));
    else {
      indicesOf(e).forEach(index);
      if (e.op === 'guarded') for (const a of [e.then, e.otherwise]) of(a).forEach((v) => out.add(v));
    }
    memo.set(e, out);
    return out;
  };
  return of;
};
