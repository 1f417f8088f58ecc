// The least and the greatest value of each dtype: what a maximum or minimum of nothing is.
import type { DType } from '../dtype.ts';

export const lowest: Readonly<Record<DType, number>> = {
  float32: -Infinity,
  float64: -Infinity,
  int32: -2147483648,
  uint32: 0,
  bool: 0,
};
export const highest: Readonly<Record<DType, number>> = {
  float32: Infinity,
  float64: Infinity,
  int32: 2147483647,
  uint32: 4294967295,
  bool: 1,
};
