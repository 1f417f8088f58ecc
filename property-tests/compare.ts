// Comparison of results: element by element, within a tolerance relative to the size of what is compared.
import { expect } from 'vitest';
import type { Tensor } from '../src/index.ts';
import { exactData } from '../src/reference/evaluate.ts';

/** Same shapes and nearly the same elements; NaN matches NaN, infinities their sign. */
export const expectClose = (got: readonly Tensor[], want: readonly Tensor[], tolerance: number, what: string): void => {
  expect(got.length, what).toBe(want.length);
  got.forEach((g, i) => {
    const w = want[i]!;
    expect(g.shape, `${what}, result ${i}`).toEqual(w.shape);
    const a = g.dataSync();
    const b = Array.from(exactData(w) as ArrayLike<number>);
    const scale = b.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
    for (let k = 0; k < a.length; k++) {
      const [x, y] = [a[k]!, b[k]!];
      if (Object.is(x, y) || Math.abs(x - y) <= tolerance * scale || (Number.isNaN(x) && Number.isNaN(y))) continue;
      throw new Error(`${what}: result ${i} differs at ${k}: ${x} against ${y}`);
    }
  });
};
