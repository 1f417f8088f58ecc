// Loop kernels as functions: the loops of a strategy around the rendered actions, over a range [begin, end) of the outermost axis.
import { byteSize, type DType } from '../../core/dtype.ts';
import type { Var } from '../../core/index-expr.ts';
import type { BufferInfo } from '../../jit/kernel.ts';
import type { Emitter, FuncHandle, ValueType } from '../encode.ts';
import type { Memory } from './index-code.ts';
import type { Nest } from './canonical.ts';
import { expressionVars } from './forms.ts';
import { graph, type Node } from './node.ts';
import { rangeLoop, vectorLoops, type Copy, type Env } from './sections.ts';
import { stageStatements, type Locals, type StageContext } from './stage.ts';
import { emitStatements, type Statement } from './statement.ts';
import type { Strategy } from './strategy.ts';

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
  const g = graph(spec.relaxed);
  const varsOf = expressionVars(plan.vector);
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

  const c: StageContext = { g, newLocal, lanes, ops, varsOf, plan, memory };

  /** All stages at an outer point (one copy, uniform) or at a few vectors of them. */
  const stages = (copies: readonly Copy[], level: number): readonly Statement[] => {
    rowLevel = level + ++written * 2 ** -20;
    const locals: readonly Locals[] = copies.map(() => new Map<number, Node>());
    return nest.stages.flatMap((part, i) => stageStatements(c, part, plan.stages[i]!, copies, locals, level));
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
          copies.flatMap((copy) =>
            rows.map((row): Copy =>
              row === undefined
                ? copy
                : { env: new Map(copy.env).set(t.id, { node, offset: row }), valid: copy.valid, row },
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
        body: vectorLoops(c, v, inner, level + 1, plan.unroll, null, body),
      };
    };
    return [loop(from, whole, 4, [0, 1, 2, 3]), ...(t.extent % 4 === 0 ? [] : [loop(whole, to, 1, [undefined])])];
  };

  const outer = (i: number, env: Env, level: number): readonly Statement[] => {
    const v = plan.order[i];
    if (plan.tile !== null && v === plan.tile)
      return tiles(v, plan.vector!, env, level, i === 0 ? begin : g.i32(0), i === 0 ? end : g.i32(v.extent));
    if (v === undefined) return stages([{ env, valid: 1 }], level);
    if (v === plan.vector) return vectorLoops(c, v, env, level, plan.unroll, i === 0 ? { begin, end } : null, stages);
    if (i > 0) return rangeLoop(c, v, env, level, (inner, at) => outer(i + 1, inner, at));
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
