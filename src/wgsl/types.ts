// Dtypes in WGSL: how a value is held in a register, how in memory, and how a constant is written.
import type { DType, TypedArray } from '../core/dtype.ts';
import { hostArray } from '../core/dtype.ts';

const noFloat64 = (): never => {
  throw new Error('wgsl: a float64 value reached the renderer');
};

/** The type of a value in a register. */
export const registerType = (d: DType): string => {
  switch (d) {
    case 'float32':
      return 'f32';
    case 'int32':
      return 'i32';
    case 'uint32':
      return 'u32';
    case 'bool':
      return 'bool';
    case 'float64':
      return noFloat64();
  }
};

/** The type of an element in memory. WGSL has no byte, and a bool cannot be shared with the host: it is a u32, 0 or 1. */
export const memoryType = (d: DType): string => (d === 'bool' ? 'u32' : registerType(d));

/** A register as a word of scratch memory, and back. */
export const toWord = (value: string, d: DType): string =>
  d === 'bool' ? `u32(${value})` : d === 'uint32' ? value : `bitcast<u32>(${value})`;
export const fromWord = (word: string, d: DType): string =>
  d === 'bool' ? `(${word} != 0u)` : d === 'uint32' ? word : `bitcast<${registerType(d)}>(${word})`;

/** Bytes of an element in memory: every dtype takes a word here. */
export const wordBytes = 4;

/** Elements as they are written to a buffer. A float64 here is a weak scalar, which computes in float32. */
export const toWords = (elements: TypedArray): TypedArray => {
  if (elements instanceof Float64Array) return Float32Array.from(elements);
  if (elements instanceof Uint8Array) return Uint32Array.from(elements);
  return elements;
};

/** Elements of a dtype out of a buffer's bytes, copied. */
export const fromWords = (bytes: ArrayBuffer, dtype: DType, length: number): TypedArray => {
  const out = hostArray(dtype, length);
  const words =
    dtype === 'float32' || dtype === 'float64'
      ? new Float32Array(bytes, 0, length)
      : dtype === 'int32'
        ? new Int32Array(bytes, 0, length)
        : new Uint32Array(bytes, 0, length);
  out.set(words);
  return out;
};

const bits = new DataView(new ArrayBuffer(4));
const bitsOfFloat = (x: number): number => {
  bits.setFloat32(0, x);
  return bits.getUint32(0);
};

/**
 * A constant. Infinities and NaN go through the function `from_bits`: a constant expression that yields one is an error in
 * WGSL, and a compiler may assume that there are none.
 */
export const literal = (value: number, d: DType, use: (helper: 'from_bits') => void): string => {
  switch (d) {
    case 'bool':
      return value !== 0 ? 'true' : 'false';
    case 'int32':
      return value === -2147483648 ? 'i32(-2147483648)' : String(value | 0);
    case 'uint32':
      return `${value >>> 0}u`;
    default: {
      const x = Math.fround(value);
      if (!Number.isFinite(x)) {
        use('from_bits');
        return `from_bits(0x${bitsOfFloat(x).toString(16)}u)`;
      }
      if (Object.is(x, -0)) return 'bitcast<f32>(0x80000000u)';
      const text = shortest(x);
      return `${text}${/[.e]/.test(text) ? '' : '.0'}f`;
    }
  }
};

// The fewest digits that still name the float32; the largest ones are written exactly, for WGSL refuses what lies above.
const shortest = (x: number): string => {
  for (let digits = 6; digits <= 9; digits++) {
    const near = Number(x.toPrecision(digits));
    if (Math.fround(near) === x && Math.abs(near) <= largest) return String(near);
  }
  return String(x);
};
const largest = 3.4028234663852886e38;
