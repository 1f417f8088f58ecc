// Loop kernels in WGSL: one invocation a point of the outer space, which runs the stages in order.
import type { DType } from '../core/dtype.ts';
import type { Action, LoopKernel, Stage } from '../jit/kernel.ts';
import { renderExpr, renderStore, type Names } from './expr.ts';
import { count, digits, loops } from './points.ts';
import { reducer, type Reducer } from './reduce.ts';
import { createShader, spread, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
import { registerType } from './types.ts';

export const groupSize = 64;

/** The beginning of a shader with one invocation for each of `points`; `p` is its number. */
export const perPoint = (
  s: Shader,
  points: number,
): { readonly head: string; readonly workgroups: readonly [number, number, number] } => {
  const workgroups = spread(Math.ceil(points / groupSize), s.target.limits.workgroups);
  s.line(workgroups[1] === 1 ? 'let p = i32(id.x);' : `let p = i32(id.x + id.y * ${workgroups[0] * groupSize}u);`);
  s.line(`if (p >= ${points}) { return; }`);
  return {
    head: `@compute @workgroup_size(${groupSize})\nfn main(@builtin(global_invocation_id) id: vec3u)`,
    workgroups,
  };
};

interface Rows {
  readonly at: (row: number, position: string) => string;
}

/** Rows are kept in scratch memory, laid out so that neighbouring invocations touch neighbouring words. */
const scratchRows = (s: Shader, k: LoopKernel, points: number): Rows | undefined => {
  const kept = k.stages.flatMap((stage) =>
    stage.actions.flatMap((a) => (a.kind === 'row' ? [{ row: a.row, length: count(stage.axes) }] : [])),
  );
  if (kept.length === 0) return undefined;
  const offsets = new Map<number, number>();
  let total = 0;
  for (const { row, length } of kept) {
    if (offsets.has(row)) continue;
    offsets.set(row, total);
    total += length;
  }
  const name = s.scratch(total * points);
  const from = (row: number): string => (offsets.get(row) === 0 ? '' : ` + ${offsets.get(row)!}`);
  return { at: (row, position) => `${name}[(${position}${from(row)}) * ${points} + p]` };
};

/** The dispatch of a loop kernel; undefined where there is nothing to do. */
export const renderLoop = (k: LoopKernel, target: Target): Dispatch | undefined => {
  const points = count(k.outer);
  if (points === 0) return undefined;
  const s = createShader(target);
  const { head, workgroups } = perPoint(s, points);
  const vars = new Map<number, string>();
  digits(s, k.outer, 'p', vars);
  const locals = new Map<number, string>();
  const rows = scratchRows(s, k, points);
  const rowTypes = new Map(
    k.stages.flatMap((x) => x.actions.flatMap((a) => (a.kind === 'row' ? [[a.row, a.dtype] as const] : []))),
  );
  for (const stage of k.stages)
    renderStage(
      s,
      stage,
      { vars, locals },
      vars,
      locals,
      (row, position) => fromWord(rows!.at(row, position), rowTypes.get(row)!),
      rows,
    );
  return s.finish(k.name, head, workgroups);
};

const fromWord = (word: string, d: DType): string =>
  d === 'bool' ? `${word} != 0u` : d === 'uint32' ? word : `bitcast<${registerType(d)}>(${word})`;
const toWord = (value: string, d: DType): string =>
  d === 'bool' ? `u32(${value})` : d === 'uint32' ? value : `bitcast<u32>(${value})`;

const renderStage = (
  s: Shader,
  stage: Stage,
  base: Names,
  vars: Map<number, string>,
  locals: Map<number, string>,
  readRow: (row: number, position: string) => string,
  rows: Rows | undefined,
): void => {
  const points = count(stage.axes);
  const reducers = new Map<Action, Reducer>();
  for (const a of stage.actions)
    if (a.kind === 'reduce') {
      const r = reducer(s, a.op, a.dtype, a.value.dtype, points);
      reducers.set(a, r);
      r.begin();
    }
  if (points > 0) {
    const { position, close } = loops(s, stage.axes, vars);
    const names: Names = { ...base, row: (row) => readRow(row, position) };
    // Every value before any store: a result may be written over what it is computed from.
    const values = stage.actions.map((a) => renderExpr(s, names, a.value));
    stage.actions.forEach((a, i) => {
      const value = values[i]!;
      if (a.kind === 'store') renderStore(s, names, a.buffer, a.index, value);
      else if (a.kind === 'row') s.line(`${rows!.at(a.row, position)} = ${toWord(value, a.dtype)};`);
      else reducers.get(a)!.update(value, a.value.dtype, position);
    });
    close();
  }
  for (const [a, r] of reducers) if (a.kind === 'reduce') locals.set(a.local, r.finish());
};
