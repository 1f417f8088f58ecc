// cotangent/nn: initialisers, layers, activations, losses and metrics.
export * from './activations.ts';
export { dotProductAttention, type AttentionOptions } from './attention.ts';
export * as init from './init.ts';
export { struct, tuple, type Init } from './init.ts';
export {
  batchNorm,
  conv,
  dense,
  dropout,
  layerNorm,
  sequential,
  type AnyLayer,
  type BatchNorm,
  type BatchNormState,
  type ConvOptions,
  type DenseParams,
  type Layer,
  type NormParams,
  type WeightOptions,
} from './layers.ts';
export {
  absoluteError,
  huber,
  maskedMean,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  squaredError,
  type CrossEntropyOptions,
  type LossOptions,
  type Reduction,
} from './losses.ts';
export {
  accuracyOf,
  average,
  confusion,
  confusionOf,
  meanValue,
  report,
  type Confusion,
  type Mean,
  type Metric,
  type Report,
} from './metrics.ts';
