// Rewriting of kernel expressions, the run-time values inside of their indices and guards included.
import { rewrite, type Expr } from './expr.ts';
import { substitute, type Guard, type Index } from './index-expr.ts';

const hasValues = (i: Index): boolean =>
  i.terms.some(({ atom }) => atom.kind === 'value' || (atom.kind === 'digit' && hasValues(atom.of)));

/** A rewriting of expressions and of the indices they are read at. */
export interface Rewriter {
  readonly expr: (e: Expr) => Expr;
  readonly index: (i: Index) => Index;
  readonly guards: (gs: readonly Guard[]) => readonly Guard[];
}

/** Applies `f` to each distinct node once, bottom up (arguments, and values that indices hold, already rewritten). */
export const rewriter = (f: (e: Expr) => Expr): Rewriter => {
  const memo = new Map<Expr, Expr>();
  const index = (i: Index): Index => (hasValues(i) ? substitute(i, () => undefined, expr) : i);
  const guards = (gs: readonly Guard[]): readonly Guard[] =>
    gs.some((g) => hasValues(g.index)) ? gs.map((g) => ({ ...g, index: index(g.index) })) : gs;
  const inside = (e: Expr): Expr => {
    if (e.op === 'index') return hasValues(e.index) ? { ...e, index: index(e.index) } : e;
    if (e.op === 'load' && (hasValues(e.index) || e.guards.some((g) => hasValues(g.index))))
      return { ...e, index: index(e.index), guards: guards(e.guards) };
    if (e.op === 'guarded' && e.guards.some((g) => hasValues(g.index))) return { ...e, guards: guards(e.guards) };
    return e;
  };
  const expr = (e: Expr): Expr => rewrite(e, (x) => f(inside(x)), memo);
  return { expr, index, guards };
};
