// cotangent/random: keys and samplers.
export { bits, foldIn, Key, key, split } from './key.ts';
export {
  bernoulli,
  categorical,
  choice,
  exponential,
  gumbel,
  normal,
  permutation,
  rademacher,
  randint,
  truncatedNormal,
  uniform,
  type SampleOptions,
} from './samplers.ts';
