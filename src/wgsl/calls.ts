// Functions of JS in the middle of a program, as steps.
import { buffersOf } from '../jit/buffers.ts';
import type { CallbackKernel, Plan } from '../jit/kernel.ts';
import type { Around } from './carry.ts';
import type { HostStep, HostValue } from './steps.ts';

/** A call whose results nobody reads is an effect: the GPU need not wait for it. */
export const renderCall = (k: CallbackKernel, around: Around, plan: Plan): HostStep => {
  const value = (b: number): HostValue => {
    const { dtype, length } = around.info(b);
    return { site: around.site(b), dtype, length };
  };
  const read = (b: number): boolean =>
    plan.outputs.includes(b) || plan.kernels.some((x) => buffersOf(x).reads.includes(b));
  return {
    name: k.name,
    call: k.call,
    operands: k.sources.map(value),
    results: k.targets.map(value),
    effect: !k.targets.some(read),
    ...(around.alive === undefined ? {} : { alive: around.alive }),
  };
};
