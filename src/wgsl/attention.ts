// Attention.
import type { AttentionKernel } from '../jit/kernel.ts';
import type { Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

export const renderAttention = (k: AttentionKernel, target: Target): readonly Dispatch[] => {
  void target;
  throw new Error(k.kind);
};
