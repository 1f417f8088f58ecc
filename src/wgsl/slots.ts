// Slots: the memory of temporaries, each slot used by several of them in turn.
import type { Plan } from '../jit/kernel.ts';
import { buffersOf } from '../jit/buffers.ts';
import type { Arenas, Part } from './arena.ts';
import { wordBytes } from './types.ts';

export interface Slot {
  readonly slot: number;
  /** Absent: all of it. */
  readonly part?: Part;
}

export interface Slots {
  /** The slot of each temporary buffer. */
  readonly of: ReadonlyMap<number, Slot>;
  readonly bytes: readonly number[];
}

/** What gets a slot: a temporary and its updates in place, or temporaries that share one, each in its part. */
interface Tenant {
  readonly bytes: number;
  readonly parts: Map<number, Part | undefined>;
  last: number;
}

/** Temporaries by buffer. */
const tenantsOf = (plan: Plan, together: Arenas['together']): ReadonlyMap<number, Tenant> => {
  const tenants = new Map<number, Tenant>();
  const make = (bytes: number): Tenant => ({ bytes, parts: new Map(), last: -1 });
  for (const group of together) {
    const words = Math.max(...[...group.values()].map((p) => p.offset + p.words));
    const tenant = make(words * wordBytes);
    for (const [b, part] of group) {
      tenant.parts.set(b, part);
      tenants.set(b, tenant);
    }
  }
  // Those with the same memory have the same place.
  const byPlace = new Map<unknown, Tenant>();
  for (const [b, place] of plan.places) {
    if (place.kind !== 'arena' || tenants.has(b)) continue;
    let tenant = byPlace.get(place);
    if (tenant === undefined) byPlace.set(place, (tenant = make(plan.buffers.get(b)!.length * wordBytes)));
    tenant.parts.set(b, undefined);
    tenants.set(b, tenant);
  }
  plan.kernels.forEach((k, i) => {
    const { reads, writes } = buffersOf(k);
    for (const b of [...reads, ...writes]) {
      const tenant = tenants.get(b);
      if (tenant === undefined) continue;
      tenant.last = Math.max(tenant.last, i);
    }
  });
  return tenants;
};

/**
 * Places the temporaries of a plan. Whole buffers rather than ranges of one arena, which a kernel could not read and write at
 * once: WebGPU tracks usage by buffer. Each takes the free slot that fits best, the largest one grows if none does.
 */
export const assignSlots = (plan: Plan, together: Arenas['together']): Slots => {
  const tenants = tenantsOf(plan, together);
  const slotOf = new Map<Tenant, number>();
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
    const touched = new Set([...reads, ...writes].flatMap((b) => tenants.get(b) ?? []));
    for (const t of touched) if (!slotOf.has(t)) slotOf.set(t, take(t.bytes));
    for (const t of touched) if (t.last === i) free.add(slotOf.get(t)!);
  });
  const of = new Map<number, Slot>();
  for (const [b, t] of tenants) {
    const slot = slotOf.get(t);
    const part = t.parts.get(b);
    if (slot !== undefined) of.set(b, { slot, ...(part === undefined ? {} : { part }) });
  }
  return { of, bytes };
};
