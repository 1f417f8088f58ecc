// Kernels with reductions in WGSL: rows shared by the invocations of a workgroup, or by several workgroups in two dispatches.
import { count, type Var } from '../core/index-expr.ts';
import type { LoopKernel, Stage } from '../jit/kernel.ts';
import type { Names } from './expr.ts';
import { digits, quotient, remainder } from './points.ts';
import { combineLanes } from './row-combine.ts';
import { keepRows, type Kept } from './row-kept.ts';
import { planRows, type RowPlan } from './row-plan.ts';
import { folding, narrowed, type Folding } from './row-reduce.ts';
import { leavePartials, secondKernel } from './row-split.ts';
import { createShader, spread, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
import { renderStores, renderValue, storeValue } from './vector-expr.ts';
import { packFor } from './vector.ts';

/** What the parts of a kernel have in common while it is written. */
export interface Row {
  readonly s: Shader;
  readonly plan: RowPlan;
  readonly vars: Map<number, string>;
  readonly locals: Map<number, string>;
  readonly inner: readonly Var[];
  readonly points: number;
  /** Text that is true where an invocation has a row; undefined where all have. */
  readonly inside: string | undefined;
  /** Text that is true for one invocation of each row; undefined where each has its own. */
  readonly once: string | undefined;
}

/** Variables along which the lane goes counted in fours; their names are those of the first of the four. */
const declare = (
  s: Shader,
  vars: readonly Var[],
  lane: Var | undefined,
  at: string,
  names: Map<number, string>,
): void => {
  digits(
    s,
    vars.map((v) => (v.id === lane?.id ? { id: v.id, extent: v.extent / 4 } : v)),
    at,
    names,
  );
  if (lane === undefined) return;
  const fours = names.get(lane.id);
  if (lane.extent === 4 || fours === undefined) return void names.set(lane.id, '0');
  const first = s.fresh('q');
  s.line(`let ${first} = ${fours} * 4;`);
  names.set(lane.id, first);
};

/** The dispatches of a kernel whose stages with axes all have the axes `inner`, not empty ones. */
export const renderRows = (
  k: LoopKernel,
  inner: readonly Var[],
  target: Target,
  whole = false,
): readonly Dispatch[] => {
  const s = createShader(target);
  const plan = planRows(s, k, inner, whole);
  const { across, lane, units, lanes, rows, parts } = plan;
  const size = lanes * rows;
  const blocks = Math.ceil(units / rows);
  const workgroups = spread(blocks * parts, target.limits.workgroups);
  const excess = workgroups[0] * workgroups[1] !== blocks * parts;
  packFor(
    s,
    k.stages.map((stage) => ({
      lane: across || stage.axes.length > 0 ? lane : undefined,
      values: stage.actions.map((a) => a.value),
      stores: stage.actions.flatMap((a) => (a.kind === 'store' ? [a] : [])),
    })),
  );

  s.line(workgroups[1] === 1 ? 'let g = i32(group.x);' : `let g = i32(group.x + group.y * ${workgroups[0]}u);`);
  const low = (n: number): string => (n === size ? 'i32(local)' : `i32(local & ${n - 1}u)`);
  const high = (n: number): string => `i32(local >> ${Math.log2(n)}u)`;
  if (lanes > 1) s.line(`let lane = ${across ? (rows === 1 ? 'i32(local)' : high(rows)) : low(lanes)};`);
  if (parts > 1) s.line(`let part = ${quotient('g', blocks)};`);
  const block = parts > 1 ? remainder('g', blocks) : 'g';
  const unit = rows === 1 ? '' : ` + ${across ? low(rows) : lanes === 1 ? 'i32(local)' : high(lanes)}`;
  const first = rows === 1 ? block : `${/^\w+$/.test(block) ? block : `(${block})`} * ${rows}`;
  const ragged = blocks * rows !== units || (excess && parts === 1);
  s.line(`let u = ${first}${unit};`);
  if (ragged) s.line(`let p = min(u, ${units - 1});`);
  else s.line('let p = u;');
  const tests = [...(ragged ? [`u < ${units}`] : []), ...(excess && parts > 1 ? [`part < ${parts}`] : [])];
  if (tests.length > 0) s.line(`let inside = ${tests.join(' && ')};`);

  const inside = tests.length > 0 ? 'inside' : undefined;
  const once = [inside ?? [], lanes > 1 ? 'lane == 0' : []].flat();
  const vars = new Map<number, string>();
  const row: Row = {
    s,
    plan,
    vars,
    locals: new Map(),
    inner,
    points: count(k.outer),
    inside,
    once: once.length > 0 ? once.join(' && ') : undefined,
  };
  declare(s, k.outer, across ? lane?.axis : undefined, 'p', vars);
  const kept = keepRows(row, k);
  const partials: Folding[] = [];
  for (const stage of k.stages)
    if (stage.axes.length > 0) partials.push(...renderLine(row, stage, kept, excess));
    else if (parts === 1) renderPoint(row, stage);

  const head = `@compute @workgroup_size(${size})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32)`;
  const finish = (): Dispatch => s.finish(k.name, head, workgroups);
  if (parts === 1) return [finish()];
  leavePartials(row, partials);
  const { kernel, around } = secondKernel(k, partials, parts, row.points, target);
  return [finish(), ...renderSecond(kernel, around)];
};

const renderSecond = (k: LoopKernel, target: Target): readonly Dispatch[] =>
  renderRows(k, k.stages.find((stage) => stage.axes.length > 0)!.axes, target, true);

/** What is done once a row: by one of its invocations. */
const renderPoint = ({ s, plan, vars, locals, once }: Row, stage: Stage): void => {
  if (once !== undefined) s.open(`if (${once})`);
  const stores = stage.actions.flatMap((a) => (a.kind === 'store' ? [a] : []));
  if (stores.length < stage.actions.length) throw new Error('wgsl: a reduction over nothing');
  renderStores(s, { vars, locals }, plan.across ? plan.lane : undefined, stores);
  if (once !== undefined) s.close();
};

/** A stage along the row; what it reduces is combined, and becomes locals unless parts of the row are elsewhere. */
const renderLine = (row: Row, stage: Stage, kept: Kept, excess: boolean): readonly Folding[] => {
  const { s, plan, vars, locals, inner, inside } = row;
  const { across, lane, chunks, lanes, parts, turns } = plan;
  const wide = lane !== undefined;
  const reduces = stage.actions.flatMap((a) => (a.kind === 'reduce' ? [a] : []));
  const foldings = new Map(reduces.map((a) => [a, folding(s, a, turns, wide)]));

  if (chunks === 0) {
    for (const f of foldings.values()) locals.set(f.action.local, f.types.length === 1 ? f.names[0]! : '0');
    return [];
  }
  const j = s.fresh('j');
  const c = s.fresh('k');
  // The chunks of an invocation are `lanes` apart; the last ones of a row have a turn less, if any.
  const begin = parts === 1 ? (lanes === 1 ? '0' : 'lane') : `${lanes === 1 ? '' : 'lane + '}part * ${turns * lanes}`;
  const exact = chunks === turns * lanes * parts && !(excess && parts > 1);
  let last = String(turns);
  if (!exact) {
    last = s.fresh('n');
    s.line(`let ${last} = min(${turns}, (${chunks + lanes - 1} - (${begin})) / ${lanes});`);
  }
  s.open(`for (var ${j} = 0; ${j} < ${last}; ${j}++)`);
  s.line(`let ${c} = ${begin === '0' ? '' : `${begin} + `}${lanes === 1 ? j : `${j} * ${lanes}`};`);
  const names: Names = { vars: new Map(vars), locals, row: (r) => kept.read(r, c, j) };
  declare(s, inner, across ? undefined : lane?.axis, c, names.vars as Map<number, string>);
  const values = stage.actions.map((a) => renderValue(s, names, lane, a.value));
  const position = (): string =>
    !wide ? c : across ? `vec4<i32>(${c})` : `vec4<i32>(${c} * 4) + vec4<i32>(0, 1, 2, 3)`;
  const stores = stage.actions.some((a) => a.kind === 'store' || a.kind === 'row');
  stage.actions.forEach((a, i) => {
    if (a.kind === 'reduce') foldings.get(a)!.update(values[i]!, position(), j);
  });
  if (stores) {
    if (inside !== undefined) s.open(`if (${inside})`);
    stage.actions.forEach((a, i) => {
      if (a.kind === 'row') kept.write(a.row, c, j, values[i]!);
      else if (a.kind === 'store') storeValue(s, names, lane, a.buffer, a.index, values[i]!);
    });
    if (inside !== undefined) s.close();
  }
  s.close();

  const ended = [...foldings.values()].map((f) => {
    f.end();
    return across ? f : narrowed(s, f);
  });
  combineLanes(s, plan, ended);
  if (parts === 1) for (const f of ended) locals.set(f.action.local, f.names.at(-1)!);
  return ended;
};
