// A contraction seen as one matrix product for each batch: every group of its axes counted by one variable.
import { rewrite, type Expr } from '../../core/expr.ts';
import {
  count,
  newVar,
  provable,
  substitute,
  unlinearize,
  variable,
  visitVars,
  type Guard,
  type Index,
  type Var,
} from '../../core/index-expr.ts';
import type { ContractKernel, OperandSum } from '../../jit/kernel.ts';

export type Load = Extract<Expr, { op: 'load' }>;
export type Store = ContractKernel['epilogue'][number];

export interface Problem {
  readonly kernel: ContractKernel;
  readonly batch: Var;
  readonly row: Var;
  readonly column: Var;
  readonly common: Var;
  /** Of batch, row and common. */
  readonly left: Expr;
  /** Of batch, column and common. */
  readonly right: Expr;
  /** Of batch, row and column. */
  readonly stores: readonly Store[];
  /** Of row or column. */
  readonly sums: readonly OperandSum[];
}

export interface Substitution {
  readonly expr: (e: Expr) => Expr;
  readonly index: (i: Index) => Index;
}

/**
 * Replaces variables in expressions, those inside of indices' run-time values included, and the sum; what has none of them stays the
 * same object.
 */
export const substitution = (by: (v: Var) => Index | undefined, acc?: Expr): Substitution => {
  const memo = new Map<Expr, Expr>();
  const index = (i: Index): Index => (touches(i) ? substitute(i, by, expr) : i);
  const guards = (gs: readonly Guard[]): readonly Guard[] =>
    gs.some((g) => touches(g.index))
      ? gs.map((g) => ({ ...g, index: index(g.index) })).filter((g) => !provable(g))
      : gs;
  const inside = (e: Expr): Expr => {
    if (e.op === 'index') {
      const i = index(e.index);
      return i === e.index ? e : { ...e, index: i };
    }
    if (e.op === 'load') {
      const [i, g] = [index(e.index), guards(e.guards)];
      return i === e.index && g === e.guards ? e : { ...e, index: i, guards: g };
    }
    if (e.op === 'guarded') {
      const g = guards(e.guards);
      return g === e.guards ? e : g.length === 0 ? e.then : { ...e, guards: g };
    }
    if (e.op === 'acc') return acc ?? e;
    return e;
  };
  const expr = (e: Expr): Expr => rewrite(e, inside, memo);
  const touches = (i: Index): boolean => {
    let found = false;
    visitVars(
      i,
      (v) => (found ||= by(v) !== undefined),
      (x) => (found ||= expr(x) !== x),
    );
    return found;
  };
  return { expr, index };
};

/** Counts the batch, the rows, the columns and the common dimension by one variable each. Digits of them remain only where memory asks for it. */
export const flatten = (kernel: ContractKernel): Problem => {
  const to = new Map<number, Index>();
  const flat = (axes: readonly Var[]): Var => {
    const one = newVar(count(axes));
    unlinearize(
      variable(one),
      axes.map((v) => v.extent),
    ).forEach((index, i) => to.set(axes[i]!.id, index));
    return one;
  };
  const [batch, row, column, common] = [kernel.batch, kernel.m, kernel.n, kernel.k].map(flat) as [Var, Var, Var, Var];
  const { expr, index } = substitution((v) => to.get(v.id));
  return {
    kernel,
    batch,
    row,
    column,
    common,
    left: expr(kernel.a),
    right: expr(kernel.b),
    stores: kernel.epilogue.map((e) => ({ ...e, index: index(e.index), value: expr(e.value) })),
    sums: (kernel.sums ?? []).map((x) => ({ ...x, index: index(x.index) })),
  };
};
