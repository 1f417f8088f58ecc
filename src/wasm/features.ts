// Asks the engine which WebAssembly extensions it accepts, by validating the smallest module that uses each one; never touches an engine flag.
import { moduleBuilder } from './encode.ts';
import type { Emitter, MemorySpec, ValueType } from './encode.ts';

export interface WasmFeatures {
  /** 128-bit SIMD: required by this backend. */
  readonly simd: boolean;
  /** Relaxed SIMD, hence fused multiply-add: off in Node 20 unless its user passes `--experimental-wasm-relaxed-simd`. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomics. In a browser they also need a cross-origin isolated page: see `canShareMemory`. */
  readonly threads: boolean;
}

const accepts = (results: readonly ValueType[], body: (f: Emitter) => void, memory?: MemorySpec): boolean => {
  const m = moduleBuilder(memory === undefined ? {} : { memory });
  m.func(null, [], results, body);
  return WebAssembly.validate(m.bytes());
};

let cached: WasmFeatures | null = null;

/**
 * The WebAssembly extensions of this engine, detected once per process.
 *
 * @example
 * features().relaxedSimd // false on Node 20, true on Node 22 and later
 */
export const features = (): WasmFeatures =>
  (cached ??= {
    simd: accepts(['v128'], (f) => f.i32(0).op('i32x4.splat')),
    relaxedSimd: accepts(['v128'], (f) => f.f32x4(1).f32x4(1).f32x4(1).op('f32x4.relaxed_madd')),
    threads: accepts(['i32'], (f) => f.i32(0).mem('i32.atomic.load'), { shared: true, minPages: 1, maxPages: 1 }),
  });

/** Whether a shared memory can really be made and handed to workers here (in a browser: only on a cross-origin isolated page). */
export const canShareMemory = (): boolean =>
  features().threads &&
  typeof SharedArrayBuffer !== 'undefined' &&
  (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
