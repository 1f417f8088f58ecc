// For tests of sorts, scatters and running reductions: arrays full of equal elements, the same ones every time.
import { fromTypedArray, type Tensor } from '../../src/index.ts';
import { sortWith } from '../../src/core/ops/sort.ts';

/** Pseudo-random 32-bit numbers. */
const stream = (seed: number): (() => number) => {
  let state = (seed * 2654435761 + 1013904223) >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0;
    return (state ^ (state >>> 13)) >>> 0;
  };
};
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Quarters between -range / 8 and range / 8: `range` different ones. */
export const numbers = (seed: number, shape: readonly number[], range: number): Tensor => {
  const next = stream(seed);
  return fromTypedArray(
    Float32Array.from({ length: sizeOf(shape) }, () => ((next() % range) - Math.floor(range / 2)) / 4),
    shape,
  );
};

/** Integers from lo to hi. */
export const ints = (seed: number, shape: readonly number[], lo: number, hi: number): Tensor => {
  const next = stream(seed);
  return fromTypedArray(
    Int32Array.from({ length: sizeOf(shape) }, () => lo + (next() % (hi - lo + 1))),
    shape,
  );
};

/** All sorted along the first axis by the first. */
export const bindSort = (xs: readonly Tensor[]): readonly Tensor[] => sortWith(xs, 0);
