// What programs inside of equations need: shared by the simplifications of control flow.
import { sizeOf } from '../core/aval.ts';
import { invariantPart } from '../core/invariant.ts';
import { hasEffects, type Equation, type Program, type Value } from '../core/program.ts';

export const keep = <A>(list: readonly A[], mask: readonly boolean[]): A[] => list.filter((_, i) => mask[i]!);
export const withParams = (e: Equation, params: object): Equation => ({ ...e, params: { ...e.params, ...params } });

/** Equations that the outputs or effects need. */
export const needed = (p: Program): Program => {
  const live = new Set(p.outs);
  const equations: Equation[] = [];
  for (let i = p.equations.length - 1; i >= 0; i--) {
    const e = p.equations[i]!;
    if (!hasEffects(e) && !e.outs.some((v) => live.has(v))) continue;
    e.inputs.forEach((v) => live.add(v));
    equations.push(e);
  }
  return { inputs: p.inputs, equations: equations.reverse(), outs: p.outs };
};
const readsOf = (p: Program): Set<Value> => new Set([...p.outs, ...p.equations.flatMap((e) => e.inputs)]);

/** The inputs that some output or effect depends on. */
export const reads = (p: Program): boolean[] => {
  const read = readsOf(needed(p));
  return p.inputs.map((v) => read.has(v));
};

/** Worth computing once: it costs something, and what it makes is not much more than what it is made of. */
const worthHoisting = (e: Equation): boolean => {
  if (e.inputs.length === 0 || hasEffects(e)) return false;
  const { tag } = e.primitive.lower(
    e.inputs.map((v) => v.aval),
    e.params,
    e.outs.map((v) => v.aval),
  );
  if (tag === 'move') return false;
  if (tag !== 'map') return true;
  const size = (vs: readonly Value[]): number => vs.reduce((n, v) => n + sizeOf(v.aval.shape), 0);
  return size(e.outs) <= 4 * size(e.inputs);
};

/** A body with what depends on its first inputs alone taken out: what to compute before, and the body that takes it as inputs. */
export const hoistFrom = (
  body: Program,
  consts: number,
  outside: readonly Value[],
): { readonly before: readonly Equation[]; readonly values: readonly Value[]; readonly body: Program } => {
  const own = body.inputs.slice(0, consts);
  const invariant = invariantPart(body, own);
  const moved = new Set(body.equations.filter((e) => e.outs.every((v) => invariant.has(v)) && worthHoisting(e)));
  const rest = body.equations.filter((e) => !moved.has(e));
  const used = readsOf({ ...body, equations: rest });
  const frontier = [...moved].flatMap((e) => e.outs.filter((v) => used.has(v)));
  if (frontier.length === 0) return { before: [], values: [], body };
  const env = new Map<Value, Value>(own.map((v, i) => [v, outside[i]!]));
  const before = invariant.program(frontier).equations.map((e): Equation => {
    const outs = e.outs.map((v): Value => ({ aval: v.aval }));
    const inputs = e.inputs.map((v) => env.get(v)!);
    e.outs.forEach((v, i) => env.set(v, outs[i]!));
    return { ...e, inputs, outs };
  });
  return {
    before,
    values: frontier.map((v) => env.get(v)!),
    body: needed({ inputs: [...frontier, ...body.inputs], equations: rest, outs: body.outs }),
  };
};
