// Arenas: what one update of many parameters touches (the parameters, each of their moments, their gradients), each kind in one piece of memory.
import { visit } from '../core/expr.ts';
import { count } from '../core/index-expr.ts';
import type { BufferInfo, LoopKernel, MultiKernel, Plan } from '../jit/kernel.ts';
import type { GpuLimits } from './limits.ts';
import { wordBytes } from './types.ts';

/** Members begin at multiples of this, in words: what every device can bind to. */
const arenaAlign = 64;
export const align = (words: number): number => Math.ceil(words / arenaAlign) * arenaAlign;

/** A part of memory, in words. */
export interface Part {
  readonly offset: number;
  readonly words: number;
}

/** An input or an output of a program that lives in an arena. */
export interface Member extends Part {
  readonly at: number;
}

/** Inputs that results are written over, or fresh outputs, in one buffer. */
export interface Arena {
  readonly of: 'input' | 'output';
  readonly members: readonly Member[];
  readonly words: number;
}

export interface Arenas {
  readonly arenas: readonly Arena[];
  /** Temporaries that share a slot, each with its place there. */
  readonly together: readonly ReadonlyMap<number, Part>[];
}

/** Buffers of an elementwise kernel in the order of their first use: alike for alike kernels. */
export const rolesOf = (k: LoopKernel): readonly number[] => {
  const found = new Set<number>();
  for (const s of k.stages)
    for (const a of s.actions) {
      visit(a.value, (e) => (e.op === 'load' ? void found.add(e.buffer) : undefined));
      if (a.kind === 'store') found.add(a.buffer);
    }
  return [...found];
};

export const partLength = (k: LoopKernel): number => count(k.outer);

/** Where the memory of a buffer comes from, and its number there; of a temporary the buffer whose memory it is. */
interface Home {
  readonly kind: 'input' | 'output' | 'temporary';
  readonly at: number;
}
const homeKey = (h: Home): string => `${h.kind}${h.at}`;

const homes = (plan: Plan): ((b: number) => Home) => {
  // Temporaries with the same memory have the same place.
  const temporaries = new Map<unknown, number>();
  return (b) => {
    const place = plan.places.get(b)!;
    if (place.kind === 'input') return { kind: 'input', at: place.position };
    if (place.kind === 'output') {
      const over = plan.aliases.get(place.position);
      return over === undefined ? { kind: 'output', at: place.position } : { kind: 'input', at: over };
    }
    if (!temporaries.has(place)) temporaries.set(place, b);
    return { kind: 'temporary', at: temporaries.get(place)! };
  };
};

/** Parts in the order of their inputs, whatever order they were computed in: that order is part of a layout. */
export const inOrder = (
  k: MultiKernel,
  homeOf: (b: number) => { readonly kind: string; readonly at: number },
): readonly LoopKernel[] => {
  const first = (p: LoopKernel): number =>
    Math.min(...rolesOf(p).map((b) => (homeOf(b).kind === 'input' ? homeOf(b).at : Infinity)));
  return k.parts
    .map((part, i) => ({ part, i, at: part.outer.length === 0 ? Infinity : first(part) }))
    .sort((a, b) => (a.at === b.at ? a.i - b.i : a.at - b.at))
    .map(({ part }) => part);
};

/** Runs of parts whose memory, one kind of it, fits one binding. */
const runs = (parts: readonly LoopKernel[], most: number): readonly (readonly LoopKernel[])[] => {
  const out: LoopKernel[][] = [];
  let words = 0;
  for (const p of parts) {
    const need = align(partLength(p));
    if (out.length === 0 || words + need > most) {
      out.push([]);
      words = 0;
    }
    out.at(-1)!.push(p);
    words += need;
  }
  return out;
};

/**
 * The arenas of a plan: one for each role in a merged kernel whose buffers are more than a shader can be bound to. Where they are
 * `whole`, its inputs and outputs may be in arenas, too; elsewhere others decide where these are.
 */
export const planArenas = (plan: Plan, limits: GpuLimits, isWhole: boolean): Arenas => {
  const homeOf = homes(plan);
  const written = new Set(plan.aliases.values());
  const placed = new Set<string>();
  const arenas: Arena[] = [];
  const together: Map<number, Part>[] = [];
  const info = (b: number): BufferInfo => plan.buffers.get(b)!;
  const may = ({ kind, at }: Home): boolean =>
    kind === 'temporary' || (isWhole && (kind === 'output' || written.has(at)));

  const place = (role: readonly number[], kind: Home['kind']): void => {
    const { dtype } = info(role[0]!);
    const keys = new Set<string>();
    const buffers = role.filter((b) => {
      const h = homeOf(b);
      const key = homeKey(h);
      const fits = h.kind === kind && may(h) && !placed.has(key) && !keys.has(key) && info(b).dtype === dtype;
      if (fits) keys.add(key);
      return fits;
    });
    if (buffers.length < 2) return;
    keys.forEach((key) => placed.add(key));
    const found = buffers.map(homeOf);
    const members: Member[] = [];
    let words = 0;
    buffers.forEach((b, i) => {
      const { length } = info(b);
      members.push({ at: found[i]!.at, offset: words, words: length });
      words += align(length);
    });
    if (kind === 'temporary') together.push(new Map(members.map(({ at, ...part }) => [at, part])));
    else arenas.push({ of: kind, members, words });
  };

  for (const k of plan.kernels) {
    if (k.kind !== 'multi') continue;
    const touched = new Set(k.parts.flatMap((p) => rolesOf(p).map((b) => homeKey(homeOf(b)))));
    if (touched.size <= limits.buffers) continue;
    for (const run of runs(inOrder(k, homeOf), Math.floor(limits.bindingBytes / wordBytes))) {
      const roles = run.map(rolesOf);
      roles[0]!.forEach((_, r) => {
        for (const kind of ['input', 'output', 'temporary'] as const)
          place(
            roles.map((own) => own[r]!),
            kind,
          );
      });
    }
  }
  // Temporaries are named by the buffer whose memory they share.
  const named = together.map(
    (group) =>
      new Map(
        [...plan.places.keys()].flatMap((b): [number, Part][] => {
          const h = homeOf(b);
          const part = h.kind === 'temporary' ? group.get(h.at) : undefined;
          return part === undefined ? [] : [[b, part]];
        }),
      ),
  );
  return { arenas, together: named };
};
