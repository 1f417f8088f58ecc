// Programs inside of programs on the GPU: where a part stands, and the memory of what loops carry.
import type { DType } from '../core/dtype.ts';
import { call, compare, lit, select, type Expr } from '../core/expr.ts';
import { constant, linearize, variable, type Index, type Var } from '../core/index-expr.ts';
import type { Action, BufferInfo, CarrySlot, Plan } from '../jit/kernel.ts';
import type { GpuLimits } from './limits.ts';
import { renderLoop } from './loop.ts';
import type { Target } from './shader.ts';
import type { Dispatch, Flag, Place, Site, Step } from './steps.ts';
import { wordBytes } from './types.ts';

/** Where a plan stands: the sites of its inputs and outputs, and what is free for it. */
export interface Frame {
  readonly limits: GpuLimits;
  readonly inputs: readonly Site[];
  readonly outputs: readonly Site[];
  /** The loops around it. */
  readonly level: number;
  /** Bytes of the program's slots so far, and the first that nobody uses while the plan runs. */
  readonly slots: number[];
  readonly firstSlot: number;
  /** A word that is not 0 where the branch or the loop that this is a part of runs. */
  readonly alive?: Flag;
}
/** The plan around a kernel. */
export type Around = Frame & Target;
export type RenderPlan = (plan: Plan, frame: Frame) => readonly Step[];

export const whole = (place: Place): Site => ({ place, slices: [] });

/** Of one buffer to another. */
export interface Copy {
  readonly from: Site;
  readonly to: Site;
  readonly info: BufferInfo;
}

/** Dispatches that copy buffers, those of one length together; with `counter`, where the number there is odd. */
export const renderCopies = (copies: readonly Copy[], { limits }: Around, counter?: Flag): readonly Dispatch[] => {
  const most = Math.max(1, Math.floor((limits.buffers - 1) / 2));
  const bundles: Copy[][] = [];
  for (const c of copies) {
    const bundle = bundles.find((b) => b[0]!.info.length === c.info.length && b.length < most);
    if (bundle === undefined) bundles.push([c]);
    else bundle.push(c);
  }
  return bundles.flatMap((bundle) => {
    // Buffer 2i is copied to buffer 2i + 1; the last one holds the counter.
    const last = 2 * bundle.length;
    const target: Target = {
      info: (b) => (b === last ? { id: b, dtype: 'uint32', length: 1 } : bundle[b >> 1]!.info),
      site: (b) => (b === last ? whole(counter!.place) : b % 2 === 0 ? bundle[b >> 1]!.from : bundle[b >> 1]!.to),
      limits,
    };
    const load = (buffer: number, dtype: DType, at: Index): Expr => ({
      op: 'load',
      dtype,
      buffer,
      index: at,
      guards: [],
      fill: 0,
    });
    const odd =
      counter === undefined
        ? undefined
        : compare(
            'eq',
            call('and', 'uint32', load(last, 'uint32', constant(counter.word)), lit(1, 'uint32')),
            lit(1, 'uint32'),
          );
    const v: Var = { id: 0, extent: bundle[0]!.info.length };
    const index = linearize([variable(v)], [v.extent]);
    const actions = bundle.map(({ info: { dtype } }, i): Action => {
      const value = load(2 * i, dtype, index);
      const kept = odd === undefined ? value : select(odd, value, load(2 * i + 1, dtype, index));
      return { kind: 'store', buffer: 2 * i + 1, index, value: kept };
    });
    const d = renderLoop({ kind: 'loop', name: 'carry', outer: [v], stages: [{ axes: [], actions }] }, target);
    return d === undefined ? [] : [d];
  });
};

/** The carry of a loop: where a step reads it and leaves it, and the copies before the first step and after the last. */
export interface Carried {
  readonly now: readonly Site[];
  readonly next: readonly Site[];
  readonly before: readonly Dispatch[];
  readonly after: readonly Dispatch[];
  /** From where an odd number of steps leaves the carry to where an even number does. */
  readonly back: readonly Copy[];
  readonly firstSlot: number;
}

/** A slot of its own from the first free one on. */
export const takeSlot = (slots: number[], at: number, bytes: number): Place => {
  slots[at] = Math.max(slots[at] ?? 0, bytes);
  return { kind: 'slot', at };
};

/** The last of `length` steps, or an even number, leaves the carry in its memory; without a spare every step does. */
export const carried = (carry: readonly CarrySlot[], length: number, around: Around): Carried => {
  let { firstSlot } = around;
  const now: Site[] = [];
  const next: Site[] = [];
  const before: Copy[] = [];
  const after: Copy[] = [];
  const back: Copy[] = [];
  for (const c of carry) {
    const info = around.info(c.out);
    const out = around.site(c.out);
    const from = around.site(c.init);
    // A carry may begin where its initial value is.
    const copy = (to: Site): void => {
      if (to !== from) before.push({ from, to, info });
    };
    if (c.spare === undefined) {
      now.push(out);
      next.push(out);
      copy(out);
      continue;
    }
    // What alternates has to be alike for the shader: a slice of a larger array is written at the end.
    const home = out.slices.length === 0 ? out : whole(takeSlot(around.slots, firstSlot++, info.length * wordBytes));
    const other = around.site(c.spare);
    const turn = (even: Site, odd: Site): Site =>
      whole({ kind: 'turn', level: around.level, even: even.place, odd: odd.place });
    now.push(turn(home, other));
    next.push(turn(other, home));
    copy(length % 2 === 0 ? home : other);
    back.push({ from: other, to: home, info });
    if (home !== out) after.push({ from: home, to: out, info });
  }
  return { now, next, before: renderCopies(before, around), after: renderCopies(after, around), back, firstSlot };
};
