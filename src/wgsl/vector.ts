// Four neighbours at once: which values differ among four consecutive values of a variable, and which memory is read as vectors.
import { isOp, type Expr } from '../core/expr.ts';
import type { Guard, Index, Var } from '../core/index-expr.ts';
import { visitDeep } from '../core/rewrite.ts';
import type { Shader } from './shader.ts';

/**
 * What is done for four consecutive values of a loop variable at once, the first a multiple of 4. The variable's name stands
 * for that first value. `locals`: whether reductions differ among the four.
 */
export interface Lane {
  readonly axis: Var;
  readonly locals: boolean;
  readonly varying: Map<Expr, boolean>;
}

export const laneOf = (axis: Var, locals = false): Lane => ({ axis, locals, varying: new Map() });

const indexVaries = (lane: Lane, i: Index): boolean => {
  const c = course(lane, i);
  return c === undefined || c.step !== 0;
};
const guardVaries = (lane: Lane, g: Guard): boolean => {
  const c = course(lane, g.index);
  return c === undefined || (c.step !== 0 && !(c.step === 1 && c.aligned && g.lo % 4 === 0 && g.hi % 4 === 0));
};

/** Whether all four agree on the guards. */
export const guardsAgree = (lane: Lane, guards: readonly Guard[]): boolean => !guards.some((g) => guardVaries(lane, g));

/** Whether an expression may differ among the four. */
export const varies = (lane: Lane, e: Expr): boolean => {
  const known = lane.varying.get(e);
  if (known !== undefined) return known;
  const inside = (): boolean => {
    if (isOp(e)) return e.args.some((a) => varies(lane, a));
    switch (e.op) {
      case 'index':
        return indexVaries(lane, e.index);
      case 'load':
        return indexVaries(lane, e.index) || !guardsAgree(lane, e.guards);
      case 'guarded':
        return !guardsAgree(lane, e.guards) || varies(lane, e.then) || varies(lane, e.otherwise);
      case 'local':
        return lane.locals;
      case 'row':
      case 'acc':
        return true;
      default:
        return false;
    }
  };
  const found = inside();
  lane.varying.set(e, found);
  return found;
};

/** How an index goes along the four: by equal steps, from a multiple of 4 on or from anywhere; undefined where neither is known. */
export const course = (lane: Lane, i: Index): { readonly step: number; readonly aligned: boolean } | undefined => {
  let step = 0;
  let aligned = i.offset % 4 === 0;
  for (const { coef, atom } of i.terms) {
    let own = 0;
    let even = false;
    if (atom.kind === 'var') {
      if (atom.var.id === lane.axis.id) [own, even] = [1, true];
    } else if (atom.kind === 'value') {
      if (varies(lane, atom.value)) return undefined;
    } else {
      const inside = course(lane, atom.of);
      if (inside === undefined) return undefined;
      // The digits of 4q + 0..3: those above are the same, and one of at least two bits keeps the lower ones.
      const whole = inside.step === 1 && inside.aligned;
      if (whole && atom.div === 1 && atom.mod % 4 === 0) [own, even] = [1, true];
      else if (inside.step !== 0 && !(whole && atom.div % 4 === 0)) return undefined;
    }
    step += coef * own;
    aligned &&= even || coef % 4 === 0;
  }
  return { step, aligned };
};

/** Values and stores as they are rendered: along a lane, or one at a time. */
export interface Use {
  readonly lane: Lane | undefined;
  readonly values: readonly Expr[];
  readonly stores: readonly { readonly buffer: number; readonly index: Index }[];
}

/** Whether values can be computed four at a time: not where the four take different branches. */
export const vectorizable = (lane: Lane, values: readonly Expr[]): boolean => {
  let ok = true;
  visitAll(values, (e) => {
    if (e.op === 'guarded' && !guardsAgree(lane, e.guards)) ok = false;
  });
  return ok;
};

/** Visits expressions and those inside of their indices, each once; and those indices. */
export const visitAll = (values: readonly Expr[], f: (e: Expr) => void, onIndex?: (i: Index) => void): void => {
  const seen = new Set<Expr>();
  for (const e of values) visitDeep(e, f, seen, onIndex);
};

/** Whether a buffer's elements from `index` on are a vector of its memory. */
export const isQuad = (s: Shader, lane: Lane, buffer: number, index: Index): boolean => {
  const c = course(lane, index);
  return c?.step === 1 && c.aligned && s.target.site(buffer).slices.every(({ words }) => words % 4 === 0);
};

/** Packs the memory that is read or written as vectors somewhere, and nowhere written one element at a time. */
export const packFor = (s: Shader, uses: readonly Use[]): void => {
  const wanted = new Set<number>();
  const single = new Set<number>();
  for (const { lane, values, stores } of uses) {
    if (lane !== undefined)
      visitAll(values, (e) => {
        if (e.op === 'load' && isQuad(s, lane, e.buffer, e.index)) wanted.add(e.buffer);
      });
    for (const { buffer, index } of stores)
      (lane !== undefined && isQuad(s, lane, buffer, index) ? wanted : single).add(buffer);
  }
  const where = (b: number): string => s.placeOf(b);
  const kept = new Set([...single].map(where));
  for (const b of wanted) if (!kept.has(where(b))) s.pack(b);
};
