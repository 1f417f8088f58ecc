// What a module consists of: dispatches, and loops around them; and the memory that they are bound to.
import type { DType } from '../core/dtype.ts';
import type { HostCall } from '../core/lowering.ts';
import type { Part } from './arena.ts';

/**
 * Memory of a program: an input, an output, an arena of several of them, a slot for temporaries (several take turns), or scratch of one
 * kernel. A result that is written over an input is that input.
 */
export interface FixedPlace {
  readonly kind: 'input' | 'output' | 'arena' | 'slot' | 'scratch';
  readonly at: number;
  /** Absent: all of it. */
  readonly part?: Part;
}
/** A carry changes places from step to step of the loop at its level: `even` is where the steps left are even in number. */
export type Place =
  FixedPlace | { readonly kind: 'turn'; readonly level: number; readonly even: Place; readonly odd: Place };

export const placeKey = (p: Place): string =>
  p.kind === 'turn'
    ? `${p.level}?${placeKey(p.odd)}:${placeKey(p.even)}`
    : `${p.kind}${p.at}${p.part === undefined ? '' : `@${p.part.offset}+${p.part.words}`}`;

/** The buffers of the GPU that a place may share with others. */
const blocksOf = (p: Place): readonly string[] =>
  p.kind === 'turn' ? [...blocksOf(p.even), ...blocksOf(p.odd)] : p.part === undefined ? [] : [`${p.kind}${p.at}`];

/** All of the memory that a place is a part of, and where it begins there; undefined for what alternates between unlike parts. */
export const wholeOf = (p: Place): { readonly place: Place; readonly offset: number } | undefined => {
  if (p.kind !== 'turn')
    return p.part === undefined
      ? { place: p, offset: 0 }
      : { place: { kind: p.kind, at: p.at }, offset: p.part.offset };
  const [even, odd] = [wholeOf(p.even), wholeOf(p.odd)];
  return even === undefined || odd === undefined || even.offset !== odd.offset
    ? undefined
    : { place: { ...p, even: even.place, odd: odd.place }, offset: even.offset };
};

/**
 * Bindings as WebGPU wants them: what a shader writes in one part of a buffer makes all its bindings to that buffer ones that may
 * write.
 */
export const withUsage = (bindings: readonly Binding[]): readonly Binding[] => {
  const written = new Set<string>();
  const writes = (b: Binding): boolean => b.write || blocksOf(b.place).some((k) => written.has(k));
  for (let size = -1; size !== written.size;) {
    size = written.size;
    for (const b of bindings) if (writes(b)) blocksOf(b.place).forEach((k) => written.add(k));
  }
  return bindings.map((b) => (b.write === writes(b) ? b : { ...b, write: true }));
};

/** A loop as shaders see it; `level` counts the loops around it. */
export interface LoopNumber {
  readonly level: number;
  readonly length: number;
}

/** Where a buffer is: at the start of a place, or at a slice of it, whose number is that of a loop's step. */
export interface Site {
  readonly place: Place;
  readonly slices: readonly { readonly loop: LoopNumber; readonly words: number }[];
}

export interface Binding {
  readonly place: Place;
  /** A shader that writes a buffer may read it as well, at the same point before the write. */
  readonly write: boolean;
}

/** One digit of the slice number of the loop at a level: see counters.ts. */
export interface Digit {
  readonly level: number;
  readonly digit: number;
}

/** A word of memory. */
export interface Flag {
  readonly place: Place;
  readonly word: number;
}

/** One dispatch: a shader, what it is bound to, and how many workgroups. */
export interface Dispatch {
  readonly name: string;
  readonly wgsl: string;
  readonly bindings: readonly Binding[];
  readonly digits: readonly Digit[];
  readonly workgroups: readonly [number, number, number];
  /**
   * Where its workgroups stand in memory, three words; or 'open' for one that runs always, though what is around it may not. Absent:
   * it runs as what is around it.
   */
  readonly gate?: Flag | 'open';
  /** Words of scratch memory. */
  readonly scratchWords: number;
}

/** Steps repeated, for slice after slice from the first to the last, or from the last to the first. */
export interface Loop extends LoopNumber {
  readonly reverse: boolean;
  readonly steps: readonly Step[];
}

/** Steps repeated as long as the flag, which they write, is not 0. Carries are where an even number of rounds leaves them. */
export interface Rounds {
  readonly level: number;
  readonly flag: Flag;
  readonly steps: readonly Step[];
}

/** An operand or a result of a function of JS. */
export interface HostValue {
  readonly site: Site;
  readonly dtype: DType;
  readonly length: number;
}

/** A call of a function of JS. Nothing waits for an effect, which is called when its operands have arrived, in order. */
export interface HostStep {
  readonly name: string;
  readonly call: HostCall;
  readonly operands: readonly HostValue[];
  readonly results: readonly HostValue[];
  readonly effect: boolean;
  /** A word that is 0 where the branch or the loop that it is a part of does not run. */
  readonly alive?: Flag;
}

export type Step = Dispatch | Loop | Rounds | HostStep;

/** All dispatches, in order, each once. */
export const dispatchesOf = (steps: readonly Step[]): readonly Dispatch[] =>
  steps.flatMap((s) => ('steps' in s ? dispatchesOf(s.steps) : 'call' in s ? [] : [s]));

/** Dispatches of a run, steps of loops counted as often as they run; of a loop of unknown length one round. */
export const dispatchCount = (steps: readonly Step[]): number =>
  steps.reduce(
    (n, s) => n + ('steps' in s ? ('length' in s ? s.length : 1) * dispatchCount(s.steps) : 'call' in s ? 0 : 1),
    0,
  );
