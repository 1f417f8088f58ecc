// Functions over a run-time rectangle of a two-level iteration space: what a matrix product calls to fill blocks of its operands and to finish blocks of its result.
import type { Expr } from '../../core/expr.ts';
import {
  add,
  count,
  linearize,
  newVar,
  scale,
  substitute,
  unlinearize,
  variable,
  type Index,
  type Var,
} from '../../core/index-expr.ts';
import { rewriter } from '../../core/rewrite.ts';
import type { BufferInfo } from '../../jit/kernel.ts';
import type { FuncHandle, ValueType } from '../encode.ts';
import { lowerStore } from './access.ts';
import type { Memory } from './index-code.ts';
import { mapIndexes } from './canonical.ts';
import { expressionVars } from './forms.ts';
import { pushGuards } from './guards.ts';
import { graph, type Node } from './node.ts';
import { pointsOf } from './points.ts';
import { emitStatements, type Statement, type StoreItem } from './statement.ts';
import { unrollFor } from './strategy.ts';
import type { Unit } from './unit.ts';

/** The block in scratch that a grid function writes or reads: element (slow, fast) at slow * stride + fast from its address. */
export const BLOCK_BUFFER = -1_000_000;

export interface GridSpec {
  readonly unit: Unit;
  readonly name: string;
  readonly lanes: 2 | 4;
  readonly batch: readonly Var[];
  readonly slow: readonly Var[];
  readonly fast: readonly Var[];
  /** Elements of the block between steps of the slow axis. */
  readonly stride: number;
  readonly block: BufferInfo;
  readonly buffers: readonly number[];
  /** All of the fast axis at every call. */
  readonly whole: boolean;
  readonly ops: number;
  /** `position` is the index of the current element in the block. */
  readonly actions: (
    position: Index,
  ) => readonly { readonly buffer: number; readonly index: Index; readonly value: Expr }[];
}

const PARAMS = 6;

/**
 * (slow0, slow1, fast0, fast1, batch, block, ...buffers): `block` is where element (0, 0) of the block would be.
 */
export const gridFunction = (spec: GridSpec): FuncHandle => {
  const { unit: u, lanes } = spec;
  const extents = (vs: readonly Var[]): readonly number[] => vs.map((v) => v.extent);
  const last = spec.fast[spec.fast.length - 1];
  const run = last?.extent ?? 1;
  const s = newVar(count(spec.slow));
  const q = newVar(count(spec.fast) / run);
  const c = newVar(run);
  const b = newVar(count(spec.batch));
  const values = new Map<number, Index>();
  const assign = (vs: readonly Var[], position: Index): void =>
    unlinearize(position, extents(vs)).forEach((x, i) => values.set(vs[i]!.id, x));
  assign(spec.slow, variable(s));
  assign(spec.fast.slice(0, -1), variable(q));
  if (last !== undefined) values.set(last.id, variable(c));
  assign(spec.batch, variable(b));
  const by = (v: Var): Index | undefined => values.get(v.id);
  const position = add(scale(variable(s), spec.stride), linearize([variable(q), variable(c)], [q.extent, run]));

  const length = (id: number): number => (id === BLOCK_BUFFER ? Infinity : u.info(id).length);
  const walk = mapIndexes(by);
  const actions = spec.actions(position).map((a) => ({
    buffer: a.buffer,
    index: a.buffer === BLOCK_BUFFER ? a.index : substitute(a.index, by, walk),
    value: walk(pushGuards(a.value, length)),
  }));

  const params = new Array<ValueType>(PARAMS + spec.buffers.length).fill('i32');
  return u.m.func(spec.name, params, [], (f) => {
    const g = graph(u.relaxed);
    const parameter = (i: number): Node => g.stable('i32', i, 0);
    const [s0, s1, f0, f1, batch, block] = [0, 1, 2, 3, 4, 5].map(parameter) as [Node, Node, Node, Node, Node, Node];
    const bases = new Map(spec.buffers.map((id, i) => [id, parameter(PARAMS + i)]));
    const memory = (id: number): Memory =>
      id === BLOCK_BUFFER
        ? { dtype: spec.block.dtype, length: Infinity, base: block }
        : { dtype: u.info(id).dtype, length: u.info(id).length, base: bases.get(id)! };
    const varsOf = expressionVars();
    const env = new Map<number, { node: Node; offset: number }>([[b.id, { node: batch, offset: 0 }]]);
    const context = { g, lanes, fmod: u.fmod, relaxed: u.relaxed };

    const act = (node: Node, offset: number, valid: number): readonly Statement[] => {
      const points = pointsOf({
        g,
        ops: context,
        lanes,
        valid,
        vector: run === 1 ? null : c,
        varsOf,
        memory,
        at: (v) => (v.id === c.id ? { node, offset } : env.get(v.id)!),
        local: () => {
          throw new Error('wasm: a contraction has no locals');
        },
      });
      const items: StoreItem[] = actions.flatMap((a) => [
        ...lowerStore(points, a.buffer, a.index, points.expr(a.value)),
      ]);
      return [{ kind: 'stores', items }];
    };
    const newLocal = (): number => f.local('i32');
    const unroll = Math.min(unrollFor(spec.ops), 4);
    const step = unroll * lanes;

    const several = (node: Node, offset: number, count: number): readonly Statement[] =>
      Array.from({ length: count }, (_, k) => act(node, offset + k * lanes, lanes)).flat();
    const along = (lo: Node, hi: Node, level: number, known: number | null): readonly Statement[] => {
      const out: Statement[] = [];
      if (run === 1) {
        // No run to speak of: one element, where the range holds it.
        return act(g.i32(0), 0, 1);
      }
      const loop = (from: Node, to: Node, by2: number, body: (i: Node) => readonly Statement[]): void => {
        const local = newLocal();
        out.push({ kind: 'loop', local, from, to, step: by2, body: body(g.stable('i32', local, level + 1)) });
      };
      if (known !== null) {
        const vectors = Math.floor(known / lanes);
        const rounds = Math.floor(vectors / unroll);
        if (rounds > 1) loop(g.i32(0), g.i32(rounds * step), step, (i) => several(i, 0, unroll));
        else if (rounds === 1) out.push(...several(g.i32(0), 0, unroll));
        out.push(...several(g.i32(0), rounds * step, vectors - rounds * unroll));
        if (known % lanes > 0) out.push(...act(g.i32(0), vectors * lanes, known % lanes));
        return out;
      }
      const count = g.op('i32.sub', hi, lo);
      const upTo = (multiple: number): Node => g.add(lo, g.op('i32.and', count, g.i32(-multiple)));
      if (unroll > 1) loop(lo, upTo(step), step, (i) => several(i, 0, unroll));
      loop(unroll > 1 ? upTo(step) : lo, upTo(lanes), lanes, (i) => several(i, 0, 1));
      loop(upTo(lanes), hi, 1, (i) => act(i, 0, 1));
      return out;
    };

    const fastLoops = (level: number): readonly Statement[] => {
      if (q.extent === 1) return along(f0, f1, level, spec.whole ? run : null);
      const local = newLocal();
      const i = g.stable('i32', local, level + 1);
      env.set(q.id, { node: i, offset: 0 });
      if (spec.whole)
        return [
          {
            kind: 'loop',
            local,
            from: g.i32(0),
            to: g.i32(q.extent),
            step: 1,
            body: along(g.i32(0), g.i32(run), level + 1, run),
          },
        ];
      const at = g.times(i, run);
      const first = g.op('i32.sub', f0, at);
      const end = g.op('i32.sub', f1, at);
      const lo = g.op('select', first, g.i32(0), g.op('i32.gt_s', first, g.i32(0)));
      const hi = g.op('select', end, g.i32(run), g.op('i32.lt_s', end, g.i32(run)));
      const from = run === 1 ? f0 : g.op('i32.div_u', f0, g.i32(run));
      const to = run === 1 ? f1 : g.op('i32.div_u', g.add(f1, g.i32(run - 1)), g.i32(run));
      return [{ kind: 'loop', local, from, to, step: 1, body: along(lo, hi, level + 1, null) }];
    };
    if (s.extent === 1) {
      emitStatements(f, fastLoops(0));
      return;
    }
    const local = newLocal();
    env.set(s.id, { node: g.stable('i32', local, 1), offset: 0 });
    emitStatements(f, [{ kind: 'loop', local, from: s0, to: s1, step: 1, body: fastLoops(1) }]);
  });
};

/** Replaces the accumulated sum by the block's element. */
export const withAcc = (e: Expr, position: Index): Expr =>
  rewriter((x) =>
    x.op === 'acc' ? { op: 'load', dtype: x.dtype, buffer: BLOCK_BUFFER, index: position, guards: [], fill: 0 } : x,
  ).expr(e);
