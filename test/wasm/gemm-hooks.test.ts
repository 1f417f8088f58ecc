// What surrounds the generated matrix products: equal bits of all tiles, filled operands, epilogues, SIMD in every inner loop, calibration.
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { features } from '../../src/wasm/features.ts';
import { calibrate, favouriteVariant } from '../../src/wasm/gemm-calibrate.ts';
import type { GemmSpec, GemmVariant } from '../../src/wasm/gemm.ts';
import { FORMS, align, at, checkPlain, close, oracle, plain, run, same, values } from './gemm-harness.ts';

describe('equal bits', () => {
  const VARIANTS: readonly GemmVariant[] = [
    { mr: 4, nv: 2, ku: 1 },
    { mr: 6, nv: 2, ku: 1 },
    { mr: 4, nv: 4, ku: 1 },
    { mr: 6, nv: 4, ku: 2 },
    { mr: 2, nv: 4, ku: 4 },
    { mr: 3, nv: 3, ku: 2 },
  ];
  it.each(features().relaxedSimd ? [false, true] : [false])(
    'of all variants with fma %s, and of all splits of rows',
    (fma) => {
      for (const [form, m, n, k] of [
        ['NN', 70, 90, 600],
        ['NT', 37, 45, 129],
        ['TN', 50, 20, 300],
      ] as const) {
        const results = VARIANTS.map((variant) => checkPlain('f32', form, m, n, k, { variant, fma }).c);
        for (const other of results) expect(same(other, results[0]!)).toBe(true);
        const [a, b] = [values('f32', m * k, 1), values('f32', k * n, 2)];
        const split = run(plain('f32', form, m, n, k, { fma }), a, b, m * n, (gemm) => [
          [0, 3 * gemm.rowGrain],
          [3 * gemm.rowGrain, gemm.rows],
        ]);
        expect(same(split.c, results[0]!)).toBe(true);
      }
    },
  );
});

describe('hooks', () => {
  const [m, n, k] = [150, 130, 500];
  const [a, b] = [values('f32', m * k, 7), values('f32', k * n, 8)];
  const expected = oracle(1, m, n, k, at(a, 'N', m, k), at(b, 'N', k, n));

  /** Copies `from(m, k)` element by element: slow and obvious. */
  const fillA = (order: 'mk' | 'km', relu: boolean): GemmSpec['a'] => ({
    kind: 'filled',
    order,
    fill: (f, { address, m0, m1, k0, k1, mStride, kStride, extra }) => {
      const [i, p] = [f.local('i32'), f.local('i32')];
      const offset = (x: number, from: number, stride: number): void =>
        void f
          .get(x)
          .get(from)
          .op('i32.sub')
          .i32(stride * 4)
          .op('i32.mul');
      f.for(
        i,
        () => f.get(m0),
        () => f.get(m1),
        1,
        () =>
          f.for(
            p,
            () => f.get(k0),
            () => f.get(k1),
            1,
            () => {
              (f.get(address), offset(i, m0, mStride), f.op('i32.add'), offset(p, k0, kStride), f.op('i32.add'));
              f.get(extra[0]!)
                .get(i)
                .i32(k)
                .op('i32.mul')
                .get(p)
                .op('i32.add')
                .i32(4)
                .op('i32.mul')
                .op('i32.add')
                .mem('f32.load');
              if (relu) f.f32(0).op('f32.max');
              f.mem('f32.store');
            },
          ),
      );
    },
  });
  const fillB: GemmSpec['b'] = {
    kind: 'filled',
    fill: (f, { address, k0, k1, kStride, extra }) => {
      const p = f.local('i32');
      f.for(
        p,
        () => f.get(k0),
        () => f.get(k1),
        1,
        () => {
          f.get(p)
            .get(k0)
            .op('i32.sub')
            .i32(kStride * 4)
            .op('i32.mul')
            .get(address)
            .op('i32.add');
          f.get(p)
            .i32(n * 4)
            .op('i32.mul')
            .get(extra[1]!)
            .op('i32.add')
            .i32(n * 4)
            .memoryCopy();
        },
      );
    },
  };
  const bAt = 64 + align(a.byteLength) + 64;

  it.each([
    ['mk', false],
    ['km', false],
    ['mk', true],
  ] as const)('a filled A (%s), a filled B (%s)', (order, alsoB) => {
    const { c } = run(
      plain('f32', 'NN', m, n, k, { a: fillA(order, false), ...(alsoB ? { b: fillB } : {}), extra: 2 }),
      a,
      b,
      m * n,
      undefined,
      [64, bAt],
    );
    close(c, expected, 'f32', k);
  });
  it('filled operands of a thin product', () => {
    const thin = a.slice(0, 5 * k);
    const { c, gemm } = run(
      plain('f32', 'NN', 5, n, k, { a: fillA('mk', false), b: fillB, extra: 2 }),
      thin,
      b,
      5 * n,
      undefined,
      [64, 64 + align(thin.byteLength) + 64],
    );
    expect(gemm.plan.mode).toBe('direct');
    close(c, { sum: expected.sum.slice(0, 5 * n), size: expected.size.slice(0, 5 * n) }, 'f32', k);
  });
  it.each([
    [m, n, k],
    [7, n, k],
    [m, 1, k],
  ])('an epilogue that reads rows of C from scratch: %d x %d x %d', (rows, columns, depth) => {
    const spec: GemmSpec = plain('f32', 'NN', rows, columns, depth, {
      c: { kind: 'block' },
      extra: 1,
      epilogue: (f, { m0, m1, address, rowStride, extra }) => {
        const i = f.local('i32');
        f.for(
          i,
          () => f.get(m0),
          () => f.get(m1),
          1,
          () => {
            f.get(extra[0]!)
              .get(i)
              .i32(columns * 4)
              .op('i32.mul')
              .op('i32.add');
            f.get(address)
              .get(i)
              .get(m0)
              .op('i32.sub')
              .i32(rowStride * 4)
              .op('i32.mul')
              .op('i32.add')
              .i32(columns * 4)
              .memoryCopy();
          },
        );
      },
    });
    const [aa, bb] = [values('f32', rows * depth, 9), values('f32', depth * columns, 10)];
    const cAt = 64 + align(aa.byteLength) + 64 + align(bb.byteLength) + 64;
    const { c } = run(spec, aa, bb, rows * columns, undefined, [cAt]);
    close(c, oracle(1, rows, columns, depth, at(aa, 'N', rows, depth), at(bb, 'N', depth, columns)), 'f32', depth);
  });
});

it('the innermost loops are SIMD', () => {
  for (const form of FORMS)
    for (const [m, n, k] of [
      [64, 64, 300],
      [64, 1, 300],
      [4, 33, 300],
    ] as const) {
      const { bytes } = checkPlain('f32', form, m, n, k);
      for (const { name, innerLoops } of disassemble(bytes)) {
        if (!/stripe|dot|pack|_\d+x\d+$/.test(name ?? '') || name === `gemm_${m}x${n}x${k}`) continue;
        for (const loop of innerLoops) {
          expect(loop.some((op) => op.startsWith('v128.load'))).toBe(true);
          expect(loop.filter((op) => /^f(32|64)\./.test(op))).toEqual([]);
        }
      }
    }
});

it('calibration measures every candidate, once', () => {
  const first = calibrate();
  expect(first.measured.every(({ gflops }) => gflops > 0)).toBe(true);
  expect(first.measured.map(({ variant }) => variant)).toContainEqual(first.variant);
  expect(calibrate()).toBe(first);
  expect(favouriteVariant('f32', 2 ** 30)).toBe(first.variant);
});
