// A planned program as a list of dispatches: what the device encodes, in order, into one pass.
import { DeviceError } from '../core/errors.ts';
import type { BufferInfo, Kernel, Plan } from '../jit/kernel.ts';
import { renderContract } from './contract.ts';
import { renderCumulate } from './cumulate.ts';
import { renderLoop } from './loop.ts';
import { renderScatter } from './scatter.ts';
import type { Dispatch, Place, Target } from './shader.ts';
import { assignSlots } from './slots.ts';
import { renderSort } from './sort.ts';
import { wordBytes } from './types.ts';

export interface Module {
  readonly dispatches: readonly Dispatch[];
  /** Bytes of each slot of temporaries. */
  readonly slots: readonly number[];
  readonly scratchBytes: number;
}

export interface ModuleLimits {
  /** Most storage buffers a shader may be bound to. */
  readonly buffers: number;
  readonly workgroups: number;
}

/**
 * Renders a program.
 *
 * @throws DeviceError for a kernel that this backend cannot run, by name.
 */
export const renderModule = (plan: Plan, limits: ModuleLimits): Module => {
  const slots = assignSlots(plan);
  const place = (b: number): Place => {
    const p = plan.places.get(b);
    if (p === undefined) throw new Error(`wgsl: the plan has no place for buffer ${b}`);
    if (p.kind === 'arena') return { kind: 'slot', at: slots.of.get(b)! };
    const over = p.kind === 'output' ? plan.aliases.get(p.position) : undefined;
    return over === undefined ? { kind: p.kind, at: p.position } : { kind: 'input', at: over };
  };
  const info = (b: number): BufferInfo => {
    const found = plan.buffers.get(b);
    if (found === undefined) throw new Error(`wgsl: the plan has no buffer ${b}`);
    return found;
  };
  const target: Target = { info, place, maxWorkgroups: limits.workgroups };
  const dispatches = plan.kernels.flatMap((k) => renderKernel(k, target));
  for (const d of dispatches)
    if (d.bindings.length > limits.buffers)
      throw new DeviceError(
        d.name,
        `this kernel touches ${d.bindings.length} buffers, and the GPU binds at most ${limits.buffers} to a shader; combine fewer arrays at once`,
      );
  const scratchWords = dispatches.reduce((n, d) => Math.max(n, d.scratchWords), 0);
  return { dispatches, slots: slots.bytes, scratchBytes: scratchWords * wordBytes };
};

const one = (d: Dispatch | undefined): readonly Dispatch[] => (d === undefined ? [] : [d]);

const renderKernel = (k: Kernel, target: Target): readonly Dispatch[] => {
  switch (k.kind) {
    case 'loop':
      return one(renderLoop(k, target));
    // A part a dispatch: bindings bound how many parts one shader could hold.
    case 'multi':
      return k.parts.flatMap((part) => renderKernel(part, target));
    case 'contract':
      return one(renderContract(k, target));
    case 'scatter':
      return renderScatter(k, target);
    case 'cumulate':
      return one(renderCumulate(k, target));
    case 'callback':
      throw new DeviceError(
        k.name,
        'calls a function of JS in the middle of a program, which a GPU cannot do; run it on the WebAssembly device (jit(f, { device })), or take it out of the compiled function',
      );
    case 'sort':
      return one(renderSort(k, target));
    case 'scan':
    case 'cond':
    case 'while':
      throw new DeviceError(
        k.name,
        'control flow runs on the WebAssembly device so far; move the arguments there with devicePut(x, devices.wasm), or unroll the loop in JS',
      );
  }
};
