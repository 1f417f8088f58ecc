// IDX and gzip: exact round trips, every malformed input, hostile bytes, and the digits themselves.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { either as E } from 'fp-ts';
import { describe, expect, it } from 'vitest';
import { decodeIdx, encodeIdx, gunzip, toFloat32, toInt32, type IdxArray } from '../../src/data/index.ts';
import { IoError, orThrow } from '../../src/io/index.ts';
import { shape, spoiled } from '../io/arbitraries.ts';

const arrays = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };
const idx: fc.Arbitrary<IdxArray> = fc.tuple(fc.constantFrom(...(Object.keys(arrays) as (keyof typeof arrays)[])), shape).chain(([type, s]) => {
  const length = s.reduce((a, b) => a * b, arrays[type].BYTES_PER_ELEMENT);
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ type, shape: s, data: new arrays[type](Uint8Array.from(bytes).buffer) }));
});
const bits = ({ data }: IdxArray): number[] => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
const messageOf = (bytes: Uint8Array): string => {
  const result = decodeIdx(bytes);
  return E.isLeft(result) ? result.left.message : 'decoded';
};

describe('IDX', () => {
  it('decode(encode(x)) = x bit for bit, from any offset', () => {
    fc.assert(
      fc.property(idx, fc.nat({ max: 9 }), (x, offset) => {
        const bytes = orThrow(encodeIdx(x));
        const view = new Uint8Array(offset + bytes.length).subarray(offset);
        view.set(bytes);
        const back = orThrow(decodeIdx(view));
        expect([back.type, back.shape, bits(back)]).toEqual([x.type, x.shape, bits(x)]);
      }),
    );
  });

  it('is big-endian', () => {
    const bytes = Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe);
    expect(orThrow(decodeIdx(bytes))).toEqual({ type: 'int16', shape: [2], data: Int16Array.of(0x0102, -2) });
    expect(orThrow(encodeIdx({ type: 'int16', shape: [2], data: Int16Array.of(0x0102, -2) }))).toEqual(bytes);
  });

  it.each<[string, number[], string]>([
    ['nothing', [], 'IDX: the file has 0 bytes, and the magic number takes 4 (byte 0)'],
    ['gzip', [0x1f, 0x8b, 8, 0], 'the magic number does not begin with two zero bytes (byte 0). The file is gzipped: unpack it with gunzip'],
    ['another format', [0x89, 0x50, 0x4e, 0x47], 'This may not be an IDX file'],
    ['unknown type', [0, 0, 0x0a, 1, 0, 0, 0, 0], 'the type code 0x0a is unknown (byte 2)'],
    ['header cut off', [0, 0, 8, 2, 0, 0, 0, 1], 'the file has 8 bytes, and its header for 2 dimensions takes 12 (byte 4)'],
    ['values cut off', [0, 0, 8, 1, 0, 0, 0, 3, 1, 2], 'uint8 [3] takes 3 bytes, and 2 follow (byte 8). The file is cut off'],
    ['values too many', [0, 0, 8, 1, 0, 0, 0, 1, 1, 2], 'uint8 [1] takes 1 bytes, and 2 follow (byte 8). The file is damaged'],
    ['sizes that overflow', [0, 0, 14, 3, ...Array.from({ length: 12 }, () => 255)], 'float64 [4294967295, 4294967295, 4294967295] takes'],
  ])('malformed: %s', (_, bytes, message) => {
    expect(messageOf(Uint8Array.from(bytes))).toContain(message);
  });

  it('never throws on hostile bytes', () => {
    const quiet = (bytes: Uint8Array): void => {
      const result = decodeIdx(bytes);
      if (E.isLeft(result)) expect(result.left).toBeInstanceOf(IoError);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), quiet), { numRuns: 500 });
    fc.assert(fc.property(idx.chain((x) => spoiled(orThrow(encodeIdx(x)))), quiet), { numRuns: 1000 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (rest) => quiet(Uint8Array.of(0, 0, 8, ...rest))), { numRuns: 500 });
  });

  it('refuses to write what does not fit', () => {
    const message = (x: unknown): string => {
      const result = encodeIdx(x as IdxArray);
      return E.isLeft(result) ? result.left.message : 'written';
    };
    expect(message({ type: 'uint8', shape: [3], data: Uint8Array.of(1) })).toContain('the shape has 3 elements and the data 1');
    expect(message({ type: 'uint8', shape: [1], data: Int8Array.of(1) })).toContain('uint8 is held by a Uint8Array');
    expect(message({ type: 'uint8', shape: [-1, -1], data: Uint8Array.of(1) })).toContain('not a whole number below 2^32');
    expect(message({ type: 'uint8', shape: Array.from({ length: 256 }, () => 1), data: Uint8Array.of(1) })).toContain('256 dimensions');
  });

  it('converts to float32 with a scale, and labels to int32', () => {
    const x = { type: 'uint8', shape: [3], data: Uint8Array.of(0, 51, 255) } as const;
    expect([...toFloat32(x, 1 / 255).data]).toEqual([0, Math.fround(0.2), 1]);
    expect(orThrow(toInt32(x))).toEqual({ dtype: 'int32', shape: [3], data: Int32Array.of(0, 51, 255) });
    expect(E.isLeft(toInt32({ type: 'float32', shape: [1], data: Float32Array.of(1) }))).toBe(true);
  });
});

describe('gzip', () => {
  it('unpacks what was packed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        expect(orThrow(await gunzip(new Uint8Array(gzipSync(bytes)))())).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it('says what is wrong with a damaged one, whatever the bytes', async () => {
    const packed = new Uint8Array(gzipSync(Uint8Array.from({ length: 3000 }, (_, i) => i * i)));
    const cutOff = await gunzip(packed.subarray(0, 100))();
    expect(E.isLeft(cutOff) && cutOff.left.message).toContain('gzip: the bytes do not unpack: unexpected end of file (100 bytes). The file is cut off');
    await fc.assert(
      fc.asyncProperty(spoiled(packed), async (bytes) => {
        const result = await gunzip(bytes)();
        if (E.isLeft(result)) expect(result.left).toBeInstanceOf(IoError);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the digits', () => {
  const unpacked = async (name: string): Promise<IdxArray> =>
    orThrow(decodeIdx(orThrow(await gunzip(new Uint8Array(readFileSync(new URL(`../../examples/data/mnist/${name}.gz`, import.meta.url))))())));

  it('are 10,000 images of 28 x 28 and their labels', async () => {
    const [images, labels] = [await unpacked('t10k-images-idx3-ubyte'), await unpacked('t10k-labels-idx1-ubyte')];
    expect([images.type, images.shape]).toEqual(['uint8', [10000, 28, 28]]);
    expect([labels.type, labels.shape, [...labels.data.slice(0, 5)]]).toEqual(['uint8', [10000], [7, 2, 1, 0, 4]]);
    const counts = Array.from({ length: 10 }, (_, digit) => (labels.data as Uint8Array).filter((l) => l === digit).length);
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });
});
