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
import type { FuncHandle, ModuleBuilder } from './encode.ts';
import { favouriteVariant } from './gemm-calibrate.ts';
import { drive } from './gemm-drive.ts';
import { GEMM_TYPES } from './gemm-kernel.ts';
import { blockMultiplier } from './gemm-multiply.ts';
import { packB } from './gemm-pack.ts';
import { batchSize, planGemm } from './gemm-plan.ts';
import type { GemmPlan, GemmSpec } from './gemm-plan.ts';

export type {
  BlockContext,
  FillA,
  FillB,
  GemmMode,
  GemmPlan,
  GemmSpec,
  GemmVariant,
  OperandA,
  OperandB,
  RowBlock,
} from './gemm-plan.ts';
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
  const pack =
    plan.mode === 'packed'
      ? packB(m, { type: spec.type, n: spec.n, nv: plan.variant.nv, row: plan.b.k, column: plan.b.n })
      : null;
  const func = m.func(spec.name ?? `gemm_${spec.m}x${spec.n}x${spec.k}`, params, [], (f) =>
    drive(f, spec, plan, multiply, pack),
  );
  return { func, scratchBytes: plan.scratchBytes, rowGrain: plan.rowGrain, rows: spec.m * batchSize(spec), plan };
};

/**
 * A transposed A is read down its columns, where every step of k is on another page: its blocks are copied first, row by row.
 * Not worth it for few columns, nor where the steps are close together anyway.
 */
const copyTransposedA = (spec: GemmSpec): GemmSpec => {
  const { a, type, m, n, k } = spec;
  const { bytes } = GEMM_TYPES[type];
  if (
    a.kind !== 'strided' ||
    a.segments !== undefined ||
    a.m !== 1 ||
    a.k * bytes < 512 ||
    m <= 16 ||
    n <= 16 ||
    k < 32
  )
    return spec;
  return {
    ...spec,
    a: {
      kind: 'filled',
      order: 'km',
      fill: (f, { a: from, address, m0, m1, k0, k1, kStride }) => {
        const [p, source, target, length] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
        f.assign(length, () => f.get(m1).get(m0).op('i32.sub').i32(bytes).op('i32.mul')).assign(target, () =>
          f.get(address),
        );
        f.assign(source, () =>
          f.get(k0).i32(a.k).op('i32.mul').get(m0).op('i32.add').i32(bytes).op('i32.mul').get(from).op('i32.add'),
        );
        f.for(
          p,
          () => f.get(k0),
          () => f.get(k1),
          1,
          () => {
            f.get(target).get(source).get(length).memoryCopy();
            f.increment(source, a.k * bytes).increment(target, kStride * bytes);
          },
        );
      },
    },
  };
};

const check = (spec: GemmSpec): void => {
  const { m, n, k, a, b, batch = [] } = spec;
  const strides = [
    a.kind === 'strided' ? [a.m, a.k] : [],
    b.kind === 'strided' ? [b.k, b.n] : [],
    batch.flatMap((axis) => [axis.a, axis.b, axis.c]),
  ].flat();
  if (!(m >= 1 && n >= 1 && k >= 0)) throw new Error(`gemm: needs m >= 1, n >= 1, k >= 0, got m ${m}, n ${n}, k ${k}`);
  if (strides.some((stride) => !Number.isInteger(stride) || stride < 0)) {
    throw new Error(
      `gemm: strides must be integers >= 0, got ${strides.join(', ')}; give a reversed operand by a 'filled' one`,
    );
  }
  if (a.kind === 'strided' && a.segments !== undefined && k % a.segments.count !== 0) {
    throw new Error(`gemm: k = ${k} does not divide into ${a.segments.count} segments`);
  }
};
