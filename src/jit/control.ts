// Control flow as kernels: each holds the plans of its programs over buffers of the program around it.
import type { Lowering } from '../core/lowering.ts';
import type { Program } from '../core/program.ts';
import type { CarrySlot, ControlKernel, Kernel, Plan } from './kernel.ts';

/** Plans a program that runs inside of another: `over` maps outputs to the inputs whose memory they should take if they can. */
export type PlanPart = (program: Program, over: ReadonlyMap<number, number>) => Plan;

export interface Parts {
  readonly plan: PlanPart;
  /** Another buffer of the same kind. */
  readonly extra: (like: number) => number;
}

type ControlLowering = Extract<Lowering, { tag: 'scan' | 'cond' | 'while' }>;

/** Inputs and outputs are buffers, in the order of the equation. */
export const buildControl = (
  l: ControlLowering,
  inputs: readonly number[],
  outs: readonly number[],
  { plan, extra }: Parts,
): ControlKernel => {
  const pairs = (count: number, firstInput: number): ReadonlyMap<number, number> =>
    new Map(Array.from({ length: count }, (_, i) => [i, firstInput + i]));
  const slots = (body: Plan, init: readonly number[], out: readonly number[]): CarrySlot[] =>
    init.map((b, i) => ({ init: b, out: out[i]!, ...(body.aliases.has(i) ? {} : { spare: extra(out[i]!) }) }));
  switch (l.tag) {
    case 'scan': {
      const body = plan(l.program, pairs(l.carry, l.consts));
      const xs = l.consts + l.carry;
      return {
        kind: 'scan',
        name: 'scan',
        body,
        length: l.length,
        reverse: l.reverse,
        consts: inputs.slice(0, l.consts),
        carry: slots(body, inputs.slice(l.consts, xs), outs),
        xs: inputs.slice(xs),
        ys: outs.slice(l.carry),
      };
    }
    case 'cond':
      return {
        kind: 'cond',
        name: 'cond',
        index: inputs[0]!,
        branches: l.branches.map((b) => plan(b, new Map())),
        inputs: inputs.slice(1),
        outs,
      };
    case 'while': {
      const consts = l.condConsts + l.bodyConsts;
      const body = plan(l.body, pairs(inputs.length - consts, l.bodyConsts));
      return {
        kind: 'while',
        name: 'while',
        cond: plan(l.cond, new Map()),
        body,
        condConsts: inputs.slice(0, l.condConsts),
        bodyConsts: inputs.slice(l.condConsts, consts),
        carry: slots(body, inputs.slice(consts), outs),
      };
    }
  }
};

/** The plans that a kernel holds. */
export const partsOf = (k: Kernel): readonly Plan[] =>
  k.kind === 'scan' ? [k.body] : k.kind === 'while' ? [k.cond, k.body] : k.kind === 'cond' ? k.branches : [];

/** True for a kernel that calls a function of JS, or one inside of which some program does: it may throw. */
export const callsHost = (k: Kernel): boolean =>
  k.kind === 'callback' || partsOf(k).some((p) => p.kernels.some(callsHost));
