// The two 16-bit floating formats, widened to float32 bit for bit: every value of either is a float32 value.

/** The bits of the float32 that equals the IEEE binary16 with these bits; a NaN keeps its sign and payload. */
export const float16Bits = (half: number): number => {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // Subnormal: fraction * 2^-24; move its leading one to bit 10, where it becomes the implicit one.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
};

const widen = (halves: Uint16Array, bits: (half: number) => number): Float32Array => {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = bits(halves[i] as number);
  return new Float32Array(words.buffer);
};

/** IEEE binary16 to float32. */
export const fromFloat16 = (halves: Uint16Array): Float32Array => widen(halves, float16Bits);

/** bfloat16 (the upper half of a float32) to float32. */
export const fromBfloat16 = (halves: Uint16Array): Float32Array => widen(halves, (half) => half << 16);
