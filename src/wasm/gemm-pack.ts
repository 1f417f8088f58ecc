// Packs a block of B into panels of NR columns, k-major, so that the micro-kernel of GEMM reads it front to back.
import type { Emitter, FuncHandle, ModuleBuilder } from './encode.ts';
import { GEMM_TYPES, loadPartial, shared } from './gemm-kernel.ts';
import type { GemmType } from './gemm-kernel.ts';

export interface PackSpec {
  readonly type: GemmType;
  readonly n: number;
  /** Vectors a panel; the last panel is as wide as it needs, its last vector filled up with zeros. */
  readonly nv: number;
  /** Elements between steps of k, and between columns, in the source. */
  readonly row: number;
  readonly column: number;
}

/** Columns of the packed form: n rounded up to whole vectors. Panel j of a block of kc steps starts at element j * nv * lanes * kc. */
export const packedColumns = (type: GemmType, n: number): number =>
  Math.ceil(n / GEMM_TYPES[type].lanes) * GEMM_TYPES[type].lanes;

/** A function (source, panels, kc). Side-by-side columns are copied by rows, side-by-side steps of k by transposing small squares in registers. */
export const packB = (m: ModuleBuilder, spec: PackSpec): FuncHandle =>
  shared(m, `pack ${JSON.stringify(spec)}`, () =>
    m.func('gemm_pack', ['i32', 'i32', 'i32'], [], (f) => {
      if (spec.column === 1) copyRows(f, spec);
      else panels(f, spec);
    }),
  );

/** Rows outermost, four at a time: the source is read along its rows, the panels are written in whole cache lines. */
const copyRows = (f: Emitter, { type: name, n, nv, row }: PackSpec): void => {
  const type = GEMM_TYPES[name];
  const { bytes, lanes } = type;
  const width = nv * lanes;
  const full = Math.floor(n / width);
  const rest = n - full * width;
  const [source, out, kc] = [0, 1, 2];
  const [from, to, panelBytes, left, j, done] = [
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
    f.local('i32'),
  ];

  const rows = (count: number): void => {
    f.assign(from, () => f.get(source)).assign(to, () => f.get(out));
    f.for(j, 0, full, 1, () => {
      for (let u = 0; u < count; u++)
        for (let v = 0; v < nv; v++)
          f.get(to)
            .get(from)
            .mem('v128.load', (u * row + v * lanes) * bytes)
            .mem('v128.store', (u * width + v * lanes) * bytes);
      f.increment(from, width * bytes).increment(to, () => f.get(panelBytes));
    });
    if (rest > 0) {
      // the last panel is narrower: its steps are packedRest apart, so its place in the block differs from the full ones
      const packedRest = packedColumns(name, rest);
      f.assign(to, () =>
        f
          .get(out)
          .get(kc)
          .i32(full * width * bytes)
          .op('i32.mul')
          .op('i32.add')
          .get(done)
          .i32((packedRest - width) * bytes)
          .op('i32.mul')
          .op('i32.add'),
      );
      for (let u = 0; u < count; u++)
        for (let v = 0; v * lanes < rest; v++) {
          f.get(to);
          loadPartial(f, type, from, (u * row + v * lanes) * bytes, Math.min(lanes, rest - v * lanes));
          f.mem('v128.store', (u * packedRest + v * lanes) * bytes);
        }
    }
    f.increment(source, count * row * bytes)
      .increment(out, count * width * bytes)
      .increment(done, count);
  };
  f.assign(panelBytes, () =>
    f
      .get(kc)
      .i32(width * bytes)
      .op('i32.mul'),
  );
  f.assign(left, () => f.get(kc).i32(2).op('i32.shr_u'));
  f.get(left).if(() =>
    f.loop((next) => {
      rows(4);
      f.get(left).i32(1).op('i32.sub').tee(left).brIf(next);
    }),
  );
  f.get(kc)
    .i32(3)
    .op('i32.and')
    .tee(left)
    .if(() =>
      f.loop((next) => {
        rows(1);
        f.get(left).i32(1).op('i32.sub').tee(left).brIf(next);
      }),
    );
};

/** Panel by panel; `lanes` steps of k at a time where k is contiguous, else element by element. */
const panels = (f: Emitter, { type: name, n, nv, row, column }: PackSpec): void => {
  const type = GEMM_TYPES[name];
  const { bytes, lanes } = type;
  const [source, out, kc] = [0, 1, 2];
  const [from, left, j] = [f.local('i32'), f.local('i32'), f.local('i32')];
  const square = Array.from({ length: lanes }, () => f.local('v128'));
  const halves = Array.from({ length: 4 }, () => f.local('v128'));
  const value = f.local('v128');

  /** One step of k of `columns` columns, gathered lane by lane. */
  const gather = (columns: number): void => {
    const width = packedColumns(name, columns);
    for (let v = 0; v * lanes < columns; v++) {
      const count = Math.min(lanes, columns - v * lanes);
      f.get(from)
        .mem(type.zeroLoad, v * lanes * column * bytes)
        .set(value);
      for (let i = 1; i < count; i++)
        f.get(from)
          .get(value)
          .memLane(type.loadLane, i, (v * lanes + i) * column * bytes)
          .set(value);
      f.get(out)
        .get(value)
        .mem('v128.store', v * lanes * bytes);
    }
    f.increment(from, row * bytes).increment(out, width * bytes);
  };
  /** `lanes` steps of k of `columns` columns. */
  const transpose = (columns: number): void => {
    const width = packedColumns(name, columns);
    for (let v = 0; v * lanes < columns; v++) {
      for (let i = 0; i < lanes; i++) {
        if (v * lanes + i < columns) f.get(from).mem('v128.load', (v * lanes + i) * column * bytes);
        else f.i32x4(0);
        f.set(square[i]!);
      }
      const store = (step: number): void =>
        void f
          .set(value)
          .get(out)
          .get(value)
          .mem('v128.store', (step * width + v * lanes) * bytes);
      const [s0, s1, s2, s3] = square as [number, number, number, number];
      if (lanes === 2) {
        for (const step of [0, 1])
          (f
            .get(s0)
            .get(s1)
            .shuffle(step, 2 + step),
            store(step));
        continue;
      }
      const [low01, high01, low23, high23] = halves as [number, number, number, number];
      f.get(s0).get(s1).shuffle(0, 4, 1, 5).set(low01).get(s0).get(s1).shuffle(2, 6, 3, 7).set(high01);
      f.get(s2).get(s3).shuffle(0, 4, 1, 5).set(low23).get(s2).get(s3).shuffle(2, 6, 3, 7).set(high23);
      for (const [step, x, y] of [
        [0, low01, low23],
        [2, high01, high23],
      ] as const) {
        (f.get(x).get(y).shuffle(0, 1, 4, 5), store(step));
        (f.get(x).get(y).shuffle(2, 3, 6, 7), store(step + 1));
      }
    }
    f.increment(from, lanes * row * bytes).increment(out, lanes * width * bytes);
  };
  const times = (count: () => unknown, body: () => void): void =>
    void f
      .push(count)
      .tee(left)
      .if(() =>
        f.loop((next) => {
          body();
          f.get(left).i32(1).op('i32.sub').tee(left).brIf(next);
        }),
      );
  const panel = (columns: number): void => {
    f.assign(from, () => f.get(source));
    if (row === 1) {
      times(
        () =>
          f
            .get(kc)
            .i32(lanes / 2)
            .op('i32.shr_u'),
        () => transpose(columns),
      );
      times(
        () =>
          f
            .get(kc)
            .i32(lanes - 1)
            .op('i32.and'),
        () => gather(columns),
      );
    } else
      times(
        () => f.get(kc),
        () => gather(columns),
      );
    f.increment(source, columns * column * bytes);
  };

  const width = nv * lanes;
  f.for(j, 0, Math.floor(n / width), 1, () => panel(width));
  if (n % width > 0) panel(n % width);
};
