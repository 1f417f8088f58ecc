// Parts of indices that depend on some variables only: computed once, where those are known.
import type { Expr } from '../../core/expr.ts';
import {
  add,
  constant,
  indexKey,
  newVar,
  range,
  scale,
  shift,
  variable,
  visitVars,
  type Index,
  type Term,
  type Var,
} from '../../core/index-expr.ts';
import { reindexed } from '../../core/rewrite.ts';
import { renderIndex, type Names } from '../expr.ts';
import type { Shader } from '../shader.ts';
import { course, type Lane } from '../vector.ts';

/** A variable that stands for an index, which is never negative. */
export interface Part {
  readonly name: Var;
  readonly index: Index;
}

/** Takes the parts over some variables out of expressions, which then refer to them by name. */
export interface Taker {
  readonly expr: (e: Expr) => Expr;
  readonly index: (i: Index) => Index;
  /** All that were taken so far. */
  readonly parts: () => readonly Part[];
}

/** What varies along the lane stays. */
export const createTaker = (own: readonly Var[], lane?: Lane): Taker => {
  const ids = new Set(own.map((v) => v.id));
  const parts = new Map<string, Part>();
  const belongs = (t: Term): boolean => {
    let mine = lane === undefined || course(lane, { offset: 0, terms: [t] })?.step === 0;
    visitVars(
      { offset: 0, terms: [t] },
      (v) => (mine &&= ids.has(v.id)),
      () => (mine = false),
    );
    return mine;
  };
  const inDigit = (t: Term): Index => {
    const { atom } = t;
    if (atom.kind !== 'digit') return { offset: 0, terms: [t] };
    const of = index(atom.of);
    const key = `(${indexKey(of)})/${atom.div}%${atom.mod}`;
    return { offset: 0, terms: [{ coef: t.coef, atom: { ...atom, of, key } }] };
  };
  const index = (i: Index): Index => {
    const taken = i.terms.filter(belongs);
    const left = i.terms.filter((t) => !taken.includes(t)).reduce((sum, t) => add(sum, inDigit(t)), constant(i.offset));
    const plain = taken.length === 1 && taken[0]!.coef === 1 && taken[0]!.atom.kind === 'var';
    if (taken.length === 0 || plain) return add(left, { offset: 0, terms: taken });
    // A multiple of four is seen as such, so that vectors are recognised behind it.
    const unit = taken.every((t) => t.coef % 4 === 0) ? 4 : 1;
    const terms = taken.map((t) => ({ coef: t.coef / unit, atom: t.atom }));
    const [lo, hi] = range({ offset: 0, terms });
    const part: Index = { offset: 0 - lo, terms };
    const key = indexKey(part);
    let known = parts.get(key);
    if (known === undefined) parts.set(key, (known = { name: newVar(hi - lo + 1), index: part }));
    return shift(add(left, scale(variable(known.name), unit)), lo * unit);
  };
  const memo = new Map<Expr, Expr>();
  return { expr: (e) => reindexed(e, index, memo), index, parts: () => [...parts.values()] };
};

/** Computes parts here; names for them and those of `base`. */
export const nameParts = (
  s: Shader,
  base: ReadonlyMap<number, string>,
  parts: readonly Part[],
): Map<number, string> => {
  const vars = new Map(base);
  const names: Names = { vars: base };
  for (const p of parts) {
    if (p.name.extent === 1) continue;
    const name = s.fresh('h');
    s.line(`let ${name} = ${renderIndex(s, names, p.index)};`);
    vars.set(p.name.id, name);
  }
  return vars;
};
