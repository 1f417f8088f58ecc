// Scatters: the target's initial values as a loop kernel (none where it has its operand's memory), then the updates one after the other, vectorised along a contiguous run of the target.
import type { Expr } from '../../core/expr.ts';
import { constant, type Var } from '../../core/index-expr.ts';
import type { DType } from '../../core/dtype.ts';
import type { BufferInfo, ScatterKernel } from '../../jit/kernel.ts';
import type { ValueType } from '../encode.ts';
import { lowerStore } from './access.ts';
import { condition, maskOf, type Memory } from './index-code.ts';
import { canonical, type Nest } from './canonical.ts';
import { coefficient, expressionVars } from './forms.ts';
import { pushGuards } from './guards.ts';
import { graph, type Node } from './node.ts';
import { pointsOf } from './points.ts';
import { emitStatements, type Statement } from './statement.ts';
import { buffersOf, dtypesOf, loopStep, planLoop, type Step, type Unit } from './unit.ts';
import { lanesOf, LOOP_PARAMS } from './loop.ts';

export const scatterSteps = (u: Unit, k: ScatterKernel): readonly Step[] => {
  const { init } = k;
  const first =
    init === undefined
      ? null
      : loopStep(
          u,
          planLoop(
            {
              kind: 'loop',
              name: `${k.name}_init`,
              outer: init.axes,
              stages: [
                { axes: [], actions: [{ kind: 'store', buffer: k.target, index: init.index, value: init.value }] },
              ],
            },
            u.info,
          ),
        );
  const steps = first === null ? [] : [first];
  if (k.axes.some((v) => v.extent === 0)) return steps;

  // The update as an expression of the element's present value.
  const guarded = (e: Expr): Expr => pushGuards(e, (b) => u.info(b).length);
  const position: Expr = { op: 'index', dtype: 'int32', index: k.index };
  const holds: Expr = {
    op: 'guarded',
    dtype: 'bool',
    guards: k.guards,
    then: { op: 'const', dtype: 'bool', value: 1 },
    otherwise: { op: 'const', dtype: 'bool', value: 0 },
  };
  const action = (value: Expr, local: number): Nest['stages'][number]['actions'][number] => ({
    kind: 'reduce',
    op: 'max',
    value,
    local,
    dtype: k.dtype,
    position: constant(0),
  });
  const nest = canonical({
    name: k.name,
    outer: [],
    rows: new Map<number, BufferInfo>(),
    fixed: new Set(),
    ordered: true,
    stages: [
      {
        axes: k.axes.filter((v) => v.extent !== 1),
        actions: [
          action(guarded(k.value), 0),
          { kind: 'store', buffer: k.target, index: k.index, value: position },
          action(holds, 1),
        ],
      },
    ],
  });
  const { axes, actions } = nest.stages[0]!;
  const value = actions[0]!.value;
  const index = (actions[1] as Extract<(typeof actions)[number], { kind: 'store' }>).index;
  const check = actions[2]!.value;
  const guards = check.op === 'guarded' ? check.guards : [];
  const updated: Expr =
    k.op === 'set'
      ? value
      : {
          op: k.op,
          dtype: k.dtype,
          args: [{ op: 'load', dtype: k.dtype, buffer: k.target, index, guards: [], fill: 0 }, value],
        };

  const varsOf = expressionVars();
  const last = axes[axes.length - 1];
  const dynamic = (v: Var): boolean =>
    index.terms.some(
      (t) =>
        t.atom.kind !== 'var' && varsOf({ op: 'index', dtype: 'int32', index: { offset: 0, terms: [t] } }).has(v.id),
    ) || varsOf({ op: 'guarded', dtype: 'bool', guards, then: holds, otherwise: holds }).has(v.id);
  const dtypes = new Set<DType>([k.dtype, ...dtypesOf([value])]);
  const lanes = lanesOf(dtypes);
  const vector =
    last !== undefined && last.extent >= lanes && coefficient(index, last) === 1 && !dynamic(last) ? last : null;

  const buffers = [k.target, ...buffersOf([value, position, holds]).filter((b) => b !== k.target)];
  const params = new Array<ValueType>(LOOP_PARAMS + buffers.length).fill('i32');
  const func = u.m.func(k.name, params, [], (f) => {
    const g = graph(u.relaxed);
    const memory = (b: number): Memory => ({
      dtype: u.info(b).dtype,
      length: u.info(b).length,
      base: g.stable('i32', LOOP_PARAMS + buffers.indexOf(b), 0),
      // What is read of the target changes with every update.
      ...(b === k.target ? { level: Infinity } : {}),
    });
    type Bound = { readonly node: Node; readonly offset: number };
    const update = (env: ReadonlyMap<number, Bound>, valid: number): readonly Statement[] => {
      const points = pointsOf({
        g,
        ops: { g, lanes, fmod: u.fmod, relaxed: u.relaxed },
        lanes,
        valid,
        vector,
        varsOf,
        memory,
        at: (v) => env.get(v.id)!,
        local: () => {
          throw new Error('wasm: a scatter has no locals');
        },
      });
      const c = condition(points, guards);
      const store: Statement = { kind: 'stores', items: lowerStore(points, k.target, index, points.expr(updated)) };
      if (c.uniform === null && c.lanes === null) return [store];
      const holdsNow = c.lanes === null ? c.uniform! : g.lane('i32x4.extract_lane', 0, maskOf(g, c)!);
      return [{ kind: 'if', condition: holdsNow, body: [store] }];
    };
    const loops = (i: number, env: ReadonlyMap<number, Bound>, level: number): readonly Statement[] => {
      const v = axes[i];
      if (v === undefined) return update(env, 1);
      const bind = (node: Node, offset = 0): ReadonlyMap<number, Bound> => new Map(env).set(v.id, { node, offset });
      if (v === vector) {
        const whole = Math.floor(v.extent / lanes) * lanes;
        const out: Statement[] = [];
        const local = f.local('i32');
        out.push({
          kind: 'loop',
          local,
          from: g.i32(0),
          to: g.i32(whole),
          step: lanes,
          body: update(bind(g.stable('i32', local, level + 1)), lanes),
        });
        if (whole < v.extent) out.push(...update(bind(g.i32(0), whole), v.extent - whole));
        return out;
      }
      const local = f.local('i32');
      return [
        {
          kind: 'loop',
          local,
          from: g.i32(0),
          to: g.i32(v.extent),
          step: 1,
          body: loops(i + 1, bind(g.stable('i32', local, level + 1)), level + 1),
        },
      ];
    };
    emitStatements(f, loops(0, new Map(), 0));
  });
  return [...steps, { func, buffers, extent: 1, grain: 1, scratchBytes: 0 }];
};
