// Distances in units in the last place, and the float32 numbers that a sweep visits.

const bits = new DataView(new ArrayBuffer(8));

/** The gap between float32 numbers at |x|; the subnormal gap below 2^-126. */
export const gap32 = (x: number): number => {
  bits.setFloat32(0, Math.min(Math.abs(x), 3.4028234663852886e38));
  return 2 ** (Math.max(bits.getUint32(0) >>> 23, 1) - 150);
};

/** The gap between float64 numbers at |x|. */
export const gap64 = (x: number): number => {
  bits.setFloat64(0, Math.min(Math.abs(x), Number.MAX_VALUE));
  return 2 ** (Math.max((bits.getUint32(0) >>> 20) & 0x7ff, 1) - 1075);
};

// 2^128 rounded down by half a gap: what lies above rounds to infinity.
const overflow32 = 2 ** 128 - 2 ** 103;

/**
 * How far a float32 result is from the exact one, in gaps at the exact one. Infinities, NaN and the sign of zero must agree; a result whose
 * exact value is below 2^-126 may be zero.
 */
export const ulps32 = (got: number, want: number): number => {
  if (Number.isNaN(want) || Number.isNaN(got)) return Number.isNaN(want) && Number.isNaN(got) ? 0 : Infinity;
  if (want === 0) return Object.is(got, want) ? 0 : Infinity;
  const w = Math.abs(want) >= overflow32 ? Math.sign(want) * 2 ** 128 : want;
  if (!Number.isFinite(got))
    return Math.sign(got) === Math.sign(w) ? Math.max(0, (2 ** 128 - Math.abs(w)) / 2 ** 104) : Infinity;
  if (got === 0 && Math.abs(w) < 2 ** -126) return 0;
  return Math.abs(got - w) / gap32(w);
};

export const ulps64 = (got: number, want: number): number => {
  if (Object.is(got, want) || (Number.isNaN(want) && Number.isNaN(got))) return 0;
  if (want === 0 || !Number.isFinite(want) || !Number.isFinite(got)) return got === want ? 0 : Infinity;
  return Math.abs(got - want) / gap64(want);
};

/** A deterministic sequence of 32-bit integers (a Weyl sequence through a mixer). */
export const integers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
};

/** Every sign and exponent (zero's and infinity's too) with `perExponent` significands each: the ends and random ones. */
export const sweep32 = (perExponent: number): Float32Array => {
  const words = new Int32Array(512 * perExponent);
  const next = integers(1);
  for (let top = 0; top < 512; top++)
    for (let i = 0; i < perExponent; i++)
      words[top * perExponent + i] = (top << 23) | (i === 0 ? 0 : i === 1 ? 0x7fffff : i === 2 ? 1 : next() & 0x7fffff);
  return new Float32Array(words.buffer);
};

/** `count` float32 numbers spread evenly over [from, to]. */
export const line32 = (from: number, to: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
