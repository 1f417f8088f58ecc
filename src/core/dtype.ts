// Data types: their names, their storage on the host, and how two of them promote.
import { DTypeError } from './errors.ts';

export type DType = 'float32' | 'float64' | 'int32' | 'uint32' | 'bool';
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** The typed array that holds each dtype on the host; a bool is one byte, 0 or 1. */
export interface HostArrayOf {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly bool: Uint8Array;
}

interface DTypeInfo {
  readonly bytes: number;
  readonly kind: 'bool' | 'int' | 'float';
  readonly array:
    | Float32ArrayConstructor
    | Float64ArrayConstructor
    | Int32ArrayConstructor
    | Uint32ArrayConstructor
    | Uint8ArrayConstructor;
}

export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  bool: { bytes: 1, kind: 'bool', array: Uint8Array },
  int32: { bytes: 4, kind: 'int', array: Int32Array },
  uint32: { bytes: 4, kind: 'int', array: Uint32Array },
  float32: { bytes: 4, kind: 'float', array: Float32Array },
  float64: { bytes: 8, kind: 'float', array: Float64Array },
};

export const isDType = (x: unknown): x is DType => typeof x === 'string' && Object.hasOwn(dtypes, x);
export const isFloat = (d: DType): boolean => dtypes[d].kind === 'float';
export const isInteger = (d: DType): boolean => dtypes[d].kind === 'int';
export const byteSize = (d: DType): number => dtypes[d].bytes;

export const hostArray = (d: DType, length: number): TypedArray => new dtypes[d].array(length);

/** A host array over existing bytes, without a copy. */
export const hostView = (d: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray =>
  new dtypes[d].array(buffer as ArrayBuffer, byteOffset, length);

export const dtypeOfArray = (a: TypedArray): DType => {
  if (a instanceof Float32Array) return 'float32';
  if (a instanceof Float64Array) return 'float64';
  if (a instanceof Int32Array) return 'int32';
  if (a instanceof Uint32Array) return 'uint32';
  if (a instanceof Uint8Array) return 'bool';
  throw new DTypeError(
    'fromTypedArray',
    `cannot tell the dtype of ${Object.prototype.toString.call(a)}; pass a Float32Array, Float64Array, Int32Array, Uint32Array or (for bool) a Uint8Array`,
  );
};

// int32 with uint32 would be int64 in JAX with 64-bit types on, and int32 with them off, as here.
const rank: Readonly<Record<DType, number>> = { bool: 0, uint32: 1, int32: 2, float32: 3, float64: 4 };

/** The smallest dtype of JAX's lattice that holds both (`jax.numpy.promote_types`, 64-bit integers absent). */
export const promoteTypes = (a: DType, b: DType): DType => (rank[a] >= rank[b] ? a : b);

/** The value as stored in a dtype: rounded to float32, wrapped to 32 bits, or 0/1. */
export const castScalar = (value: number, d: DType): number => {
  switch (d) {
    case 'float32':
      return Math.fround(value);
    case 'float64':
      return value;
    case 'int32':
      return Number.isNaN(value)
        ? 0
        : value >= 2147483647
          ? 2147483647
          : value <= -2147483648
            ? -2147483648
            : Math.trunc(value) | 0;
    case 'uint32':
      // Negative values wrap, as two's complement integers do; floats beyond the range saturate.
      return Number.isNaN(value) ? 0 : value >= 4294967295 ? 4294967295 : Math.trunc(value) >>> 0;
    case 'bool':
      return value !== 0 ? 1 : 0;
  }
};
