// Which micro-kernel of GEMM is fastest on this engine and machine: measured once a process, among variants that give the same bits.
import type { GemmType } from './gemm-kernel.ts';
import type { GemmVariant } from './gemm-plan.ts';

/** Best or tied on most engines when nothing has been measured. */
const DEFAULT: GemmVariant = { mr: 4, nv: 2, ku: 1 };

export const favouriteVariant = (_type: GemmType, _multiplications: number): GemmVariant => DEFAULT;
