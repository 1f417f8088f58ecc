// Windows that are written into a tensor: when to lower them as updates of it instead of as a choice made for every element.
import { sizeOf } from '../core/aval.ts';
import type { Lowering } from '../core/lowering.ts';
import type { Equation, Program, Value } from '../core/program.ts';

// A window this many times smaller than its tensor is clearly the smaller part of the work.
const smaller = 4;

/**
 * The lowering of each equation of a program, for backends that update in place. A small window becomes an update where the result is kept
 * (an output, or updated further); elsewhere a choice fuses into whatever reads it.
 */
export const updateForms = (program: Program): ((e: Equation, lowering: Lowering) => Lowering) => {
  const users = new Map<Value, Equation[]>();
  for (const e of program.equations) for (const v of e.inputs) users.set(v, [...(users.get(v) ?? []), e]);
  const outs = new Set(program.outs);
  const chosen = new Set<Value>();
  const isReshape = (e: Equation): boolean => e.primitive.name === 'reshape';
  const kept = (v: Value, scatter: Equation['primitive']): boolean =>
    outs.has(v) ||
    (users.get(v) ?? []).some(
      (f) => (f.primitive === scatter && f.inputs[0] === v) || (isReshape(f) && kept(f.outs[0]!, scatter)),
    );
  return (e, lowering) => {
    const [x, y] = [e.inputs[0]!, e.outs[0]!];
    if (isReshape(e) && chosen.has(x)) chosen.add(y);
    if (lowering.tag === 'scatter') chosen.add(y);
    if (lowering.tag !== 'move' || lowering.update === undefined) return lowering;
    const window = e.inputs[e.inputs.length - 1]!;
    if (smaller * sizeOf(window.aval.shape) >= sizeOf(x.aval.shape)) return lowering;
    if (!chosen.has(x) && !kept(y, e.primitive)) return lowering;
    chosen.add(y);
    return lowering.update;
  };
};
