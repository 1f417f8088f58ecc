// Running reductions in WGSL: by the line where there are many or they are short, by the workgroup, or in pieces where they are few and long.
import type { CumulateKernel } from '../jit/kernel.ts';
import { renderLines } from './cumulate-lines.ts';
import { renderTiles, tile } from './cumulate-tiles.ts';
import type { Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

// Lines side by side that an invocation each reads without waste; lines too short for a workgroup.
const beside = 32;
const short = 32;
// Invocations, and workgroups, that keep a GPU busy.
const busy = 32_768;
const busyGroups = 256;
// Tiles one after the other, whose rounding errors add up; pieces of a line, one after the other as well.
const mostTiles = 32;
const mostPieces = 512;

/** One dispatch, or three: totals of pieces, their running values, and the elements'. Float sums stay accurate however long. */
export const renderCumulate = (k: CumulateKernel, target: Target): readonly Dispatch[] => {
  const lines = k.outer * k.inner;
  if (lines * k.length === 0) return [];
  if (k.length <= short) return renderLines(k, target, k.length);
  if (k.inner >= beside) {
    const pieces = Math.min(mostPieces, Math.ceil(busy / lines));
    return renderLines(k, target, pieces === 1 ? k.length : Math.max(Math.ceil(k.length / pieces), 2 * short));
  }
  const tiles = Math.ceil(k.length / tile);
  if (tiles <= 2 || (tiles <= mostTiles && lines >= busyGroups)) return renderTiles(k, target, k.length);
  const pieces = Math.ceil((4 * busyGroups) / lines);
  return renderTiles(k, target, tile * Math.min(mostTiles, Math.ceil(tiles / pieces)));
};
