// What a running reduction does with each element: its value so far and the next one as an expression.
import { call, compare, lit, select, type Expr } from '../core/expr.ts';
import { expandMath } from '../core/math/index.ts';
import type { CumulateKernel } from './kernel.ts';

/** The running value `a` with the next element `x`; it starts from the operation's `identity`. */
export const combined = ({ op, dtype: d }: CumulateKernel, a: Expr, x: Expr): Expr => {
  switch (op) {
    case 'sum':
      return call('add', d, a, x);
    case 'prod':
      return call('mul', d, a, x);
    case 'max':
    case 'min':
      return call(op, d, a, x);
    case 'logsumexp': {
      // max + log1p(exp(-|a - x|)), with infinities of one sign at no distance.
      const apart = call('neg', d, call('abs', d, call('sub', d, a, x)));
      const distance = select(compare('eq', a, x), lit(0, d), apart);
      return expandMath(call('add', d, call('max', d, a, x), call('log1p', d, call('exp', d, distance))));
    }
  }
};
