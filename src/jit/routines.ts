// Routines: calls that some backends have a kernel for. Where one has none, the call's program takes its place.
import type { Lowering } from '../core/lowering.ts';
import type { Equation, Program } from '../core/program.ts';
import type { Limits } from './cluster.ts';
import type { AttentionKernel } from './kernel.ts';
import { simplify, writeOut } from './simplify.ts';

type Call = Extract<Lowering, { tag: 'call' }>;

/** The program with every call written out that the backend has no kernel for. */
export const writeOutRoutines = (program: Program, { routine }: Limits): Program => {
  const written = writeOut(program, (e) => {
    if (!('program' in e.params)) return undefined;
    const l = e.primitive.lower(
      e.inputs.map((v) => v.aval),
      e.params,
      e.outs.map((v) => v.aval),
    );
    return l.tag !== 'call' || (l.routine !== undefined && routine?.(l.routine, e.inputs) === true)
      ? undefined
      : l.program;
  });
  return written === program ? program : simplify(written);
};

/** The kernel of a call that was kept, over buffers in the order of its inputs and outputs. */
export const routineKernel = (
  { routine }: Call,
  { primitive, inputs }: Equation,
  sources: readonly number[],
  targets: readonly number[],
): AttentionKernel => {
  const shape = (i: number): readonly number[] => inputs[i]!.aval.shape;
  return {
    ...routine!,
    name: primitive.name,
    sources,
    targets,
    query: shape(0),
    value: shape(2),
    ...(routine!.masked ? { mask: shape(3) } : {}),
  };
};
