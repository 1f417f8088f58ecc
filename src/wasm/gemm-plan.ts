// Decides how a matrix product runs: which loops and micro-kernel, block sizes, and what of the scratch memory holds what.
import type { Emitter } from './encode.ts';
import { GEMM_TYPES } from './gemm-kernel.ts';
import type { GemmType } from './gemm-kernel.ts';
import { packedColumns } from './gemm-pack.ts';

/** A register tile of `mr` rows by `nv` vectors, k unrolled `ku` times. */
export interface GemmVariant {
  readonly mr: number;
  readonly nv: number;
  readonly ku: number;
}

/** Locals (and constants) that a hook's code may read. Rows, columns and steps of k are half-open ranges, counted within one batch element. */
export interface BlockContext {
  /** Local: the index of the batch element, all batch axes flattened row-major; 0 without batch axes. */
  readonly batch: number;
  /** Locals: the addresses given for A and B, moved to this batch element by the strides of `batch`. */
  readonly a: number;
  readonly b: number;
  /** Locals of the extra parameters. */
  readonly extra: readonly number[];
  /** Local: address of the block's first element. */
  readonly address: number;
}
export interface RowBlock extends BlockContext {
  readonly m0: number;
  readonly m1: number;
  /** Elements between rows of the block, whose columns lie side by side. */
  readonly rowStride: number;
}
export interface FillA extends BlockContext {
  readonly m0: number;
  readonly m1: number;
  readonly k0: number;
  readonly k1: number;
  /** Element (m, k) goes to `address + ((m - m0) * mStride + (k - k0) * kStride) * bytes`. */
  readonly mStride: number;
  readonly kStride: number;
}
export interface FillB extends BlockContext {
  readonly k0: number;
  readonly k1: number;
  /** Element (k, n) goes to `address + ((k - k0) * kStride + n) * bytes`, for all n. */
  readonly kStride: number;
}

export type OperandA =
  /**
   * Element (m, k) at `m * m + k * k` elements from the pointer; strides >= 0. With `segments`, k runs through `count` segments of
   * equal length whose starts lie `stride` elements apart (a convolution over a padded image: one segment a kernel row).
   */
  | {
      readonly kind: 'strided';
      readonly m: number;
      readonly k: number;
      readonly segments?: { readonly count: number; readonly stride: number };
    }
  /** Emits code that writes a block of A; `order` says which index runs fastest in the block: 'mk' (k fastest) or 'km' (m fastest). */
  | { readonly kind: 'filled'; readonly order: 'mk' | 'km'; readonly fill: (f: Emitter, block: FillA) => void };

export type OperandB =
  | { readonly kind: 'strided'; readonly k: number; readonly n: number }
  | { readonly kind: 'filled'; readonly fill: (f: Emitter, block: FillB) => void };

export interface GemmSpec {
  readonly name?: string;
  readonly type: GemmType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: OperandA;
  readonly b: OperandB;
  /**
   * 'output': C is at the pointer `c`, `row` elements between rows. 'block': C exists only as a block of rows in scratch, which
   * `epilogue` consumes (`c` is not used).
   */
  readonly c: { readonly kind: 'output'; readonly row: number } | { readonly kind: 'block' };
  /** Outermost first; strides in elements, for filled operands they only move the addresses that hooks see. */
  readonly batch?: readonly { readonly size: number; readonly a: number; readonly b: number; readonly c: number }[];
  /** Emitted once; runs for each block of finished rows, while they are in cache. */
  readonly epilogue?: (f: Emitter, block: RowBlock) => void;
  /** Extra i32 parameters of the function, for the hooks. */
  readonly extra?: number;
  /** Overrides of the engine's own: for tests and benchmarks. */
  readonly variant?: GemmVariant;
  readonly fma?: boolean;
}

/**
 * - packed: B packed to panels, register tiles. direct: register tiles, B read in place. dot: vectors along k, B read in place.
 * - columnDot, columnDirect: for n = 1 the roles of A and B are exchanged, so that the rows of the result fill the lanes.
 */
export type GemmMode = 'packed' | 'direct' | 'dot' | 'columnDot' | 'columnDirect';

export interface GemmPlan {
  readonly mode: GemmMode;
  readonly variant: GemmVariant;
  /** Steps of k a block. Depends on the shape alone, as it decides the order of summation. */
  readonly kc: number;
  /** Rows a block, a multiple of `rowGrain`, or all of them. */
  readonly mc: number;
  /** Row ranges given to the function begin at multiples of this (within each batch element). */
  readonly rowGrain: number;
  /** B is packed whole, before the loop over row blocks. */
  readonly packAll: boolean;
  /** Strides, in elements, of the operands as the kernels see them (after filling). */
  readonly a: { readonly m: number; readonly k: number };
  readonly b: { readonly k: number; readonly n: number };
  readonly cRow: number;
  /** Byte offsets into scratch. */
  readonly packedAt: number;
  readonly bBlockAt: number;
  readonly aBlockAt: number;
  readonly cBlockAt: number;
  readonly scratchBytes: number;
}

const KC_MAX = 384;
const KC = 256;
/** A block of rows of A and of C should stay in L2 while the panels of B pass by (512 K and 128 K measured slower with 1 MB of L2). */
const BLOCK_BYTES = 256 * 1024;
/** B no larger than this stays in L1 when read in place. */
const DIRECT_BYTES = 16 * 1024;
const COLUMN_ROWS = 32;
const NARROW: GemmVariant = { mr: 4, nv: 2, ku: 1 };

const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;
/** A row length that does not make rows collide in a cache of 64 sets. */
const paddedRow = (length: number, bytes: number): number =>
  (length * bytes) % 512 === 0 ? length + 64 / bytes : length;

/** Blocks of k as equal as multiples of 8 allow. */
const kBlock = (k: number): number => (k <= KC_MAX ? Math.max(k, 1) : roundUp(Math.ceil(k / Math.ceil(k / KC)), 8));

export const batchSize = ({ batch = [] }: GemmSpec): number => batch.reduce((product, axis) => product * axis.size, 1);

/** Whether all batch elements use the same B. */
export const sharesB = ({ b, batch = [] }: GemmSpec): boolean =>
  b.kind === 'strided' && batch.every((axis) => axis.b === 0 || axis.size === 1);

export const segmentLength = ({ a, k }: GemmSpec): number =>
  a.kind === 'strided' && a.segments !== undefined ? k / a.segments.count : k;

/** The tile for this shape: the engine's favourite, unless the matrix is too narrow for it. Any choice gives the same bits. */
const fit = (spec: GemmSpec, favourite: GemmVariant): GemmVariant => {
  const vectors = Math.ceil(spec.n / GEMM_TYPES[spec.type].lanes);
  const within = ({ mr, nv, ku }: GemmVariant): GemmVariant => ({
    mr: Math.min(mr, spec.m),
    nv: Math.min(nv, vectors),
    ku,
  });
  if (spec.variant !== undefined) return within(spec.variant);
  // few rows: long runs of B instead, up to eight sums
  if (spec.m <= 2) return within({ mr: spec.m, nv: 8 / spec.m, ku: 1 });
  if (vectors === 1) return within({ mr: 6, nv: 1, ku: 1 });
  // a last panel of one vector has few sums, hence waits for each of them: costly where there are not many panels
  return within(vectors % favourite.nv === 0 || vectors >= 32 ? favourite : NARROW);
};

// the kernels end a block of k by comparing their pointer into B: in place, it has to move
const chooseMode = (spec: GemmSpec, a: { m: number; k: number }, b: { k: number; n: number }): GemmMode => {
  const { m, n, k, c } = spec;
  const bytes = GEMM_TYPES[spec.type].bytes;
  const plainA = spec.a.kind === 'strided' && spec.a.segments === undefined;
  const plainB = spec.b.kind === 'strided';
  if (n === 1 && m > 1 && plainA && plainB && (c.kind === 'block' || c.row === 1)) {
    if (a.k === 1 && b.k === 1) return 'columnDot';
    if (a.m === 1 && a.k > 0) return 'columnDirect';
  }
  if (a.k === 1 && b.k === 1 && plainA && m <= 4 && n > 1) return 'dot';
  if (b.n === 1 && b.k > 0 && (m <= 8 || (plainB && k * n * bytes <= DIRECT_BYTES))) return 'direct';
  return 'packed';
};

export const planGemm = (spec: GemmSpec, favourite: GemmVariant): GemmPlan => {
  const { m, n, k, type } = spec;
  const { bytes } = GEMM_TYPES[type];
  const kc = kBlock(segmentLength(spec));

  const b = spec.b.kind === 'strided' ? { k: spec.b.k, n: spec.b.n } : { k: paddedRow(n, bytes), n: 1 };
  const filledA = (mc: number): { m: number; k: number } =>
    spec.a.kind === 'strided'
      ? { m: spec.a.m, k: spec.a.k }
      : spec.a.order === 'mk'
        ? { m: paddedRow(kc, bytes), k: 1 }
        : { m: 1, k: paddedRow(mc, bytes) };
  const mode = chooseMode(spec, filledA(m), b);
  const column = mode === 'columnDot' || mode === 'columnDirect';

  const variant = fit(spec, favourite);
  const rowGrain = column ? COLUMN_ROWS : mode === 'dot' ? Math.min(2, m) : variant.mr;
  const cColumns = spec.c.kind === 'block' ? n : 0;
  const wanted = Math.floor(BLOCK_BYTES / bytes / (kc + n));
  const fits = Math.max(rowGrain, wanted - (wanted % rowGrain), Math.min(roundUp(24, rowGrain), roundUp(m, rowGrain)));
  const mc = column ? COLUMN_ROWS : Math.min(m, fits);
  const packAll = mode === 'packed' && (mc < m || (batchSize(spec) > 1 && sharesB(spec)));

  const packedBytes = mode === 'packed' ? (packAll ? k : kc) * packedColumns(type, n) * bytes : 0;
  const bBlockBytes = spec.b.kind === 'filled' ? kc * b.k * bytes : 0;
  const a = filledA(mc);
  const aBlockBytes = spec.a.kind === 'filled' ? (spec.a.order === 'mk' ? mc * a.m : kc * a.k) * bytes : 0;
  const bBlockAt = roundUp(packedBytes, 64);
  const aBlockAt = bBlockAt + roundUp(bBlockBytes, 64);
  const cBlockAt = aBlockAt + roundUp(aBlockBytes, 64);
  return {
    mode,
    variant,
    kc,
    mc,
    rowGrain,
    packAll,
    a,
    b,
    cRow: spec.c.kind === 'output' ? spec.c.row : n,
    packedAt: 0,
    bBlockAt,
    aBlockAt,
    cBlockAt,
    scratchBytes: cBlockAt + roundUp(mc * cColumns * bytes, 64),
  };
};
