// Generated matrix products against a float64 triple loop: sizes around every block boundary, all layouts, batches, hooks, row ranges, equal bits.
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { moduleBuilder } from '../../src/wasm/encode.ts';
import { features } from '../../src/wasm/features.ts';
import { calibrate, favouriteVariant } from '../../src/wasm/gemm-calibrate.ts';
import { emitGemm } from '../../src/wasm/gemm.ts';
import type { Gemm, GemmSpec, GemmType, GemmVariant } from '../../src/wasm/gemm.ts';

type Values = Float32Array | Float64Array | Int32Array;
const ARRAY = { f32: Float32Array, f64: Float64Array, i32: Int32Array } as const;
const EPSILON = { f32: 2 ** -24, f64: 2 ** -53, i32: 0 } as const;

/** A fixed pseudo-random sequence of small numbers, exact in every type. */
const values = (type: GemmType, length: number, seed: number): Values => {
  const out = new ARRAY[type](length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = type === 'i32' ? state >> 20 : (state >> 16) / 32768;
  }
  return out;
};

interface Run {
  readonly c: Values;
  readonly gemm: Gemm;
  readonly bytes: Uint8Array;
}

/** Bit for bit; much faster than a deep comparison. */
const same = (x: Values, y: Values): boolean => Buffer.compare(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), new Uint8Array(y.buffer, y.byteOffset, y.byteLength)) === 0;

const align = (x: number): number => (x + 63) & ~63;

/** Emits, runs over the given row ranges, and checks that nothing outside C and scratch was written and nothing outside A and B mattered. */
const run = (spec: GemmSpec, a: Values, b: Values, cLength: number, ranges?: (gemm: Gemm) => readonly (readonly [number, number])[], extra: readonly number[] = []): Run => {
  const m = moduleBuilder({ memory: { import: ['env', 'memory'] } });
  const gemm = emitGemm(m, spec);
  m.export('gemm', gemm.func);
  const bytes = m.bytes();
  const [aAt, bAt] = [64, 64 + align(a.byteLength) + 64];
  const cAt = bAt + align(b.byteLength) + 64;
  const scratchAt = cAt + align(cLength * a.BYTES_PER_ELEMENT) + 64;
  const end = scratchAt + gemm.scratchBytes;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 64) / 65536) });
  const all = new Uint8Array(memory.buffer).fill(0xff); // NaN wherever nothing was put
  const view = (at: number, length: number): Values => new ARRAY[spec.type](memory.buffer, at, length);
  view(aAt, a.length).set(a as never);
  view(bAt, b.length).set(b as never);
  const call = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports['gemm'] as (...all: readonly number[]) => void;
  for (const [from, to] of ranges?.(gemm) ?? [[0, gemm.rows]]) call(aAt, bAt, cAt, scratchAt, from, to, ...extra);
  expect([same(view(aAt, a.length), a), same(view(bAt, b.length), b)]).toEqual([true, true]);
  const untouched = (from: number, to: number): boolean => all.subarray(from, to).every(byte => byte === 0xff);
  expect([untouched(0, aAt), untouched(bAt + b.byteLength, cAt), untouched(cAt + cLength * a.BYTES_PER_ELEMENT, scratchAt), untouched(end, end + 64)]).toEqual([true, true, true, true]);
  return { c: view(cAt, cLength).slice() as Values, gemm, bytes };
};

type Element = (batch: number, row: number, column: number) => number;
const oracle = (batch: number, m: number, n: number, k: number, a: Element, b: Element): { readonly sum: Float64Array; readonly size: Float64Array } => {
  const [sum, size] = [new Float64Array(batch * m * n), new Float64Array(batch * m * n)];
  for (let e = 0; e < batch; e++) for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) {
    let [s, z] = [0, 0];
    for (let p = 0; p < k; p++) {
      const product = a(e, i, p) * b(e, p, j);
      s += product;
      z += Math.abs(product);
    }
    sum[(e * m + i) * n + j] = s;
    size[(e * m + i) * n + j] = z;
  }
  return { sum, size };
};

const close = (actual: Values, expected: ReturnType<typeof oracle>, type: GemmType, k: number): void => {
  expect(actual.length).toBe(expected.sum.length);
  for (let i = 0; i < actual.length; i++) {
    const tolerance = expected.size[i]! * EPSILON[type] * (Math.min(k, 400) + k / 256 + 2);
    const wanted = type === 'i32' ? expected.sum[i]! | 0 : expected.sum[i]!;
    if (!(Math.abs(actual[i]! - wanted) <= tolerance)) throw new Error(`element ${i}: ${actual[i]} is not ${wanted} within ${tolerance}`);
  }
};

const FORMS = ['NN', 'NT', 'TN', 'TT'] as const;
type Form = (typeof FORMS)[number];
const plain = (type: GemmType, form: Form, m: number, n: number, k: number, more: Partial<GemmSpec> = {}): GemmSpec => ({
  type, m, n, k,
  a: { kind: 'strided', ...(form[0] === 'N' ? { m: k, k: 1 } : { m: 1, k: m }) },
  b: { kind: 'strided', ...(form[1] === 'N' ? { k: n, n: 1 } : { k: 1, n: k }) },
  c: { kind: 'output', row: n },
  ...more,
});
const at = (values: Values, form: string, rows: number, columns: number): Element => (_, i, j) => (form === 'N' ? values[i * columns + j]! : values[j * rows + i]!);
const checkPlain = (type: GemmType, form: Form, m: number, n: number, k: number, more: Partial<GemmSpec> = {}): Run => {
  const [a, b] = [values(type, m * k, 1), values(type, k * n, 2)];
  const result = run(plain(type, form, m, n, k, more), a, b, m * n);
  close(result.c, oracle(1, m, n, k, at(a, form[0]!, m, k), at(b, form[1]!, k, n)), type, k);
  return result;
};

const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1], [1, 1, 7], [1, 4, 4], [4, 1, 9], [2, 3, 5], [3, 7, 2], [4, 8, 16], [5, 9, 17], [8, 8, 8], [6, 16, 3], [7, 15, 31], [16, 16, 16],
  [17, 33, 65], [33, 10, 128], [31, 1, 100], [64, 1, 33], [97, 1, 10], [1, 100, 50], [1, 37, 401], [2, 65, 19], [9, 12, 385], [24, 24, 770], [100, 3, 20],
  [40, 50, 600], [61, 130, 90], [20, 500, 12], [130, 70, 513],
];

describe.each(['f32', 'f64', 'i32'] as const)('%s', type => {
  it.each(FORMS)('%s products of every size class', form => {
    const modes = new Set<string>();
    for (const [m, n, k] of SHAPES) modes.add(checkPlain(type, form, m, n, k).gemm.plan.mode);
    expect([...modes].sort()).toEqual({
      NN: ['columnDot', 'direct', 'packed'], NT: ['columnDot', 'direct', 'dot', 'packed'], TN: ['columnDirect', 'direct', 'packed'], TT: ['columnDirect', 'direct', 'dot', 'packed'],
    }[form]);
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
    expect([...c].map(x => (Number.isNaN(x) ? '-' : x)).join('')).toBe('00000--00000--00000');
  });
  it('general strides and rows of C further apart than n', () => {
    const [m, n, k] = [13, 22, 30];
    const [a, b] = [values('f32', m * k * 6, 3), values('f32', k * n * 6, 4)];
    const spec: GemmSpec = { ...plain('f32', 'NN', m, n, k), a: { kind: 'strided', m: 3, k: 3 * m }, b: { kind: 'strided', k: 2, n: 3 * k }, c: { kind: 'output', row: n + 3 } };
    const { c } = run(spec, a, b, m * (n + 3) - 3);
    const tight = Float32Array.from({ length: m * n }, (_, i) => c[Math.floor(i / n) * (n + 3) + (i % n)]!);
    close(tight, oracle(1, m, n, k, (_, i, p) => a[3 * i + 3 * m * p]!, (_, p, j) => b[2 * p + 3 * k * j]!), 'f32', k);
    for (let i = 0; i + 1 < m; i++) expect([...c.subarray(i * (n + 3) + n, (i + 1) * (n + 3))]).toEqual([NaN, NaN, NaN]);
  });
  it('broadcast operands: stride 0', () => {
    const [m, n, k] = [9, 40, 20];
    const [a, b] = [values('f32', k, 3), values('f32', n, 4)];
    const { c } = run({ ...plain('f32', 'NN', m, n, k), a: { kind: 'strided', m: 0, k: 1 }, b: { kind: 'strided', k: 0, n: 1 } }, a, b, m * n);
    close(c, oracle(1, m, n, k, (_, __, p) => a[p]!, (_, __, j) => b[j]!), 'f32', k);
  });
  it('k in segments', () => {
    const [m, n, segment, count] = [11, 30, 400, 3];
    const k = segment * count;
    const [a, b] = [values('f32', m * 5 + count * 1000, 3), values('f32', k * n, 4)];
    const spec: GemmSpec = { ...plain('f32', 'NN', m, n, k), a: { kind: 'strided', m: 5, k: 1, segments: { count, stride: 700 } } };
    const { c } = run(spec, a, b, m * n);
    close(c, oracle(1, m, n, k, (_, i, p) => a[5 * i + (p % segment) + 700 * Math.floor(p / segment)]!, (_, p, j) => b[p * n + j]!), 'f32', k);
  });
  it('refuses negative strides', () => {
    expect(() => emitGemm(moduleBuilder(), { ...plain('f32', 'NN', 4, 4, 4), a: { kind: 'strided', m: -4, k: 1 } })).toThrow('strides must be integers >= 0');
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
    const batch = [{ size: outer, ...outerStrides, c: 2 * m * n }, { size: inner, ...innerStrides, c: m * n }];
    const whole = run(plain('f32', 'NN', m, n, k, { batch }), a, b, 6 * m * n);
    const start = (e: number, of: 'a' | 'b'): number => Math.floor(e / 2) * outerStrides[of] + (e % 2) * innerStrides[of];
    close(whole.c, oracle(6, m, n, k, (e, i, p) => a[start(e, 'a') + i * k + p]!, (e, p, j) => b[start(e, 'b') + p * n + j]!), 'f32', k);
    // threads: any split at multiples of the grain gives the same bits
    const grain = whole.gemm.rowGrain;
    const split = run(plain('f32', 'NN', m, n, k, { batch }), a, b, 6 * m * n, gemm => [[0, grain], [grain, m + grain], [m + grain, 5 * m], [5 * m, gemm.rows], [7, 7]]);
    expect(same(split.c, whole.c)).toBe(true);
  });
});

describe('equal bits', () => {
  const VARIANTS: readonly GemmVariant[] = [{ mr: 4, nv: 2, ku: 1 }, { mr: 6, nv: 2, ku: 1 }, { mr: 4, nv: 4, ku: 1 }, { mr: 6, nv: 4, ku: 2 }, { mr: 2, nv: 4, ku: 4 }, { mr: 3, nv: 3, ku: 2 }];
  it.each(features().relaxedSimd ? [false, true] : [false])('of all variants with fma %s, and of all splits of rows', fma => {
    for (const [form, m, n, k] of [['NN', 70, 90, 600], ['NT', 37, 45, 129], ['TN', 50, 20, 300]] as const) {
      const results = VARIANTS.map(variant => checkPlain('f32', form, m, n, k, { variant, fma }).c);
      for (const other of results) expect(same(other, results[0]!)).toBe(true);
      const [a, b] = [values('f32', m * k, 1), values('f32', k * n, 2)];
      const split = run(plain('f32', form, m, n, k, { fma }), a, b, m * n, gemm => [[0, 3 * gemm.rowGrain], [3 * gemm.rowGrain, gemm.rows]]);
      expect(same(split.c, results[0]!)).toBe(true);
    }
  });
});

describe('hooks', () => {
  const [m, n, k] = [150, 130, 500];
  const [a, b] = [values('f32', m * k, 7), values('f32', k * n, 8)];
  const expected = oracle(1, m, n, k, at(a, 'N', m, k), at(b, 'N', k, n));

  /** Copies `from(m, k)` element by element: slow and obvious. */
  const fillA = (order: 'mk' | 'km', relu: boolean): GemmSpec['a'] => ({
    kind: 'filled', order,
    fill: (f, { address, m0, m1, k0, k1, mStride, kStride, extra }) => {
      const [i, p] = [f.local('i32'), f.local('i32')];
      const offset = (x: number, from: number, stride: number): void => void f.get(x).get(from).op('i32.sub').i32(stride * 4).op('i32.mul');
      f.for(i, () => f.get(m0), () => f.get(m1), 1, () => f.for(p, () => f.get(k0), () => f.get(k1), 1, () => {
        f.get(address), offset(i, m0, mStride), f.op('i32.add'), offset(p, k0, kStride), f.op('i32.add');
        f.get(extra[0]!).get(i).i32(k).op('i32.mul').get(p).op('i32.add').i32(4).op('i32.mul').op('i32.add').mem('f32.load');
        if (relu) f.f32(0).op('f32.max');
        f.mem('f32.store');
      }));
    },
  });
  const fillB: GemmSpec['b'] = {
    kind: 'filled',
    fill: (f, { address, k0, k1, kStride, extra }) => {
      const p = f.local('i32');
      f.for(p, () => f.get(k0), () => f.get(k1), 1, () => {
        f.get(p).get(k0).op('i32.sub').i32(kStride * 4).op('i32.mul').get(address).op('i32.add');
        f.get(p).i32(n * 4).op('i32.mul').get(extra[1]!).op('i32.add').i32(n * 4).memoryCopy();
      });
    },
  };
  const bAt = 64 + align(a.byteLength) + 64;

  it.each([['mk', false], ['km', false], ['mk', true]] as const)('a filled A (%s), a filled B (%s)', (order, alsoB) => {
    const { c } = run(plain('f32', 'NN', m, n, k, { a: fillA(order, false), ...(alsoB ? { b: fillB } : {}), extra: 2 }), a, b, m * n, undefined, [64, bAt]);
    close(c, expected, 'f32', k);
  });
  it('filled operands of a thin product', () => {
    const thin = a.slice(0, 5 * k);
    const { c, gemm } = run(plain('f32', 'NN', 5, n, k, { a: fillA('mk', false), b: fillB, extra: 2 }), thin, b, 5 * n, undefined, [64, 64 + align(thin.byteLength) + 64]);
    expect(gemm.plan.mode).toBe('direct');
    close(c, { sum: expected.sum.slice(0, 5 * n), size: expected.size.slice(0, 5 * n) }, 'f32', k);
  });
  it.each([[m, n, k], [7, n, k], [m, 1, k]])('an epilogue that reads rows of C from scratch: %d x %d x %d', (rows, columns, depth) => {
    const spec: GemmSpec = plain('f32', 'NN', rows, columns, depth, {
      c: { kind: 'block' }, extra: 1,
      epilogue: (f, { m0, m1, address, rowStride, extra }) => {
        const i = f.local('i32');
        f.for(i, () => f.get(m0), () => f.get(m1), 1, () => {
          f.get(extra[0]!).get(i).i32(columns * 4).op('i32.mul').op('i32.add');
          f.get(address).get(i).get(m0).op('i32.sub').i32(rowStride * 4).op('i32.mul').op('i32.add').i32(columns * 4).memoryCopy();
        });
      },
    });
    const [aa, bb] = [values('f32', rows * depth, 9), values('f32', depth * columns, 10)];
    const cAt = 64 + align(aa.byteLength) + 64 + align(bb.byteLength) + 64;
    const { c } = run(spec, aa, bb, rows * columns, undefined, [cAt]);
    close(c, oracle(1, rows, columns, depth, at(aa, 'N', rows, depth), at(bb, 'N', depth, columns)), 'f32', depth);
  });
});

it('the innermost loops are SIMD', () => {
  for (const form of FORMS) for (const [m, n, k] of [[64, 64, 300], [64, 1, 300], [4, 33, 300]] as const) {
    const { bytes } = checkPlain('f32', form, m, n, k);
    for (const { name, innerLoops } of disassemble(bytes)) {
      if (!/stripe|dot|pack|_\d+x\d+$/.test(name ?? '') || name === `gemm_${m}x${n}x${k}`) continue;
      for (const loop of innerLoops) {
        expect(loop.some(op => op.startsWith('v128.load'))).toBe(true);
        expect(loop.filter(op => /^f(32|64)\./.test(op))).toEqual([]);
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
