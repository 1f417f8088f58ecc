// How the invocations of a kernel with reductions share its work, chosen from its shape, its memory access and the GPU's limits.
import type { Expr } from '../core/expr.ts';
import { count, type Var } from '../core/index-expr.ts';
import type { Action, LoopKernel, Stage } from '../jit/kernel.ts';
import { powerAbove } from './points.ts';
import type { Shader } from './shader.ts';
import { course, isQuad, laneOf, vectorizable, visitAll, type Lane } from './vector.ts';
import { wordBytes } from './types.ts';

/**
 * `lanes` invocations share a row, which are neighbours where they read along it, or far from each other where neighbours
 * read neighbouring rows (`across`: a reduction of columns); a workgroup has `rows` of them. `parts` workgroups share one
 * where rows are few and long: a second dispatch reduces what each leaves.
 */
export interface RowPlan {
  readonly across: boolean;
  readonly lane: Lane | undefined;
  /** Rows, or fours of them; elements of a row, or fours of them. */
  readonly units: number;
  readonly chunks: number;
  readonly lanes: number;
  readonly rows: number;
  readonly parts: number;
  /** Chunks that an invocation takes in. */
  readonly turns: number;
}

// Invocations that keep a large GPU busy; fewer than these leave much of any GPU idle.
const plenty = 131072;
// A processor that plays a GPU is busy with its few threads, and each group that waits for its barriers costs it.
const plentyInSoftware = 1024;
const tooFew = 4096;
// A row's invocations are few, so that they are a subgroup of many GPUs, wait for each other little, and have work each.
const chunksEach = 8;
const usualGroup = 64;
const largestGroup = 256;
// A subgroup has a row to itself up to so many chunks each; processors that play a GPU have subgroups of 4, and dear barriers.
const subgroupChunks = (near: number): number => (near < 8 ? 64 : 16);
// Rows this short are an invocation's own, longer ones where there are many.
const tinyRow = 4;
const shortRow = 16;
const manyRows = 16384;
// Neighbouring columns that make a good access.
const neighbours = 16;
// A second dispatch pays above so many turns, and each part keeps some.
const longTurns = 64;
const turnsEach = 16;
const mostParts = 1024;
// Elements of kept rows that fit in an invocation's registers.
export const keptInRegisters = 64;

const loadsOf = (actions: readonly Action[]): Extract<Expr, { op: 'load' }>[] => {
  const out: Extract<Expr, { op: 'load' }>[] = [];
  visitAll(
    actions.map((a) => a.value),
    (e) => {
      if (e.op === 'load') out.push(e);
    },
  );
  return out;
};

/** Whether neighbouring invocations had better read neighbouring rows: more is dense along the outer variable than along the inner. */
const readsAcross = (lines: readonly Stage[], outer: Var | undefined, inner: Var | undefined): boolean => {
  if (outer === undefined || inner === undefined) return outer !== undefined;
  const actions = lines.flatMap((stage) => stage.actions);
  const indices = [
    ...loadsOf(actions).map((e) => e.index),
    ...actions.flatMap((a) => (a.kind === 'store' ? [a.index] : [])),
  ];
  const dense = (v: Var): number => {
    const lane = laneOf(v);
    return indices.filter((i) => Math.abs(course(lane, i)?.step ?? 0) === 1).length;
  };
  return dense(outer) > dense(inner);
};

/** A lane along a variable, where all values can be computed by fours and some memory is read by fours. */
const laneAlong = (s: Shader, v: Var | undefined, actions: readonly Action[], locals: boolean): Lane | undefined => {
  if (v === undefined || v.extent === 0 || v.extent % 4 !== 0) return undefined;
  const lane = laneOf(v, locals);
  const values = actions.map((a) => a.value);
  if (!vectorizable(lane, values)) return undefined;
  const pays =
    loadsOf(actions).some((e) => isQuad(s, lane, e.buffer, e.index)) ||
    actions.some((a) => a.kind === 'store' && isQuad(s, lane, a.buffer, a.index));
  return pays ? lane : undefined;
};

/** Invocations for a row, and rows of a workgroup, side by side. */
const sharesAcross = (units: number, chunks: number, enough: number): readonly [number, number] => {
  const shared = Math.min(powerAbove(chunks / chunksEach), largestGroup / neighbours);
  // What fills a GPU, or goes over to a second dispatch, is added up without waiting for neighbours.
  const alone = units >= enough || chunks <= tinyRow || partsOf(units * shared, chunks / shared, enough) > 1;
  const lanes = alone ? 1 : shared;
  return [lanes, Math.min(powerAbove(units), Math.max(neighbours, usualGroup / lanes))];
};
const sharesAlong = (units: number, chunks: number, near: number, enough: number): readonly [number, number] => {
  if (chunks <= tinyRow || (chunks <= shortRow && units >= manyRows))
    return [1, Math.min(powerAbove(units), usualGroup)];
  const fit = partsOf(units * usualGroup, chunks / usualGroup, enough) > 1 ? usualGroup : largestGroup;
  let lanes = Math.min(powerAbove(chunks / chunksEach), fit);
  if (near > 1 && units * near >= tooFew && chunks <= near * subgroupChunks(near)) lanes = Math.min(lanes, near);
  while (units * lanes < tooFew && lanes * 4 <= chunks && lanes < usualGroup) lanes *= 2;
  return [lanes, Math.min(powerAbove(units), Math.max(1, usualGroup / lanes))];
};

/** Workgroups that share a row of so many turns; `enough`: invocations that keep the GPU busy. */
const partsOf = (threads: number, turns: number, enough: number): number =>
  turns >= longTurns && threads < enough / 2
    ? Math.max(1, Math.min(Math.ceil(enough / threads), Math.floor(turns / turnsEach), mostParts))
    : 1;

/** `whole`: all of a row is reduced in one dispatch. */
export const planRows = (s: Shader, k: LoopKernel, inner: readonly Var[], whole: boolean): RowPlan => {
  const lines = k.stages.filter((stage) => stage.axes.length > 0);
  const across = readsAcross(lines, k.outer.at(-1), inner.at(-1));
  const everything = k.stages.flatMap((stage) => stage.actions);
  const along = lines.flatMap((stage) => stage.actions);
  const lane = across ? laneAlong(s, k.outer.at(-1), everything, true) : laneAlong(s, inner.at(-1), along, false);
  const fours = lane === undefined ? 1 : 4;
  const units = count(k.outer) / (across ? fours : 1);
  const chunks = count(inner) / (across ? 1 : fours);

  const { workgroupBytes, invocations, subgroupSize, software } = s.target.limits;
  const enough = software ? plentyInSoftware : plenty;
  let [lanes, rows] = across ? sharesAcross(units, chunks, enough) : sharesAlong(units, chunks, subgroupSize, enough);
  // A workgroup's memory holds a register of each reduction of a stage for every invocation.
  const registers = Math.max(
    0,
    ...lines.map((stage) => {
      const reduces = stage.actions.filter((a) => a.kind === 'reduce');
      return reduces.reduce((n, a) => n + (a.op === 'argmax' || a.op === 'argmin' ? 2 : 1), 0);
    }),
  );
  const bytes = registers * wordBytes * (across ? fours : 1);
  while (lanes * rows > 1 && (lanes * rows * bytes > workgroupBytes / 2 || lanes * rows > invocations)) {
    if (rows > 1) rows /= 2;
    else lanes /= 2;
  }
  const splits = !whole && lines.length === 1 && !along.some((a) => a.kind === 'row');
  const parts = splits ? partsOf(units * lanes, Math.ceil(chunks / lanes), enough) : 1;
  return { across, lane, units, chunks, lanes, rows, parts, turns: Math.ceil(chunks / (lanes * parts)) };
};
