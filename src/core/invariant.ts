// What a program computes from some of its inputs alone: the part of a loop's body that is the same at every step.
import { hasEffects, type Equation, type Program, type Value } from './program.ts';

export interface Invariant {
  readonly has: (v: Value) => boolean;
  /** A program of those inputs that computes invariant values. */
  readonly program: (outs: readonly Value[]) => Program;
}

/** The values that depend on `inputs` only. */
export const invariantPart = (program: Program, inputs: readonly Value[]): Invariant => {
  const known = new Set<Value>(inputs);
  const equations: Equation[] = [];
  for (const e of program.equations) {
    if (hasEffects(e) || !e.inputs.every((v) => known.has(v))) continue;
    equations.push(e);
    e.outs.forEach((v) => known.add(v));
  }
  return {
    has: (v) => known.has(v),
    program: (outs) => {
      const live = new Set(outs);
      const kept: Equation[] = [];
      for (let i = equations.length - 1; i >= 0; i--) {
        const e = equations[i]!;
        if (!e.outs.some((v) => live.has(v))) continue;
        e.inputs.forEach((v) => live.add(v));
        kept.push(e);
      }
      return { inputs, equations: kept.reverse(), outs };
    },
  };
};
