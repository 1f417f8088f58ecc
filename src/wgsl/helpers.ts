// WGSL functions for what its own operators leave open: NaN in min and max, division by zero, saturation, exact remainders.

/** Name of a function on vectors of four. */
export type VectorHelper = `${Exclude<ScalarHelper, 'from_bits' | 'floor_div' | 'floor_mod'>}x4`;
export type Helper = ScalarHelper | VectorHelper;

type ScalarHelper =
  | 'from_bits'
  | 'is_nan'
  | 'max_f32'
  | 'min_f32'
  | 'div_i32'
  | 'div_u32'
  | 'rem_i32'
  | 'rem_u32'
  | 'floor_div'
  | 'floor_mod'
  | 'shl_i32'
  | 'shl_u32'
  | 'shr_i32'
  | 'shr_u32'
  | 'to_i32'
  | 'to_u32'
  | 'ldexp_f32'
  | 'exponent_f32'
  | 'significand_f32'
  | 'rem_f32';

/** A function's text, and the others it calls. */
const helpers: Readonly<Record<ScalarHelper, { readonly needs: readonly Helper[]; readonly text: string }>> = {
  from_bits: { needs: [], text: 'fn from_bits(b: u32) -> f32 { return bitcast<f32>(b); }' },
  is_nan: { needs: [], text: 'fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }' },
  max_f32: {
    needs: ['is_nan'],
    text: 'fn max_f32(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, is_nan(b)), a, is_nan(a)); }',
  },
  min_f32: {
    needs: ['is_nan'],
    text: 'fn min_f32(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, is_nan(b)), a, is_nan(a)); }',
  },
  // Integer division by zero gives all ones, as in XLA.
  div_i32: {
    needs: [],
    text: 'fn div_i32(a: i32, b: i32) -> i32 { return select(a / select(b, 1, b == 0), -1, b == 0); }',
  },
  div_u32: {
    needs: [],
    text: 'fn div_u32(a: u32, b: u32) -> u32 { return select(a / select(b, 1u, b == 0u), 0xffffffffu, b == 0u); }',
  },
  rem_i32: {
    needs: [],
    text: 'fn rem_i32(a: i32, b: i32) -> i32 { return select(a % select(b, 1, b == 0), a, b == 0); }',
  },
  rem_u32: {
    needs: [],
    text: 'fn rem_u32(a: u32, b: u32) -> u32 { return select(a % select(b, 1u, b == 0u), a, b == 0u); }',
  },
  floor_div: { needs: [], text: 'fn floor_div(a: i32, b: i32) -> i32 { return a / b - select(0, 1, a % b < 0); }' },
  floor_mod: {
    needs: [],
    text: 'fn floor_mod(a: i32, b: i32) -> i32 { let r = a % b; return select(r, r + b, r < 0); }',
  },
  shl_i32: {
    needs: [],
    text: 'fn shl_i32(a: i32, n: i32) -> i32 { return select(0, a << (u32(n) & 31u), u32(n) < 32u); }',
  },
  shl_u32: { needs: [], text: 'fn shl_u32(a: u32, n: u32) -> u32 { return select(0u, a << (n & 31u), n < 32u); }' },
  shr_i32: { needs: [], text: 'fn shr_i32(a: i32, n: i32) -> i32 { return a >> min(u32(n), 31u); }' },
  shr_u32: { needs: [], text: 'fn shr_u32(a: u32, n: u32) -> u32 { return select(0u, a >> (n & 31u), n < 32u); }' },
  to_i32: {
    needs: ['is_nan'],
    text: 'fn to_i32(x: f32) -> i32 { if (is_nan(x)) { return 0; } return select(i32(clamp(x, -2147483648.0f, 2147483520.0f)), 2147483647, x >= 2147483648.0f); }',
  },
  to_u32: {
    needs: ['is_nan'],
    text: 'fn to_u32(x: f32) -> u32 { if (is_nan(x)) { return 0u; } return select(u32(clamp(x, 0.0f, 4294967040.0f)), 0xffffffffu, x >= 4294967296.0f); }',
  },
  ldexp_f32: {
    needs: [],
    text: 'fn ldexp_f32(x: f32, n: i32) -> f32 { return x * bitcast<f32>(u32(n + 127) << 23u); }',
  },
  exponent_f32: {
    needs: [],
    text: 'fn exponent_f32(x: f32) -> i32 { return i32((bitcast<u32>(x) >> 23u) & 255u) - 127; }',
  },
  significand_f32: {
    needs: [],
    text: 'fn significand_f32(x: f32) -> f32 { return bitcast<f32>((bitcast<u32>(x) & 0x807fffffu) | 0x3f800000u); }',
  },
  // Long division on the significands: x - y * trunc(x / y) is wrong as soon as the quotient is large.
  rem_f32: {
    needs: ['from_bits'],
    text: `fn rem_f32(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (b == 0u || a >= 0x7f800000u || b > 0x7f800000u) { return from_bits(0x7fc00000u); }
  if (a < b) { return x; }
  var e = max(i32(a >> 23u), 1);
  let f = max(i32(b >> 23u), 1);
  var m = (a & 0x7fffffu) | select(0u, 0x800000u, a >= 0x800000u);
  let n = (b & 0x7fffffu) | select(0u, 0x800000u, b >= 0x800000u);
  while (e > f) {
    if (m >= n) { m -= n; }
    m <<= 1u;
    e -= 1;
  }
  if (m >= n) { m -= n; }
  while (m != 0u && m < 0x800000u && e > 1) {
    m <<= 1u;
    e -= 1;
  }
  return from_bits(sign | select(m, (u32(e) << 23u) | (m & 0x7fffffu), m >= 0x800000u));
}`,
  },
};

// Those worth vectors of their own; the others are called once for each of the four.
const vectors: Partial<Record<VectorHelper, { readonly needs: readonly Helper[]; readonly text: string }>> = {
  is_nanx4: {
    needs: [],
    text: 'fn is_nanx4(x: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }',
  },
  max_f32x4: {
    needs: ['is_nanx4'],
    text: 'fn max_f32x4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> { return select(select(max(a, b), b, is_nanx4(b)), a, is_nanx4(a)); }',
  },
  min_f32x4: {
    needs: ['is_nanx4'],
    text: 'fn min_f32x4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> { return select(select(min(a, b), b, is_nanx4(b)), a, is_nanx4(a)); }',
  },
  ldexp_f32x4: {
    needs: [],
    text: 'fn ldexp_f32x4(x: vec4<f32>, n: vec4<i32>) -> vec4<f32> { return x * bitcast<vec4<f32>>(vec4<u32>(n + 127) << vec4<u32>(23u)); }',
  },
  exponent_f32x4: {
    needs: [],
    text: 'fn exponent_f32x4(x: vec4<f32>) -> vec4<i32> { return vec4<i32>((bitcast<vec4<u32>>(x) >> vec4<u32>(23u)) & vec4<u32>(255u)) - 127; }',
  },
  significand_f32x4: {
    needs: [],
    text: 'fn significand_f32x4(x: vec4<f32>) -> vec4<f32> { return bitcast<vec4<f32>>((bitcast<vec4<u32>>(x) & vec4<u32>(0x807fffffu)) | vec4<u32>(0x3f800000u)); }',
  },
};

/** A function on vectors that calls the scalar one four times. */
const fourTimes = (h: ScalarHelper): { readonly needs: readonly Helper[]; readonly text: string } => {
  const [, list, result] = /\((.*?)\) -> (\w+)/.exec(helpers[h].text)!;
  const params = list!.split(', ').map((p) => p.split(': ') as [string, string]);
  const calls = ['x', 'y', 'z', 'w'].map((c) => `${h}(${params.map(([p]) => `${p}.${c}`).join(', ')})`);
  const wide = params.map(([p, type]) => `${p}: vec4<${type}>`).join(', ');
  return {
    needs: [h],
    text: `fn ${h}x4(${wide}) -> vec4<${result!}> { return vec4<${result!}>(${calls.join(', ')}); }`,
  };
};

const definition = (h: Helper): { readonly needs: readonly Helper[]; readonly text: string } =>
  h.endsWith('x4')
    ? (vectors[h as VectorHelper] ?? fourTimes(h.slice(0, -2) as ScalarHelper))
    : helpers[h as ScalarHelper];

/** The text of these functions and of all that they call, each once. */
export const helperText = (used: Iterable<Helper>): string => {
  const seen = new Set<Helper>();
  const add = (h: Helper): void => {
    if (seen.has(h)) return;
    definition(h).needs.forEach(add);
    seen.add(h);
  };
  for (const h of used) add(h);
  return [...seen].map((h) => `${definition(h).text}\n`).join('');
};
