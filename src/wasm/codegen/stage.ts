// One stage of a loop kernel: its loops, its reductions with their flushes, and its actions at every vector.
import type { Expr } from '../../core/expr.ts';
import type { Index, Var } from '../../core/index-expr.ts';
import { lowerStore } from './access.ts';
import type { Memory } from './index-code.ts';
import type { Part } from './canonical.ts';
import { indexValue, type Points } from './index-code.ts';
import type { Node } from './node.ts';
import type { OpContext } from './ops.ts';
import { pointsOf } from './points.ts';
import { BLOCK, identityOf, reducer, type Reducer } from './reduce.ts';
import { blockedLoop, rangeLoop, vectorLoops, type Body, type Copy, type Env, type Sections } from './sections.ts';
import { set, type Statement, type StoreItem } from './statement.ts';
import type { StagePlan, Strategy } from './strategy.ts';

export interface StageContext extends Sections {
  readonly plan: Strategy;
  readonly ops: OpContext;
  readonly varsOf: (e: Expr) => ReadonlySet<number>;
  /** A buffer as copy `copy` of `copies` sees it. */
  readonly memory: (buffer: number, copy: number, copies: number) => Memory;
}

/** Results of reductions at a point. */
export type Locals = Map<number, Node>;

/** The statements of one stage at outer points: a vector's worth of them a copy, or (without a vector axis outside) a single one. */
export const stageStatements = (
  c: StageContext,
  part: Part,
  how: StagePlan,
  outer: readonly Copy[],
  locals: readonly Locals[],
  level: number,
): readonly Statement[] => {
  const { g, newLocal, lanes, ops, varsOf, plan, memory } = c;
  const reduces = part.actions.filter((a) => a.kind === 'reduce');
  const lanewise = plan.vector !== null;
  if (part.axes.some((v) => v.extent === 0)) {
    for (const a of reduces)
      for (const l of locals) l.set(a.local, identityOf(g, a.op, a.op.startsWith('arg') ? 'int32' : a.dtype));
    return [];
  }
  const across = !lanewise && how.vector !== null;
  const accumulators = across ? Math.min(how.unroll, Math.ceil(how.vector!.extent / lanes)) : 1;
  const perLane = part.axes.reduce(
    (n, v) => n * (v === how.vector ? Math.ceil(v.extent / (lanes * accumulators)) : v.extent),
    1,
  );
  const ascending = how.order.every((v, i) => v === part.axes[i]);
  const flushes = (a: (typeof reduces)[number]): boolean =>
    a.op === 'sum' && (a.dtype === 'float32' || a.dtype === 'float64') && perLane > BLOCK;
  const reducers: Reducer[][] = reduces.map((a) =>
    (lanewise ? outer : [outer[0]!]).map(() =>
      reducer({
        g,
        newLocal,
        lanes,
        op: a.op,
        dtype: a.dtype,
        valueType: a.value.dtype,
        accumulators,
        flushed: flushes(a),
        across,
        level,
        long: perLane >= 16,
        ascending,
      }),
    ),
  );
  const all = reducers.flat();
  const needsFlush = reduces.some(flushes);
  const flushAll = (): readonly Statement[] =>
    reducers.flatMap((list, i) => (flushes(reduces[i]!) ? list.flatMap((r) => r.flush()) : []));

  // The actions at one vector (copy k): reductions first, since a store may lie over an input.
  const act = (copy: Copy, k: number, vector: Var | null): readonly Statement[] => {
    const points = pointsOf({
      g,
      ops,
      lanes,
      vector,
      varsOf,
      valid: vector === null ? 1 : copy.valid,
      ...(copy.row === undefined ? {} : { tile: { axis: plan.tile!, row: copy.row } }),
      at: (v) => copy.env.get(v.id)!,
      memory: (b) => memory(b, lanewise ? k : 0, lanewise ? outer.length : 1),
      local: (l) => locals[lanewise ? k : 0]!.get(l)!,
    });
    const updates: Statement[] = [];
    const items: StoreItem[] = [];
    let n = 0;
    for (const a of part.actions) {
      const value = points.expr(a.value);
      if (a.kind === 'store') items.push(...lowerStore(points, a.buffer, a.index, value));
      else {
        const r = reducers[n++]!;
        updates.push(
          ...(lanewise
            ? r[k]!.update(0, value, copy.valid, () => position(points, a.position))
            : r[0]!.update(k, value, copy.valid, () => position(points, a.position))),
        );
      }
    }
    return items.length === 0 ? updates : [...updates, { kind: 'stores', items }];
  };
  const position = (points: Points, i: Index): Node => indexValue(points, i);

  const counter = newLocal('i32');
  // Flushes after every so many rounds of the loops inside.
  const counted = (every: number): readonly Statement[] => [
    set(counter, g.op('i32.add', g.mutable('i32', counter), g.i32(1))),
    {
      kind: 'if',
      condition: g.op('i32.ge_s', g.mutable('i32', counter), g.i32(every)),
      body: [...flushAll(), set(counter, g.i32(0))],
    },
  ];
  const merge = (copy: Copy, env: Env): Copy => ({ ...copy, env: new Map([...copy.env, ...env]) });
  const nestLoops = (i: number, env: Env, at: number): readonly Statement[] => {
    const v = how.order[i];
    if (v === undefined)
      return lanewise
        ? outer.flatMap((copy, k) => act(merge(copy, env), k, plan.vector))
        : act(merge(outer[0]!, env), 0, null);
    const final = i === how.order.length - 1;
    if (final && how.vector !== null) {
      const full = new Map([...outer[0]!.env, ...env]);
      const body: Body = (copies) => copies.flatMap((copy, k) => act(copy, k, v));
      if (!needsFlush) return vectorLoops(c, v, full, at, how.unroll, null, body);
      const step = how.unroll * lanes;
      const rounds = Math.floor(v.extent / step);
      if (rounds > BLOCK)
        return vectorLoops(c, v, full, at, how.unroll, null, body, (n, loop, depth) =>
          blockedLoop(c, n * step, BLOCK * step, loop, depth, flushAll),
        );
      const inside = vectorLoops(c, v, full, at, how.unroll, null, body);
      return how.order.length === 1
        ? inside
        : [...inside, ...counted(Math.max(1, Math.floor(BLOCK / Math.ceil(v.extent / step))))];
    }
    if (final && needsFlush) {
      const loop = (from: Node, to: Node, depth: number): Statement => {
        const local = newLocal('i32');
        const inner = new Map(env).set(v.id, { node: g.stable('i32', local, depth + 1), offset: 0 });
        return { kind: 'loop', local, from, to, step: 1, body: nestLoops(i + 1, inner, depth + 1) };
      };
      if (v.extent > BLOCK) return blockedLoop(c, v.extent, BLOCK, loop, at, flushAll);
      return [loop(g.i32(0), g.i32(v.extent), at), ...counted(Math.max(1, Math.floor(BLOCK / v.extent)))];
    }
    return rangeLoop(c, v, env, at, (inner, depth) => nestLoops(i + 1, inner, depth));
  };

  const out: Statement[] = all.flatMap((r) => [...r.init()]);
  if (needsFlush) out.push(set(counter, g.i32(0)));
  out.push(...nestLoops(0, new Map(), level));
  reducers.forEach((list, i) =>
    list.forEach((r, k) => {
      const { statements, value } = r.finish();
      out.push(...statements);
      locals[k]!.set(reduces[i]!.local, value);
    }),
  );
  return out;
};
