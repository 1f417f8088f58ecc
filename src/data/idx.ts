// IDX, the format of MNIST: a magic number, big-endian sizes, then the values.
import { either as E } from 'fp-ts';
import { showShape, sizeOf } from '../core/aval.ts';
import { bytesOf, copyWords } from '../io/bytes.ts';
import { bad, type IoError } from '../io/error.ts';
import type { HostArray } from '../io/host.ts';
import { isGzip } from './gzip.ts';

/** The typed array that holds each value type of IDX. */
interface IdxData {
  readonly uint8: Uint8Array;
  readonly int8: Int8Array;
  readonly int16: Int16Array;
  readonly int32: Int32Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
}

/** The name of a value type in IDX. */
export type IdxType = keyof IdxData;

interface ArrayType<A> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): A;
}

const types: { readonly [T in IdxType]: { readonly code: number; readonly array: ArrayType<IdxData[T]> } } = {
  uint8: { code: 0x08, array: Uint8Array },
  int8: { code: 0x09, array: Int8Array },
  int16: { code: 0x0b, array: Int16Array },
  int32: { code: 0x0c, array: Int32Array },
  float32: { code: 0x0d, array: Float32Array },
  float64: { code: 0x0e, array: Float64Array },
};

/** What an IDX file holds: values as they stand in it, row-major. */
export interface IdxArray<T extends IdxType = IdxType> {
  readonly type: T;
  readonly shape: readonly number[];
  readonly data: IdxData[T];
}

const format = 'IDX';

/**
 * Read an IDX file (unpacked; `gunzip` unpacks). Nothing that the bytes may hold makes it throw.
 *
 * Source: yann.lecun.com/exdb/mnist, "The IDX file format".
 *
 * @example
 * const labels = orThrow(decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 2)));
 * // { type: 'uint8', shape: [2], data: Uint8Array [7, 2] }
 */
export const decodeIdx = (bytes: Uint8Array): E.Either<IoError, IdxArray> => {
  if (bytes.length < 4) return bad(format, `the file has ${bytes.length} bytes, and the magic number takes 4`, 'byte 0');
  const [zero, alsoZero, code, rank] = bytes as unknown as readonly [number, number, number, number];
  if (zero !== 0 || alsoZero !== 0) {
    const fix = isGzip(bytes) ? 'The file is gzipped: unpack it with gunzip' : 'This may not be an IDX file';
    return bad(format, 'the magic number does not begin with two zero bytes', 'byte 0', fix);
  }
  const found = Object.entries(types).find(([, t]) => t.code === code);
  if (found === undefined) return bad(format, `the type code 0x${code.toString(16).padStart(2, '0')} is unknown`, 'byte 2');
  const [type, { array }] = found as [IdxType, (typeof types)[IdxType]];
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    return bad(format, `the file has ${bytes.length} bytes, and its header for ${rank} dimensions takes ${start}`, 'byte 4');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = sizeOf(shape) * array.BYTES_PER_ELEMENT;
  const present = bytes.length - start;
  if (expected !== present) {
    const fix = present < expected ? 'The file is cut off: fetch it anew' : 'The file is damaged, or two were joined';
    return bad(format, `${type} ${showShape(shape)} takes ${expected} bytes, and ${present} follow`, `byte ${start}`, fix);
  }
  const data = new array(copyWords(bytes.subarray(start), array.BYTES_PER_ELEMENT, false));
  return E.right({ type, shape, data });
};

/**
 * Write an IDX file. A `Left` says what the format cannot hold: over 255 dimensions, sizes of 2^32 and more, or data that
 * do not fill the shape.
 *
 * @example
 * const bytes = orThrow(encodeIdx({ type: 'uint8', shape: [2], data: Uint8Array.of(7, 2) }));
 */
export const encodeIdx = ({ type, shape, data }: IdxArray): E.Either<IoError, Uint8Array> => {
  if (shape.length > 255) return bad(format, `${shape.length} dimensions, and the format has one byte to count them`, 'shape');
  if (!shape.every((d) => Number.isInteger(d) && d >= 0 && d < 2 ** 32))
    return bad(format, 'a dimension is not a whole number below 2^32', showShape(shape));
  if (data.length !== sizeOf(shape))
    return bad(format, `the shape has ${sizeOf(shape)} elements and the data ${data.length}`, showShape(shape));
  const { code, array } = types[type];
  if (!(data instanceof array)) return bad(format, `${type} is held by a ${array.name}`, showShape(shape));
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0, 0, code, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((d, i) => view.setUint32(4 + 4 * i, d));
  bytes.set(new Uint8Array(copyWords(bytesOf(data), array.BYTES_PER_ELEMENT, false)), start);
  return E.right(bytes);
};

/**
 * The values as float32, times `scale`: `toFloat32(images, 1 / 255)` turns bytes into numbers from 0 to 1.
 *
 * @example
 * const x = toFloat32(images, 1 / 255);
 */
export const toFloat32 = ({ shape, data }: IdxArray, scale = 1): HostArray<'float32'> => {
  // A plain loop: Float32Array.from with a function takes several times as long on millions of values.
  const out = new Float32Array(data);
  for (let i = 0; i < out.length; i++) out[i] = (data[i] as number) * scale;
  return { dtype: 'float32', shape, data: out };
};

/**
 * Whole numbers as int32, as labels are; floating types are a `Left`.
 *
 * @example
 * const y = orThrow(toInt32(labels));
 */
export const toInt32 = ({ type, shape, data }: IdxArray): E.Either<IoError, HostArray<'int32'>> =>
  type === 'float32' || type === 'float64'
    ? bad(format, `${type} values are no labels`, showShape(shape), 'Use toFloat32')
    : E.right({ dtype: 'int32', shape, data: new Int32Array(data) });
