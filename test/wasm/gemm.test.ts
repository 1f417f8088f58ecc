// Generated matrix products against a float64 triple loop: sizes around every block boundary, all layouts, strides, batches, row ranges.
import { describe, expect, it } from 'vitest';
import { moduleBuilder } from '../../src/wasm/encode.ts';
import { emitGemm } from '../../src/wasm/gemm.ts';
import type { GemmSpec } from '../../src/wasm/gemm.ts';
import { FORMS, checkPlain, close, oracle, plain, run, same, values } from './gemm-harness.ts';

const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 1, 7],
  [1, 4, 4],
  [4, 1, 9],
  [2, 3, 5],
  [3, 7, 2],
  [4, 8, 16],
  [5, 9, 17],
  [8, 8, 8],
  [6, 16, 3],
  [7, 15, 31],
  [16, 16, 16],
  [17, 33, 65],
  [33, 10, 128],
  [31, 1, 100],
  [64, 1, 33],
  [97, 1, 10],
  [1, 100, 50],
  [1, 37, 401],
  [2, 65, 19],
  [9, 12, 385],
  [24, 24, 770],
  [100, 3, 20],
  [40, 50, 600],
  [61, 130, 90],
  [20, 500, 12],
  [130, 70, 513],
];

describe.each(['f32', 'f64', 'i32'] as const)('%s', (type) => {
  it.each(FORMS)('%s products of every size class', (form) => {
    const modes = new Set<string>();
    for (const [m, n, k] of SHAPES) modes.add(checkPlain(type, form, m, n, k).gemm.plan.mode);
    expect([...modes].sort()).toEqual(
      {
        NN: ['columnDot', 'direct', 'packed'],
        NT: ['columnDot', 'direct', 'dot', 'packed'],
        TN: ['columnDirect', 'direct', 'packed'],
        TT: ['columnDirect', 'direct', 'dot', 'packed'],
      }[form],
    );
  });
});

describe('blocks', () => {
  it('several blocks of rows and of k', () => {
    const { plan } = checkPlain('f32', 'NN', 300, 400, 700).gemm;
    expect([plan.packAll, plan.mc < 300, plan.kc < 700]).toEqual([true, true, true]);
  });
  it('k = 0 gives zeros, then the epilogue', () => {
    const spec = plain('f32', 'NN', 3, 5, 0, { c: { kind: 'output', row: 7 } });
    const { c } = run(spec, values('f32', 1, 1), values('f32', 1, 1), 3 * 7 - 2);
    expect([...c].map((x) => (Number.isNaN(x) ? '-' : x)).join('')).toBe('00000--00000--00000');
  });
  it('general strides and rows of C further apart than n', () => {
    const [m, n, k] = [13, 22, 30];
    const [a, b] = [values('f32', m * k * 6, 3), values('f32', k * n * 6, 4)];
    const spec: GemmSpec = {
      ...plain('f32', 'NN', m, n, k),
      a: { kind: 'strided', m: 3, k: 3 * m },
      b: { kind: 'strided', k: 2, n: 3 * k },
      c: { kind: 'output', row: n + 3 },
    };
    const { c } = run(spec, a, b, m * (n + 3) - 3);
    const tight = Float32Array.from({ length: m * n }, (_, i) => c[Math.floor(i / n) * (n + 3) + (i % n)]!);
    close(
      tight,
      oracle(
        1,
        m,
        n,
        k,
        (_, i, p) => a[3 * i + 3 * m * p]!,
        (_, p, j) => b[2 * p + 3 * k * j]!,
      ),
      'f32',
      k,
    );
    for (let i = 0; i + 1 < m; i++)
      expect([...c.subarray(i * (n + 3) + n, (i + 1) * (n + 3))]).toEqual([NaN, NaN, NaN]);
  });
  it('broadcast operands: stride 0', () => {
    const [m, n, k] = [9, 40, 20];
    const [a, b] = [values('f32', k, 3), values('f32', n, 4)];
    const { c } = run(
      { ...plain('f32', 'NN', m, n, k), a: { kind: 'strided', m: 0, k: 1 }, b: { kind: 'strided', k: 0, n: 1 } },
      a,
      b,
      m * n,
    );
    close(
      c,
      oracle(
        1,
        m,
        n,
        k,
        (_, __, p) => a[p]!,
        (_, __, j) => b[j]!,
      ),
      'f32',
      k,
    );
  });
  it('k in segments', () => {
    const [m, n, segment, count] = [11, 30, 400, 3];
    const k = segment * count;
    const [a, b] = [values('f32', m * 5 + count * 1000, 3), values('f32', k * n, 4)];
    const spec: GemmSpec = {
      ...plain('f32', 'NN', m, n, k),
      a: { kind: 'strided', m: 5, k: 1, segments: { count, stride: 700 } },
    };
    const { c } = run(spec, a, b, m * n);
    close(
      c,
      oracle(
        1,
        m,
        n,
        k,
        (_, i, p) => a[5 * i + (p % segment) + 700 * Math.floor(p / segment)]!,
        (_, p, j) => b[p * n + j]!,
      ),
      'f32',
      k,
    );
  });
  it('refuses negative strides', () => {
    expect(() =>
      emitGemm(moduleBuilder(), { ...plain('f32', 'NN', 4, 4, 4), a: { kind: 'strided', m: -4, k: 1 } }),
    ).toThrow('strides must be integers >= 0');
  });
});

describe('batches', () => {
  const [outer, inner, m, n, k] = [3, 2, 10, 17, 21];
  it.each([
    ['own A and B', { a: m * k, b: k * n }, { a: 2 * m * k, b: 2 * k * n }],
    ['B shared', { a: m * k, b: 0 }, { a: 2 * m * k, b: 0 }],
    ['A shared by the outer axis', { a: m * k, b: k * n }, { a: 0, b: 2 * k * n }],
  ])('two axes: %s', (_, innerStrides, outerStrides) => {
    const [a, b] = [values('f32', 6 * m * k, 5), values('f32', 6 * k * n, 6)];
    const batch = [
      { size: outer, ...outerStrides, c: 2 * m * n },
      { size: inner, ...innerStrides, c: m * n },
    ];
    const whole = run(plain('f32', 'NN', m, n, k, { batch }), a, b, 6 * m * n);
    const start = (e: number, of: 'a' | 'b'): number =>
      Math.floor(e / 2) * outerStrides[of] + (e % 2) * innerStrides[of];
    close(
      whole.c,
      oracle(
        6,
        m,
        n,
        k,
        (e, i, p) => a[start(e, 'a') + i * k + p]!,
        (e, p, j) => b[start(e, 'b') + p * n + j]!,
      ),
      'f32',
      k,
    );
    // threads: any split at multiples of the grain gives the same bits
    const grain = whole.gemm.rowGrain;
    const split = run(plain('f32', 'NN', m, n, k, { batch }), a, b, 6 * m * n, (gemm) => [
      [0, grain],
      [grain, m + grain],
      [m + grain, 5 * m],
      [5 * m, gemm.rows],
      [7, 7],
    ]);
    expect(same(split.c, whole.c)).toBe(true);
  });
});
