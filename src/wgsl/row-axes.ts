// Axes of a loop kernel joined where every index runs through them as through one: fewer digits to compute, longer vectors.
import type { Expr } from '../core/expr.ts';
import { count, newVar, substitute, unlinearize, variable, type Index, type Var } from '../core/index-expr.ts';
import { reindexed } from '../core/rewrite.ts';
import type { Action, LoopKernel } from '../jit/kernel.ts';
import { visitAll } from './vector.ts';

/** Expressions and indices over other variables. */
const moving = (by: (v: Var) => Index | undefined): { index: (i: Index) => Index; expr: (e: Expr) => Expr } => {
  const memo = new Map<Expr, Expr>();
  const index = (i: Index): Index => substitute(i, by, expr);
  const expr = (e: Expr): Expr => reindexed(e, index, memo);
  return { index, expr };
};

const coefOf = (i: Index, v: Var): number =>
  i.terms.find((t) => t.atom.kind === 'var' && t.atom.var.id === v.id)?.coef ?? 0;

/** Runs of neighbouring variables that all indices pass through as through one. */
const runs = (vars: readonly Var[], indices: readonly Index[]): Var[][] => {
  const out: Var[][] = [];
  for (const v of vars.filter((x) => x.extent !== 1)) {
    const before = out.at(-1)?.at(-1);
    if (before !== undefined && indices.every((i) => coefOf(i, before) === coefOf(i, v) * v.extent))
      out.at(-1)!.push(v);
    else out.push([v]);
  }
  return out;
};

/** The same kernel over as few variables as its indices allow. Stages with axes have to have the same ones. */
export const joinAxes = (k: LoopKernel): LoopKernel => {
  const actions = k.stages.flatMap((stage) => stage.actions);
  const inner = k.stages.find((stage) => stage.axes.length > 0)?.axes ?? [];
  if (k.outer.length + inner.length < 2 && [...k.outer, ...inner].every((v) => v.extent !== 1)) return k;
  const indices: Index[] = [];
  const gather = (i: Index): void => {
    indices.push(i);
    for (const { atom } of i.terms) if (atom.kind === 'digit') gather(atom.of);
  };
  for (const a of actions) if (a.kind === 'store') gather(a.index);
  visitAll(
    actions.map((a) => a.value),
    () => undefined,
    gather,
  );
  // Values inside of a store's index are expressions like others.
  visitAll(
    actions.flatMap((a): Expr[] => (a.kind === 'store' ? [{ op: 'index', dtype: 'int32', index: a.index }] : [])),
    () => undefined,
    gather,
  );
  const parts = new Map<number, Index>();
  const join = (vars: readonly Var[]): Var[] =>
    runs(vars, indices).map((run) => {
      if (run.length === 1) return run[0]!;
      const joined = newVar(count(run));
      unlinearize(
        variable(joined),
        run.map((v) => v.extent),
      ).forEach((i, at) => parts.set(run[at]!.id, i));
      return joined;
    });
  const outer = join(k.outer);
  const axes = join(inner);
  if (parts.size === 0 && outer.length === k.outer.length && axes.length === inner.length) return k;
  const { index, expr } = moving((v) => parts.get(v.id));
  const moved = (a: Action): Action =>
    a.kind === 'store' ? { ...a, index: index(a.index), value: expr(a.value) } : { ...a, value: expr(a.value) };
  // A stage that has axes keeps one, so that it stays one.
  const kept = axes.length > 0 ? axes : inner.slice(0, 1);
  return {
    ...k,
    outer,
    stages: k.stages.map((stage) => ({
      axes: stage.axes.length > 0 ? kept : [],
      actions: stage.actions.map(moved),
    })),
  };
};
