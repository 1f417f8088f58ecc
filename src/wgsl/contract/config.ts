// Tiles of a contraction: how large, and how many parts of the common dimension, by an estimate of the time they take.
import type { GpuLimits } from '../limits.ts';

/** A workgroup's share of the result, an invocation's share of that, and the steps of the common dimension between barriers. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly eachRows: number;
  readonly eachColumns: number;
  readonly depth: number;
}
/** A tile, and in how many parts the common dimension is summed. */
export interface Choice extends Tile {
  readonly parts: number;
}
export interface Extents {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly common: number;
}

export const invocations = (t: Tile): number => (t.rows / t.eachRows) * (t.columns / t.eachColumns);
/** Bytes of workgroup memory; a slab has one vector more a step, so that neighbouring steps do not meet in one bank. */
const sharedBytes = (t: Tile): number => (t.rows + t.columns + 8) * t.depth * 4;

export const tileShapes: readonly (readonly [rows: number, columns: number, eachRows: number, eachColumns: number])[] =
  [
    [128, 128, 8, 8],
    [128, 64, 8, 4],
    [64, 128, 4, 8],
    [64, 64, 8, 4],
    [64, 64, 4, 4],
    [32, 64, 4, 4],
    [64, 32, 4, 4],
    [128, 32, 8, 4],
    [32, 128, 4, 8],
    [32, 32, 4, 4],
    [128, 16, 8, 4],
    [16, 128, 4, 8],
    [64, 16, 4, 4],
    [16, 64, 4, 4],
  ];
export const depths = [16, 8] as const;
const partCounts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

// A nominal GPU, in cycles: adapters do not say how many cores they have, nor how fast their memory is.
const cores = 96;
const fmaPerCycle = 128;
const bytesPerCycle = 32;
const busyInvocations = 256;
const slabLatency = 500;
const launch = 3000;
/** Most words of partial sums. */
const mostPartials = 2 ** 23;
/** Multiplications and additions for each read of workgroup memory decide what share of the peak a tile reaches. */
const efficiency = (t: Tile): number => {
  const share = t.eachRows * t.eachColumns;
  return share >= 64 ? 0.8 : share >= 32 ? 0.62 : 0.45;
};

const ceil = (x: number, to: number): number => Math.ceil(x / to);
/** Steps of the common dimension in each part. */
export const partLength = (common: number, { depth, parts }: Choice): number =>
  ceil(ceil(common, parts), depth) * depth;

/** Estimated cycles. */
export const estimate = (e: Extents, t: Choice): number => {
  const groups = e.batch * ceil(e.rows, t.rows) * ceil(e.columns, t.columns) * t.parts;
  const steps = partLength(e.common, t);
  const perCore = groups / cores;
  const resident = Math.max(1, Math.min(perCore, Math.floor(1024 / invocations(t))));
  const busy = Math.min(1, (resident * invocations(t)) / busyInvocations);
  const compute = (Math.max(1, perCore) * t.rows * t.columns * steps) / (fmaPerCycle * efficiency(t) * busy);
  const memory = (groups * (t.rows + t.columns) * steps * 4) / (bytesPerCycle * Math.min(cores, groups));
  const latency = (Math.max(1, perCore) * (steps / t.depth + 2) * slabLatency) / resident;
  const size = e.batch * e.rows * e.columns;
  const second = t.parts === 1 ? 0 : launch + (size * (2 * t.parts + 1) * 4) / (bytesPerCycle * cores);
  return Math.max(compute, memory) + latency + second;
};

/** The tile and the number of parts with the least estimate, within the limits of a device. */
export const chooseTile = (e: Extents, limits: GpuLimits): Choice => {
  let best: Choice | undefined;
  let least = Infinity;
  const size = e.batch * e.rows * e.columns;
  const most = Math.min(mostPartials, Math.floor(limits.bindingBytes / 4));
  for (const [rows, columns, eachRows, eachColumns] of tileShapes)
    for (const depth of depths) {
      // Fewer steps where more do not fit, or would be in vain.
      const inVain = e.common % 16 !== 0 && (e.common % 8 === 0 || e.common < 8);
      if (depth === 8 && !inVain && (rows + columns + 8) * 64 <= limits.workgroupBytes) continue;
      for (const parts of partCounts) {
        const t: Choice = { rows, columns, eachRows, eachColumns, depth, parts };
        if (invocations(t) > limits.invocations || sharedBytes(t) > limits.workgroupBytes) continue;
        // Every part has something to sum, and enough of it.
        if (parts > 1 && (e.common < parts * 64 || parts * size > most)) continue;
        if (ceil(e.common, partLength(e.common, t)) !== parts && parts > 1) continue;
        const cycles = estimate(e, t);
        if (cycles < least) [least, best] = [cycles, t];
      }
    }
  if (best === undefined) throw new Error('wgsl: no tile fits the limits of the device');
  return best;
};
