// Decides how a nest runs: which axis lies along the lanes, the order of the loops, how many vectors at a time. By estimated instructions a point.
import { byteSize, type DType } from '../../core/dtype.ts';
import { isOp, visit, type Expr } from '../../core/expr.ts';
import { count, type Index, type Var } from '../../core/index-expr.ts';
import type { Act, Nest, Part } from './canonical.ts';
import { coefficient, expressionVars } from './forms.ts';
import type { Load } from './guards.ts';

export interface StagePlan {
  /** In loop order; the vector axis, if any, is the last. */
  readonly order: readonly Var[];
  readonly vector: Var | null;
  readonly unroll: number;
}

export interface Strategy {
  readonly lanes: 2 | 4;
  /** In loop order; the vector axis of an outer strategy is the last. */
  readonly order: readonly Var[];
  readonly vector: Var | null;
  readonly unroll: number;
  /** The axis, second to last in order, along which square tiles are transposed in registers. */
  readonly tile: Var | null;
  readonly stages: readonly StagePlan[];
  /** Estimated instructions of the whole nest. */
  readonly cost: number;
}

interface Access {
  readonly index: Index;
  readonly size: number;
  readonly row: boolean;
  readonly guards: readonly Index[];
  readonly store: boolean;
}
interface StageInfo {
  readonly axes: readonly Var[];
  readonly accesses: readonly Access[];
  readonly ops: number;
  readonly reduces: number;
  readonly points: number;
}

const WEIGHT: Partial<Record<string, number>> = { div: 3, sqrt: 4, min: 3, max: 3, rem: 12 };

const infoOf = (part: Part, dtypeOf: (buffer: number) => DType): StageInfo => {
  const accesses: Access[] = [];
  let ops = 0;
  const seen = new Set<Expr>();
  const see = (e: Expr): void => {
    if (isOp(e)) ops += WEIGHT[e.op] ?? 1;
    else if (e.op === 'load') {
      const l = e as Load;
      const guards = [...l.guards, ...(l.safety ?? [])].map((g) => g.index);
      accesses.push({ index: e.index, size: byteSize(e.dtype), row: e.buffer < 0, guards, store: false });
      for (const t of e.index.terms) if (t.atom.kind === 'value') visit(t.atom.value, see, seen);
    }
  };
  for (const a of part.actions) {
    visit(a.value, see, seen);
    if (a.kind === 'store')
      accesses.push({ index: a.index, size: byteSize(dtypeOf(a.buffer)), row: a.buffer < 0, guards: [], store: true });
  }
  return {
    axes: part.axes,
    accesses,
    ops,
    reduces: part.actions.filter((a: Act) => a.kind === 'reduce').length,
    points: count(part.axes),
  };
};

type Kind = 'none' | 'unit' | 'reverse' | 'stride' | 'lanes';

const kindOf = (i: Index, v: Var, varsOf: (e: Expr) => ReadonlySet<number>): Kind => {
  const hidden = (j: Index): boolean =>
    j.terms.some(({ atom }) =>
      atom.kind === 'digit' ? inside(atom.of) : atom.kind === 'value' ? varsOf(atom.value).has(v.id) : false,
    );
  const inside = (j: Index): boolean => coefficient(j, v) !== 0 || hidden(j);
  if (hidden(i)) return 'lanes';
  const c = coefficient(i, v);
  return c === 0 ? 'none' : c === 1 ? 'unit' : c === -1 ? 'reverse' : 'stride';
};

export const unrollFor = (ops: number): number => (ops <= 10 ? 4 : ops <= 60 ? 2 : 1);

export const strategy = (n: Nest, lanes: 2 | 4, dtypeOf: (buffer: number) => DType): Strategy => {
  const varsOf = expressionVars();
  const stages = n.stages.map((s) => infoOf(s, dtypeOf));
  const outerPoints = count(n.outer);

  const vectorCost = (s: StageInfo, v: Var, outer: boolean): number => {
    let cost = s.ops + s.reduces;
    for (const a of s.accesses) {
      const kind: Kind = a.row && outer ? 'unit' : kindOf(a.index, v, varsOf);
      const far = Math.abs(coefficient(a.index, v)) * a.size >= 64 ? lanes : 0;
      cost +=
        kind === 'none'
          ? 0.3
          : kind === 'unit'
            ? 1
            : kind === 'reverse'
              ? 2
              : kind === 'stride'
                ? 2 * lanes + far
                : 3 * lanes + 4;
      if (a.guards.some((g) => kindOf(g, v, varsOf) !== 'none')) cost += 4;
    }
    return cost;
  };
  const vectors = (v: Var): number => Math.ceil(v.extent / lanes);

  // The reach of a loop in memory: long strides go outside.
  const reach = (v: Var, infos: readonly StageInfo[]): number =>
    infos.reduce(
      (m, s) =>
        m + s.accesses.reduce((k, a) => k + Math.abs(coefficient(a.index, v)) * a.size * (a.store ? 1.5 : 1), 0),
      0,
    );
  const byReach = (vs: readonly Var[], infos: readonly StageInfo[]): readonly Var[] => {
    const at = new Map(vs.map((v) => [v.id, reach(v, infos)]));
    return [...vs].sort((a, b) => at.get(b.id)! - at.get(a.id)!);
  };
  const last = (vs: readonly Var[], v: Var): readonly Var[] => [...vs.filter((x) => x.id !== v.id), v];

  // Lanes along an axis of the stages.
  let innerCost = 0;
  const inner = stages.map((s): StagePlan => {
    let best: Var | null = null;
    let bestCost = s.points * (s.ops + s.accesses.length + s.reduces * 1.5);
    for (const v of s.axes) {
      const cost =
        (s.points / Math.max(v.extent, 1)) * (vectors(v) * vectorCost(s, v, false) + 2) +
        (s.reduces > 0 ? 15 * s.reduces : 0);
      if (best === null || cost < bestCost) [best, bestCost] = [v, cost];
    }
    innerCost += outerPoints * (bestCost + 2);
    const order = byReach(s.axes, [s]);
    const most = s.reduces > 2 ? 2 : 4;
    return { order: best === null ? order : last(order, best), vector: best, unroll: Math.min(most, unrollFor(s.ops)) };
  });

  let bestAxis: Var | null = null;
  let bestCost = innerCost;
  const flat = stages.every((s) => s.axes.length === 0);
  for (const v of n.outer) {
    if (n.fixed.has(v.id)) continue;
    let cost = (outerPoints / Math.max(v.extent, 1)) * 2;
    for (const s of stages)
      cost += (outerPoints / Math.max(v.extent, 1)) * vectors(v) * s.points * (vectorCost(s, v, true) + 1);
    if (cost < bestCost || (flat && bestAxis === null)) [bestAxis, bestCost] = [v, cost];
  }
  const outerOrder = byReach(n.outer, stages);
  const fixedFirst = (vs: readonly Var[]): readonly Var[] => [
    ...vs.filter((v) => n.fixed.has(v.id)),
    ...vs.filter((v) => !n.fixed.has(v.id)),
  ];
  if (bestAxis === null)
    return { lanes, order: fixedFirst(outerOrder), vector: null, unroll: 1, tile: null, stages: inner, cost: bestCost };

  const ops = Math.max(...stages.map((s) => s.ops + s.accesses.length));
  const wide = ops <= 4 && !flat ? 8 : ops <= 14 ? 4 : ops <= 30 ? 2 : 1;
  const unroll = Math.max(1, Math.min(wide, vectors(bestAxis)));
  // A matrix read across its rows.
  const v = bestAxis;
  const across =
    flat && lanes === 4
      ? stages
          .flatMap((s) => s.accesses)
          .find((a) => !a.store && a.size === 4 && a.guards.length === 0 && kindOf(a.index, v, varsOf) === 'stride')
      : undefined;
  const tile =
    across === undefined
      ? null
      : (n.outer.find((t) => t !== v && !n.fixed.has(t.id) && t.extent >= 4 && coefficient(across.index, t) === 1) ??
        null);
  const order = last(outerOrder, bestAxis);
  return {
    lanes,
    tile,
    order: tile === null ? fixedFirst(order) : [...order.filter((x) => x !== tile && x !== v), tile, v],
    vector: bestAxis,
    unroll,
    stages: stages.map((s) => ({ order: byReach(s.axes, [s]), vector: null, unroll: 1 })),
    cost: bestCost,
  };
};
