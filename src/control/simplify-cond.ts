// Simplification of branches: results that nobody needs go, and operands that no branch reads.
import type { Simplification } from '../core/primitive.ts';
import type { Equation, Program } from '../core/program.ts';
import { keep, needed, reads, withParams } from './live.ts';

const pruneCond = (e: Equation, live: readonly boolean[]): Equation => {
  const branches = (e.params['branches'] as readonly Program[]).map((b) => needed({ ...b, outs: keep(b.outs, live) }));
  const read = branches.map(reads);
  const used = branches[0]!.inputs.map((_, i) => read.some((r) => r[i]!));
  if (live.every(Boolean) && used.every(Boolean)) return e;
  return withParams(
    { ...e, inputs: keep(e.inputs, [true, ...used]), outs: keep(e.outs, live) },
    { branches: branches.map((b) => ({ ...b, inputs: keep(b.inputs, used) })) },
  );
};

export const simplifyCond: Simplification = { prune: pruneCond };
