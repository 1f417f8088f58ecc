// Safetensors files as values: bytes to named arrays and back, bit for bit.
import { either as E } from 'fp-ts';
import { sizeOf } from '../core/aval.ts';
import { byteSize, type DType, type HostArrayOf } from '../core/dtype.ts';
import { bytesOf, copyWords } from './bytes.ts';
import { bad, type IoError } from './error.ts';
import { fromBfloat16, fromFloat16 } from './half.ts';
import { hostArray, type HostArray } from './host.ts';
import {
  longestHeader,
  readSafetensorsHeader,
  safetensorsBits,
  type SafetensorsDType,
  type SafetensorsEntry,
} from './safetensors-header.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, HostArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

const format = 'safetensors';
const written: Readonly<Record<DType, SafetensorsDType>> = {
  float64: 'F64',
  float32: 'F32',
  uint32: 'U32',
  int32: 'I32',
  bool: 'BOOL',
};
// The order in which the reference implementation lays tensors out: the largest elements first, so that all are aligned.
const order: readonly DType[] = ['float64', 'float32', 'uint32', 'int32', 'bool'];

type Data = { readonly [D in DType]: readonly [dtype: D, data: HostArrayOf[D]] }[DType];

const convert = (entry: SafetensorsEntry, bytes: Uint8Array): E.Either<IoError, Data> => {
  const where = `tensor ${JSON.stringify(entry.name)}`;
  const buffer = copyWords(bytes, Math.max(1, safetensorsBits[entry.dtype] / 8), true);
  switch (entry.dtype) {
    case 'F32':
      return E.right(['float32', new Float32Array(buffer)]);
    case 'F64':
      return E.right(['float64', new Float64Array(buffer)]);
    case 'I32':
      return E.right(['int32', new Int32Array(buffer)]);
    case 'U32':
      return E.right(['uint32', new Uint32Array(buffer)]);
    case 'BOOL':
      return E.right(['bool', new Uint8Array(buffer)]);
    case 'F16':
      return E.right(['float32', fromFloat16(new Uint16Array(buffer))]);
    case 'BF16':
      return E.right(['float32', fromBfloat16(new Uint16Array(buffer))]);
    case 'U8':
      return E.right(['int32', new Int32Array(new Uint8Array(buffer))]);
    case 'I8':
      return E.right(['int32', new Int32Array(new Int8Array(buffer))]);
    case 'U16':
      return E.right(['int32', new Int32Array(new Uint16Array(buffer))]);
    case 'I16':
      return E.right(['int32', new Int32Array(new Int16Array(buffer))]);
    case 'I64':
    case 'U64': {
      const signed = entry.dtype === 'I64';
      const wide = signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
      const [low, high] = signed ? [-(2n ** 31n), 2n ** 31n] : [0n, 2n ** 32n];
      const at = wide.findIndex((v: bigint) => v < low || v >= high);
      if (at >= 0)
        return bad(
          format,
          `the ${entry.dtype} value ${wide[at]} does not fit ${signed ? 'int32' : 'uint32'}`,
          `${where}, element ${at}`,
        );
      const data = Array.from(wide, Number);
      return E.right(signed ? ['int32', new Int32Array(data)] : ['uint32', new Uint32Array(data)]);
    }
    default:
      return bad(
        format,
        `tensors of dtype ${entry.dtype} cannot be read`,
        where,
        'Convert it to F32, F16 or BF16 where the file was made',
      );
  }
};

/**
 * Read one tensor of a file whose header was read before, so that a large file need not be held as arrays at once.
 *
 * F32, F64, I32, U32 and BOOL come as they are; F16 and BF16 become float32, and U8, I8, U16 and I16 int32, all of them
 * exactly; I64 and U64 become int32 and uint32 where every value fits, and are a `Left` that names the first that does not.
 *
 * @example
 * const header = orThrow(readSafetensorsHeader(bytes));
 * const first = header.entries[0];
 * if (first !== undefined) console.log(orThrow(readSafetensorsEntry(bytes, header.dataStart, first)).shape);
 */
export const readSafetensorsEntry = (
  bytes: Uint8Array,
  dataStart: number,
  entry: SafetensorsEntry,
): E.Either<IoError, HostArray> =>
  E.chain(([dtype, data]: Data) =>
    E.mapLeft((e: IoError) => e.as(format))(
      hostArray(dtype, entry.shape, data, `tensor ${JSON.stringify(entry.name)}`),
    ),
  )(convert(entry, bytes.subarray(dataStart + entry.start, dataStart + entry.end)));

/**
 * Read a whole safetensors file. Nothing that the bytes may hold makes it throw; the `Left` says what is wrong and where.
 *
 * @example
 * const { tensors, metadata } = orThrow(decodeSafetensors(bytes));
 * console.log(tensors.get('dense.w')?.shape, metadata);
 */
export const decodeSafetensors = (bytes: Uint8Array): E.Either<IoError, Safetensors> => {
  const header = readSafetensorsHeader(bytes);
  if (E.isLeft(header)) return header;
  const { entries, metadata, dataStart } = header.right;
  const tensors = new Map<string, HostArray>();
  for (const entry of entries) {
    const array = readSafetensorsEntry(bytes, dataStart, entry);
    if (E.isLeft(array)) return array;
    tensors.set(entry.name, array.right);
  }
  return E.right({ tensors, metadata });
};

/** The order of the strings' UTF-8 bytes, which is that of their code points and not that of UTF-16. */
const byCodePoint = (a: string, b: string): number => {
  const [x, y] = [[...a], [...b]];
  const i = x.findIndex((c, at) => c !== y[at]);
  return i < 0 ? x.length - y.length : (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? -1);
};

const loneSurrogate = /\p{Surrogate}/u;

const checkStrings = (
  metadata: Readonly<Record<string, string>>,
  names: readonly string[],
): E.Either<IoError, void> => {
  const reserved = names.includes('__metadata__');
  if (reserved)
    return bad(format, 'the name "__metadata__" is reserved by the format', 'tensor "__metadata__"', 'Rename it');
  const pair = Object.entries(metadata).find(([, value]) => typeof value !== 'string');
  if (pair !== undefined)
    return bad(format, 'metadata values are strings', `metadata ${JSON.stringify(pair[0])}`, 'Use JSON.stringify');
  const half = [...names, ...Object.entries(metadata).flat()].find((s) => loneSurrogate.test(s));
  return half === undefined
    ? E.right(undefined)
    : bad(format, 'half of a surrogate pair has no UTF-8 form', `the string ${JSON.stringify(half)}`);
};

/**
 * Write named arrays as a safetensors file: byte for byte what the reference implementation writes (the header padded
 * with spaces to a multiple of 8, tensors by descending element size and then by name).
 *
 * A `Left` names an array whose data do not fit its shape or dtype, or a string that the format cannot hold.
 *
 * @example
 * const w = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = orThrow(encodeSafetensors({ w }, { format: 'pt' }));
 */
export const encodeSafetensors = (
  arrays: ReadonlyMap<string, HostArray> | Readonly<Record<string, HostArray>>,
  metadata: Readonly<Record<string, string>> = {},
): E.Either<IoError, Uint8Array> => {
  const named =
    arrays instanceof Map
      ? [...(arrays as ReadonlyMap<string, HostArray>)]
      : Object.entries(arrays as Record<string, HostArray>);
  const strings = checkStrings(
    metadata,
    named.map(([name]) => name),
  );
  if (E.isLeft(strings)) return strings;
  for (const [name, { dtype, shape, data }] of named) {
    const checked = hostArray(dtype, shape, data, `tensor ${JSON.stringify(name)}`);
    if (E.isLeft(checked)) return E.left(checked.left.as(format));
  }
  named.sort(([a, x], [b, y]) => order.indexOf(x.dtype) - order.indexOf(y.dtype) || byCodePoint(a, b));
  let end = 0;
  const lines = named.map(([name, { dtype, shape }]) => {
    const start = end;
    end += sizeOf(shape) * byteSize(dtype);
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: written[dtype], shape, data_offsets: [start, end] })}`;
  });
  if (Object.keys(metadata).length > 0) lines.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const text = new TextEncoder().encode(`{${lines.join(',')}}`);
  const headerLength = Math.ceil(text.length / 8) * 8;
  if (headerLength > longestHeader)
    return bad(
      format,
      `the header takes ${headerLength} bytes, and the format allows ${longestHeader}`,
      'header',
      'Split the tensors over several files',
    );
  const file = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(text, 8);
  let at = 8 + headerLength;
  for (const [, { dtype, data }] of named) {
    file.set(new Uint8Array(copyWords(bytesOf(data), byteSize(dtype), true)), at);
    at += data.byteLength;
  }
  return E.right(file);
};
