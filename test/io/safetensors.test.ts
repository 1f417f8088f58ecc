// Safetensors: bit-exact round trips, the reference implementation's own files, every malformed input, and hostile bytes.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { either as E } from 'fp-ts';
import { describe, expect, it } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  IoError,
  orThrow,
  readSafetensorsHeader,
  type HostArray,
} from '../../src/io/index.ts';
import { bitsOf, hostArray, spoiled, tensorName } from './arbitraries.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`fixtures/${name}.safetensors`, import.meta.url)));

/** A file from the text of its header and a number of data bytes. */
const file = (header: string | Uint8Array, data: number | Uint8Array = 0, claimed?: bigint): Uint8Array => {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const body = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
};
const leftOf = (bytes: Uint8Array): string => {
  const result = decodeSafetensors(bytes);
  return E.isLeft(result) ? result.left.message : `decoded ${[...result.right.tensors.keys()].join(', ')}`;
};
const one = (name: string, dtype: string, shape: number[], offsets: number[]): string =>
  `"${name}":${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;

describe('safetensors round trip', () => {
  const files = fc.tuple(
    fc.uniqueArray(fc.tuple(tensorName, hostArray), { selector: ([name]) => name, maxLength: 6 }),
    fc.dictionary(tensorName, tensorName, { maxKeys: 3 }),
  );

  it('decode(encode(x)) = x bit for bit, names, shapes and metadata included', () => {
    fc.assert(
      fc.property(files, ([named, metadata]) => {
        const back = orThrow(decodeSafetensors(orThrow(encodeSafetensors(new Map(named), metadata))));
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect([...back.tensors.keys()].sort()).toEqual(named.map(([name]) => name).sort());
        for (const [name, array] of named) {
          const found = back.tensors.get(name) as HostArray;
          expect([found.dtype, found.shape, bitsOf(found)]).toEqual([array.dtype, array.shape, bitsOf(array)]);
        }
      }),
    );
  });

  it('reads from a view at any offset of a larger buffer, and shares no memory with it', () => {
    fc.assert(
      fc.property(fc.nat({ max: 15 }), hostArray, (offset, array) => {
        const bytes = orThrow(encodeSafetensors({ x: array }));
        const view = new Uint8Array(offset + bytes.length + 3).subarray(offset, offset + bytes.length);
        view.set(bytes);
        const x = orThrow(decodeSafetensors(view)).tensors.get('x') as HostArray;
        view.fill(0xff);
        expect(bitsOf(x)).toEqual(bitsOf(array));
      }),
    );
  });

  it('does not depend on the order of its input, and aligns every tensor to its element', () => {
    const [a, b] = [
      { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
      { dtype: 'float64', shape: [], data: Float64Array.of(0.1) },
    ] as const;
    expect(encodeSafetensors({ a, b })).toEqual(
      encodeSafetensors(
        new Map<string, HostArray>([
          ['b', b],
          ['a', a],
        ]),
      ),
    );
    const { entries, dataStart } = orThrow(readSafetensorsHeader(orThrow(encodeSafetensors({ a, b }))));
    expect(entries.map((e) => [e.name, (dataStart + e.start) % 8])).toEqual([
      ['b', 0],
      ['a', 0],
    ]);
  });
});

describe('files of the reference implementation', () => {
  const { tensors, metadata } = orThrow(decodeSafetensors(fixture('reference')));

  it('are read exactly', () => {
    expect(metadata).toEqual({ format: 'np' });
    expect(
      Object.fromEntries([...tensors].map(([name, { dtype, shape, data }]) => [name, [dtype, shape, [...data]]])),
    ).toEqual({
      'b.weight': ['float32', [2, 3], [1.5, -0, Infinity, Math.fround(1e-45), -3.25, Math.fround(0.1)]],
      'a.double': ['float64', [2], [Math.PI, -1e308]],
      scalar: ['int32', [], [7]],
      empty: ['float32', [0, 3], []],
      mask: ['bool', [3], [1, 0, 1]],
      unsigned: ['uint32', [2], [0, 4294967295]],
      größe: ['int32', [1], [1]],
    });
  });

  it('are written byte for byte', () => {
    expect([...orThrow(encodeSafetensors(tensors, metadata))]).toEqual([...fixture('reference')]);
  });

  it('in other dtypes are converted exactly', () => {
    const narrow = orThrow(decodeSafetensors(fixture('narrow'))).tensors;
    expect(Object.fromEntries([...narrow].map(([name, { dtype, data }]) => [name, [dtype, [...data]]]))).toEqual({
      f16: ['float32', [1, -2, 65504, 2 ** -24, 0.0999755859375, Infinity, -Infinity]],
      i8: ['int32', [-128, 127]],
      u8: ['int32', [0, 255]],
      i16: ['int32', [-32768, 32767]],
      u16: ['int32', [0, 65535]],
      i64: ['int32', [-(2 ** 31), 2 ** 31 - 1]],
      u64: ['uint32', [0, 2 ** 32 - 1]],
    });
  });
});

describe('malformed files are a Left that says what and where', () => {
  const bf = new Uint8Array(Uint16Array.of(0x3f80, 0xc049, 0x7fc0).buffer);
  const wide = (v: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(0n, v).buffer);
  const f32 = (...rest: string[]): string => `{${rest.join(',')}}`;
  const cases: readonly (readonly [name: string, bytes: Uint8Array, message: string])[] = [
    [
      'empty',
      new Uint8Array(0),
      'safetensors: the file has 0 bytes, and the length of the header alone takes 8 (byte 0)',
    ],
    ['shorter than the length', new Uint8Array(7), 'the file has 7 bytes'],
    ['header past the end', file('{}', 0, 3n), 'the header claims 3 bytes, and 2 follow (byte 0)'],
    [
      'header too large',
      file('{}', 0, 100_000_001n),
      'the header claims 100000001 bytes, and the format allows 100000000 (byte 0)',
    ],
    ['header length 2^64-1', file('{}', 0, 2n ** 64n - 1n), 'the header claims 18446744073709551615 bytes'],
    ['no header', file(''), 'the header does not begin with "{" (byte 8)'],
    ['leading space', file(' {}'), 'the header does not begin with "{"'],
    ['byte order mark', file('\ufeff{}'), 'the header does not begin with "{"'],
    ['an array', file('[]'), 'the header does not begin with "{"'],
    [
      'not UTF-8',
      file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
      'the header is not valid UTF-8 (bytes 8 to 15)',
    ],
    ['overlong UTF-8', file(Uint8Array.of(0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d)), 'not valid UTF-8'],
    ['JSON cut off', file('{"a":'), 'bad JSON: the text ends where a value should stand (character 5 of the header)'],
    ['JSON comma', file('{"a":1,}'), 'bad JSON: a key in double quotes is missing (character 7 of the header)'],
    ['JSON text after', file('{}x'), 'bad JSON: text stands after the end (character 2 of the header)'],
    ['zero bytes as padding', file('{}\u0000'), 'bad JSON: text stands after the end'],
    ['JSON string open', file('{"a'), 'bad JSON: a string is not closed (character 1 of the header)'],
    ['JSON escape', file('{"\\q":1}'), 'bad JSON: a string holds a bad escape'],
    ['JSON control character', file('{"\n":1}'), 'bad JSON: a string holds a bad escape or a control character'],
    ['JSON colon', file('{"a" 1}'), 'bad JSON: ":" is missing after the key "a", found "1" (character 5'],
    [
      'JSON brace',
      file('{"a":1'),
      'bad JSON: "}" is missing after the last entry of an object, found the end of the header',
    ],
    ['JSON number', file('{"a":01}'), 'bad JSON: "}" is missing'],
    ['JSON NaN', file('{"a":NaN}'), 'bad JSON: a value is missing'],
    ['JSON deep', file(`{"a":${'['.repeat(50_000)}`), 'bad JSON: nested more than 32 deep'],
    ['half a surrogate', file('{"\\ud800":1}'), 'half of a surrogate pair'],
    [
      'a name twice',
      file(`{${one('a', 'F32', [], [0, 4])},${one('a', 'F32', [], [4, 8])}}`, 8),
      'the key "a" stands twice in one object (character 53',
    ],
    ['a field twice', file('{"a":{"dtype":"F32","dtype":"F32"}}'), 'the key "dtype" stands twice in one object'],
    ['metadata no object', file('{"__metadata__":[]}'), '"__metadata__" is not an object of strings'],
    ['metadata null', file('{"__metadata__":null}'), '"__metadata__" is not an object of strings'],
    [
      'metadata number',
      file('{"__metadata__":{"step":3}}'),
      '"__metadata__" holds a value that is no string, under "step"',
    ],
    ['no object', file('{"a":3}'), 'a tensor is not described by an object (tensor "a", character 5'],
    ['no dtype', file('{"a":{"shape":[],"data_offsets":[0,0]}}'), '"dtype" is missing or not a string (tensor "a"'],
    [
      'unknown dtype',
      file(f32(one('a', 'F31', [1], [0, 4])), 4),
      'the dtype "F31" is unknown (tensor "a", character 14 of the header). Known are BOOL',
    ],
    ['dtype of a prototype', file(f32(one('a', 'toString', [1], [0, 4])), 4), 'the dtype "toString" is unknown'],
    [
      'no shape',
      file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4),
      '"shape" is missing or not an array of whole numbers',
    ],
    [
      'negative dimension',
      file(f32(one('a', 'F32', [-1], [0, 4])), 4),
      '"shape" is missing or not an array of whole numbers',
    ],
    ['fractional dimension', file(f32(one('a', 'F32', [1.5], [0, 4])), 4), 'not an array of whole numbers'],
    [
      'dimension past 2^53',
      file('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
      'not an array of whole numbers',
    ],
    [
      'shape that overflows',
      file(f32(one('a', 'F32', [2 ** 52, 2 ** 52, 2 ** 52], [0, 0]))),
      'F32 [4503599627370496, 4503599627370496, 4503599627370496] takes',
    ],
    ['one offset', file(f32(one('a', 'F32', [], [4])), 4), '"data_offsets" is missing or not two whole numbers'],
    [
      'three offsets',
      file(f32(one('a', 'F32', [], [0, 4, 8])), 8),
      '"data_offsets" is missing or not two whole numbers',
    ],
    ['offsets reversed', file(f32(one('a', 'F32', [], [4, 0])), 4), 'the data begin at byte 4 and end before, at 0'],
    [
      'data cut off',
      file(f32(one('a', 'F32', [2], [0, 8])), 7),
      'the data end at byte 8, and the file holds 7 bytes of data (tensor "a"',
    ],
    [
      'length against shape',
      file(f32(one('a', 'F32', [2], [0, 4])), 4),
      'F32 [2] takes 8 bytes, and the offsets 0 to 4 span 4',
    ],
    [
      'overlap',
      file(f32(one('a', 'F32', [2], [0, 8]), one('b', 'F32', [2], [4, 12])), 12),
      'the data of "a" and "b" overlap (byte 4 of the data)',
    ],
    [
      'the same bytes twice',
      file(f32(one('a', 'F32', [], [0, 4]), one('b', 'F32', [], [0, 4])), 4),
      'the data of "a" and "b" overlap (byte 0 of the data)',
    ],
    [
      'hole',
      file(f32(one('a', 'F32', [], [0, 4]), one('b', 'F32', [], [8, 12])), 12),
      'the data of "a" and "b" leave a hole of 4 bytes (byte 4 of the data)',
    ],
    [
      'hole at the start',
      file(f32(one('a', 'F32', [], [4, 8])), 8),
      'the data of the header and "a" leave a hole of 4 bytes (byte 0 of the data)',
    ],
    [
      'bytes at the end',
      file(f32(one('a', 'F32', [], [0, 4])), 5),
      '1 bytes at the end belong to no tensor (byte 4 of the data)',
    ],
    [
      'boolean 2',
      file(f32(one('a', 'BOOL', [2], [0, 2])), Uint8Array.of(1, 2)),
      'safetensors: a boolean is 2, not 0 or 1 (tensor "a", [2], element 1)',
    ],
    [
      'int64 past int32',
      file(f32(one('a', 'I64', [2], [0, 16])), wide(2n ** 31n)),
      'the I64 value 2147483648 does not fit int32 (tensor "a", element 1)',
    ],
    [
      'uint64 past uint32',
      file(f32(one('a', 'U64', [2], [0, 16])), wide(-1n)),
      'the U64 value 18446744073709551615 does not fit uint32 (tensor "a", element 1)',
    ],
    [
      'float8',
      file(f32(one('a', 'F8_E4M3', [2], [0, 2])), 2),
      'tensors of dtype F8_E4M3 cannot be read (tensor "a"). Convert it',
    ],
    [
      'six bits',
      file(f32(one('a', 'F6_E2M3', [4], [0, 3])), 3),
      'tensors of dtype F6_E2M3 cannot be read (tensor "a")',
    ],
    ['part of a byte', file(f32(one('a', 'F4', [1], [0, 1])), 1), 'F4 [1] takes 0.5 bytes'],
  ];
  it.each(cases)('%s', (_, bytes, message) => {
    expect(leftOf(bytes)).toContain(message);
  });

  it('accepts what the format allows: no tensors, padding by spaces, scalars, fields it does not know, bfloat16', () => {
    expect(leftOf(file('{}'))).toBe('decoded ');
    expect(leftOf(file('{}      '))).toBe('decoded ');
    expect(leftOf(file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"new":{}}}', 4))).toBe('decoded a');
    const b = orThrow(decodeSafetensors(file(f32(one('b', 'BF16', [3], [0, 6])), bf))).tensors.get('b') as HostArray;
    expect([b.dtype, [...b.data]]).toEqual(['float32', [1, -3.140625, NaN]]);
  });
});

describe('hostile bytes never throw', () => {
  const quiet = (bytes: Uint8Array): void => {
    const result = decodeSafetensors(bytes);
    if (E.isLeft(result)) expect(result.left).toBeInstanceOf(IoError);
  };
  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), quiet), { numRuns: 1000 });
  });
  it('a header of any JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat({ max: 16 }), (json, n) =>
        quiet(file(JSON.stringify(json), n)),
      ),
      { numRuns: 500 },
    );
  });
  it('a header of nearly the right JSON', () => {
    const odd = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.double(), fc.constantFrom(null, '3', [], {}));
    const entry = fc.record({
      dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'BOOL', 'I64', 'F4', 'F9'), odd),
      shape: fc.oneof(fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 3 }), fc.array(odd), odd),
      data_offsets: fc.oneof(fc.tuple(fc.nat({ max: 16 }), fc.nat({ max: 16 })), fc.array(odd), odd),
    });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), entry), fc.nat({ max: 16 }), (json, n) =>
        quiet(file(JSON.stringify(json), n)),
      ),
      { numRuns: 1000 },
    );
  });
  it.each(['reference', 'narrow'])('the %s file, spoiled', (name) => {
    fc.assert(fc.property(spoiled(fixture(name)), quiet), { numRuns: 1000 });
  });
  it('every prefix of a file is a Left', () => {
    const bytes = fixture('reference');
    for (let n = 0; n < bytes.length; n++) expect(E.isLeft(decodeSafetensors(bytes.subarray(0, n)))).toBe(true);
  });
});

describe('what cannot be written is a Left', () => {
  const good: HostArray = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };
  const cases: readonly (readonly [
    string,
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
    string,
  ])[] = [
    [
      'wrong length',
      { x: { ...good, shape: [3] } },
      {},
      'safetensors: the shape has 3 elements and the data 2 (tensor "x", [3])',
    ],
    ['wrong array', { x: { ...good, data: [1, 2] } }, {}, 'float32 is held by a Float32Array (tensor "x"'],
    ['unknown dtype', { x: { ...good, dtype: 'float16' } }, {}, 'the dtype float16 is unknown (tensor "x"'],
    ['negative dimensions', { x: { ...good, shape: [-1, -2] } }, {}, 'a dimension is not a whole number of at least 0'],
    ['boolean 2', { x: { dtype: 'bool', shape: [1], data: Uint8Array.of(2) } }, {}, 'a boolean is 2, not 0 or 1'],
    ['reserved name', { __metadata__: good }, {}, 'the name "__metadata__" is reserved by the format'],
    ['half a surrogate', { '\ud83d': good }, {}, 'half of a surrogate pair has no UTF-8 form (the string "\\ud83d")'],
    ['metadata', { x: good }, { step: 3 }, 'metadata values are strings (metadata "step"). Use JSON.stringify'],
  ];
  it.each(cases)('%s', (_, arrays, metadata, message) => {
    const result = encodeSafetensors(arrays as Record<string, HostArray>, metadata as Record<string, string>);
    expect(E.isLeft(result) ? result.left.message : 'written').toContain(message);
  });
});
