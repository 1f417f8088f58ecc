// Rewriting and visiting of kernel expressions, the run-time values inside of their indices and guards included.
import { rewrite, visit, type Expr } from './expr.ts';
import { substitute, visitVars, type Guard, type Index } from './index-expr.ts';

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

/** The expression with every index in it replaced: that of a load of `buffer`, of a guard, or one read as a value. */
export const reindexed = (e: Expr, index: (i: Index, buffer?: number) => Index, memo?: Map<Expr, Expr>): Expr => {
  const guards = (gs: readonly Guard[]): readonly Guard[] => gs.map((g) => ({ ...g, index: index(g.index) }));
  const inside = (x: Expr): Expr => {
    switch (x.op) {
      case 'index':
        return { ...x, index: index(x.index) };
      case 'load':
        return { ...x, index: index(x.index, x.buffer), guards: guards(x.guards) };
      case 'guarded':
        return { ...x, guards: guards(x.guards) };
      default:
        return x;
    }
  };
  return rewrite(e, inside, memo);
};

/** The indices that a node has itself: where it reads, and those of its guards. */
export const indicesOf = (e: Expr): readonly Index[] => {
  if (e.op === 'index') return [e.index];
  if (e.op !== 'load' && e.op !== 'guarded') return [];
  const guards = e.guards.map((g) => g.index);
  return e.op === 'load' ? [e.index, ...guards] : guards;
};

/** Visits each distinct node once, arguments first, and then the values inside of its indices; `onIndex` sees those indices. */
export const visitDeep = (
  e: Expr,
  f: (e: Expr) => void,
  seen: Set<Expr> = new Set(),
  onIndex?: (i: Index) => void,
): void => {
  const go = (x: Expr): void => visit(x, enter, seen);
  const enter = (x: Expr): void => {
    f(x);
    for (const i of indicesOf(x)) {
      onIndex?.(i);
      visitVars(i, () => undefined, go);
    }
  };
  go(e);
};
