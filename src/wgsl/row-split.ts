// Few long rows in two dispatches: what the first one leaves in scratch memory, and the kernel of the second.
import type { DType } from '../core/dtype.ts';
import { bitcast, compare, convert, lit, rewrite, type Expr } from '../core/expr.ts';
import { linearize, newVar, rowMajor, valueIndex, variable, type Index } from '../core/index-expr.ts';
import type { Action, LoopKernel } from '../jit/kernel.ts';
import type { Row } from './row.ts';
import type { Folding } from './row-reduce.ts';
import type { Target } from './shader.ts';
import { toWord } from './types.ts';

/** The registers of a part, written by one of its invocations, one after the other for all parts of all rows: [register][part][row]. */
export const leavePartials = ({ s, plan, points, once }: Row, foldings: readonly Folding[]): void => {
  const registers = foldings.flatMap((f) => f.names.map((name, i) => ({ name, dtype: f.types[i]!, wide: f.wide })));
  const memory = s.scratch(registers.length * plan.parts * points);
  if (once !== undefined) s.open(`if (${once})`);
  registers.forEach(({ name, dtype, wide }, r) => {
    const at = `(${r * plan.parts} + part) * ${points} + p${wide ? ' * 4' : ''}`;
    if (!wide) s.line(`${memory}[${at}] = ${toWord(name, dtype)};`);
    else for (let i = 0; i < 4; i++) s.line(`${memory}[${at} + ${i}] = ${toWord(`${name}[${i}]`, dtype)};`);
  });
  if (once !== undefined) s.close();
};

// The scratch memory as a buffer.
const left = -1;

/** The same reductions over the parts, then what follows them. Parts are in order, so that the first of equals stays the first. */
export const secondKernel = (
  k: LoopKernel,
  foldings: readonly Folding[],
  parts: number,
  points: number,
  target: Target,
): { readonly kernel: LoopKernel; readonly around: Target } => {
  const axis = newVar(parts);
  const row = rowMajor(k.outer);
  const read = (register: number, part: Index, dtype: DType): Expr => {
    const index = linearize([{ offset: register, terms: [] }, part, row], [0, parts, points]);
    const loaded: Expr = { op: 'load', dtype: 'uint32', buffer: left, index, guards: [], fill: 0 };
    return dtype === 'bool' ? compare('ne', loaded, lit(0, 'uint32')) : bitcast(loaded, dtype);
  };
  // Places of largest values are those that the winning part found.
  const found = new Map<number, Expr>();
  let register = 0;
  const actions = foldings.map(({ action, types }): Action => {
    const value = read(register, variable(axis), types[0]!);
    if (types.length === 2) {
      const winner: Expr = { op: 'local', dtype: 'int32', local: action.local };
      found.set(action.local, read(register + 1, valueIndex(winner), 'int32'));
    }
    register += types.length;
    return { ...action, value };
  });
  const memo = new Map<Expr, Expr>();
  const atPlace = (e: Expr): Expr => {
    const place = e.op === 'local' ? found.get(e.local) : undefined;
    return place === undefined ? e : convert(place, e.dtype);
  };
  const placed = (e: Expr): Expr => rewrite(e, atPlace, memo);
  const stages = k.stages.map((stage) =>
    stage.axes.length > 0
      ? { axes: [axis], actions }
      : { axes: [], actions: stage.actions.map((a) => ({ ...a, value: placed(a.value) })) },
  );
  const around: Target = {
    ...target,
    info: (b) => (b === left ? { id: left, dtype: 'uint32', length: register * parts * points } : target.info(b)),
    site: (b) => (b === left ? { place: { kind: 'scratch', at: 0 }, slices: [] } : target.site(b)),
  };
  return { kernel: { ...k, name: `${k.name}_parts`, stages }, around };
};
