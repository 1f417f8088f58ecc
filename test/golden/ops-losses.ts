// The losses family of the golden vectors in terms of our losses.
import {
  absoluteError,
  huber,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  squaredError,
  type Reduction,
} from '../../src/nn/losses.ts';
import type { GoldenOps } from './run.ts';

interface Reduced {
  readonly reduction: Reduction;
}
interface CrossEntropy extends Reduced {
  readonly label_smoothing: number;
  readonly ignore_index: number;
}

export const ops: GoldenOps = {
  mse: ({ x, y }, { reduction }: Reduced) => ({ y: squaredError(x!, y!, { reduction }) }),
  l1: ({ x, y }, { reduction }: Reduced) => ({ y: absoluteError(x!, y!, { reduction }) }),
  huber: ({ x, y }, { reduction, delta }: Reduced & { delta: number }) => ({
    y: huber(x!, y!, { reduction, delta }),
  }),
  cross_entropy: ({ logits, target, weight }, p: CrossEntropy) => ({
    y: softmaxCrossEntropy(logits!, target!, {
      axis: 1,
      reduction: p.reduction,
      labelSmoothing: p.label_smoothing,
      ignoreIndex: p.ignore_index,
      ...(weight === undefined ? {} : { weight }),
    }),
  }),
  bce_with_logits: ({ logits, target, weight, pos_weight }, { reduction }: Reduced) => ({
    y: sigmoidCrossEntropy(logits!, target!, {
      reduction,
      ...(weight === undefined ? {} : { weight }),
      ...(pos_weight === undefined ? {} : { positiveWeight: pos_weight }),
    }),
  }),
};
