// Which matrices a contraction's operands are: its axes in canonical form, and in the order in which most operands can be read in place.
import type { DType } from '../../core/dtype.ts';
import { visit, type Expr } from '../../core/expr.ts';
import type { Index, Var } from '../../core/index-expr.ts';
import type { ContractKernel } from '../../jit/kernel.ts';
import { canonical, type Nest } from './canonical.ts';
import { coefficient } from './forms.ts';

// The contraction's axes and expressions in canonical form, by way of a nest with one stage a group of axes.
export const simplified = (k: ContractKernel): ContractKernel => {
  const store = (
    value: Expr,
  ): { kind: 'reduce'; op: 'sum'; value: Expr; local: number; dtype: DType; position: Index } => ({
    kind: 'reduce',
    op: 'sum',
    value,
    local: 0,
    dtype: k.dtype,
    position: { offset: 0, terms: [] },
  });
  const long = (vs: readonly Var[]): readonly Var[] => vs.filter((v) => v.extent !== 1);
  const nest: Nest = {
    name: k.name,
    rows: new Map(),
    fixed: new Set(),
    outer: long(k.batch),
    stages: [
      { axes: long(k.m), actions: [store(k.a)] },
      { axes: long(k.n), actions: [store(k.b)] },
      { axes: long(k.k), actions: k.epilogue },
    ],
  };
  const c = canonical(nest);
  const [m, n, kk] = c.stages as [Nest['stages'][number], Nest['stages'][number], Nest['stages'][number]];
  const value = (s: Nest['stages'][number]): Expr => s.actions[0]!.value;
  return {
    ...k,
    batch: c.outer,
    m: m.axes,
    n: n.axes,
    k: kk.axes,
    a: value(m),
    b: value(n),
    epilogue: kk.actions as ContractKernel['epilogue'],
  };
};

/** The step of a group of axes in an index when they are walked through row-major as one; null if it is not one step. */
const stepOf = (i: Index, vs: readonly Var[]): number | null => {
  if (vs.length === 0) return 0;
  let step = coefficient(i, vs[vs.length - 1]!);
  const first = step;
  for (let j = vs.length - 1; j > 0; j--) {
    step *= vs[j]!.extent;
    if (coefficient(i, vs[j - 1]!) !== step) return null;
  }
  return first;
};
const isAffine = (i: Index): boolean => i.terms.every((t) => t.atom.kind === 'var');

/** An operand that is a matrix in memory: steps in elements. */
export interface Strided {
  readonly buffer: number;
  readonly offset: number;
  readonly row: number;
  readonly column: number;
  readonly batch: readonly number[];
}
const stridedLoad = (e: Expr, batch: readonly Var[], rows: readonly Var[], columns: readonly Var[]): Strided | null => {
  if (e.op !== 'load' || e.guards.length > 0 || !isAffine(e.index)) return null;
  const row = stepOf(e.index, rows);
  const column = stepOf(e.index, columns);
  const steps = batch.map((v) => coefficient(e.index, v));
  if (row === null || column === null || row < 0 || column < 0 || steps.some((s) => s < 0)) return null;
  return { buffer: e.buffer, offset: e.index.offset, row, column, batch: steps };
};

const orders = (vs: readonly Var[]): readonly (readonly Var[])[] =>
  vs.length > 4
    ? [vs]
    : vs.length <= 1
      ? [vs]
      : vs.flatMap((v) => orders(vs.filter((w) => w !== v)).map((rest) => [v, ...rest]));

/** How many of an expression's loads step by one along an axis. */
export const unitLoads = (e: Expr, v: Var | undefined): number => {
  let n = 0;
  if (v !== undefined)
    visit(e, (x) => void (x.op === 'load' && coefficient(x.index, v) === 1 && (n += v.extent >= 4 ? 1 : 0.3)));
  return n;
};

export interface Arranged {
  readonly kernel: ContractKernel;
  readonly a: Strided | null;
  readonly b: Strided | null;
  readonly c: Strided | null;
}

export const last = (vs: readonly Var[]): Var | undefined => vs[vs.length - 1];

const shapeOf = (kernel: ContractKernel): Arranged => {
  const { batch, m, n, k, a, b, epilogue } = kernel;
  const only = epilogue.length === 1 && epilogue[0]!.value.op === 'acc' ? epilogue[0]! : null;
  let c: Strided | null = null;
  if (only !== null && isAffine(only.index)) {
    const row = stepOf(only.index, m);
    const column = stepOf(only.index, n);
    const steps = batch.map((v) => coefficient(only.index, v));
    if (row !== null && column !== null && row >= 0 && (column === 1 || n.length === 0) && steps.every((s) => s >= 0))
      c = { buffer: only.buffer, offset: only.index.offset, row, column, batch: steps };
  }
  return { kernel, a: stridedLoad(a, batch, m, k), b: stridedLoad(b, batch, k, n), c };
};

// Among the orders of each group's axes (and the exchange of the operands), the one with most operands in place and most contiguous runs.
export const arrange = (given: ContractKernel): Arranged => {
  let best: Arranged | null = null;
  let bestScore = -1;
  for (const swap of [false, true]) {
    const base: ContractKernel = swap ? { ...given, m: given.n, n: given.m, a: given.b, b: given.a } : given;
    for (const m of orders(base.m)) {
      for (const n of orders(base.n)) {
        for (const k of orders(base.k)) {
          const s = shapeOf({ ...base, m, n, k });
          let score = swap ? 0 : 0.1;
          score += s.a !== null ? 8 : 3 * Math.min(1, Math.max(unitLoads(base.a, last(k)), unitLoads(base.a, last(m))));
          score += s.b !== null ? (s.b.column === 1 ? 8.5 : 8) : 3 * Math.min(1, unitLoads(base.b, last(n)));
          score += s.c !== null ? 4 : 0;
          const inner = last(n);
          if (inner !== undefined) score += 2 * base.epilogue.filter((e) => coefficient(e.index, inner) === 1).length;
          if (score > bestScore) [best, bestScore] = [s, score];
        }
      }
    }
  }
  return best!;
};
