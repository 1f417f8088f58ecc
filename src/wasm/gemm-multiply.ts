// One block of rows times one block of k: which micro-kernels cover it, full tiles and remainders, and the calls to them.
import type { Emitter, FuncHandle, ModuleBuilder } from './encode.ts';
import { features } from './features.ts';
import { dotKernel } from './gemm-dot.ts';
import { GEMM_TYPES, stripeKernel } from './gemm-kernel.ts';
import type { GemmPlan, GemmSpec } from './gemm-plan.ts';

/** Emits C[rows] = A[rows] * B for one block of k if `first`, else C[rows] += A[rows] * B. */
export type Multiply = (f: Emitter, at: BlockLocals) => void;

/** Locals: addresses of the blocks, steps of k and rows in them, and whether this is the first block of k. */
export interface BlockLocals {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly kc: number;
  readonly rows: number;
  readonly first: number;
}

export const blockMultiplier = (m: ModuleBuilder, spec: GemmSpec, plan: GemmPlan): Multiply => {
  const fma = spec.fma ?? features().relaxedSimd;
  if (plan.mode === 'dot') return byDots(m, spec, plan, fma);
  return plan.mode === 'columnDot' || plan.mode === 'columnDirect'
    ? byColumns(m, spec, plan, fma)
    : byTiles(m, spec, plan, fma);
};

/** n = 1: y = A x, so the block's rows are the columns of x' A'. */
const byColumns = (m: ModuleBuilder, spec: GemmSpec, { mode, mc, a, b }: GemmPlan, fma: boolean): Multiply => {
  const { lanes } = GEMM_TYPES[spec.type];
  const rest = spec.m % mc;
  const kernel = (rows: number): FuncHandle =>
    mode === 'columnDot'
      ? dotKernel(m, { type: spec.type, fma, n: rows, mr: 1, aRow: 0, bColumn: a.m, cRow: 0, kRest: spec.k % lanes })
      : stripeKernel(m, {
          type: spec.type,
          mr: 1,
          nv: Math.ceil(rows / lanes),
          ku: 1,
          fma,
          aRow: 0,
          aStep: b.k,
          bStep: a.k,
          cRow: 0,
          lastLanes: rows % lanes || lanes,
          padded: false,
        });
  const whole = spec.m >= mc ? kernel(mc) : null;
  const last = rest > 0 ? kernel(rest) : null;
  return (f, at) => {
    const call = (func: FuncHandle): void => {
      f.get(at.b).get(at.a).get(at.c).get(at.kc);
      if (mode === 'columnDirect') f.i32(1);
      f.get(at.first).call(func);
    };
    if (whole === null || last === null) call((whole ?? last)!);
    else
      f.get(at.rows)
        .i32(mc)
        .op('i32.eq')
        .if(
          () => call(whole),
          () => call(last),
        );
  };
};

/** A few rows, two at a time, against columns of B that are contiguous along k. */
const byDots = (m: ModuleBuilder, spec: GemmSpec, { a, b, cRow }: GemmPlan, fma: boolean): Multiply => {
  const { bytes, lanes } = GEMM_TYPES[spec.type];
  const kernel = (mr: number): FuncHandle =>
    dotKernel(m, { type: spec.type, fma, n: spec.n, mr, aRow: a.m, bColumn: b.n, cRow, kRest: spec.k % lanes });
  const pair = spec.m >= 2 ? kernel(2) : null;
  const single = spec.m % 2 === 1 ? kernel(1) : null;
  return (f, at) => {
    const [pa, pc, i] = [f.local('i32'), f.local('i32'), f.local('i32')];
    const call = (func: FuncHandle): void => void f.get(pa).get(at.b).get(pc).get(at.kc).get(at.first).call(func);
    f.assign(pa, () => f.get(at.a))
      .assign(pc, () => f.get(at.c))
      .assign(i, () => f.get(at.rows));
    if (pair !== null)
      f.get(i)
        .i32(1)
        .op('i32.gt_s')
        .if(() =>
          f.loop((next) => {
            call(pair);
            f.increment(pa, 2 * a.m * bytes).increment(pc, 2 * cRow * bytes);
            f.get(i).i32(2).op('i32.sub').tee(i).i32(1).op('i32.gt_s').brIf(next);
          }),
        );
    if (single !== null) f.get(i).if(() => call(single));
  };
};

/** Stripes of register tiles, panel after panel: a panel of B stays in L1 while the rows of A pass by. */
const byTiles = (m: ModuleBuilder, spec: GemmSpec, { mode, variant, a, b, cRow }: GemmPlan, fma: boolean): Multiply => {
  const { type: name, n } = spec;
  const { bytes, lanes } = GEMM_TYPES[name];
  const { mr, nv } = variant;
  const rest = spec.m % mr;
  const width = nv * lanes;
  const full = Math.floor(n / width);
  const narrow = n - full * width;
  const stripe = (rows: number, columns: number): FuncHandle => {
    const vectors = Math.ceil(columns / lanes);
    const bStep = mode === 'packed' ? vectors * lanes : b.k;
    return stripeKernel(m, {
      type: name,
      mr: rows,
      nv: vectors,
      ku: variant.ku,
      fma,
      aRow: a.m,
      aStep: a.k,
      bStep,
      cRow,
      lastLanes: columns - (vectors - 1) * lanes,
      padded: mode === 'packed',
    });
  };
  const kernels = (columns: number): readonly [FuncHandle, FuncHandle | null] => [
    stripe(mr, columns),
    rest > 0 ? stripe(rest, columns) : null,
  ];
  const [wide, last] = [full > 0 ? kernels(width) : null, narrow > 0 ? kernels(narrow) : null];

  return (f, at) => {
    const [j, pb, pc, panel, tiles, cut, aRest, cRest] = Array.from({ length: 8 }, () => f.local('i32')) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    f.assign(pb, () => f.get(at.b)).assign(pc, () => f.get(at.c));
    f.assign(panel, () =>
      mode === 'packed'
        ? f
            .get(at.kc)
            .i32(width * bytes)
            .op('i32.mul')
        : f.i32(width * bytes),
    );
    f.assign(tiles, () => f.get(at.rows).i32(mr).op('i32.div_u'));
    if (rest > 0) {
      f.assign(cut, () => f.get(at.rows).get(tiles).i32(mr).op('i32.mul').op('i32.sub'));
      f.assign(aRest, () =>
        f
          .get(tiles)
          .i32(mr * a.m * bytes)
          .op('i32.mul')
          .get(at.a)
          .op('i32.add'),
      );
      f.assign(cRest, () =>
        f
          .get(tiles)
          .i32(mr * cRow * bytes)
          .op('i32.mul'),
      );
    }
    const down = ([kernel, remainder]: readonly [FuncHandle, FuncHandle | null]): void => {
      const run = (): void => void f.get(at.a).get(pb).get(pc).get(at.kc).get(tiles).get(at.first).call(kernel);
      if (remainder === null) return run();
      f.get(tiles).if(run);
      f.get(cut).if(() =>
        f.get(aRest).get(pb).get(pc).get(cRest).op('i32.add').get(at.kc).i32(1).get(at.first).call(remainder),
      );
    };
    if (wide !== null)
      f.for(j, 0, full, 1, () => {
        down(wide);
        f.increment(pb, () => f.get(panel)).increment(pc, width * bytes);
      });
    if (last !== null) down(last);
  };
};
