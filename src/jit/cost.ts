// Counting of floating operations in kernels.
import { visit, type Expr } from '../core/expr.ts';
import { count } from '../core/index-expr.ts';
import type { Kernel, LoopKernel, Plan } from './kernel.ts';

const operations = (exprs: readonly Expr[]): number => {
  let n = 0;
  const seen = new Set<Expr>();
  for (const e of exprs)
    visit(e, (x) => ('args' in x && x.op !== 'convert' && x.op !== 'bitcast' ? n++ : undefined), seen);
  return n;
};

const loopFlops = (k: LoopKernel): number =>
  count(k.outer) *
  k.stages.reduce(
    (n, s) =>
      n +
      count(s.axes) * (operations(s.actions.map((a) => a.value)) + s.actions.filter((a) => a.kind === 'reduce').length),
    0,
  );

/** Operations of all kernels of a plan. */
const planFlops = (p: Plan): number => p.kernels.reduce((n, k) => n + kernelFlops(k), 0);

/** Operations on elements that a kernel performs, multiply and add counted apart. */
export const kernelFlops = (k: Kernel): number => {
  switch (k.kind) {
    case 'loop':
      return loopFlops(k);
    case 'multi':
      return k.parts.reduce((n, p) => n + loopFlops(p), 0);
    case 'contract': {
      const points = count(k.batch) * count(k.m) * count(k.n);
      const added = (k.sums ?? []).reduce((n, x) => n + count(x.side === 'a' ? k.m : k.n) * count(k.k), 0);
      return points * (2 * count(k.k) + operations(k.epilogue.map((a) => a.value))) + added;
    }
    case 'scatter':
      return (
        (k.init === undefined ? 0 : count(k.init.axes) * operations([k.init.value])) +
        count(k.axes) * (operations([k.value]) + 1)
      );
    case 'cumulate':
      return k.outer * k.length * k.inner;
    // Of a branch the dearest, of an open loop one round: what is known beforehand.
    case 'scan':
      return k.length * planFlops(k.body);
    case 'cond':
      return Math.max(...k.branches.map(planFlops));
    case 'while':
      return planFlops(k.cond) + planFlops(k.body);
    case 'attention':
    case 'attentionGradient': {
      // Two products a pair of query and key, three more and those again for the gradient.
      const [b, t, n, d] = k.query as readonly [number, number, number, number];
      const [, s, , e] = k.value as readonly [number, number, number, number];
      const pairs = b * n * (k.causal ? (t * Math.min(s, t + 1)) / 2 : t * s);
      return Math.round(pairs * (k.kind === 'attention' ? 2 * (d + e) : 6 * d + 4 * e));
    }
    case 'callback':
      return 0;
    case 'sort':
      return k.outer * k.inner * k.length * Math.ceil(Math.log2(Math.max(k.length, 2)));
  }
};
