// Rounding to narrower formats, bit for bit on every backend: against a list of all numbers that a format has, and hard cases one by one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ArgumentError,
  DTypeError,
  fromTypedArray,
  grad,
  hessian,
  jit,
  jvp,
  makeJaxpr,
  matmul,
  mul,
  reducePrecision,
  sum,
  tensor,
  vjp,
  vmap,
  type FloatFormat,
  type Tensor,
} from '../../src/index.ts';
import { fromFloat16 } from '../../src/io/half.ts';
import { onReference } from '../backends/reference.ts';
import { gpuDevice } from '../wgsl/device.ts';

const gpu = await gpuDevice();
const half: FloatFormat = { exponentBits: 5, mantissaBits: 10 };
const bfloat: FloatFormat = { exponentBits: 8, mantissaBits: 7 };

type Data = Float32Array | Float64Array;
const on: Readonly<Record<string, (x: Data, format: FloatFormat) => Promise<ArrayLike<number>>>> = {
  reference: (x, format) => Promise.resolve(onReference(() => reducePrecision(fromTypedArray(x), format)).dataSync()),
  wasm: (x, format) => Promise.resolve(jit((v: Tensor) => reducePrecision(v, format))(fromTypedArray(x)).dataSync()),
  webgpu: (x, format) => jit((v: Tensor) => reducePrecision(v, format), { device: gpu })(fromTypedArray(x)).data(),
};
const everywhere = Object.keys(on);

const same = (got: ArrayLike<number>, want: ArrayLike<number>, x: ArrayLike<number>): void => {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    if (!Object.is(got[i], want[i])) expect(`${x[i]} -> ${got[i]}`).toBe(`${x[i]} -> ${want[i]}`);
};

/**
 * The rounding by a list of all numbers that have so many bits of mantissa, in the order of their encodings: the nearest one, of two the
 * one at an even place; those outside of the format's range stand for zero and infinity.
 */
const byList = ({ exponentBits, mantissaBits }: FloatFormat): ((x: number) => number) => {
  const bias = 2 ** (exponentBits - 1) - 1;
  const numbers: number[] = [];
  for (let exponent = -126; exponent <= 128; exponent++)
    for (let i = 0; i < 2 ** mantissaBits; i++) numbers.push((1 + i / 2 ** mantissaBits) * 2 ** exponent);
  // The exponent field of 2^-126 in a float32 is 1: the list begins at the field 0, which its format shares with zero.
  const parity = mantissaBits === 0 ? 1 : 0;
  const nearest = (size: number): number => {
    let [lo, hi] = [0, numbers.length - 1];
    while (hi - lo > 1) {
      const mid = (lo + hi) >> 1;
      if (numbers[mid]! <= size) lo = mid;
      else hi = mid;
    }
    const [below, above] = [size - numbers[lo]!, numbers[hi]! - size];
    return numbers[below < above || (below === above && (lo + parity) % 2 === 0) ? lo : hi]!;
  };
  return (x) => {
    if (x === 0 || !Number.isFinite(x)) return x;
    const size = nearest(Math.abs(x));
    const bounded = size >= 2 ** (bias + 1) ? Infinity : size < 2 ** (1 - bias) ? 0 : size;
    return x < 0 ? -bounded : bounded;
  };
};

/** Numbers that are hard for a format: near its own numbers, their midpoints, and both ends of its range. */
const hard = ({ exponentBits, mantissaBits }: FloatFormat): fc.Arbitrary<number> => {
  const bias = 2 ** (exponentBits - 1) - 1;
  return fc
    .record({
      exponent: fc.oneof(
        fc.integer({ min: -125, max: 127 }),
        fc.constantFrom(-bias - 1, -bias, 1 - bias, bias - 1, bias, bias + 1).filter((e) => e >= -125 && e <= 127),
      ),
      place: fc.integer({ min: 0, max: 2 ** (mantissaBits + 1) - 1 }),
      off: fc.constantFrom(-1, 0, 0, 1),
      sign: fc.constantFrom(-1, 1),
    })
    .map(({ exponent, place, off, sign }) => {
      const size = Math.fround((1 + place / 2 ** (mantissaBits + 1)) * 2 ** exponent);
      return sign * Math.fround(size * (1 + off * 2 ** -23));
    })
    .filter(Number.isFinite);
};

describe.each(everywhere)('on %s', (name) => {
  const round = on[name]!;

  test('hard cases of float16', async () => {
    const least = 2 ** -14;
    const cases: readonly (readonly [number, number])[] = [
      [0.1, 0.0999755859375],
      [1 + 2 ** -11, 1],
      [1 + 2 ** -11 + 2 ** -23, 1 + 2 ** -10],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [2 - 2 ** -12, 2],
      [65504, 65504],
      [65519.99609375, 65504],
      [65520, Infinity],
      [3e38, Infinity],
      [least, least],
      [least * (1 - 2 ** -12), least],
      [Math.fround(least * (1 - 2 ** -12 - 2 ** -24)), 0],
      [2 ** -15, 0],
      [2 ** -24, 0],
      [0, 0],
      [Infinity, Infinity],
    ];
    const both = cases.flatMap(([x, y]) => [[x, y] as const, [-x, -y] as const]);
    const x = Float32Array.from([...both.map(([v]) => v), NaN]);
    same(await round(x, half), [...both.map(([, v]) => v), NaN], x);
  });

  test('every float16 is itself, subnormal ones are zero', async () => {
    const all = fromFloat16(Uint16Array.from({ length: 65536 }, (_, i) => i));
    const want = all.map((v) => (Math.abs(v) < 2 ** -14 ? v * 0 : v));
    const once = Float32Array.from(await round(all, half));
    same(once, want, all);
    same(await round(once, half), want, all);
  });

  test.each([
    half,
    bfloat,
    { exponentBits: 4, mantissaBits: 3 },
    { exponentBits: 5, mantissaBits: 2 },
    { exponentBits: 8, mantissaBits: 10 },
    { exponentBits: 6, mantissaBits: 0 },
    { exponentBits: 2, mantissaBits: 1 },
    { exponentBits: 1, mantissaBits: 3 },
  ])('$exponentBits bits of exponent, $mantissaBits of mantissa', async (format) => {
    const oracle = byList(format);
    await fc.assert(
      fc.asyncProperty(fc.array(hard(format), { minLength: 1, maxLength: 100 }), async (values) => {
        const x = Float32Array.from(values);
        // Where the range is that of float32, the last carry is an overflow of that.
        same(await round(x, format), Float32Array.from(x, oracle), x);
      }),
      { numRuns: 40 },
    );
  });

  test('more bits than there are change nothing', async () => {
    const x = Float32Array.of(0.1, -3e38, 2 ** -126, NaN, -Infinity, -0);
    same(await round(x, { exponentBits: 8, mantissaBits: 23 }), x, x);
    same(await round(x, { exponentBits: 11, mantissaBits: 52 }), x, x);
  });
});

describe('of float64', () => {
  const formats = [half, bfloat, { exponentBits: 8, mantissaBits: 0 }, { exponentBits: 4, mantissaBits: 3 }];
  test.each(formats)('$exponentBits and $mantissaBits bits', async (format) => {
    const oracle = byList(format);
    // Beyond float32: closer to the midpoints, and further out.
    const closer = hard(format).chain((x) => fc.constantFrom(-1, 0, 1).map((off) => x * (1 + off * 2 ** -52)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(closer, fc.constantFrom(1e300, -1e-300, 5e-324, NaN, -0)), { minLength: 1 }),
        async (values) => {
          const x = Float64Array.from(values);
          const want = x.map((v) => (Math.abs(v) > 1e100 ? v * 1e300 : Math.abs(v) < 1e-100 ? v * 0 : oracle(v)));
          same(await on['reference']!(x, format), want, x);
          same(await on['wasm']!(x, format), want, x);
        },
      ),
    );
  });

  test('of its own range', async () => {
    const format = { exponentBits: 11, mantissaBits: 23 };
    const x = Float64Array.of(
      0.1,
      1e300,
      -1e-300,
      Number.MAX_VALUE,
      5e-324,
      2 ** -1022,
      1.5 * 2 ** -1046,
      3 * 2 ** -1046,
    );
    const want = [
      Math.fround(0.1),
      Math.fround(1e300 / 2 ** 990) * 2 ** 990,
      0,
      Infinity,
      0,
      2 ** -1022,
      2 ** -1045,
      2 ** -1044,
    ];
    want[2] = -Math.fround(1e-300 * 2 ** 990) * 2 ** -990;
    same(await on['reference']!(x, format), want, x);
    same(await on['wasm']!(x, format), want, x);
    same(await on['wasm']!(x, { exponentBits: 11, mantissaBits: 52 }), x, x);
  });
});

describe('transformed', () => {
  const round = (x: Tensor): Tensor => reducePrecision(x, half);
  const read = (x: Tensor | undefined): number[] => Array.from(x!.dataSync());

  test('tangents and cotangents are rounded likewise', () => {
    const x = tensor([1, 70000, 2]);
    const [y, dy] = jvp(round, [x], [tensor([0.1, 0.2, 1e-6])]);
    expect(read(y)).toEqual([1, Infinity, 2]);
    expect(read(dy)).toEqual([0.0999755859375, 0.199951171875, 0]);
    expect(read(vjp(round, x)[1](tensor([0.1, 70000, 1]))[0])).toEqual([0.0999755859375, Infinity, 1]);
    expect(read(grad((v: Tensor) => sum(mul(round(v), 0.1)))(x))).toEqual(Array(3).fill(0.0999755859375));
    expect(read(hessian((v: Tensor) => sum(mul(round(v), round(v))))(tensor([3.3])) as Tensor)).toEqual([2]);
  });

  test('batched along any axis', () => {
    const x = tensor([
      [0.1, 0.2, 0.3],
      [1e5, 1e-6, 0.7],
    ]);
    expect(read(vmap(round, { inAxes: 1, outAxes: 1 })(x))).toEqual(read(round(x)));
    expect(vmap(grad((v: Tensor) => sum(round(v).mul(v))))(x).shape).toEqual([2, 3]);
  });

  test('is one equation, which says its bits', () => {
    expect(String(makeJaxpr(round)(tensor([1])))).toContain('reducePrecision');
    expect(makeJaxpr(round)(tensor([1])).toString()).toMatch(/exponentBits=5|exponentBits: 5/);
  });

  test('a product of float16 values has float32 sums', () => {
    const x = fromTypedArray(new Float32Array(4096).fill(1.001), [1, 4096]);
    const y = jit((v: Tensor) => matmul(round(v), round(v).transpose()))(x);
    expect(y.dataSync()[0]).toBeCloseTo(4096 * 1.0009765625 ** 2, 2);
  });
});

describe('refuses', () => {
  test.each([
    [{ exponentBits: 0, mantissaBits: 10 }, 'exponentBits must be an integer of at least 1, got 0'],
    [{ exponentBits: 5, mantissaBits: -1 }, 'mantissaBits must be an integer of at least 0, got -1'],
    [{ exponentBits: 5.5, mantissaBits: 1 }, 'got 5.5'],
    [{ exponentBits: 5 }, 'mantissaBits must be an integer of at least 0, got undefined'],
    [{ exponentBits: 5, mantissaBits: 10, bits: 1 }, "there is no option 'bits'"],
    [undefined, 'options are an object'],
  ])('%o', (format, message) => {
    expect(() => reducePrecision(tensor([1]), format as FloatFormat)).toThrow(ArgumentError);
    expect(() => reducePrecision(tensor([1]), format as FloatFormat)).toThrow(message);
  });

  test('integers', () => {
    const x = tensor([1], { dtype: 'int32' });
    expect(() => reducePrecision(x, half)).toThrow(DTypeError);
    expect(() => reducePrecision(x, half)).toThrow("convert it with astype(x, 'float32')");
  });

  test('a number is a float32', () => {
    expect(reducePrecision(0.1, half).dtype).toBe('float32');
  });
});
