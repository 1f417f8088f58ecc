// What a reduction of nothing gives: zero, one, or the least or greatest value of a dtype.
import type { DType } from '../dtype.ts';
import type { CumulateOp, ReduceOp } from '../lowering.ts';

const lowest: Readonly<Record<DType, number>> = {
  float32: -Infinity,
  float64: -Infinity,
  int32: -2147483648,
  uint32: 0,
  bool: 0,
};
const highest: Readonly<Record<DType, number>> = {
  float32: Infinity,
  float64: Infinity,
  int32: 2147483647,
  uint32: 4294967295,
  bool: 1,
};

/** What a reduction begins with, running ones too: it changes nothing. */
export const identity = (op: ReduceOp | CumulateOp, d: DType): number => {
  switch (op) {
    case 'sum':
    case 'any':
      return 0;
    case 'prod':
    case 'all':
      return 1;
    case 'min':
    case 'argmin':
      return highest[d];
    case 'max':
    case 'argmax':
    case 'logsumexp':
      return lowest[d];
  }
};
