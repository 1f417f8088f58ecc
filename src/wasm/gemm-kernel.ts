// The micro-kernel of GEMM: one stripe of register tiles, MR rows by NV vectors, accumulated over a block of k.
import type { Emitter, FuncHandle, ModuleBuilder } from './encode.ts';
import type { LaneOp, MemoryLaneOp, MemoryOp, SimpleOp } from './opcodes.ts';

export type GemmType = 'f32' | 'f64' | 'i32';

interface TypeInfo {
  readonly bytes: number;
  readonly lanes: number;
  readonly splat: MemoryOp;
  readonly zeroLoad: MemoryOp;
  readonly loadLane: MemoryLaneOp;
  readonly storeLane: MemoryLaneOp;
  readonly extract: LaneOp;
  readonly add: SimpleOp;
  readonly mul: SimpleOp;
  readonly madd: SimpleOp | null;
}

const word = {
  bytes: 4,
  lanes: 4,
  splat: 'v128.load32_splat',
  zeroLoad: 'v128.load32_zero',
  loadLane: 'v128.load32_lane',
  storeLane: 'v128.store32_lane',
} as const;

/** int32 stands for uint32 too: the low 32 bits of products and sums are the same. */
export const GEMM_TYPES: Readonly<Record<GemmType, TypeInfo>> = {
  f32: { ...word, extract: 'f32x4.extract_lane', add: 'f32x4.add', mul: 'f32x4.mul', madd: 'f32x4.relaxed_madd' },
  i32: { ...word, extract: 'i32x4.extract_lane', add: 'i32x4.add', mul: 'i32x4.mul', madd: null },
  f64: {
    bytes: 8,
    lanes: 2,
    splat: 'v128.load64_splat',
    zeroLoad: 'v128.load64_zero',
    loadLane: 'v128.load64_lane',
    storeLane: 'v128.store64_lane',
    extract: 'f64x2.extract_lane',
    add: 'f64x2.add',
    mul: 'f64x2.mul',
    madd: 'f64x2.relaxed_madd',
  },
};

/** [address] -> [v128]: the first `count` elements at `address + offset`, zeros above; never reads past them. */
export const loadPartial = (f: Emitter, type: TypeInfo, address: number, offset: number, count: number): void => {
  f.get(address);
  if (count === type.lanes) f.mem('v128.load', offset);
  else if (count === 1) f.mem(type.zeroLoad, offset);
  else f.mem('v128.load64_zero', offset);
  if (count !== 3) return;
  const low = f.local('v128');
  f.set(low)
    .get(address)
    .get(low)
    .memLane('v128.load32_lane', 2, offset + 8);
};

/** Stores the first `count` elements of a v128 local at `address + offset`; writes nothing else. */
export const storePartial = (
  f: Emitter,
  type: TypeInfo,
  address: number,
  offset: number,
  count: number,
  value: number,
): void => {
  f.get(address).get(value);
  if (count === type.lanes) f.mem('v128.store', offset);
  else if (count === 1) f.memLane(type.storeLane, 0, offset);
  else f.memLane('v128.store64_lane', 0, offset);
  if (count === 3)
    f.get(address)
      .get(value)
      .memLane('v128.store32_lane', 2, offset + 8);
};

/** Emits `sum + x * y` for operands already on the stack in the order that `fma` needs; see `multiplyAdd`. */
export const multiplyAdd = (f: Emitter, type: TypeInfo, fma: boolean, x: number, y: number, sum: number): void => {
  if (fma && type.madd !== null) f.get(x).get(y).get(sum).op(type.madd).set(sum);
  else f.get(sum).get(x).get(y).op(type.mul).op(type.add).set(sum);
};

export interface StripeSpec {
  readonly type: GemmType;
  /** Rows and vectors of the register tile. */
  readonly mr: number;
  readonly nv: number;
  /** Steps of k unrolled. */
  readonly ku: number;
  readonly fma: boolean;
  /** Elements between rows of A, and between its steps of k. */
  readonly aRow: number;
  readonly aStep: number;
  /** Elements between the steps of k in B, whose columns lie side by side. */
  readonly bStep: number;
  readonly cRow: number;
  /** Valid columns in the last vector, 1..lanes; the others are neither read (unless B is `padded`) nor written. */
  readonly lastLanes: number;
  readonly padded: boolean;
}

const perModule = new WeakMap<ModuleBuilder, Map<string, FuncHandle>>();

/** The same function of the module for the same description, emitted on first request: programs repeat kernels, and V8 optimises each once. */
export const shared = (m: ModuleBuilder, key: string, emit: () => FuncHandle): FuncHandle => {
  let functions = perModule.get(m);
  if (functions === undefined) perModule.set(m, (functions = new Map()));
  let func = functions.get(key);
  if (func === undefined) functions.set(key, (func = emit()));
  return func;
};

/**
 * A function (a, b, c, kc, tiles, first): for `tiles` tiles down the rows, `c = a * b` if `first`, else `c += a * b`, over kc >= 1 steps.
 *
 * Every variant sums a block of k in order from zero and then adds the block to C, so tile sizes do not change a bit of the result.
 * The loop over tiles is inside: a call lasts microseconds, which is short enough for V8 to swap in optimised code at the next one.
 */
export const stripeKernel = (m: ModuleBuilder, spec: StripeSpec): FuncHandle =>
  shared(m, `stripe ${JSON.stringify(spec)}`, () => emitStripe(m, spec));

const emitStripe = (m: ModuleBuilder, spec: StripeSpec): FuncHandle => {
  const { mr, nv, ku, fma, aRow, aStep, bStep, cRow, lastLanes } = spec;
  const type = GEMM_TYPES[spec.type];
  const { bytes, lanes } = type;
  const name = `gemm_${spec.type}_${mr}x${(nv - 1) * lanes + lastLanes}`;
  const columns = (v: number): number => (v === nv - 1 ? lastLanes : lanes);

  return m.func(name, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [a, b, c, kc, tiles, first] = [0, 1, 2, 3, 4, 5];
    const [pa, pb, end] = [f.local('i32'), f.local('i32'), f.local('i32')];
    const tile = Array.from({ length: mr }, () => Array.from({ length: nv }, () => f.local('v128')));
    const bv = Array.from({ length: nv }, () => f.local('v128'));
    const av = f.local('v128');

    const loadB = (u: number, v: number): void => {
      loadPartial(f, type, pb, (u * bStep + v * lanes) * bytes, spec.padded ? lanes : columns(v));
      f.set(bv[v]!);
    };
    const step = (u: number): void => {
      if (mr === 1) {
        f.get(pa)
          .mem(type.splat, u * aStep * bytes)
          .set(av);
        for (let v = 0; v < nv; v++) (loadB(u, v), multiplyAdd(f, type, fma, av, bv[v]!, tile[0]![v]!));
        return;
      }
      for (let v = 0; v < nv; v++) loadB(u, v);
      for (let r = 0; r < mr; r++) {
        f.get(pa)
          .mem(type.splat, (r * aRow + u * aStep) * bytes)
          .set(av);
        for (let v = 0; v < nv; v++) multiplyAdd(f, type, fma, av, bv[v]!, tile[r]![v]!);
      }
    };
    const advance = (steps: number): void => {
      f.increment(pa, steps * aStep * bytes)
        .get(pb)
        .i32(steps * bStep * bytes)
        .op('i32.add')
        .tee(pb);
    };
    const overK = (): void => {
      f.assign(pa, () => f.get(a)).assign(pb, () => f.get(b));
      if (ku > 1) {
        f.assign(end, () =>
          f
            .get(kc)
            .i32(-ku)
            .op('i32.and')
            .i32(bStep * bytes)
            .op('i32.mul')
            .get(b)
            .op('i32.add'),
        );
        f.get(pb)
          .get(end)
          .op('i32.ne')
          .if(() =>
            f.loop((next) => {
              for (let u = 0; u < ku; u++) step(u);
              advance(ku);
              f.get(end).op('i32.ne').brIf(next);
            }),
          );
      }
      f.assign(end, () =>
        f
          .get(kc)
          .i32(bStep * bytes)
          .op('i32.mul')
          .get(b)
          .op('i32.add'),
      );
      const rest = (): void =>
        void f.loop((next) => {
          step(0);
          advance(1);
          f.get(end).op('i32.ne').brIf(next);
        });
      if (ku > 1) f.get(pb).get(end).op('i32.ne').if(rest);
      else rest();
    };
    const finish = (add: boolean): void => {
      for (let r = 0; r < mr; r++) {
        for (let v = 0; v < nv; v++) {
          const offset = (r * cRow + v * lanes) * bytes;
          if (add) {
            loadPartial(f, type, c, offset, columns(v));
            f.get(tile[r]![v]!).op(type.add).set(tile[r]![v]!);
          }
          storePartial(f, type, c, offset, columns(v), tile[r]![v]!);
        }
      }
    };

    f.loop((nextTile) => {
      for (const row of tile) for (const sum of row) f.i32x4(0).set(sum);
      overK();
      f.get(first).if(
        () => finish(false),
        () => finish(true),
      );
      f.increment(a, mr * aRow * bytes).increment(c, mr * cRow * bytes);
      f.get(tiles).i32(1).op('i32.sub').tee(tiles).brIf(nextTile);
    });
  });
};
