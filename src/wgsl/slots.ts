// Slots: the memory of temporaries, each slot used by several of them in turn.
import type { Plan } from '../jit/kernel.ts';
import { buffersOf } from '../jit/buffers.ts';
import { wordBytes } from './types.ts';

export interface Slots {
  /** The slot of each temporary buffer. */
  readonly of: ReadonlyMap<number, number>;
  readonly bytes: readonly number[];
}

/**
 * Places the temporaries of a plan. Whole buffers rather than ranges of one arena, which a kernel could not read and write at
 * once: WebGPU tracks usage by buffer. Each takes the free slot that fits best, the largest one grows if none does.
 */
export const assignSlots = (plan: Plan): Slots => {
  const last = new Map<number, number>();
  const temporary = (b: number): boolean => plan.places.get(b)!.kind === 'arena';
  plan.kernels.forEach((k, i) => {
    const { reads, writes } = buffersOf(k);
    for (const b of [...reads, ...writes]) if (temporary(b)) last.set(b, i);
  });
  const of = new Map<number, number>();
  const bytes: number[] = [];
  const free = new Set<number>();
  const take = (need: number): number => {
    const candidates = [...free].sort((a, b) => bytes[a]! - bytes[b]!);
    const slot = candidates.find((c) => bytes[c]! >= need) ?? candidates.at(-1) ?? bytes.length;
    free.delete(slot);
    bytes[slot] = Math.max(bytes[slot] ?? 0, need);
    return slot;
  };
  plan.kernels.forEach((k, i) => {
    const { reads, writes } = buffersOf(k);
    const touched = [...new Set([...reads, ...writes])].filter(temporary);
    for (const b of touched) if (!of.has(b)) of.set(b, take(plan.buffers.get(b)!.length * wordBytes));
    for (const b of touched) if (last.get(b) === i) free.add(of.get(b)!);
  });
  return { of, bytes };
};
