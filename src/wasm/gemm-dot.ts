// Matrix products whose both operands are contiguous along k and that are too thin to pack: dot products in vectors along k.
import type { FuncHandle, ModuleBuilder } from './encode.ts';
import { GEMM_TYPES, loadPartial, multiplyAdd, shared, storePartial } from './gemm-kernel.ts';
import type { GemmType } from './gemm-kernel.ts';

export interface DotSpec {
  readonly type: GemmType;
  readonly fma: boolean;
  readonly n: number;
  /** Rows of A taken together. */
  readonly mr: number;
  /** Elements between rows of A, between columns of B, between rows of C. */
  readonly aRow: number;
  readonly bColumn: number;
  readonly cRow: number;
  /** Steps of k left over by whole vectors, in the last block of k: every other kc is a multiple of the lanes. */
  readonly kRest: number;
}

/** Columns taken together: enough independent sums to hide the latency of an addition. */
const columnsTogether = (mr: number): number => (mr === 1 ? 8 : 4);

/** A function (a, b, c, kc, first) for `mr` rows and all n columns: `c = a * b` if `first`, else `c += a * b`. */
export const dotKernel = (m: ModuleBuilder, spec: DotSpec): FuncHandle =>
  shared(m, `dot ${JSON.stringify(spec)}`, () => emitDot(m, spec));

const emitDot = (m: ModuleBuilder, spec: DotSpec): FuncHandle => {
  const { n, mr, aRow, bColumn, cRow, kRest, fma } = spec;
  const type = GEMM_TYPES[spec.type];
  const { bytes, lanes } = type;
  const together = columnsTogether(mr);

  return m.func(`gemm_dot_${spec.type}_${mr}`, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [a, b, c, kc, first] = [0, 1, 2, 3, 4];
    const [pa, pb, end, j] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
    const sums = Array.from({ length: mr }, () => Array.from({ length: together }, () => f.local('v128')));
    const av = Array.from({ length: mr }, () => f.local('v128'));
    const bv = f.local('v128');
    const [low, high] = [f.local('v128'), f.local('v128')];

    const step = (columns: number, count: number): void => {
      for (let r = 0; r < mr; r++) (loadPartial(f, type, pa, r * aRow * bytes, count), f.set(av[r]!));
      for (let i = 0; i < columns; i++) {
        loadPartial(f, type, pb, i * bColumn * bytes, count);
        f.set(bv);
        for (let r = 0; r < mr; r++) multiplyAdd(f, type, fma, av[r]!, bv, sums[r]![i]!);
      }
    };
    /** The sums over lanes of up to `lanes` vectors, one a lane, added to C at column `at`. */
    const finish = (row: number, at: number, columns: number): void => {
      const sum = (i: number): void => void (i < columns ? f.get(sums[row]![at + i]!) : f.i32x4(0));
      const pairs = (i: number, into: number): void => {
        (sum(i), sum(i + 1), f.shuffle(0, 4, 1, 5));
        (sum(i), sum(i + 1), f.shuffle(2, 6, 3, 7).op(type.add).set(into));
      };
      if (lanes === 2) {
        (sum(0), sum(1), f.shuffle(0, 2));
        (sum(0), sum(1), f.shuffle(1, 3).op(type.add).set(low));
      } else {
        (pairs(0, low), pairs(2, high));
        f.get(low).get(high).shuffle(0, 1, 4, 5).get(low).get(high).shuffle(2, 3, 6, 7).op(type.add).set(low);
      }
      const offset = (row * cRow + at) * bytes;
      f.get(first)
        .op('i32.eqz')
        .if(() => {
          loadPartial(f, type, c, offset, columns);
          f.get(low).op(type.add).set(low);
        });
      storePartial(f, type, c, offset, columns, low);
    };
    const group = (columns: number): void => {
      for (const row of sums) for (const sum of row.slice(0, columns)) f.i32x4(0).set(sum);
      f.assign(pa, () => f.get(a)).assign(pb, () => f.get(b));
      f.assign(end, () => f.get(kc).i32(-lanes).op('i32.and').i32(bytes).op('i32.mul').get(b).op('i32.add'));
      f.get(pb)
        .get(end)
        .op('i32.ne')
        .if(() =>
          f.loop((next) => {
            step(columns, lanes);
            f.increment(pa, lanes * bytes)
              .get(pb)
              .i32(lanes * bytes)
              .op('i32.add')
              .tee(pb)
              .get(end)
              .op('i32.ne')
              .brIf(next);
          }),
        );
      if (kRest > 0)
        f.get(kc)
          .i32(lanes - 1)
          .op('i32.and')
          .if(() => step(columns, kRest));
      for (let r = 0; r < mr; r++)
        for (let at = 0; at < columns; at += lanes) finish(r, at, Math.min(lanes, columns - at));
      f.increment(b, columns * bColumn * bytes).increment(c, columns * bytes);
    };
    f.for(j, 0, Math.floor(n / together), 1, () => group(together));
    if (n % together > 0) group(n % together);
  });
};
