// A planned program as steps: what the device encodes, in order, into one pass.
import { DeviceError } from '../core/errors.ts';
import type { Kernel, Plan } from '../jit/kernel.ts';
import { planArenas, type Arena, type Arenas } from './arena.ts';
import { renderAttention } from './attention.ts';
import { renderCall } from './calls.ts';
import { renderContract } from './contract.ts';
import type { Around, Frame } from './carry.ts';
import { renderCond, renderScan, renderWhile } from './control.ts';
import { mostDigits } from './counters.ts';
import { renderCumulate } from './cumulate.ts';
import type { GpuLimits } from './limits.ts';
import { renderLoops } from './loop.ts';
import { renderMulti } from './multi.ts';
import { renderScatter } from './scatter.ts';
import { assignSlots, type Slot } from './slots.ts';
import { renderSort } from './sort.ts';
import { dispatchesOf, type Dispatch, type FixedPlace, type Site, type Step } from './steps.ts';
import { wordBytes } from './types.ts';

export interface Module {
  readonly steps: readonly Step[];
  /** Bytes of each slot of temporaries. */
  readonly slots: readonly number[];
  /** What donated inputs, or fresh outputs, share memory in certain places. */
  readonly arenas: readonly Arena[];
  readonly scratchBytes: number;
}

/**
 * Renders a program.
 *
 * @throws DeviceError for a kernel that this backend cannot run, by name.
 */
export const renderModule = (plan: Plan, limits: GpuLimits): Module => {
  const slots: number[] = [];
  const found = planArenas(plan, limits, true);
  const whole = (kind: 'input' | 'output', position: number): Site => {
    for (const [at, { of, members }] of found.arenas.entries()) {
      const part = of === kind ? members.find((m) => m.at === position) : undefined;
      if (part !== undefined) return { place: { kind: 'arena', at, part }, slices: [] };
    }
    return { place: { kind, at: position }, slices: [] };
  };
  const steps = renderPlan(
    plan,
    {
      limits,
      inputs: plan.inputs.map((_, i) => whole('input', i)),
      outputs: plan.outputs.map((_, j) => {
        const over = plan.aliases.get(j);
        return over === undefined ? whole('output', j) : whole('input', over);
      }),
      level: 0,
      slots,
      firstSlot: 0,
    },
    found.together,
  );
  const dispatches = dispatchesOf(steps);
  for (const d of dispatches) check(d, limits);
  const scratchWords = dispatches.reduce((n, d) => Math.max(n, d.scratchWords), 0);
  return { steps, slots, arenas: found.arenas, scratchBytes: scratchWords * wordBytes };
};

const check = (d: Dispatch, limits: GpuLimits): void => {
  if (d.bindings.length > limits.buffers)
    throw new DeviceError(
      d.name,
      `this kernel touches ${d.bindings.length} buffers, and the GPU binds at most ${limits.buffers} to a shader; combine fewer arrays at once`,
    );
  if (d.digits.length > mostDigits)
    throw new DeviceError(d.name, 'this kernel stands inside of more scans than a GPU can count; nest fewer');
};

const slotPlace = (first: number, { slot, part }: Slot): FixedPlace => ({
  kind: 'slot',
  at: first + slot,
  ...(part === undefined ? {} : { part }),
});

/** The steps of a plan, the whole one or a part. */
const renderPlan = (
  plan: Plan,
  frame: Frame,
  together: Arenas['together'] = planArenas(plan, frame.limits, false).together,
): readonly Step[] => {
  const own = assignSlots(plan, together);
  own.bytes.forEach((bytes, i) => {
    const at = frame.firstSlot + i;
    frame.slots[at] = Math.max(frame.slots[at] ?? 0, bytes);
  });
  const sites = new Map<number, Site>();
  for (const [b, p] of plan.places)
    sites.set(
      b,
      p.kind === 'arena'
        ? { place: slotPlace(frame.firstSlot, own.of.get(b)!), slices: [] }
        : (p.kind === 'input' ? frame.inputs : frame.outputs)[p.position]!,
    );
  const known = <T>(x: T | undefined, b: number): T => {
    if (x === undefined) throw new Error(`wgsl: the plan does not know the buffer ${b}`);
    return x;
  };
  const inner: Around = {
    ...frame,
    firstSlot: frame.firstSlot + own.bytes.length,
    info: (b) => known(plan.buffers.get(b), b),
    site: (b) => known(sites.get(b), b),
  };
  return plan.kernels.flatMap((k) => renderKernel(k, inner, plan));
};

const renderKernel = (k: Kernel, target: Around, plan: Plan): readonly Step[] => {
  switch (k.kind) {
    case 'loop':
      return renderLoops(k, target);
    case 'multi':
      return renderMulti(k, target);
    case 'contract':
      return renderContract(k, target);
    case 'scatter':
      return renderScatter(k, target);
    case 'cumulate':
      return renderCumulate(k, target);
    case 'attention':
    case 'attentionGradient':
      return renderAttention(k, target);
    case 'callback':
      return [renderCall(k, target, plan)];
    case 'sort':
      return renderSort(k, target);
    case 'scan':
      return renderScan(k, target, renderPlan);
    case 'cond':
      return renderCond(k, target, renderPlan);
    case 'while':
      return renderWhile(k, target, renderPlan);
  }
};
