// What a module consists of: dispatches, and loops around them; and the memory that they are bound to.

/**
 * Memory of a program: an input, an output, a slot for temporaries (several take turns), or scratch of one kernel. A result that is
 * written over an input is that input.
 */
export interface FixedPlace {
  readonly kind: 'input' | 'output' | 'slot' | 'scratch';
  readonly at: number;
}
/** A carry changes places from step to step of the loop at its level: `even` is where the steps left are even in number. */
export type Place =
  FixedPlace | { readonly kind: 'turn'; readonly level: number; readonly even: Place; readonly odd: Place };

export const placeKey = (p: Place): string =>
  p.kind === 'turn' ? `${p.level}?${placeKey(p.odd)}:${placeKey(p.even)}` : `${p.kind}${p.at}`;

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

export type Step = Dispatch | Loop | Rounds;

/** All dispatches, in order, each once. */
export const dispatchesOf = (steps: readonly Step[]): readonly Dispatch[] =>
  steps.flatMap((s) => ('steps' in s ? dispatchesOf(s.steps) : [s]));
