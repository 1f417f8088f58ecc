// The functions under test: the intervals where each is hard, and the bound that it is held to.
import type { MathOp } from '../../src/core/expr.ts';
import { scalar } from '../../src/reference/scalar.ts';

export interface Row {
  readonly op: MathOp;
  /** Where more points go, beside the sweep of every exponent. */
  readonly dense: readonly (readonly [number, number])[];
  /** The size that the bound of 4 ulp refers to, where that is not the result itself. */
  readonly size?: (x: number, want: number) => number;
  /** Operations in float32 and float64 at most: a guard against silent growth. */
  readonly nodes: readonly [number, number];
}

const at = (op: MathOp, x: number): number => scalar(op, 'float64', ['float64'], [x]);
// On the negative axis two terms cancel, all but entirely near the function's zeros: the bound is relative to the larger of them.
const reflected =
  (op: 'lgamma' | 'digamma', mirror: (x: number) => number, sign: 1 | -1, least: number) =>
  (x: number, want: number): number => {
    if (!(x < 0)) return want;
    const other = at(op, mirror(x));
    return Math.max(Math.abs(want), Math.abs(other), Math.abs(want + sign * other), least);
  };

export const unary: readonly Row[] = [
  { op: 'exp', dense: [[-104, 89]], nodes: [24, 33] },
  { op: 'exp2', dense: [[-150, 129]], nodes: [20, 29] },
  {
    op: 'expm1',
    dense: [
      [-20, 89],
      [-1, 1],
    ],
    nodes: [31, 36],
  },
  { op: 'log', dense: [[0, 3]], nodes: [36, 46] },
  { op: 'log2', dense: [[0, 3]], nodes: [36, 46] },
  { op: 'log10', dense: [[0, 3]], nodes: [37, 47] },
  { op: 'log1p', dense: [[-1, 3]], nodes: [39, 48] },
  {
    op: 'sin',
    dense: [
      [-100, 100],
      [5000, 7000],
      [1e5, 1e6],
    ],
    nodes: [129, 109],
  },
  {
    op: 'cos',
    dense: [
      [-100, 100],
      [5000, 7000],
      [1e5, 1e6],
    ],
    nodes: [128, 105],
  },
  {
    op: 'tan',
    dense: [
      [-100, 100],
      [5000, 7000],
      [1e5, 1e6],
    ],
    nodes: [139, 108],
  },
  { op: 'asin', dense: [[-1, 1]], nodes: [25, 39] },
  { op: 'acos', dense: [[-1, 1]], nodes: [29, 40] },
  { op: 'atan', dense: [[-4, 4]], nodes: [30, 47] },
  {
    op: 'sinh',
    dense: [
      [-4, 4],
      [-90, 90],
    ],
    nodes: [35, 42],
  },
  {
    op: 'cosh',
    dense: [
      [-4, 4],
      [-90, 90],
    ],
    nodes: [28, 33],
  },
  { op: 'tanh', dense: [[-10, 10]], nodes: [32, 40] },
  { op: 'asinh', dense: [[-4, 4]], nodes: [48, 61] },
  { op: 'acosh', dense: [[1, 4]], nodes: [46, 55] },
  { op: 'atanh', dense: [[-1, 1]], nodes: [44, 57] },
  {
    op: 'sigmoid',
    dense: [
      [-20, 20],
      [-104, 0],
    ],
    nodes: [31, 36],
  },
  {
    op: 'softplus',
    dense: [
      [-20, 20],
      [-104, 0],
    ],
    nodes: [42, 76],
  },
  { op: 'erf', dense: [[-4, 4]], nodes: [36, 118] },
  { op: 'erfc', dense: [[-4, 10.1]], nodes: [64, 95] },
  { op: 'erfinv', dense: [[-1, 1]], nodes: [78, 176] },
  {
    op: 'lgamma',
    dense: [
      [0, 10],
      [-8, 0],
    ],
    size: reflected('lgamma', Math.abs, 1, 0.5),
    nodes: [140, 205],
  },
  {
    op: 'digamma',
    dense: [
      [0, 10],
      [-8, 0],
    ],
    size: reflected('digamma', (x) => 1 - x, -1, 0),
    nodes: [110, 178],
  },
  { op: 'rsqrt', dense: [], nodes: [2, 2] },
  { op: 'cbrt', dense: [[-8, 8]], nodes: [44, 50] },
  { op: 'sign', dense: [], nodes: [4, 4] },
  { op: 'i0e', dense: [[-12, 12]], nodes: [69, 118] },
  { op: 'i1e', dense: [[-12, 12]], nodes: [70, 123] },
];
