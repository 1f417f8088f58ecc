// Loops over one axis: plain, in blocks, or along the vector axis in whole rounds of several vectors, the vectors left over and the last lanes.
import type { Var } from '../../core/index-expr.ts';
import type { ValueType } from '../encode.ts';
import type { Graph, Node } from './node.ts';
import type { Statement } from './statement.ts';

/** The value of a loop variable: node + offset. */
export interface Bound {
  readonly node: Node;
  readonly offset: number;
}
export type Env = ReadonlyMap<number, Bound>;

/** One vector of a section: where its lane 0 is on the vector axis, and how many lanes are points. */
export interface Copy {
  readonly env: Env;
  readonly valid: number;
  /** In a square tile: which of its rows. */
  readonly row?: number;
}

/** What the loops are written with. */
export interface Sections {
  readonly g: Graph;
  readonly newLocal: (type: ValueType) => number;
  readonly lanes: 2 | 4;
}

export type Body = (copies: readonly Copy[], level: number) => readonly Statement[];
export type MakeLoop = (from: Node, to: Node, level: number) => Statement;

/** A loop over a range that is known, or no loop where one round is enough. */
export const rangeLoop = (
  { g, newLocal }: Sections,
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

/** The vector axis; `around` may put loops of its own around the whole rounds. */
export const vectorLoops = (
  { g, newLocal, lanes }: Sections,
  v: Var,
  env: Env,
  level: number,
  unroll: number,
  dynamic: { readonly begin: Node; readonly end: Node } | null,
  body: Body,
  around: (rounds: number, loop: MakeLoop, level: number) => readonly Statement[] = (rounds, loop, at) => [
    loop(g.i32(0), g.i32(rounds * unroll * lanes), at),
  ],
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
  const rest = Array.from({ length: total - rounds * unroll }, (_, u) => copy(g.i32(0), (rounds * unroll + u) * lanes));
  if (left > 0) rest.push(copy(g.i32(0), total * lanes, left));
  for (let i = 0; i < rest.length; i += unroll) out.push(...body(rest.slice(i, i + unroll), level));
  return out;
};

/** A loop of many rounds in blocks, with something after each. */
export const blockedLoop = (
  { g, newLocal }: Sections,
  to: number,
  size: number,
  loop: MakeLoop,
  at: number,
  after: () => readonly Statement[],
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
      body: [loop(from, stop, at + 1), ...after()],
    },
  ];
};
