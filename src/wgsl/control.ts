// Control flow on the GPU: the steps of a loop's body among those of the program around it, over the same memory.
import { linearize, variable, type Var } from '../core/index-expr.ts';
import type { Action, BufferInfo, CarrySlot, Plan, ScanKernel } from '../jit/kernel.ts';
import { renderLoop } from './loop.ts';
import type { Target } from './shader.ts';
import type { Dispatch, Place, Site, Step } from './steps.ts';
import { wordBytes } from './types.ts';

/** Where a plan stands: the sites of its inputs and outputs, and what is free for it. */
export interface Frame {
  readonly limits: { readonly buffers: number; readonly workgroups: number };
  readonly inputs: readonly Site[];
  readonly outputs: readonly Site[];
  /** The loops around it. */
  readonly level: number;
  /** Bytes of the program's slots so far, and the first that nobody uses while the plan runs. */
  readonly slots: number[];
  readonly firstSlot: number;
}
/** The plan around a kernel. */
export type Around = Frame & Target;
export type RenderPlan = (plan: Plan, frame: Frame) => readonly Step[];

const whole = (place: Place): Site => ({ place, slices: [] });

interface Copy {
  readonly from: Site;
  readonly to: Site;
  readonly info: BufferInfo;
}

/** Dispatches that copy buffers, those of one length together. */
const renderCopies = (copies: readonly Copy[], { limits, maxWorkgroups }: Around): readonly Dispatch[] => {
  const most = Math.max(1, Math.floor(limits.buffers / 2));
  const bundles: Copy[][] = [];
  for (const c of copies) {
    const bundle = bundles.find((b) => b[0]!.info.length === c.info.length && b.length < most);
    if (bundle === undefined) bundles.push([c]);
    else bundle.push(c);
  }
  return bundles.flatMap((bundle) => {
    // Buffer 2i is copied to buffer 2i + 1.
    const target: Target = {
      info: (b) => bundle[b >> 1]!.info,
      site: (b) => (b % 2 === 0 ? bundle[b >> 1]!.from : bundle[b >> 1]!.to),
      maxWorkgroups,
    };
    const v: Var = { id: 0, extent: bundle[0]!.info.length };
    const index = linearize([variable(v)], [v.extent]);
    const actions = bundle.map(({ info: { dtype } }, i): Action => {
      const value = { op: 'load', dtype, buffer: 2 * i, index, guards: [], fill: 0 } as const;
      return { kind: 'store', buffer: 2 * i + 1, index, value };
    });
    const d = renderLoop({ kind: 'loop', name: 'carry', outer: [v], stages: [{ axes: [], actions }] }, target);
    return d === undefined ? [] : [d];
  });
};

/** The carry of a loop: where a step reads it and leaves it, and the copies before the first step and after the last. */
interface Carried {
  readonly now: readonly Site[];
  readonly next: readonly Site[];
  readonly before: readonly Dispatch[];
  readonly after: readonly Dispatch[];
  readonly firstSlot: number;
}

/** A slot of its own from the first free one on. */
const takeSlot = (slots: number[], at: number, bytes: number): Place => {
  slots[at] = Math.max(slots[at] ?? 0, bytes);
  return { kind: 'slot', at };
};

/** The last of `length` steps leaves the carry in its memory; without a spare every step does. */
const carried = (carry: readonly CarrySlot[], length: number, around: Around): Carried => {
  let { firstSlot } = around;
  const now: Site[] = [];
  const next: Site[] = [];
  const before: Copy[] = [];
  const after: Copy[] = [];
  for (const c of carry) {
    const info = around.info(c.out);
    const out = around.site(c.out);
    const from = around.site(c.init);
    if (c.spare === undefined) {
      now.push(out);
      next.push(out);
      before.push({ from, to: out, info });
      continue;
    }
    // What alternates has to be alike for the shader: a slice of a larger array is written at the end.
    const home = out.slices.length === 0 ? out : whole(takeSlot(around.slots, firstSlot++, info.length * wordBytes));
    const other = around.site(c.spare);
    const turn = (even: Site, odd: Site): Site =>
      whole({ kind: 'turn', level: around.level, even: even.place, odd: odd.place });
    now.push(turn(home, other));
    next.push(turn(other, home));
    before.push({ from, to: length % 2 === 0 ? home : other, info });
    if (home !== out) after.push({ from: home, to: out, info });
  }
  return { now, next, before: renderCopies(before, around), after: renderCopies(after, around), firstSlot };
};

/** A slice of each of some stacked arrays, as many as a body has buffers for. */
const slicesOf = (
  stacked: readonly number[],
  body: Plan,
  parts: readonly number[],
  k: ScanKernel,
  around: Around,
): readonly Site[] =>
  stacked.map((b, i) => {
    const { place, slices } = around.site(b);
    const own = { loop: { level: around.level, length: k.length }, words: body.buffers.get(parts[i]!)!.length };
    return { place, slices: k.length === 1 ? slices : [...slices, own] };
  });

/** The carry is copied to where the first step reads it; then the body's steps, slice after slice. */
export const renderScan = (k: ScanKernel, around: Around, render: RenderPlan): readonly Step[] => {
  const { body, length, reverse } = k;
  const { now, next, before, after, firstSlot } = carried(k.carry, length, around);
  const { inputs, outputs } = body;
  const steps = render(body, {
    ...around,
    inputs: [
      ...k.consts.map(around.site),
      ...now,
      ...slicesOf(k.xs, body, inputs.slice(k.consts.length + k.carry.length), k, around),
    ],
    outputs: [...next, ...slicesOf(k.ys, body, outputs.slice(k.carry.length), k, around)],
    level: around.level + 1,
    firstSlot,
  });
  const loop = { level: around.level, length, reverse, steps };
  return [...before, ...(length === 0 || steps.length === 0 ? [] : [loop]), ...after];
};
