// Routines: calls that some backends have a kernel for. Where one has none, the call's program takes its place.
import type { Lowering } from '../core/lowering.ts';
import type { Equation, Program, Value } from '../core/program.ts';
import type { Limits } from './cluster.ts';
import type { AttentionKernel } from './kernel.ts';
import { simplify } from './simplify.ts';

type Call = Extract<Lowering, { tag: 'call' }>;

const callOf = (e: Equation): Call | undefined => {
  if (e.primitive.inlined === true || !('program' in e.params)) return undefined;
  const lowering = e.primitive.lower(
    e.inputs.map((v) => v.aval),
    e.params,
    e.outs.map((v) => v.aval),
  );
  return lowering.tag === 'call' ? lowering : undefined;
};

/** The program with every call written out that the backend has no kernel for. */
export const writeOutRoutines = (program: Program, { routine }: Limits): Program => {
  const written = new Map<Equation, Program>();
  for (const e of program.equations) {
    const call = callOf(e);
    if (call === undefined) continue;
    const kept = routine !== undefined && call.routine !== undefined && routine(call.routine, e.inputs);
    if (!kept) written.set(e, call.program);
  }
  if (written.size === 0) return program;
  const env = new Map<Value, Value>();
  const read = (v: Value): Value => env.get(v) ?? v;
  const equations = program.equations.flatMap((e): readonly Equation[] => {
    const inputs = e.inputs.map(read);
    const inside = written.get(e);
    if (inside === undefined) return [{ ...e, inputs }];
    const own = new Map<Value, Value>(inside.inputs.map((v, i) => [v, inputs[i]!]));
    const fresh = (v: Value): Value => {
      const copy = { aval: v.aval };
      own.set(v, copy);
      return copy;
    };
    const body = inside.equations.map((x) => ({
      ...x,
      inputs: x.inputs.map((v) => own.get(v)!),
      outs: x.outs.map(fresh),
    }));
    e.outs.forEach((v, i) => env.set(v, own.get(inside.outs[i]!)!));
    return body;
  });
  return simplify({ inputs: program.inputs, equations, outs: program.outs.map(read) });
};

/** The kernel of a call that was kept, over buffers in the order of its inputs and outputs. */
export const routineKernel = (
  { routine }: Call,
  e: Equation,
  sources: readonly number[],
  targets: readonly number[],
): AttentionKernel => {
  if (routine === undefined) throw new Error(`${e.primitive.name}: a call without a kernel was not written out`);
  return {
    ...routine,
    name: e.primitive.name,
    sources,
    targets,
    query: e.inputs[0]!.aval.shape,
    value: e.inputs[2]!.aval.shape,
    ...(routine.masked ? { mask: e.inputs[3]!.aval.shape } : {}),
  };
};
