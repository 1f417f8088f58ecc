// Brings a loop kernel into the form the generator wants: rows as buffers, guards pushed to loads, digits split into axes of their own, axes collapsed.
import { rewrite, type Expr } from '../../core/expr.ts';
import {
  add,
  constant,
  count,
  newVar,
  provable,
  rowMajor,
  scale,
  substitute,
  variable,
  zero,
  type Guard,
  type Index,
  type Var,
} from '../../core/index-expr.ts';
import type { DType } from '../../core/dtype.ts';
import type { ReduceOp } from '../../core/lowering.ts';
import type { BufferInfo, LoopKernel } from '../../jit/kernel.ts';
import { rewriter } from '../../core/rewrite.ts';
import { coefficient, forms } from './forms.ts';
import { pushGuards, type Load } from './guards.ts';

export type Act =
  | {
      readonly kind: 'reduce';
      readonly op: ReduceOp;
      readonly value: Expr;
      readonly local: number;
      readonly dtype: DType;
      readonly position: Index;
    }
  | { readonly kind: 'store'; readonly buffer: number; readonly index: Index; readonly value: Expr };

export interface Part {
  readonly axes: readonly Var[];
  readonly actions: readonly Act[];
}

export interface Nest {
  readonly name: string;
  readonly outer: readonly Var[];
  readonly stages: readonly Part[];
  /** Rows as buffers (ids below zero). */
  readonly rows: ReadonlyMap<number, BufferInfo>;
  /** Variables that stay whole: a caller gives their range at run time. */
  readonly fixed: ReadonlySet<number>;
  /** The order of points matters: only neighbouring axes become one. */
  readonly ordered?: boolean;
}

export const rowBuffer = (row: number): number => -1 - row;

/** Rewrites every index of an expression, those of loads inside of index values included. */
export const mapIndexes = (by: (v: Var) => Index | undefined): ((e: Expr) => Expr) => {
  const memo = new Map<Expr, Expr>();
  const index = (i: Index): Index => substitute(i, by, walk);
  const guards = (gs: readonly Guard[]): readonly Guard[] =>
    gs.map((g) => ({ index: index(g.index), lo: g.lo, hi: g.hi })).filter((g) => !provable(g));
  const step = (e: Expr): Expr => {
    if (e.op === 'index') {
      const i = index(e.index);
      return i.terms.length === 0 ? { op: 'const', dtype: 'int32', value: i.offset } : { ...e, index: i };
    }
    if (e.op === 'load') {
      const { safety } = e as Load;
      const next = { ...e, index: index(e.index), guards: guards(e.guards) };
      return safety === undefined ? next : ({ ...next, safety: guards(safety) } as Load);
    }
    if (e.op === 'guarded') {
      const left = guards(e.guards);
      return left.length === 0 ? e.then : { ...e, guards: left };
    }
    return e;
  };
  const walk = (e: Expr): Expr => rewrite(e, step, memo);
  return walk;
};

export const mapNest = (
  n: Nest,
  by: (v: Var) => Index | undefined,
  axes: (vs: readonly Var[]) => readonly Var[],
): Nest => {
  const walk = mapIndexes(by);
  const index = (i: Index): Index => substitute(i, by, walk);
  return {
    ...n,
    outer: axes(n.outer),
    stages: n.stages.map((s) => ({
      axes: axes(s.axes),
      actions: s.actions.map((a): Act =>
        a.kind === 'store'
          ? { ...a, index: index(a.index), value: walk(a.value) }
          : { ...a, position: index(a.position), value: walk(a.value) },
      ),
    })),
  };
};

/** The starting form: rows turned into buffers indexed by the stage's position, axes of extent 1 dropped. */
export const nestOf = (
  kernel: LoopKernel,
  buffers: ReadonlyMap<number, BufferInfo>,
  fixed: ReadonlySet<number> = new Set(),
): Nest => {
  const rows = new Map<number, BufferInfo>();
  const length = (b: number): number => (buffers.get(b) ?? rows.get(b))?.length ?? 0;
  const guarded = new Map<Expr, Expr>();
  const safe = (e: Expr): Expr => {
    let out = guarded.get(e);
    if (out === undefined) guarded.set(e, (out = pushGuards(e, length)));
    return out;
  };
  const stages = kernel.stages.map((s): Part => {
    const position = rowMajor(s.axes);
    const total = count(s.axes);
    const rowLoads = rewriter((x) =>
      x.op === 'row'
        ? { op: 'load', dtype: x.dtype, buffer: rowBuffer(x.row), index: position, guards: [], fill: 0 }
        : x,
    );
    const read = (e: Expr): Expr => safe(rowLoads.expr(e));
    return {
      axes: s.axes,
      actions: s.actions.map((a): Act => {
        if (a.kind === 'reduce') return { ...a, value: read(a.value), position };
        if (a.kind === 'store') return { ...a, value: read(a.value) };
        rows.set(rowBuffer(a.row), { id: rowBuffer(a.row), dtype: a.dtype, length: total });
        return { kind: 'store', buffer: rowBuffer(a.row), index: position, value: read(a.value) };
      }),
    };
  });
  const nest: Nest = { name: kernel.name, outer: kernel.outer, stages, rows, fixed };
  const long = (vs: readonly Var[]): readonly Var[] => vs.filter((v) => v.extent !== 1);
  return mapNest(nest, (v) => (v.extent === 1 ? zero : undefined), long);
};

// Two axes are one where every form steps over the inner one exactly by the outer one's stride.
const collapse = (n: Nest): Nest => {
  const all = forms(n);
  const lists = [n.outer, ...n.stages.map((s) => s.axes)];
  for (const list of lists) {
    for (const a of list) {
      for (const b of list) {
        if (n.ordered === true && list.indexOf(b) !== list.indexOf(a) + 1) continue;
        if (a.id === b.id || n.fixed.has(a.id) || n.fixed.has(b.id)) continue;
        if (!all.every((i) => coefficient(i, a) === coefficient(i, b) * b.extent)) continue;
        const p = newVar(a.extent * b.extent);
        // No form sees a and b but as b + extent * a, so that this is what b is replaced by.
        const by = (v: Var): Index | undefined => (v.id === b.id ? variable(p) : v.id === a.id ? zero : undefined);
        const axes = (vs: readonly Var[]): readonly Var[] =>
          vs.filter((v) => v.id !== a.id).map((v) => (v.id === b.id ? p : v));
        return collapse(mapNest(n, by, axes));
      }
    }
  }
  return n;
};

// Axes whose digits are read become one axis a digit.
const split = (n: Nest): Nest | null => {
  const breaks = new Map<number, Set<number>>();
  for (const i of forms(n)) {
    for (const { atom } of i.terms) {
      if (atom.kind !== 'digit') continue;
      for (const t of atom.of.terms) {
        if (t.atom.kind !== 'var') continue;
        const at = breaks.get(t.atom.var.id) ?? new Set<number>();
        breaks.set(t.atom.var.id, at);
        for (const b of [atom.div, atom.div * atom.mod])
          if (b % t.coef === 0 && Number.isFinite(b)) at.add(Math.abs(b / t.coef));
      }
    }
  }
  const replaced = new Map<number, readonly Var[]>();
  const values = new Map<number, Index>();
  for (const v of [...n.outer, ...n.stages.flatMap((s) => s.axes)]) {
    if (n.fixed.has(v.id)) continue;
    const chain = [1];
    for (const b of [...(breaks.get(v.id) ?? [])].sort((x, y) => x - y)) {
      if (
        b > 1 &&
        b < v.extent &&
        v.extent % b === 0 &&
        b % chain[chain.length - 1]! === 0 &&
        b !== chain[chain.length - 1]
      )
        chain.push(b);
    }
    if (chain.length === 1) continue;
    chain.push(v.extent);
    let sum = constant(0);
    const parts: Var[] = [];
    for (let k = chain.length - 2; k >= 0; k--) {
      const d = newVar(chain[k + 1]! / chain[k]!);
      parts.push(d);
      sum = add(sum, scale(variable(d), chain[k]!));
    }
    replaced.set(v.id, parts);
    values.set(v.id, sum);
  }
  if (replaced.size === 0) return null;
  return mapNest(
    n,
    (v) => values.get(v.id),
    (vs) => vs.flatMap((v) => replaced.get(v.id) ?? [v]),
  );
};

/** Splits an axis into blocks of a size that divides it. */
export const block = (n: Nest, v: Var, by: number): { readonly nest: Nest; readonly inner: Var } => {
  const [high, low] = [newVar(v.extent / by), newVar(by)];
  const value = add(scale(variable(high), by), variable(low));
  return {
    nest: mapNest(
      n,
      (x) => (x.id === v.id ? value : undefined),
      (vs) => vs.flatMap((x) => (x.id === v.id ? [high, low] : [x])),
    ),
    inner: low,
  };
};

/** The canonical form of a nest. Stages with argmax keep the order of their axes; all other orders are free. */
export const canonical = (n: Nest): Nest => {
  let out = collapse(n);
  for (let round = 0; round < 3; round++) {
    const next = split(out);
    if (next === null) break;
    out = collapse(next);
  }
  return out;
};
