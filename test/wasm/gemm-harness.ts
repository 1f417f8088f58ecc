// What the tests of generated matrix products share: data, a runner that guards the memory around the operands, the float64 triple loop.
import { expect } from 'vitest';
import { moduleBuilder } from '../../src/wasm/encode.ts';
import { emitGemm } from '../../src/wasm/gemm.ts';
import type { Gemm, GemmSpec, GemmType } from '../../src/wasm/gemm.ts';

export type Values = Float32Array | Float64Array | Int32Array;
export const ARRAY: {
  readonly f32: Float32ArrayConstructor;
  readonly f64: Float64ArrayConstructor;
  readonly i32: Int32ArrayConstructor;
} = { f32: Float32Array, f64: Float64Array, i32: Int32Array };
const EPSILON = { f32: 2 ** -24, f64: 2 ** -53, i32: 0 } as const;

/** A fixed pseudo-random sequence of small numbers, exact in every type. */
export const values = (type: GemmType, length: number, seed: number): Values => {
  const out = new ARRAY[type](length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = type === 'i32' ? state >> 20 : (state >> 16) / 32768;
  }
  return out;
};

export interface Run {
  readonly c: Values;
  readonly gemm: Gemm;
  readonly bytes: Uint8Array;
}

/** Bit for bit; much faster than a deep comparison. */
export const same = (x: Values, y: Values): boolean =>
  Buffer.compare(
    new Uint8Array(x.buffer, x.byteOffset, x.byteLength),
    new Uint8Array(y.buffer, y.byteOffset, y.byteLength),
  ) === 0;

export const align = (x: number): number => (x + 63) & ~63;

/** Emits, runs over the given row ranges, and checks that nothing outside C and scratch was written and nothing outside A and B mattered. */
export const run = (
  spec: GemmSpec,
  a: Values,
  b: Values,
  cLength: number,
  ranges?: (gemm: Gemm) => readonly (readonly [number, number])[],
  extra: readonly number[] = [],
): Run => {
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
  view(aAt, a.length).set(a);
  view(bAt, b.length).set(b);
  const call = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports['gemm'] as (
    ...all: readonly number[]
  ) => void;
  for (const [from, to] of ranges?.(gemm) ?? [[0, gemm.rows]]) call(aAt, bAt, cAt, scratchAt, from, to, ...extra);
  expect([same(view(aAt, a.length), a), same(view(bAt, b.length), b)]).toEqual([true, true]);
  const untouched = (from: number, to: number): boolean => all.subarray(from, to).every((byte) => byte === 0xff);
  expect([
    untouched(0, aAt),
    untouched(bAt + b.byteLength, cAt),
    untouched(cAt + cLength * a.BYTES_PER_ELEMENT, scratchAt),
    untouched(end, end + 64),
  ]).toEqual([true, true, true, true]);
  return { c: view(cAt, cLength).slice(), gemm, bytes };
};

export type Element = (batch: number, row: number, column: number) => number;
export const oracle = (
  batch: number,
  m: number,
  n: number,
  k: number,
  a: Element,
  b: Element,
): { readonly sum: Float64Array; readonly size: Float64Array } => {
  const [sum, size] = [new Float64Array(batch * m * n), new Float64Array(batch * m * n)];
  for (let e = 0; e < batch; e++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
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

export const close = (actual: Values, expected: ReturnType<typeof oracle>, type: GemmType, k: number): void => {
  expect(actual.length).toBe(expected.sum.length);
  for (let i = 0; i < actual.length; i++) {
    const tolerance = expected.size[i]! * EPSILON[type] * (Math.min(k, 400) + k / 256 + 2);
    const wanted = type === 'i32' ? expected.sum[i]! | 0 : expected.sum[i]!;
    if (!(Math.abs(actual[i]! - wanted) <= tolerance))
      throw new Error(`element ${i}: ${actual[i]} is not ${wanted} within ${tolerance}`);
  }
};

export const FORMS = ['NN', 'NT', 'TN', 'TT'] as const;
export type Form = (typeof FORMS)[number];
export const plain = (
  type: GemmType,
  form: Form,
  m: number,
  n: number,
  k: number,
  more: Partial<GemmSpec> = {},
): GemmSpec => ({
  type,
  m,
  n,
  k,
  a: { kind: 'strided', ...(form[0] === 'N' ? { m: k, k: 1 } : { m: 1, k: m }) },
  b: { kind: 'strided', ...(form[1] === 'N' ? { k: n, n: 1 } : { k: 1, n: k }) },
  c: { kind: 'output', row: n },
  ...more,
});
export const at =
  (values: Values, form: string, rows: number, columns: number): Element =>
  (_, i, j) =>
    form === 'N' ? values[i * columns + j]! : values[j * rows + i]!;
export const checkPlain = (
  type: GemmType,
  form: Form,
  m: number,
  n: number,
  k: number,
  more: Partial<GemmSpec> = {},
): Run => {
  const [a, b] = [values(type, m * k, 1), values(type, k * n, 2)];
  const result = run(plain(type, form, m, n, k, more), a, b, m * n);
  close(result.c, oracle(1, m, n, k, at(a, form[0]!, m, k), at(b, form[1]!, k, n)), type, k);
  return result;
};
