// Loop kernels as functions: the loops of a strategy around the rendered actions, over a range [begin, end) of the outermost axis.
import { byteSize, type DType } from '../../core/dtype.ts';
import type { Index, Var } from '../../core/index-expr.ts';
import type { BufferInfo } from '../../jit/kernel.ts';
import type { Emitter, FuncHandle, ValueType } from '../encode.ts';
import { indexValue, lowerStore, type Memory, type Points } from './access.ts';
import { expressionVars, type Nest, type Part } from './canonical.ts';
import { graph, type Node } from './node.ts';
import { pointsOf } from './points.ts';
import { BLOCK, identityOf, reducer, type Reducer } from './reduce.ts';
import { emitStatements, set, type Statement, type StoreItem } from './statement.ts';
import type { StagePlan, Strategy } from './strategy.ts';

/** Parameters of a loop function: begin, end, row scratch, then one address a buffer. */
export const LOOP_PARAMS = 3;

export interface LoopSpec {
  readonly nest: Nest;
  readonly strategy: Strategy;
  readonly buffers: readonly number[];
  readonly info: (buffer: number) => BufferInfo;
  readonly fmod: () => FuncHandle;
  readonly relaxed: boolean;
}

interface Bound {
  readonly node: Node;
  readonly offset: number;
}
type Env = ReadonlyMap<number, Bound>;

/** One vector of a section: where its lane 0 is on the vector axis, and how many lanes are points. */
interface Copy {
  readonly env: Env;
  readonly valid: number;
  readonly row?: number;
}

const alignUp = (n: number): number => Math.ceil(n / 16) * 16;

/** Bytes of row scratch, and where each row begins. */
export const rowLayout = (
  nest: Nest,
  s: Strategy,
): { readonly bytes: number; readonly at: ReadonlyMap<number, number> } => {
  const at = new Map<number, number>();
  let bytes = 0;
  for (const row of nest.rows.values()) {
    at.set(row.id, bytes);
    bytes +=
      s.vector !== null
        ? row.length * 16 * s.unroll * (s.tile === null ? 1 : 4)
        : alignUp(row.length * byteSize(row.dtype) + 16);
  }
  return { bytes, at };
};

/** Writes the body of a loop function. */
export const emitLoop = (f: Emitter, spec: LoopSpec): void => {
  const { nest, strategy: plan, buffers } = spec;
  const { lanes } = plan;
  const g = graph();
  const varsOf = expressionVars();
  const newLocal = (type: ValueType): number => f.local(type);
  const parameter = (i: number): Node => g.stable('i32', i, 0);
  const layout = rowLayout(nest, plan);
  const ops = { g, lanes, fmod: spec.fmod, relaxed: spec.relaxed };
  const bases = new Map(buffers.map((b, i) => [b, parameter(LOOP_PARAMS + i)]));
  // Rows are written anew at every few points: what was loaded of them before is not to be used again, hence a level of its own each time.
  let rowLevel = 0;
  let written = 0;

  const memory = (buffer: number, copy: number, copies: number): Memory => {
    const row = nest.rows.get(buffer);
    if (row === undefined) {
      const { dtype, length } = spec.info(buffer);
      return { dtype, length, base: bases.get(buffer)! };
    }
    const base = g.add(parameter(2), g.i32(layout.at.get(buffer)!));
    const common = { dtype: row.dtype, length: row.length, base, level: rowLevel };
    return plan.vector === null ? common : { ...common, vector: { stride: 16 * copies, offset: 16 * copy } };
  };

  // A loop over a range that is known, or no loop where one round is enough.
  const range = (
    v: Var,
    env: Env,
    level: number,
    body: (env: Env, level: number) => readonly Statement[],
  ): readonly Statement[] => {
    if (v.extent === 1) return body(new Map(env).set(v.id, { node: g.i32(0), offset: 0 }), level);
    const local = newLocal('i32');
    const inner = new Map(env).set(v.id, { node: g.stable('i32', local, level + 1), offset: 0 });
    return [{ kind: 'loop', local, from: g.i32(0), to: g.i32(v.extent), step: 1, body: body(inner, level + 1) }];
  };

  // The vector axis: whole rounds of `unroll` vectors, the vectors left over, and the last lanes.
  const vectors = (
    v: Var,
    env: Env,
    level: number,
    unroll: number,
    dynamic: { readonly begin: Node; readonly end: Node } | null,
    body: (copies: readonly Copy[], level: number) => readonly Statement[],
    around: (
      rounds: number,
      loop: (from: Node, to: Node, level: number) => Statement,
      level: number,
    ) => readonly Statement[] = (rounds, loop, at) => [loop(g.i32(0), g.i32(rounds * unroll * lanes), at)],
  ): readonly Statement[] => {
    const step = unroll * lanes;
    const copy = (node: Node, offset: number, valid: number = lanes): Copy => ({
      env: new Map(env).set(v.id, { node, offset }),
      valid,
    });
    const several = (node: Node, count: number): readonly Copy[] =>
      Array.from({ length: count }, (_, u) => copy(node, u * lanes));
    const left = v.extent % lanes;
    if (dynamic !== null) {
      const { begin, end } = dynamic;
      const local = newLocal('i32');
      const count = g.op('i32.sub', end, begin);
      const whole = g.add(begin, g.op('i32.and', count, g.i32(-lanes)));
      const rounds = unroll === 1 ? whole : g.add(begin, g.op('i32.sub', count, g.op('i32.rem_u', count, g.i32(step))));
      const i = g.stable('i32', local, level + 1);
      const out: Statement[] = [];
      if (v.extent >= step)
        out.push({ kind: 'loop', local, from: begin, to: rounds, step, body: body(several(i, unroll), level + 1) });
      if (unroll > 1 && v.extent >= lanes) {
        const rest = newLocal('i32');
        const j = g.stable('i32', rest, level + 1);
        out.push({
          kind: 'loop',
          local: rest,
          from: rounds,
          to: whole,
          step: lanes,
          body: body([copy(j, 0)], level + 1),
        });
      }
      if (left > 0)
        out.push({ kind: 'if', condition: g.op('i32.lt_s', whole, end), body: body([copy(whole, 0, left)], level) });
      return out;
    }
    const total = Math.floor(v.extent / lanes);
    const rounds = Math.floor(total / unroll);
    const out: Statement[] = [];
    if (rounds === 1) out.push(...body(several(g.i32(0), unroll), level));
    else if (rounds > 1) {
      const loop = (from: Node, to: Node, at: number): Statement => {
        const local = newLocal('i32');
        return {
          kind: 'loop',
          local,
          from,
          to,
          step,
          body: body(several(g.stable('i32', local, at + 1), unroll), at + 1),
        };
      };
      out.push(...around(rounds, loop, level));
    }
    const rest = Array.from({ length: total - rounds * unroll }, (_, u) =>
      copy(g.i32(0), (rounds * unroll + u) * lanes),
    );
    if (left > 0) rest.push(copy(g.i32(0), total * lanes, left));
    for (let i = 0; i < rest.length; i += unroll) out.push(...body(rest.slice(i, i + unroll), level));
    return out;
  };

  type Locals = Map<number, Node>;
  /** All stages at an outer point (one copy, uniform) or at a few vectors of them. */
  const stages = (copies: readonly Copy[], level: number): readonly Statement[] => {
    rowLevel = level + ++written * 2 ** -20;
    const locals: readonly Locals[] = copies.map(() => new Map<number, Node>());
    return nest.stages.flatMap((part, i) => stage(part, plan.stages[i]!, copies, locals, level));
  };

  const stage = (
    part: Part,
    how: StagePlan,
    outer: readonly Copy[],
    locals: readonly Locals[],
    level: number,
  ): readonly Statement[] => {
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
    const act = (copy: Copy, k: number, vector: Var | null, depth: number): readonly Statement[] => {
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
      void depth;
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
    // A loop of many rounds in blocks, with a flush after each.
    const blocked = (
      to: number,
      size: number,
      loop: (from: Node, to: Node, at: number) => Statement,
      at: number,
    ): readonly Statement[] => {
      const b = newLocal('i32');
      const from = g.stable('i32', b, at + 1);
      const end = g.add(from, g.i32(size));
      const stop = to % size === 0 ? end : g.op('select', end, g.i32(to), g.op('i32.lt_s', end, g.i32(to)));
      return [
        {
          kind: 'loop',
          local: b,
          from: g.i32(0),
          to: g.i32(to),
          step: size,
          body: [loop(from, stop, at + 1), ...flushAll()],
        },
      ];
    };

    const merge = (copy: Copy, env: Env): Copy => ({ ...copy, env: new Map([...copy.env, ...env]) });
    const nestLoops = (i: number, env: Env, at: number): readonly Statement[] => {
      const v = how.order[i];
      if (v === undefined)
        return lanewise
          ? outer.flatMap((c, k) => act(merge(c, env), k, plan.vector, at))
          : act(merge(outer[0]!, env), 0, null, at);
      const final = i === how.order.length - 1;
      if (final && how.vector !== null) {
        const full = new Map([...outer[0]!.env, ...env]);
        const body = (copies: readonly Copy[], depth: number): readonly Statement[] =>
          copies.flatMap((c, k) => act(c, k, v, depth));
        if (!needsFlush) return vectors(v, full, at, how.unroll, null, body);
        const step = how.unroll * lanes;
        const rounds = Math.floor(v.extent / step);
        if (rounds > BLOCK)
          return vectors(v, full, at, how.unroll, null, body, (n, loop, depth) =>
            blocked(n * step, BLOCK * step, loop, depth),
          );
        const inside = vectors(v, full, at, how.unroll, null, body);
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
        if (v.extent > BLOCK) return blocked(v.extent, BLOCK, loop, at);
        return [loop(g.i32(0), g.i32(v.extent), at), ...counted(Math.max(1, Math.floor(BLOCK / v.extent)))];
      }
      return range(v, env, at, (inner, depth) => nestLoops(i + 1, inner, depth));
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

  const begin = parameter(0);
  const end = parameter(1);
  // Four steps of the tile's axis at a time, and those left over one by one.
  const tiles = (t: Var, v: Var, env: Env, level: number, from: Node, to: Node): readonly Statement[] => {
    const whole = g.add(from, g.op('i32.and', g.op('i32.sub', to, from), g.i32(-4)));
    const loop = (start: Node, stop: Node, step: number, rows: readonly (number | undefined)[]): Statement => {
      const local = newLocal('i32');
      const node = g.stable('i32', local, level + 1);
      const inner = new Map(env).set(t.id, { node, offset: 0 });
      const body = (copies: readonly Copy[], at: number): readonly Statement[] =>
        stages(
          copies.flatMap((c) =>
            rows.map((row): Copy =>
              row === undefined ? c : { env: new Map(c.env).set(t.id, { node, offset: row }), valid: c.valid, row },
            ),
          ),
          at,
        );
      return {
        kind: 'loop',
        local,
        from: start,
        to: stop,
        step,
        body: vectors(v, inner, level + 1, plan.unroll, null, body),
      };
    };
    return [loop(from, whole, 4, [0, 1, 2, 3]), ...(t.extent % 4 === 0 ? [] : [loop(whole, to, 1, [undefined])])];
  };

  const outer = (i: number, env: Env, level: number): readonly Statement[] => {
    const v = plan.order[i];
    if (plan.tile !== null && v === plan.tile)
      return tiles(v, plan.vector!, env, level, i === 0 ? begin : g.i32(0), i === 0 ? end : g.i32(v.extent));
    if (v === undefined) return stages([{ env, valid: 1 }], level);
    if (v === plan.vector) return vectors(v, env, level, plan.unroll, i === 0 ? { begin, end } : null, stages);
    if (i > 0) return range(v, env, level, (inner, at) => outer(i + 1, inner, at));
    const local = newLocal('i32');
    const inner = new Map(env).set(v.id, { node: g.stable('i32', local, level + 1), offset: 0 });
    return [{ kind: 'loop', local, from: begin, to: end, step: 1, body: outer(1, inner, level + 1) }];
  };
  emitStatements(f, outer(0, new Map(), 0));
};

/** 2 lanes where any value is float64, else 4. */
export const lanesOf = (dtypes: Iterable<DType>): 2 | 4 => {
  for (const d of dtypes) if (d === 'float64') return 2;
  return 4;
};
