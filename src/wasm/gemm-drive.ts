// The loops around the micro-kernels of GEMM: batch elements, blocks of rows, blocks of k; packing, filling and the epilogue in their places.
import type { Emitter, FuncHandle } from './encode.ts';
import { GEMM_TYPES } from './gemm-kernel.ts';
import type { Multiply } from './gemm-multiply.ts';
import { packedColumns } from './gemm-pack.ts';
import { batchSize, segmentLength, sharesB } from './gemm-plan.ts';
import type { BlockContext, GemmPlan, GemmSpec } from './gemm-plan.ts';

/** Emits the body of the function (a, b, c, scratch, rowBegin, rowEnd, ...extra). */
export const drive = (
  f: Emitter,
  spec: GemmSpec,
  plan: GemmPlan,
  multiply: Multiply,
  pack: FuncHandle | null,
): void => {
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

  const scratchAt = (offset: number): void =>
    void (offset === 0 ? f.get(scratch) : f.get(scratch).i32(offset).op('i32.add'));

  /** For each block of k, with k0, k1 and kc set, and aOffset the bytes from row to block in a strided A. */
  const overK = (body: () => void): void => {
    if (k === 0) return;
    const step = spec.a.kind === 'strided' ? spec.a : null;
    f.assign(k0, 0).assign(aOffset, 0);
    const round = (next: (() => void) | null): void => {
      if (segment % plan.kc === 0) f.assign(kc, plan.kc);
      else {
        const left = (): unknown => f.i32(segment).get(k0).i32(segment).op('i32.rem_u').op('i32.sub');
        f.assign(kc, plan.kc)
          .get(kc)
          .push(left)
          .op('i32.gt_s')
          .if(() => f.assign(kc, left));
      }
      f.assign(k1, () => f.get(k0).get(kc).op('i32.add'));
      body();
      if (next === null) return;
      if (step !== null) {
        f.increment(aOffset, () =>
          f
            .get(kc)
            .i32(step.k * bytes)
            .op('i32.mul'),
        );
        if (step.segments !== undefined) {
          const jump = (step.segments.stride - segment * step.k) * bytes;
          f.get(k1)
            .i32(segment)
            .op('i32.rem_u')
            .op('i32.eqz')
            .if(() => f.increment(aOffset, jump));
        }
      }
      f.assign(k0, () => f.get(k1))
        .get(k0)
        .i32(k)
        .op('i32.lt_s');
      next();
    };
    if (blocks === 1) round(null);
    else f.loop((label) => round(() => f.brIf(label)));
  };

  /** Leaves in `bBlock` the address of the block of B at k0, packed or in place. */
  const blockOfB = (): void => {
    if (spec.b.kind === 'filled') {
      f.assign(address, () => scratchAt(plan.bBlockAt));
      spec.b.fill(f, { ...context(address), k0, k1, kStride: plan.b.k });
      f.assign(bBlock, () => f.get(address));
    } else
      f.assign(bBlock, () =>
        f
          .get(pb)
          .get(k0)
          .i32(plan.b.k * bytes)
          .op('i32.mul')
          .op('i32.add'),
      );
  };
  const packBlock = (): void => {
    blockOfB();
    f.get(bBlock);
    packedBlock();
    f.get(kc).call(pack!);
  };
  const packedBlock = (): void => {
    scratchAt(plan.packedAt);
    if (plan.packAll)
      f.get(k0)
        .i32(packedColumns(spec.type, n) * bytes)
        .op('i32.mul')
        .op('i32.add');
  };

  const rowBlock = (): void => {
    f.assign(rows, () => f.get(m1).get(m0).op('i32.sub'));
    f.assign(cBlock, () =>
      spec.c.kind === 'block'
        ? scratchAt(plan.cBlockAt)
        : f
            .get(pc)
            .get(m0)
            .i32(plan.cRow * bytes)
            .op('i32.mul')
            .op('i32.add'),
    );
    overK(() => {
      if (plan.mode === 'packed') {
        if (!plan.packAll) packBlock();
        f.assign(bBlock, packedBlock);
      } else blockOfB();
      if (spec.a.kind === 'filled') {
        f.assign(address, () => scratchAt(plan.aBlockAt));
        spec.a.fill(f, { ...context(address), m0, m1, k0, k1, mStride: plan.a.m, kStride: plan.a.k });
        f.assign(aBlock, () => f.get(address));
      } else
        f.assign(aBlock, () =>
          f
            .get(pa)
            .get(m0)
            .i32(plan.a.m * bytes)
            .op('i32.mul')
            .op('i32.add')
            .get(aOffset)
            .op('i32.add'),
        );
      f.assign(first, () => f.get(k0).op('i32.eqz'));
      multiply(f, { a: aBlock, b: bBlock, c: cBlock, kc, rows, first });
    });
    if (k === 0) zeroRows();
    spec.epilogue?.(f, { ...context(cBlock), m0, m1, rowStride: plan.cRow });
  };
  const zeroRows = (): void => {
    f.assign(address, () => f.get(cBlock)).assign(k0, 0);
    f.loop((next) => {
      f.get(address)
        .i32(0)
        .i32(n * bytes)
        .memoryFill();
      f.increment(address, plan.cRow * bytes)
        .increment(k0, 1)
        .get(k0)
        .get(rows)
        .op('i32.lt_s')
        .brIf(next);
    });
  };
  const overRows = (): void => {
    f.assign(m0, () => f.get(lo));
    if (plan.mc >= m) {
      f.assign(m1, () => f.get(hi));
      return rowBlock();
    }
    f.loop((next) => {
      f.assign(m1, () => f.get(m0).i32(plan.mc).op('i32.add'))
        .get(m1)
        .get(hi)
        .op('i32.gt_s')
        .if(() => f.assign(m1, () => f.get(hi)));
      rowBlock();
      f.assign(m0, () => f.get(m1))
        .get(m0)
        .get(hi)
        .op('i32.lt_s')
        .brIf(next);
    });
  };

  const total = batchSize(spec);
  const sharedB = sharesB(spec);
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
        f.i32(axis[stride] * bytes)
          .op('i32.mul')
          .op('i32.add')
          .set(pointer);
      }
      inner *= axis.size;
    }
  };

  f.get(rowBegin)
    .get(rowEnd)
    .op('i32.ge_s')
    .if(() => f.return());
  f.assign(pb, () => f.get(b));
  if (plan.packAll && sharedB) overK(packBlock);
  if (total === 1) {
    f.assign(lo, () => f.get(rowBegin))
      .assign(hi, () => f.get(rowEnd))
      .assign(pa, () => f.get(a))
      .assign(pc, () => f.get(c));
    return oneElement();
  }
  f.assign(element, () => f.get(rowBegin).i32(m).op('i32.div_u'));
  f.loop((next) => {
    // rows of this element: [max(rowBegin - element * m, 0), min(rowEnd - element * m, m))
    f.assign(address, () => f.get(element).i32(m).op('i32.mul'));
    f.assign(lo, () => f.get(rowBegin).get(address).op('i32.sub'))
      .get(lo)
      .i32(0)
      .op('i32.lt_s')
      .if(() => f.assign(lo, 0));
    f.assign(hi, () => f.get(rowEnd).get(address).op('i32.sub'))
      .get(hi)
      .i32(m)
      .op('i32.gt_s')
      .if(() => f.assign(hi, m));
    place(pa, a, 'a');
    place(pb, b, 'b');
    if (spec.c.kind === 'output') place(pc, c, 'c');
    oneElement();
    f.increment(element, 1).get(element).i32(m).op('i32.mul').get(rowEnd).op('i32.lt_s').brIf(next);
  });
};
