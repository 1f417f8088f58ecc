// The memory of arenas in one call: that of the donated inputs where they lie there already, else fresh memory that they are copied to.
import type { HostStorage } from '../core/host.ts';
import type { Member } from './arena.ts';
import { partOf, type Copy, type Span } from './encode.ts';
import type { Module } from './module.ts';
import type { Block } from './pool.ts';
import { WebGpuStorage } from './storage.ts';
import { wordBytes } from './types.ts';

/** Inputs that results are written over: an arena of them, or one that has memory of its own. */
export interface Group {
  readonly arena: number | undefined;
  readonly members: readonly Member[];
  readonly words: number;
}

/** `aliases`: output -> input; `words`: of an input. */
export const groupsOf = (
  { arenas }: Module,
  aliases: ReadonlyMap<number, number>,
  words: (input: number) => number,
): readonly Group[] => {
  const groups: Group[] = arenas.flatMap((a, arena) => (a.of === 'input' ? [{ ...a, arena }] : []));
  const grouped = new Set(groups.flatMap((g) => g.members.map((m) => m.at)));
  for (const at of aliases.values())
    if (!grouped.has(at))
      groups.push({ arena: undefined, members: [{ at, offset: 0, words: words(at) }], words: words(at) });
  return groups;
};

export interface Placed {
  readonly span: Span;
  /** Whether it is not where its members were. */
  readonly moved: boolean;
}

/**
 * Where a group's memory is. It stays where it is unless its members are scattered, or something else that the call is given lies
 * in the same buffer: WebGPU lets no shader read from a buffer that it is bound to twice and writes to.
 */
export const placeGroup = (
  { arena, members, words }: Group,
  storages: readonly (WebGpuStorage | HostStorage)[],
  uses: ReadonlyMap<Block, number>,
  take: (bytes: number) => Span,
): Placed => {
  const first = storages[members[0]!.at]!;
  const stays = members.every(({ at, offset }) => {
    const s = storages[at]!;
    return (
      s instanceof WebGpuStorage &&
      first instanceof WebGpuStorage &&
      s.block === first.block &&
      uses.get(s.block) === members.length &&
      (arena === undefined || s.offset === offset * wordBytes)
    );
  });
  return stays
    ? {
        span: {
          block: (first as WebGpuStorage).block,
          offset: (first as WebGpuStorage).offset,
          bytes: words * wordBytes,
        },
        moved: false,
      }
    : { span: take(words * wordBytes), moved: true };
};

/** What brings the members there: copies of those on the device; elements of the host are for `write`. */
export const fillGroup = (
  { members }: Group,
  span: Span,
  storages: readonly (WebGpuStorage | HostStorage)[],
  write: (to: Span, from: HostStorage) => void,
): readonly Copy[] =>
  members.flatMap((m): Copy[] => {
    const s = storages[m.at]!;
    const to = partOf(span, m);
    if (s instanceof WebGpuStorage) return [{ from: { block: s.block, offset: s.offset, bytes: s.bytes }, to }];
    write(to, s);
    return [];
  });
