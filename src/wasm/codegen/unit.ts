// What the generators of all kinds of kernel share: the module under construction, buffer descriptions, helper functions, and loop functions made once per structure.
import type { DType } from '../../core/dtype.ts';
import type { Expr } from '../../core/expr.ts';
import { visitDeep } from '../../core/rewrite.ts';
import type { BufferInfo, LoopKernel } from '../../jit/kernel.ts';
import type { FuncHandle, ModuleBuilder, ValueType } from '../encode.ts';
import { block, canonical, nestOf, type Nest } from './canonical.ts';
import { emitLoop, lanesOf, LOOP_PARAMS, rowLayout } from './loop.ts';
import { structureKey } from './structure.ts';
import { strategy, type Strategy } from './strategy.ts';

/** A function of the module and how `run` calls it. */
export interface Step {
  readonly func: FuncHandle;
  /** The function's parameters: (begin, end, scratch, ...buffers); `run` covers [0, extent) in pieces of `grain`. */
  readonly buffers: readonly number[];
  readonly extent: number;
  readonly grain: number;
  readonly scratchBytes: number;
}

export interface Unit {
  readonly m: ModuleBuilder;
  readonly relaxed: boolean;
  readonly info: (buffer: number) => BufferInfo;
  readonly fmod: () => FuncHandle;
  /** Loop functions by structure. */
  readonly functions: Map<string, FuncHandle>;
  /** Matrix products by structure; 'loop' where a plain reduction is better. */
  readonly products: Map<string, Product>;
}

export type Product = 'loop' | { readonly func: FuncHandle; readonly rows: number; readonly scratchBytes: number };

export const unit = (m: ModuleBuilder, relaxed: boolean, info: (buffer: number) => BufferInfo): Unit => {
  let fmod: FuncHandle | null = null;
  return { m, relaxed, info, functions: new Map(), products: new Map(), fmod: () => (fmod ??= defineFmod(m)) };
};

/** A nest with its strategy, the buffers it touches in order of parameters. */
export interface LoopPlan {
  readonly nest: Nest;
  readonly strategy: Strategy;
  readonly buffers: readonly number[];
}

export const planLoop = (
  kernel: LoopKernel,
  info: (buffer: number) => BufferInfo,
  fixed: ReadonlySet<number> = new Set(),
): LoopPlan => {
  const known = new Map<number, BufferInfo>();
  const dtypes = new Set<DType>();
  const buffers: number[] = [];
  const touch = (b: number): void => {
    if (known.has(b)) return;
    known.set(b, info(b));
    buffers.push(b);
    dtypes.add(info(b).dtype);
  };
  for (const s of kernel.stages) {
    for (const a of s.actions) {
      visitDeep(a.value, (e) => {
        dtypes.add(e.dtype);
        if (e.op === 'load') touch(e.buffer);
      });
      if (a.kind === 'store') touch(a.buffer);
      else dtypes.add(a.dtype);
      if (a.kind === 'store')
        for (const t of a.index.terms)
          if (t.atom.kind === 'value') visitDeep(t.atom.value, (e) => e.op === 'load' && touch(e.buffer));
    }
  }
  const lanes = lanesOf(dtypes);
  const decide = (nest: Nest): LoopPlan => ({
    nest,
    strategy: strategy(nest, lanes, (b) => nest.rows.get(b)?.dtype ?? info(b).dtype),
    buffers,
  });
  const plan = decide(canonical(nestOf(kernel, known, fixed)));
  // Tiles of a transposed matrix: few enough columns at a time that the lines they touch stay in cache.
  const { tile, vector } = plan.strategy;
  const by =
    tile === null || vector === null
      ? undefined
      : [64, 48, 32, 80, 16, 96].find((size) => vector.extent > size && vector.extent % size === 0);
  if (by === undefined) return plan;
  const blocked = block(plan.nest, vector!, by);
  const again = decide(blocked.nest);
  return again.strategy.vector === blocked.inner && again.strategy.tile === tile ? again : plan;
};

/** Every buffer that expressions read, in order of appearance. */
export const buffersOf = (es: readonly Expr[]): number[] => {
  const out = new Set<number>();
  const seen = new Set<Expr>();
  for (const e of es) visitDeep(e, (x) => void (x.op === 'load' && out.add(x.buffer)), seen);
  return [...out];
};

/** Every dtype that occurs in expressions, the buffers they read included. */
export const dtypesOf = (es: readonly Expr[]): ReadonlySet<DType> => {
  const out = new Set<DType>();
  const seen = new Set<Expr>();
  for (const e of es) visitDeep(e, (x) => void out.add(x.dtype), seen);
  return out;
};

// One call should take no longer than about a millisecond, so that the first calls can be replaced by optimised code.
const CALL_COST = 1e6;

export const loopStep = (u: Unit, plan: LoopPlan): Step | null => {
  const { nest, strategy: how, buffers } = plan;
  if (nest.outer.some((v) => v.extent === 0)) return null;
  const key = structureKey(plan, u.info);
  let func = u.functions.get(key);
  if (func === undefined) {
    const params: ValueType[] = new Array<ValueType>(LOOP_PARAMS + buffers.length).fill('i32');
    func = u.m.func(nest.name, params, [], (f) =>
      emitLoop(f, { nest, strategy: how, buffers, info: u.info, fmod: u.fmod, relaxed: u.relaxed }),
    );
    u.functions.set(key, func);
  }
  const first = how.order[0];
  const extent = first?.extent ?? 1;
  const unitSize = first === undefined ? 1 : first === how.vector ? how.unroll * how.lanes : first === how.tile ? 4 : 1;
  const pieces = Math.max(1, Math.ceil(how.cost / CALL_COST));
  const grain = Math.max(unitSize, Math.ceil(extent / pieces / unitSize) * unitSize);
  return { func, buffers, extent, grain, scratchBytes: rowLayout(nest, how).bytes };
};

// x - trunc(x / y) * y without rounding, by binary long division.
const defineFmod = (m: ModuleBuilder): FuncHandle =>
  m.func('fmod', ['f64', 'f64'], ['f64'], (f) => {
    const [x, y] = [0, 1];
    const rest = f.local('f64');
    const t = f.local('f64');
    const by = f.local('f64');
    f.get(x).op('f64.abs').set(rest);
    f.get(y).op('f64.abs').tee(by).set(t);
    // NaN, an infinite dividend or a zero divisor.
    f.get(by).f64(0).op('f64.gt').get(rest).f64(Infinity).op('f64.lt').op('i32.and').op('i32.eqz');
    f.if(() => f.f64(NaN).return());
    f.block((done) => {
      f.get(rest).get(by).op('f64.lt').brIf(done);
      f.block((up) =>
        f.loop((again) => {
          f.get(t).get(rest).f64(0.5).op('f64.mul').op('f64.le').op('i32.eqz').brIf(up);
          f.get(t).f64(2).op('f64.mul').set(t);
          f.br(again);
        }),
      );
      f.loop((again) => {
        f.get(rest).get(t).op('f64.ge');
        f.if(() => f.get(rest).get(t).op('f64.sub').set(rest));
        f.get(t).get(by).op('f64.le').brIf(done);
        f.get(t).f64(0.5).op('f64.mul').set(t);
        f.br(again);
      });
    });
    f.get(rest).get(x).op('f64.copysign');
  });
