// Which contractions do without tiles: short sums, and those with few rows or columns, which are bound by reading memory.
import type { Var } from '../../core/index-expr.ts';
import { powerAbove } from '../points.ts';
import { createShader, type Shader, type Target } from '../shader.ts';
import { isQuad, laneOf, vectorizable, type Lane } from '../vector.ts';
import type { Blocks } from './block.ts';
import { contiguous, laneAlong } from './fill.ts';
import type { Problem } from './problem.ts';

/** Sums of no more products are left to single invocations, unless rows and columns are many: then a tile's reuse pays. */
const short = 32;
const manyRows = 64;
/** Rows (or columns) that are few enough to be kept in registers all at once. */
const few = 8;
const mostSums = 16;
/** Workgroups that keep a GPU busy, and invocations that do. */
const busyGroups = 192;
const busyInvocations = 2 ** 14;
const fewInvocations = 64;
const mostParts = 64;
const mostPartials = 2 ** 22;

/** Four results beside each other in memory, along one of the axes. */
const resultLane = (s: Shader, p: Problem, axes: readonly Var[]): Lane | undefined =>
  axes
    .filter((v) => v.extent % 4 === 0)
    .map((v) => laneOf(v))
    .find(
      (lane) =>
        p.stores.every((e) => isQuad(s, lane, e.buffer, e.index)) &&
        vectorizable(lane, [p.left, p.right, ...p.stores.map((e) => e.value)]),
    );

const direct = (s: Shader, p: Problem, software: boolean): Blocks => {
  const { batch, row, column } = p;
  const candidates = [column, batch, row];
  const lane = resultLane(s, p, candidates);
  const beside = (v: Var): boolean => contiguous({ ...loadOf, index: p.stores[0]!.index }, v);
  const fast = lane?.axis ?? candidates.find((v) => v.extent > 1 && beside(v)) ?? column;
  // What the values along this axis have in common is read once for all of them.
  const reuse = fast === row ? column : row;
  const rest = candidates.find((v) => v !== fast && v !== reuse)!;
  const points = (batch.extent * row.extent * column.extent) / (lane === undefined ? 1 : 4);
  const spare = Math.floor(points / (software ? 512 : busyInvocations));
  const each = Math.min(reuse.extent, software && spare >= 8 ? 8 : spare >= 4 ? 4 : spare >= 2 ? 2 : 1);
  return {
    lane,
    axes: [
      { axis: rest, each: 1 },
      { axis: reuse, each },
      { axis: fast, each: lane === undefined ? 1 : 4 },
    ],
    across: 64,
    sharing: 1,
    parts: 1,
  };
};

/** The same where a processor plays the GPU: memory of a workgroup is no nearer than any other, and its barriers cost more than tiles save. */
const unrolled = (s: Shader, p: Problem): Blocks => {
  const { batch, row, column, common } = p;
  const lane = resultLane(s, p, [column, row]);
  const own = lane?.axis === row ? p.left : p.right;
  const acrossMemory =
    lane !== undefined && laneAlong(s, own, [lane.axis]) === undefined && laneAlong(s, own, [common]) !== undefined;
  const kept = acrossMemory ? undefined : lane;
  const fast = lane?.axis ?? column;
  const reuse = fast === row ? column : row;
  // More sums an invocation are fewer reads, as long as invocations remain.
  const size = batch.extent * row.extent * column.extent;
  const [tall, wide] = size >= 64 * fewInvocations ? [8, 8] : size >= 32 * fewInvocations ? [8, 4] : [4, 4];
  const axes = [
    { axis: batch, each: 1 },
    { axis: reuse, each: Math.min(tall, reuse.extent) },
    { axis: fast, each: Math.min(wide, fast.extent) },
  ];
  const points = axes.reduce((n, { axis, each }) => n * Math.ceil(axis.extent / each), 1);
  const across = points >= 1024 ? 64 : 16;
  const parts = Math.max(1, Math.min(Math.ceil((8 * across) / points), Math.floor(common.extent / 2048)));
  return { lane: kept, axes, across, sharing: 1, parts, unrolled: true };
};
const loadOf = { op: 'load', dtype: 'float32', buffer: 0, guards: [], fill: 0 } as const;

const shared = (s: Shader, p: Problem, target: Target): Blocks => {
  const { batch, row, column, common } = p;
  const [small, big] = row.extent <= column.extent ? [row, column] : [column, row];
  const much = big === row ? p.left : p.right;
  const lane = laneAlong(
    s,
    much,
    [big, common, batch].filter((v) => v !== batch || big.extent <= few + 1),
  );
  const fitting =
    lane === undefined || vectorizable(lane, [p.left, p.right, ...p.stores.map((e) => e.value)]) ? lane : undefined;
  const along = fitting?.axis === common || (fitting === undefined && contiguous(much, common));
  const fast = fitting !== undefined && fitting.axis !== common ? fitting.axis : big;
  const smalls = Math.min(small.extent, few);
  const eachOf = (v: Var): number => {
    if (v === fitting?.axis) return 4;
    if (v === small) return smalls;
    if (v === big && fast === batch) return Math.min(v.extent, few + 1, Math.floor(mostSums / smalls));
    if (v === big && along) {
      const groups = (batch.extent * v.extent) / busyGroups;
      return Math.max(1, Math.min(4, Math.floor(groups), Math.floor(mostSums / smalls)));
    }
    return 1;
  };
  const axes = [small, ...[batch, big].filter((v) => v !== fast), fast].map((axis) => ({ axis, each: eachOf(axis) }));
  const points = axes.reduce((n, { axis, each }) => n * Math.ceil(axis.extent / each), 1);
  const width = fitting?.axis === common ? 4 : 1;
  const steps = Math.ceil(common.extent / width);
  const threads = Math.min(256, target.limits.invocations);
  let across = Math.min(32, powerAbove(points));
  let sharing = Math.min(threads / across, powerAbove(steps / 4));
  if (along) {
    sharing = Math.min(threads, powerAbove(steps / 4));
    across = Math.min(powerAbove(points), Math.max(1, 64 / sharing));
  }
  const groups = Math.ceil(points / across);
  const size = batch.extent * row.extent * column.extent;
  const parts = Math.min(
    Math.ceil(busyGroups / groups),
    Math.floor(steps / (sharing * 16)),
    Math.floor(mostPartials / size),
    mostParts,
  );
  return { lane: fitting, axes, across, sharing, parts: Math.max(1, parts) };
};

/** How to do without tiles; undefined where they are better. */
export const chooseBlocks = (p: Problem, target: Target): Blocks | undefined => {
  const s = createShader(target);
  const [m, n, k] = [p.row.extent, p.column.extent, p.common.extent];
  const fewer = Math.min(m, n);
  if (target.limits.software && fewer > few) return k % 4 === 0 ? unrolled(s, p) : direct(s, p, true);
  if (k <= short && fewer <= manyRows) return direct(s, p, target.limits.software);
  return fewer <= few ? shared(s, p, target) : undefined;
};
