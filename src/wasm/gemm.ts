// Matrix products C[m, n] = sum over k of A[m, k] B[k, n] as one WebAssembly function: packed and cache-blocked, or direct where that is faster.
//
//   const gemm = emitGemm(module, {
//     type: 'f32', m: 128, n: 512, k: 784,
//     a: { kind: 'strided', m: 784, k: 1 },          // element (m, k) at m * 784 + k; a transposed A is { m: 1, k: 128 }
//     b: { kind: 'strided', k: 512, n: 1 },          // a transposed B is { k: 1, n: 784 }
//     c: { kind: 'output', row: 512 },               // or { kind: 'block' }: rows live in scratch just long enough for `epilogue`
//     epilogue: (f, { m0, m1, address, rowStride }) => { ... },
//   });
//   f.get(a).get(b).get(c).get(scratch).i32(0).i32(gemm.rows).call(gemm.func);
//
// `gemm.func` takes i32 (a, b, c, scratch, rowBegin, rowEnd, ...extra): byte addresses, `gemm.scratchBytes` of scratch (16-byte aligned, one
// per thread), and a range of rows counted through all batch elements (row = batch index * m + m); ranges begin at multiples of `rowGrain`
// within a batch element, so that threads can share the rows. A operand that is not affine (im2col, a fused producer) is written block by
// block into scratch by the code that its `fill` emits. Rows are finished in blocks and handed to `epilogue` while they are in cache.
//
// The bits of the result depend on the shape and on fused multiply-add alone: every block of k is summed in order from zero, then added to
// C, whatever the tile (dot: four sums, k modulo 4). Which tile is fastest is measured once a process, in gemm-calibrate.ts.
import type { Emitter, FuncHandle, ModuleBuilder } from './encode.ts';
import { favouriteVariant } from './gemm-calibrate.ts';
import { dotKernel } from './gemm-dot.ts';
import { GEMM_TYPES, stripeKernel } from './gemm-kernel.ts';
import { packB, packedColumns } from './gemm-pack.ts';
import { planGemm, segmentLength } from './gemm-plan.ts';
import type { BlockContext, GemmPlan, GemmSpec } from './gemm-plan.ts';
import { features } from './features.ts';

export type { BlockContext, FillA, FillB, GemmMode, GemmPlan, GemmSpec, GemmVariant, OperandA, OperandB, RowBlock } from './gemm-plan.ts';
export type { GemmType } from './gemm-kernel.ts';

export interface Gemm {
  /** (a, b, c, scratch, rowBegin, rowEnd, ...extra) -> nothing. */
  readonly func: FuncHandle;
  readonly scratchBytes: number;
  readonly rowGrain: number;
  /** All rows: batch elements times m. */
  readonly rows: number;
  readonly plan: GemmPlan;
}

/** Emits the functions of one matrix product; see the head of this file. */
export const emitGemm = (m: ModuleBuilder, given: GemmSpec): Gemm => {
  check(given);
  const spec = copyTransposedA(given);
  const plan = planGemm(spec, favouriteVariant(spec.type, spec.m * spec.n * spec.k * batchSize(spec)));
  const params = new Array<'i32'>(6 + (spec.extra ?? 0)).fill('i32');
  const multiply = blockMultiplier(m, spec, plan);
  const pack = plan.mode === 'packed' ? packB(m, { type: spec.type, n: spec.n, nv: plan.variant.nv, row: plan.b.k, column: plan.b.n }) : null;
  const func = m.func(spec.name ?? `gemm_${spec.m}x${spec.n}x${spec.k}`, params, [], f => drive(f, spec, plan, multiply, pack));
  return { func, scratchBytes: plan.scratchBytes, rowGrain: plan.rowGrain, rows: spec.m * batchSize(spec), plan };
};

/**
 * A transposed A is read down its columns, where every step of k is on another page: its blocks are copied first, row by row.
 * Not worth it for few columns, nor where the steps are close together anyway.
 */
const copyTransposedA = (spec: GemmSpec): GemmSpec => {
  const { a, type, m, n, k } = spec;
  const { bytes } = GEMM_TYPES[type];
  if (a.kind !== 'strided' || a.segments !== undefined || a.m !== 1 || a.k * bytes < 512 || m <= 16 || n <= 16 || k < 32) return spec;
  return {
    ...spec,
    a: {
      kind: 'filled', order: 'km',
      fill: (f, { a: from, address, m0, m1, k0, k1, kStride }) => {
        const [p, source, target, length] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
        f.assign(length, () => f.get(m1).get(m0).op('i32.sub').i32(bytes).op('i32.mul')).assign(target, () => f.get(address));
        f.assign(source, () => f.get(k0).i32(a.k).op('i32.mul').get(m0).op('i32.add').i32(bytes).op('i32.mul').get(from).op('i32.add'));
        f.for(p, () => f.get(k0), () => f.get(k1), 1, () => {
          f.get(target).get(source).get(length).memoryCopy();
          f.increment(source, a.k * bytes).increment(target, kStride * bytes);
        });
      },
    },
  };
};

const batchSize = (spec: GemmSpec): number => (spec.batch ?? []).reduce((product, axis) => product * axis.size, 1);

const check = (spec: GemmSpec): void => {
  const { m, n, k, a, b, batch = [] } = spec;
  const strides = [a.kind === 'strided' ? [a.m, a.k] : [], b.kind === 'strided' ? [b.k, b.n] : [], batch.flatMap(axis => [axis.a, axis.b, axis.c])].flat();
  if (!(m >= 1 && n >= 1 && k >= 0)) throw new Error(`gemm: needs m >= 1, n >= 1, k >= 0, got m ${m}, n ${n}, k ${k}`);
  if (strides.some(stride => !Number.isInteger(stride) || stride < 0)) {
    throw new Error(`gemm: strides must be integers >= 0, got ${strides.join(', ')}; give a reversed operand by a 'filled' one`);
  }
  if (a.kind === 'strided' && a.segments !== undefined && k % a.segments.count !== 0) {
    throw new Error(`gemm: k = ${k} does not divide into ${a.segments.count} segments`);
  }
};

/** Emits C[rows] (+)= A[rows] * B for one block of k; all arguments but `rows` are locals. */
type Multiply = (f: Emitter, at: { readonly a: number; readonly b: number; readonly c: number; readonly kc: number; readonly rows: number; readonly first: number }) => void;

const blockMultiplier = (m: ModuleBuilder, spec: GemmSpec, plan: GemmPlan): Multiply => {
  const { type: name, n } = spec;
  const { bytes, lanes } = GEMM_TYPES[name];
  const fma = spec.fma ?? features().relaxedSimd;
  const { mode, variant, a, b, cRow } = plan;

  if (mode === 'columnDot' || mode === 'columnDirect') {
    // y = A x: the block's rows are the columns of x' A'
    const rest = spec.m % plan.mc;
    const kernel = (rows: number): FuncHandle =>
      mode === 'columnDot'
        ? dotKernel(m, { type: name, fma, n: rows, mr: 1, aRow: 0, bColumn: a.m, cRow: 0, kRest: spec.k % lanes })
        : stripeKernel(m, {
            type: name, mr: 1, nv: Math.ceil(rows / lanes), ku: 1, fma, aRow: 0, aStep: b.k, bStep: a.k, cRow: 0,
            lastLanes: rows % lanes || lanes, padded: false,
          });
    const whole = spec.m >= plan.mc ? kernel(plan.mc) : null;
    const last = rest > 0 ? kernel(rest) : null;
    return (f, at) => {
      const call = (func: FuncHandle): void => {
        f.get(at.b).get(at.a).get(at.c).get(at.kc);
        if (mode === 'columnDirect') f.i32(1);
        f.get(at.first).call(func);
      };
      if (whole === null || last === null) call((whole ?? last)!);
      else f.get(at.rows).i32(plan.mc).op('i32.eq').if(() => call(whole), () => call(last));
    };
  }

  if (mode === 'dot') {
    const kernel = (mr: number): FuncHandle => dotKernel(m, { type: name, fma, n, mr, aRow: a.m, bColumn: b.n, cRow, kRest: spec.k % lanes });
    const pair = spec.m >= 2 ? kernel(2) : null;
    const single = spec.m % 2 === 1 ? kernel(1) : null;
    return (f, at) => {
      const [pa, pc, i] = [f.local('i32'), f.local('i32'), f.local('i32')];
      const call = (func: FuncHandle): void => void f.get(pa).get(at.b).get(pc).get(at.kc).get(at.first).call(func);
      f.assign(pa, () => f.get(at.a)).assign(pc, () => f.get(at.c)).assign(i, () => f.get(at.rows));
      if (pair !== null) f.get(i).i32(1).op('i32.gt_s').if(() => f.loop(next => {
        call(pair);
        f.increment(pa, 2 * a.m * bytes).increment(pc, 2 * cRow * bytes);
        f.get(i).i32(2).op('i32.sub').tee(i).i32(1).op('i32.gt_s').brIf(next);
      }));
      if (single !== null) f.get(i).if(() => call(single));
    };
  }

  const { mr, nv } = variant;
  const rest = spec.m % mr;
  const width = nv * lanes;
  const full = Math.floor(n / width);
  const narrow = n - full * width;
  const stripe = (rows: number, columns: number): FuncHandle => {
    const vectors = Math.ceil(columns / lanes);
    const bStep = mode === 'packed' ? vectors * lanes : b.k;
    return stripeKernel(m, {
      type: name, mr: rows, nv: vectors, ku: variant.ku, fma, aRow: a.m, aStep: a.k, bStep, cRow, lastLanes: columns - (vectors - 1) * lanes, padded: mode === 'packed',
    });
  };
  const kernels = (columns: number): readonly [FuncHandle, FuncHandle | null] => [stripe(mr, columns), rest > 0 ? stripe(rest, columns) : null];
  const [wide, last] = [full > 0 ? kernels(width) : null, narrow > 0 ? kernels(narrow) : null];

  return (f, at) => {
    const [j, pb, pc, panel, tiles, cut, aRest, cRest] = Array.from({ length: 8 }, () => f.local('i32')) as [number, number, number, number, number, number, number, number];
    f.assign(pb, () => f.get(at.b)).assign(pc, () => f.get(at.c));
    f.assign(panel, () => (mode === 'packed' ? f.get(at.kc).i32(width * bytes).op('i32.mul') : f.i32(width * bytes)));
    f.assign(tiles, () => f.get(at.rows).i32(mr).op('i32.div_u'));
    if (rest > 0) {
      f.assign(cut, () => f.get(at.rows).get(tiles).i32(mr).op('i32.mul').op('i32.sub'));
      f.assign(aRest, () => f.get(tiles).i32(mr * a.m * bytes).op('i32.mul').get(at.a).op('i32.add'));
      f.assign(cRest, () => f.get(tiles).i32(mr * cRow * bytes).op('i32.mul'));
    }
    const down = ([kernel, remainder]: readonly [FuncHandle, FuncHandle | null]): void => {
      const run = (): void => void f.get(at.a).get(pb).get(pc).get(at.kc).get(tiles).get(at.first).call(kernel);
      if (remainder === null) return run();
      f.get(tiles).if(run);
      f.get(cut).if(() => f.get(aRest).get(pb).get(pc).get(cRest).op('i32.add').get(at.kc).i32(1).get(at.first).call(remainder));
    };
    if (wide !== null) f.for(j, 0, full, 1, () => {
      down(wide);
      f.increment(pb, () => f.get(panel)).increment(pc, width * bytes);
    });
    if (last !== null) down(last);
  };
};

/** The loops around the micro-kernels: batch elements, blocks of rows, blocks of k; packing, filling and the epilogue in their places. */
const drive = (f: Emitter, spec: GemmSpec, plan: GemmPlan, multiply: Multiply, pack: FuncHandle | null): void => {
  const { m, n, k, batch = [] } = spec;
  const { bytes } = GEMM_TYPES[spec.type];
  const [a, b, c, scratch, rowBegin, rowEnd] = [0, 1, 2, 3, 4, 5];
  const extra = Array.from({ length: spec.extra ?? 0 }, (_, i) => 6 + i);
  const local = (): number => f.local('i32');
  const [element, lo, hi, pa, pb, pc] = [local(), local(), local(), local(), local(), local()];
  const [m0, m1, k0, k1, kc, first] = [local(), local(), local(), local(), local(), local()];
  const [aBlock, bBlock, cBlock, address, aOffset, rows] = [local(), local(), local(), local(), local(), local()];
  const segment = segmentLength(spec);
  const blocks = Math.ceil(segment / plan.kc) * (k / Math.max(segment, 1));
  const context = (at: number): BlockContext => ({ batch: element, a: pa, b: pb, extra, address: at });

  const scratchAt = (offset: number): void => void (offset === 0 ? f.get(scratch) : f.get(scratch).i32(offset).op('i32.add'));

  /** For each block of k, with k0, k1 and kc set, and aOffset the bytes from row to block in a strided A. */
  const overK = (body: () => void): void => {
    if (k === 0) return;
    const step = spec.a.kind === 'strided' ? spec.a : null;
    f.assign(k0, 0).assign(aOffset, 0);
    const round = (next: (() => void) | null): void => {
      if (segment % plan.kc === 0) f.assign(kc, plan.kc);
      else {
        const left = (): unknown => f.i32(segment).get(k0).i32(segment).op('i32.rem_u').op('i32.sub');
        f.assign(kc, plan.kc).get(kc).push(left).op('i32.gt_s').if(() => f.assign(kc, left));
      }
      f.assign(k1, () => f.get(k0).get(kc).op('i32.add'));
      body();
      if (next === null) return;
      if (step !== null) {
        f.increment(aOffset, () => f.get(kc).i32(step.k * bytes).op('i32.mul'));
        if (step.segments !== undefined) {
          const jump = (step.segments.stride - segment * step.k) * bytes;
          f.get(k1).i32(segment).op('i32.rem_u').op('i32.eqz').if(() => f.increment(aOffset, jump));
        }
      }
      f.assign(k0, () => f.get(k1)).get(k0).i32(k).op('i32.lt_s');
      next();
    };
    if (blocks === 1) round(null);
    else f.loop(label => round(() => f.brIf(label)));
  };

  /** Leaves in `bBlock` the address of the block of B at k0, packed or in place. */
  const blockOfB = (): void => {
    if (spec.b.kind === 'filled') {
      f.assign(address, () => scratchAt(plan.bBlockAt));
      spec.b.fill(f, { ...context(address), k0, k1, kStride: plan.b.k });
      f.assign(bBlock, () => f.get(address));
    } else f.assign(bBlock, () => f.get(pb).get(k0).i32(plan.b.k * bytes).op('i32.mul').op('i32.add'));
  };
  const packBlock = (): void => {
    blockOfB();
    f.get(bBlock);
    packedBlock();
    f.get(kc).call(pack!);
  };
  const packedBlock = (): void => {
    scratchAt(plan.packedAt);
    if (plan.packAll) f.get(k0).i32(packedColumns(spec.type, n) * bytes).op('i32.mul').op('i32.add');
  };

  const rowBlock = (): void => {
    f.assign(rows, () => f.get(m1).get(m0).op('i32.sub'));
    f.assign(cBlock, () => (spec.c.kind === 'block' ? scratchAt(plan.cBlockAt) : f.get(pc).get(m0).i32(plan.cRow * bytes).op('i32.mul').op('i32.add')));
    overK(() => {
      if (plan.mode === 'packed') {
        if (!plan.packAll) packBlock();
        f.assign(bBlock, packedBlock);
      } else blockOfB();
      if (spec.a.kind === 'filled') {
        f.assign(address, () => scratchAt(plan.aBlockAt));
        spec.a.fill(f, { ...context(address), m0, m1, k0, k1, mStride: plan.a.m, kStride: plan.a.k });
        f.assign(aBlock, () => f.get(address));
      } else f.assign(aBlock, () => f.get(pa).get(m0).i32(plan.a.m * bytes).op('i32.mul').op('i32.add').get(aOffset).op('i32.add'));
      f.assign(first, () => f.get(k0).op('i32.eqz'));
      multiply(f, { a: aBlock, b: bBlock, c: cBlock, kc, rows, first });
    });
    if (k === 0) zeroRows();
    spec.epilogue?.(f, { ...context(cBlock), m0, m1, rowStride: plan.cRow });
  };
  const zeroRows = (): void => {
    f.assign(address, () => f.get(cBlock)).assign(k0, 0);
    f.loop(next => {
      f.get(address).i32(0).i32(n * bytes).memoryFill();
      f.increment(address, plan.cRow * bytes).increment(k0, 1).get(k0).get(rows).op('i32.lt_s').brIf(next);
    });
  };
  const overRows = (): void => {
    f.assign(m0, () => f.get(lo));
    if (plan.mc >= m) {
      f.assign(m1, () => f.get(hi));
      return rowBlock();
    }
    f.loop(next => {
      f.assign(m1, () => f.get(m0).i32(plan.mc).op('i32.add')).get(m1).get(hi).op('i32.gt_s').if(() => f.assign(m1, () => f.get(hi)));
      rowBlock();
      f.assign(m0, () => f.get(m1)).get(m0).get(hi).op('i32.lt_s').brIf(next);
    });
  };

  const total = batchSize(spec);
  const sharedB = spec.b.kind === 'strided' && batch.every(axis => axis.b === 0 || axis.size === 1);
  const oneElement = (): void => {
    if (plan.packAll && !sharedB) overK(packBlock);
    overRows();
  };
  /** pointer = start + the batch element's offset, its coordinates taken innermost first. */
  const place = (pointer: number, start: number, stride: 'a' | 'b' | 'c'): void => {
    f.assign(pointer, () => f.get(start));
    let inner = 1;
    for (const axis of [...batch].reverse()) {
      if (axis.size > 1 && axis[stride] > 0) {
        f.get(pointer).get(element);
        if (inner > 1) f.i32(inner).op('i32.div_u');
        if (inner * axis.size < total) f.i32(axis.size).op('i32.rem_u');
        f.i32(axis[stride] * bytes).op('i32.mul').op('i32.add').set(pointer);
      }
      inner *= axis.size;
    }
  };

  f.get(rowBegin).get(rowEnd).op('i32.ge_s').if(() => f.return());
  f.assign(pb, () => f.get(b));
  if (plan.packAll && sharedB) overK(packBlock);
  if (total === 1) {
    f.assign(lo, () => f.get(rowBegin)).assign(hi, () => f.get(rowEnd)).assign(pa, () => f.get(a)).assign(pc, () => f.get(c));
    return oneElement();
  }
  f.assign(element, () => f.get(rowBegin).i32(m).op('i32.div_u'));
  f.loop(next => {
    // rows of this element: [max(rowBegin - element * m, 0), min(rowEnd - element * m, m))
    f.assign(address, () => f.get(element).i32(m).op('i32.mul'));
    f.assign(lo, () => f.get(rowBegin).get(address).op('i32.sub')).get(lo).i32(0).op('i32.lt_s').if(() => f.assign(lo, 0));
    f.assign(hi, () => f.get(rowEnd).get(address).op('i32.sub')).get(hi).i32(m).op('i32.gt_s').if(() => f.assign(hi, m));
    place(pa, a, 'a');
    place(pb, b, 'b');
    if (spec.c.kind === 'output') place(pc, c, 'c');
    oneElement();
    f.increment(element, 1).get(element).i32(m).op('i32.mul').get(rowEnd).op('i32.lt_s').brIf(next);
  });
};
