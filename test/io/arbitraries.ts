// Arbitraries for files: host arrays with any bits (NaN payloads included), and hostile edits of valid bytes.
import fc from 'fast-check';
import { sizeOf } from '../../src/core/aval.ts';
import { byteSize, dtypes, type DType } from '../../src/core/dtype.ts';
import type { HostArray } from '../../src/io/index.ts';

export const dtype: fc.Arbitrary<DType> = fc.constantFrom(...(Object.keys(dtypes) as DType[]));
export const shape: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

/** Any bits at all for numbers, 0 or 1 for booleans. */
export const hostArrayOf = (d: DType, s: readonly number[]): fc.Arbitrary<HostArray> =>
  fc.uint8Array({ minLength: sizeOf(s) * byteSize(d), maxLength: sizeOf(s) * byteSize(d) }).map((bytes) => {
    const own = Uint8Array.from(bytes, (b) => (d === 'bool' ? b & 1 : b));
    return { dtype: d, shape: s, data: new dtypes[d].array(own.buffer) };
  });
export const hostArray: fc.Arbitrary<HostArray> = fc.tuple(dtype, shape).chain(([d, s]) => hostArrayOf(d, s));

/** Names of every script, integer-like keys and `__proto__` among them; whole characters only. */
export const tensorName: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('__proto__', 'constructor', '0', '10', '9', '', 'a.b', '"', '\\', '\u0000', '\ufeff'),
  )
  .filter((s) => s !== '__metadata__' && !/\p{Surrogate}/u.test(s));

export const bitsOf = (a: HostArray): readonly number[] => [
  ...new Uint8Array(a.data.buffer, a.data.byteOffset, a.data.byteLength),
];

/** A valid file, spoiled: bytes changed, cut out, put in, or the end cut off. */
export const spoiled = (file: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom('set', 'cut', 'insert', 'end'),
        fc.nat({ max: Math.max(0, file.length - 1) }),
        fc.nat({ max: 255 }),
        fc.nat({ max: 9 }),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((edits) =>
      edits.reduce<Uint8Array>((bytes, [kind, at, byte, length]) => {
        const [before, after] = [bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length))];
        if (kind === 'end') return before.slice();
        if (kind === 'set') return Uint8Array.from(bytes, (b, i) => (i === at ? byte : b));
        return Uint8Array.from(kind === 'cut' ? [...before, ...after] : [...before, byte, ...bytes.subarray(at)]);
      }, file),
    );
