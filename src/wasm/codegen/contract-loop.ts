// Contractions as plain reductions: for integers, thin and tiny ones, where packing would cost more than it saves.
import { call, type Expr } from '../../core/expr.ts';
import { rewriter } from '../../core/rewrite.ts';
import type { ContractKernel, LoopKernel } from '../../jit/kernel.ts';

/** The same contraction as a loop kernel: the sum over k of a * b, then the epilogue. */
export const contractAsLoop = (k: ContractKernel): LoopKernel => {
  const acc: Expr = { op: 'local', dtype: k.dtype, local: 0 };
  const epilogue = rewriter((e) => (e.op === 'acc' ? acc : e));
  return {
    kind: 'loop',
    name: k.name,
    outer: [...k.batch, ...k.m, ...k.n],
    stages: [
      {
        axes: k.k,
        actions: [{ kind: 'reduce', op: 'sum', value: call('mul', k.dtype, k.a, k.b), local: 0, dtype: k.dtype }],
      },
      {
        axes: [],
        actions: k.epilogue.map((s) => ({ ...s, value: epilogue.expr(s.value) })),
      },
    ],
  };
};
