// The 16-bit floating formats: every one of their 65,536 values against the formula that defines the format.
import { expect, it } from 'vitest';
import { fromBfloat16, fromFloat16 } from '../../src/io/half.ts';

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value that sign, exponent and fraction stand for, by the formula of IEEE 754. */
const byFormula = (bits: number, exponentBits: number, fractionBits: number): number => {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
};

it.each([
  ['float16', fromFloat16, 5, 10],
  ['bfloat16', fromBfloat16, 8, 7],
] as const)('%s', (_, widen, exponentBits, fractionBits) => {
  const wide = widen(all);
  all.forEach((bits) => {
    if (!Object.is(wide[bits], byFormula(bits, exponentBits, fractionBits)))
      expect([bits, wide[bits]]).toEqual([bits, byFormula(bits, exponentBits, fractionBits)]);
  });
  expect(wide.length).toBe(65536);
});
