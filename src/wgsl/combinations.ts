// Bind groups for the memory that a run of a program got: found again at once where it got the same as before.
import type { GpuBuffer, GpuDevice, GpuObject } from './gpu.ts';
import type { Pipeline } from './pipelines.ts';
import type { Span } from './pool.ts';
import type { Dispatch, Place } from './steps.ts';
import { wordBytes } from './types.ts';

// Combinations that are kept, for a program and for each of its dispatches, there times two for each loop around it.
const kept = 16;

// Shaders may see memory as vectors of four: the last one is there as a whole, since blocks and ranges of them end later.
const vectorBytes = 4 * wordBytes;
const boundBytes = (bytes: number): number => Math.max(1, Math.ceil(bytes / vectorBytes)) * vectorBytes;

/** A dispatch, as long as its program lives. */
export interface Prepared {
  readonly kind: 'dispatch';
  readonly dispatch: Dispatch;
  readonly pipeline: Pipeline;
  /** Its number in the program. */
  readonly at: number;
  /** The number of loops around it. */
  readonly level: number;
  readonly numbers: GpuObject | undefined;
  /** Workgroups. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly groups: Map<string, GpuObject>;
}

/** What a dispatch is bound to in a run, for one turn of the loops around it. */
export interface Bound {
  readonly group: GpuObject;
  /** Where its workgroups stand. */
  readonly gate: GpuBuffer | undefined;
  readonly gateOffset: number;
}

/** The memory of a run: for each dispatch and turn, what it is bound to, if that was looked up. */
export interface Combination {
  readonly spans: readonly Span[];
  readonly bound: readonly (Bound | undefined)[][];
}

export interface Combinations {
  /** The one of these spans, in the order of the program's memory. */
  of(spans: readonly Span[]): Combination;
  /** Looks up what a dispatch is bound to; `spanOf` tells where places are at this turn. */
  bind(c: Combination, d: Prepared, turn: number, spanOf: (p: Place) => Span): Bound;
}

/** `used`: numbers of the spans that shaders are bound to; the others do not tell combinations apart. `size`: dispatches. */
export const createCombinations = (gpu: GpuDevice, used: readonly number[], size: () => number): Combinations => {
  const known: Combination[] = [];

  const same = (a: readonly Span[], b: readonly Span[]): boolean => {
    for (const i of used) if (a[i]!.block !== b[i]!.block || a[i]!.offset !== b[i]!.offset) return false;
    return true;
  };
  const groupFor = (d: Prepared, spanOf: (p: Place) => Span): GpuObject => {
    const spans = d.dispatch.bindings.map((b) => spanOf(b.place));
    const key = spans.map((x) => `${x.block.id}+${x.offset}:${x.bytes}`).join();
    let group = d.groups.get(key);
    if (group === undefined) {
      if (d.groups.size >= kept << d.level) d.groups.delete(d.groups.keys().next().value!);
      group = gpu.createBindGroup({
        label: d.dispatch.name,
        layout: d.pipeline.layout,
        entries: spans.map(({ block, offset, bytes }, binding) => ({
          binding,
          resource: { buffer: block.buffer, offset, size: boundBytes(bytes) },
        })),
      });
      d.groups.set(key, group);
    }
    return group;
  };

  return {
    of: (spans) => {
      for (let i = 0; i < known.length; i++)
        if (same(known[i]!.spans, spans)) {
          const found = known[i]!;
          // The latest first.
          if (i > 0) {
            known.splice(i, 1);
            known.unshift(found);
          }
          return found;
        }
      const made: Combination = { spans, bound: Array.from({ length: size() }, () => []) };
      if (known.length >= kept) known.pop();
      known.unshift(made);
      return made;
    },
    bind: (c, d, turn, spanOf) => {
      const { gate } = d.dispatch;
      const flag = gate === undefined || gate === 'open' ? undefined : gate;
      const at = flag === undefined ? undefined : spanOf(flag.place);
      const bound: Bound = {
        group: groupFor(d, spanOf),
        gate: at?.block.buffer,
        gateOffset: at === undefined ? 0 : at.offset + flag!.word * wordBytes,
      };
      c.bound[d.at]![turn] = bound;
      return bound;
    },
  };
};
