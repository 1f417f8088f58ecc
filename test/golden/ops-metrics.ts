// The metrics family of the golden vectors in terms of our metrics: those read from a confusion matrix.
import { tensor } from '../../src/core/ops/creation.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { absoluteError, squaredError } from '../../src/nn/losses.ts';
import { confusionOf, report, type Report } from '../../src/nn/metrics.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

const matrixOf = (labels: Tensor, predicted: Tensor): readonly (readonly number[])[] => {
  const classes = 1 + Math.max(...labels.dataSync(), ...predicted.dataSync());
  return confusionOf(labels, predicted, classes).counts.arraySync() as number[][];
};

interface Averaged {
  readonly average: 'binary' | 'macro' | 'micro' | 'weighted' | 'none';
  readonly pos_label?: number;
}
const figure =
  (name: 'precision' | 'recall' | 'f1'): GoldenOp =>
  ({ y_true, y_pred }, { average, pos_label = 1 }: Averaged) => {
    const r: Report = report(matrixOf(y_true!, y_pred!));
    switch (average) {
      case 'binary':
        return { y: tensor(r[name][pos_label]!, 'float64') };
      case 'none':
        return { y: tensor([...r[name]], 'float64') };
      // Over all classes at once every false positive is a false negative of another class.
      case 'micro':
        return { y: tensor(r.accuracy, 'float64') };
      default:
        return { y: tensor(r[average][name], 'float64') };
    }
  };

export const ops: GoldenOps = {
  accuracy: ({ y_true, y_pred }) => ({ y: tensor(report(matrixOf(y_true!, y_pred!)).accuracy, 'float64') }),
  precision: figure('precision'),
  recall: figure('recall'),
  f1: figure('f1'),
  confusion_matrix: ({ y_true, y_pred }, { num_classes }: { num_classes: number }) => ({
    y: confusionOf(y_true!, y_pred!, num_classes).counts.astype('int32'),
  }),
  mean_absolute_error: ({ y_true, y_pred }) => ({ y: absoluteError(y_pred!, y_true!) }),
  mean_squared_error: ({ y_true, y_pred }) => ({ y: squaredError(y_pred!, y_true!) }),
};
