// The header of a safetensors file: its length, its JSON, and every rule that ties tensors to ranges of bytes.
import { either as E } from 'fp-ts';
import { showShape, sizeOf } from '../core/aval.ts';
import { bad, type IoError } from './error.ts';
import { parseJson, type Json } from './json.ts';

/** The name of a dtype in a safetensors header. */
export type SafetensorsDType =
  | ('BOOL' | 'U8' | 'I8' | 'U16' | 'I16' | 'U32' | 'I32' | 'U64' | 'I64')
  | ('F16' | 'BF16' | 'F32' | 'F64' | 'C64')
  | ('F8_E5M2' | 'F8_E4M3' | 'F8_E8M0' | 'F4' | 'F6_E2M3' | 'F6_E3M2');

/** Every dtype that safetensors knows, with the bits of one element. */
export const safetensorsBits: Readonly<Record<SafetensorsDType, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  U16: 16,
  I16: 16,
  U32: 32,
  I32: 32,
  U64: 64,
  I64: 64,
  F16: 16,
  BF16: 16,
  F32: 32,
  F64: 64,
  C64: 64,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
};

/** One tensor of the file: `start` and `end` count bytes from the first byte after the header. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** A header that kept every rule: entries in the order of their bytes, which they cover without hole or overlap. */
export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data begin, in bytes from the start of the file. */
  readonly dataStart: number;
}

/** Longest header that the format allows, in bytes. */
export const longestHeader = 100_000_000;

const format = 'safetensors';
const wrong = (what: string, where: string, fix?: string): E.Either<IoError, never> => bad(format, what, where, fix);
const place = (json: Json, name?: string): string =>
  `${name === undefined ? '' : `tensor ${JSON.stringify(name)}, `}character ${json.at} of the header`;

const wholes = (json: Json | undefined): readonly number[] | undefined => {
  if (json?.kind !== 'array') return undefined;
  const numbers = json.items.map((item) =>
    item.kind === 'number' && /^[0-9]+$/.test(item.text) ? Number(item.text) : -1,
  );
  return numbers.every((n) => Number.isSafeInteger(n) && n >= 0) ? numbers : undefined;
};

const readEntry = (name: string, json: Json, dataLength: number): E.Either<IoError, SafetensorsEntry> => {
  if (json.kind !== 'object') return wrong('a tensor is not described by an object', place(json, name));
  const dtype = json.entries.get('dtype');
  if (dtype?.kind !== 'string') return wrong('"dtype" is missing or not a string', place(dtype ?? json, name));
  if (!Object.hasOwn(safetensorsBits, dtype.value))
    return wrong(
      `the dtype ${JSON.stringify(dtype.value)} is unknown`,
      place(dtype, name),
      `Known are ${Object.keys(safetensorsBits).join(', ')}`,
    );
  const kind = dtype.value as SafetensorsDType;
  const shapeJson = json.entries.get('shape');
  const shape = wholes(shapeJson);
  if (shape === undefined)
    return wrong('"shape" is missing or not an array of whole numbers', place(shapeJson ?? json, name));
  const offsetsJson = json.entries.get('data_offsets');
  const [start, end, ...more] = wholes(offsetsJson) ?? [];
  if (start === undefined || end === undefined || more.length > 0)
    return wrong('"data_offsets" is missing or not two whole numbers', place(offsetsJson ?? json, name));
  if (start > end)
    return wrong(`the data begin at byte ${start} and end before, at ${end}`, place(offsetsJson ?? json, name));
  if (end > dataLength)
    return wrong(
      `the data end at byte ${end}, and the file holds ${dataLength} bytes of data`,
      place(offsetsJson ?? json, name),
      'The file is cut off or its header is wrong',
    );
  const bytes = (sizeOf(shape) * safetensorsBits[kind]) / 8;
  if (bytes !== end - start)
    return wrong(
      `${kind} ${showShape(shape)} takes ${bytes} bytes, and the offsets ${start} to ${end} span ${end - start}`,
      place(offsetsJson ?? json, name),
    );
  return E.right({ name, dtype: kind, shape, start, end });
};

const readMetadata = (json: Json | undefined): E.Either<IoError, Readonly<Record<string, string>>> => {
  if (json === undefined) return E.right({});
  if (json.kind !== 'object') return wrong('"__metadata__" is not an object of strings', place(json));
  const pairs: (readonly [string, string])[] = [];
  for (const [key, value] of json.entries) {
    if (value.kind !== 'string')
      return wrong(`"__metadata__" holds a value that is no string, under ${JSON.stringify(key)}`, place(value));
    pairs.push([key, value.value]);
  }
  return E.right(Object.fromEntries(pairs));
};

const covering = (
  entries: readonly SafetensorsEntry[],
  dataLength: number,
): E.Either<IoError, readonly SafetensorsEntry[]> => {
  const sorted = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let [at, before] = [0, 'the header'];
  for (const { name, start, end } of sorted) {
    if (start !== at) {
      const what = start < at ? 'overlap' : `leave a hole of ${start - at} bytes`;
      return wrong(
        `the data of ${before} and ${JSON.stringify(name)} ${what}`,
        `byte ${Math.min(start, at)} of the data`,
      );
    }
    [at, before] = [end, JSON.stringify(name)];
  }
  return at === dataLength
    ? E.right(sorted)
    : wrong(`${dataLength - at} bytes at the end belong to no tensor`, `byte ${at} of the data`);
};

const readText = (bytes: Uint8Array): E.Either<IoError, string> => {
  if (bytes[0] !== 0x7b)
    return wrong('the header does not begin with "{"', 'byte 8', 'This may not be a safetensors file');
  try {
    return E.right(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return wrong('the header is not valid UTF-8', `bytes 8 to ${8 + bytes.length}`);
  }
};

/**
 * Read and check the header alone; `bytes` is the whole file, whose data are not looked at.
 *
 * The rules are those of the format's own page (github.com/huggingface/safetensors): the length is at most 100 MB, the
 * JSON begins with `{` and repeats no key, `__metadata__` maps strings to strings, and the tensors cover the data
 * without holes or overlaps.
 *
 * @example
 * const header = orThrow(readSafetensorsHeader(bytes));
 * for (const { name, dtype, shape } of header.entries) console.log(name, dtype, shape);
 */
export const readSafetensorsHeader = (bytes: Uint8Array): E.Either<IoError, SafetensorsHeader> => {
  if (bytes.length < 8)
    return wrong(`the file has ${bytes.length} bytes, and the length of the header alone takes 8`, 'byte 0');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(longestHeader))
    return wrong(
      `the header claims ${length} bytes, and the format allows ${longestHeader}`,
      'byte 0',
      'This may not be a safetensors file',
    );
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length)
    return wrong(
      `the header claims ${length} bytes, and ${bytes.length - 8} follow`,
      'byte 0',
      'The file is cut off, or is not a safetensors file',
    );
  const dataLength = bytes.length - dataStart;
  const text = readText(bytes.subarray(8, dataStart));
  if (E.isLeft(text)) return text;
  const root = parseJson(text.right, format);
  if (E.isLeft(root)) return root;
  // The text begins with "{", so the root is an object; the check tells the compiler.
  if (root.right.kind !== 'object') return wrong('the header is not an object', 'byte 8');
  const metadata = readMetadata(root.right.entries.get('__metadata__'));
  if (E.isLeft(metadata)) return metadata;
  const entries: SafetensorsEntry[] = [];
  for (const [name, json] of root.right.entries) {
    if (name === '__metadata__') continue;
    const entry = readEntry(name, json, dataLength);
    if (E.isLeft(entry)) return entry;
    entries.push(entry.right);
  }
  return E.map((sorted: readonly SafetensorsEntry[]): SafetensorsHeader => ({
    entries: sorted,
    metadata: metadata.right,
    dataStart,
  }))(covering(entries, dataLength));
};
