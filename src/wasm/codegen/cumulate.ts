// Running reductions: one sequential pass along the axis, lanes across what lies inside of it; float32 sums run in float64.
import type { DType } from '../../core/dtype.ts';
import type { Expr } from '../../core/expr.ts';
import { linearize, newVar, shift, scale, variable } from '../../core/index-expr.ts';
import { identity } from '../../core/ops/limits.ts';
import { combined } from '../../jit/cumulation.ts';
import type { CumulateKernel } from '../../jit/kernel.ts';
import type { ValueType } from '../encode.ts';
import { lowerStore } from './access.ts';
import type { Memory } from './index-code.ts';
import { expressionVars } from './forms.ts';
import { lanesOf, LOOP_PARAMS } from './loop.ts';
import { graph, type Node } from './node.ts';
import { literal } from './ops.ts';
import { pointsOf } from './points.ts';
import { emitStatements, set, type Statement } from './statement.ts';
import type { Step, Unit } from './unit.ts';

const ACC = 0;
const NEXT = 1;

export const cumulateSteps = (u: Unit, k: CumulateKernel): readonly Step[] => {
  if (k.outer * k.length * k.inner === 0) return [];
  const lanes = lanesOf([k.dtype]);
  const dtype: DType = k.dtype;
  const wide = k.op === 'sum' && dtype === 'float32';
  const [o, p, i] = [newVar(k.outer), newVar(k.length), newVar(k.inner)];
  const along = k.reverse ? shift(scale(variable(p), -1), k.length - 1) : variable(p);
  const index = linearize([variable(o), along, variable(i)], [k.outer, k.length, k.inner]);
  const source: Expr = { op: 'load', dtype, buffer: k.source, index, guards: [], fill: 0 };
  const next = combined(k, { op: 'local', dtype, local: ACC }, { op: 'local', dtype, local: NEXT });
  const vector = k.inner > 1 ? i : null;

  const params = new Array<ValueType>(LOOP_PARAMS + 2).fill('i32');
  const func = u.m.func(k.name, params, [], (f) => {
    const g = graph(u.relaxed);
    const memory = (b: number): Memory => ({
      dtype,
      length: u.info(b).length,
      base: g.stable('i32', LOOP_PARAMS + (b === k.source ? 0 : 1), 0),
      level: Infinity,
    });
    const varsOf = expressionVars();
    const local = (type: ValueType = 'i32'): number => f.local(type);
    /** One vector of runs. */
    const run = (at: Node, offset: number, valid: number, outer: Node, level: number): readonly Statement[] => {
      const step = local();
      const acc = [local('v128'), local('v128')];
      const read = (n: number): Node => g.stable('v128', acc[n]!, Infinity);
      const x = local('v128');
      const position = k.length === 1 ? g.i32(0) : g.stable('i32', step, level + 1);
      const points = pointsOf({
        g,
        ops: { g, lanes, fmod: u.fmod, relaxed: u.relaxed },
        lanes,
        valid,
        vector,
        varsOf,
        memory,
        at: (v) =>
          v === o ? { node: outer, offset: 0 } : v === p ? { node: position, offset: 0 } : { node: at, offset },
        local: (l) => (l === ACC ? read(0) : g.stable('v128', x, Infinity)),
      });
      const value = points.expr(source);
      const halves = wide ? (valid > 2 ? 2 : 1) : 0;
      const out = wide
        ? (() => {
            const parts = [0, 1].slice(0, halves).map((n) => g.op('f32x4.demote_f64x2_zero', read(n)));
            return parts.length === 1 ? parts[0]! : g.shuffle(parts[0]!, parts[1]!, 0, 1, 4, 5);
          })()
        : read(0);
      const v = g.stable('v128', x, Infinity);
      const updates: Statement[] = [set(x, value)];
      if (wide) {
        const wides = [
          g.op('f64x2.promote_low_f32x4', v),
          g.op('f64x2.promote_low_f32x4', g.shuffle(v, v, 2, 3, 2, 3)),
        ];
        for (let n = 0; n < halves; n++)
          updates.push(set(acc[n]!, g.op('f64x2.add', g.mutable('v128', acc[n]!), wides[n]!)));
      } else updates.push(set(acc[0]!, points.expr(next)));
      const result = local('v128');
      const store = lowerStore(points, k.target, index, g.stable('v128', result, Infinity));
      const body: readonly Statement[] = [...updates, set(result, volatile(out)), { kind: 'stores', items: store }];
      const first = wide ? g.f64x2(0) : literal(g, identity(k.op, dtype), dtype);
      return [
        set(acc[0]!, first),
        set(acc[1]!, first),
        { kind: 'loop', local: step, from: g.i32(0), to: g.i32(k.length), step: 1, body },
      ];
    };
    // The accumulators were assigned just before: what was read of them earlier in the body must not be reused.
    const volatile = (n: Node): Node => {
      if (n.op === 'local') return g.mutable(n.type, n.imm);
      return n.op === 'shuffle'
        ? g.shuffle(volatile(n.args[0]!), volatile(n.args[1]!), 0, 1, 4, 5)
        : g.op('f32x4.demote_f64x2_zero', volatile(n.args[0]!));
    };

    const across = (outer: Node, level: number): readonly Statement[] => {
      if (k.inner === 1) return run(g.i32(0), 0, 1, outer, level);
      const whole = Math.floor(k.inner / lanes) * lanes;
      const out: Statement[] = [];
      const j = local();
      if (whole > 0)
        out.push({
          kind: 'loop',
          local: j,
          from: g.i32(0),
          to: g.i32(whole),
          step: lanes,
          body: run(g.stable('i32', j, level + 1), 0, lanes, outer, level + 1),
        });
      if (whole < k.inner) out.push(...run(g.i32(0), whole, k.inner - whole, outer, level));
      return out;
    };
    const outer = local();
    emitStatements(f, [
      {
        kind: 'loop',
        local: outer,
        from: g.stable('i32', 0, 0),
        to: g.stable('i32', 1, 0),
        step: 1,
        body: across(k.outer === 1 ? g.i32(0) : g.stable('i32', outer, 1), 1),
      },
    ]);
  });
  const pieces = Math.ceil((k.outer * k.length * k.inner * 2) / 1e6);
  return [
    {
      func,
      buffers: [k.source, k.target],
      extent: k.outer,
      grain: Math.max(1, Math.ceil(k.outer / pieces)),
      scratchBytes: 0,
    },
  ];
};
