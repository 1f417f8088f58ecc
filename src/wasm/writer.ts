// A growing byte buffer with the number encodings of the WebAssembly binary format: LEB128, IEEE floats, length-prefixed UTF-8.

export interface Writer {
  readonly length: () => number;
  readonly byte: (value: number) => void;
  readonly unsigned: (value: number) => void;
  readonly signed: (value: number) => void;
  readonly signed64: (value: bigint) => void;
  readonly f32: (value: number) => void;
  readonly f64: (value: number) => void;
  readonly append: (data: ArrayLike<number>) => void;
  readonly text: (value: string) => void;
  /** The bytes written so far: a view, valid until the next write. */
  readonly view: () => Uint8Array;
  /** A copy of the bytes written; the writer is finished and its buffer serves the next one. */
  readonly finish: () => Uint8Array;
}

const utf8 = new TextEncoder();
const cell = new ArrayBuffer(8);
const cellBytes = new Uint8Array(cell);
const cellView = new DataView(cell);

/** Buffers of finished writers: fresh ones cost more than what is written into them. */
const spare: Uint8Array[] = [];

/** An empty buffer. */
export const writer = (): Writer => {
  let buffer = spare.pop() ?? new Uint8Array(4096);
  let at = 0;

  const reserve = (count: number): void => {
    if (at + count <= buffer.length) return;
    const grown = new Uint8Array(Math.max(buffer.length * 2, at + count));
    grown.set(buffer.subarray(0, at));
    buffer = grown;
  };
  const byte = (value: number): void => {
    if (at === buffer.length) reserve(1);
    buffer[at++] = value;
  };
  const unsigned = (value: number): void => {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    byte(rest);
  };
  const signed = (value: number): void => {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    byte(rest & 0x7f);
  };
  const signed64 = (value: bigint): void => {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    byte(Number(rest & 0x7fn));
  };
  const append = (data: ArrayLike<number>): void => {
    reserve(data.length);
    if (data.length > 32) buffer.set(data, at);
    else for (let i = 0; i < data.length; i++) buffer[at + i] = data[i]!;
    at += data.length;
  };
  const f32 = (value: number): void => {
    cellView.setFloat32(0, value, true);
    for (let i = 0; i < 4; i++) byte(cellBytes[i]!);
  };
  const f64 = (value: number): void => {
    cellView.setFloat64(0, value, true);
    append(cellBytes);
  };
  const text = (value: string): void => {
    const encoded = utf8.encode(value);
    unsigned(encoded.length);
    append(encoded);
  };
  const finish = (): Uint8Array => {
    const bytes = buffer.slice(0, at);
    if (spare.length < 8 && buffer.length <= 2 ** 20) spare.push(buffer);
    buffer = bytes;
    return bytes;
  };
  return {
    length: () => at,
    byte,
    unsigned,
    signed,
    signed64,
    f32,
    f64,
    append,
    text,
    view: () => buffer.subarray(0, at),
    finish,
  };
};
