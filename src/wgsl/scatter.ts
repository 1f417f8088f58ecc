// Scatters in WGSL: the target's initial values, then the updates, in order wherever two of them could meet; three ways by how many do.
import { count } from '../core/index-expr.ts';
import { buffersOf } from '../jit/buffers.ts';
import type { ScatterKernel } from '../jit/kernel.ts';
import { renderExpr, renderGuards, renderIndex, type Names } from './expr.ts';
import { renderLoop } from './loop.ts';
import { digits, loops, perPoint } from './points.ts';
import { baseIndex, denseLanes, scatterAxes, type ScatterAxes } from './scatter-axes.ts';
import { cellOf } from './scatter-cell.ts';
import { renderSorted } from './scatter-sorted.ts';
import { createShader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

// Updates that could meet and are worth a loop, rather than a dispatch more.
const few = 16;
// Updates that every element of the target may look at, and looks of all elements together.
const mostSeen = 1024;
const mostLooks = 2 ** 22;

type Initialised = ScatterKernel & { readonly init: NonNullable<ScatterKernel['init']> };

/** An invocation for each update that meets no other one; what could meet runs in order inside of it. */
const renderUpdates = (k: ScatterKernel, { lanes, batch, dependent }: ScatterAxes, target: Target): Dispatch => {
  const s = createShader(target);
  const parallel = [...batch, ...lanes];
  const { head, workgroups } = perPoint(s, count(parallel));
  const vars = new Map<number, string>();
  const names: Names = { vars };
  digits(s, parallel, 'p', vars);
  const { close } = loops(s, dependent, vars);
  const guards = renderGuards(s, names, k.guards);
  if (guards !== undefined) s.open(`if (${guards})`);
  const value = renderExpr(s, names, k.value);
  const at = s.fresh('t');
  s.line(`let ${at} = ${renderIndex(s, names, k.index)};`);
  const cell = cellOf(s, k, at);
  cell.store(cell.combined(cell.load(), value));
  if (guards !== undefined) s.close();
  close();
  return s.finish(k.name, head, workgroups);
};

/** An invocation for each element of the target, which looks at all updates and takes those that name it, in order. */
const renderTaken = (
  k: Initialised,
  { lanes, batch, dependent }: ScatterAxes,
  dense: ScatterAxes['lanes'],
  target: Target,
): Dispatch => {
  const s = createShader(target);
  const { init } = k;
  const { head, workgroups } = perPoint(s, count(init.axes));
  const outer = new Map<number, string>();
  digits(s, init.axes, 'p', outer);
  const at = s.fresh('t');
  s.line(`let ${at} = ${renderIndex(s, { vars: outer }, init.index)};`);
  const cell = cellOf(s, k, at);
  const first = renderExpr(s, { vars: outer }, init.value);
  const acc = cell.accumulator('acc');
  s.line(`${acc} = ${first};`);
  const vars = new Map<number, string>();
  const names: Names = { vars };
  const { close } = loops(s, [...batch, ...dependent], vars);
  const guards = renderGuards(s, names, k.guards);
  if (guards !== undefined) s.open(`if (${guards})`);
  s.line(`let lane = ${at} - (${renderIndex(s, names, baseIndex(k.index, lanes))});`);
  s.open(count(lanes) === 1 ? 'if (lane == 0)' : `if (lane >= 0 && lane < ${count(lanes)})`);
  digits(s, dense, 'lane', vars);
  s.line(`${acc} = ${cell.combined(acc, renderExpr(s, names, k.value))};`);
  s.close();
  if (guards !== undefined) s.close();
  close();
  cell.store(acc);
  return s.finish(k.name, head, workgroups);
};

const renderInit = ({ init, name, target: buffer }: ScatterKernel, target: Target): Dispatch | undefined => {
  if (init === undefined) return undefined;
  const store = { kind: 'store', buffer, index: init.index, value: init.value } as const;
  return renderLoop(
    { kind: 'loop', name: `${name}_init`, outer: init.axes, stages: [{ axes: [], actions: [store] }] },
    target,
  );
};

const hasInit = (k: ScatterKernel): k is Initialised => k.init !== undefined;

/**
 * What the target begins with, unless it is there already, and the updates. Updates that could meet are combined in row-major order:
 * up to 16 in a loop; few of them by each element of a small target, in one dispatch; others are sorted by their place, and sums of
 * many go by chunks. The same bits every time, without atomics.
 */
export const renderScatter = (k: ScatterKernel, target: Target): readonly Dispatch[] => {
  const axes = scatterAxes(k);
  const meeting = count(axes.dependent);
  const seen = meeting * count(axes.batch);
  const dense = denseLanes(k.index, axes.lanes);
  if (
    meeting > few &&
    seen <= mostSeen &&
    dense !== undefined &&
    hasInit(k) &&
    count(k.axes) * count(k.init.axes) > 0 &&
    seen * count(k.init.axes) <= mostLooks &&
    buffersOf(k).reads.length < target.limits.buffers
  )
    return [renderTaken(k, axes, dense, target)];
  const init = renderInit(k, target);
  const updates =
    count(k.axes) === 0 ? [] : meeting <= few ? [renderUpdates(k, axes, target)] : renderSorted(k, axes, target);
  return [...(init === undefined ? [] : [init]), ...updates];
};
