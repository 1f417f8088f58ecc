// cotangent/optim: gradient transformations, optimizers and schedules.
export { adam, adamw, sgd, type SgdOptions } from './optimizers.ts';
export {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  join,
  linear,
  piecewiseConstant,
  polynomial,
  step,
  warmupCosine,
  type Rate,
  type Schedule,
} from './schedules.ts';
export { applyUpdates, chain, stateless, type EmptyState, type Optimizer } from './transformation.ts';
export {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  scaleByAdam,
  scaleByLearningRate,
  scaleBy,
  trace,
  type AdamOptions,
  type AdamState,
  type ClipOptions,
  type CountState,
  type TraceOptions,
  type TraceState,
} from './transforms.ts';
