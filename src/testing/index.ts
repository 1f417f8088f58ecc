// cotangent/testing: gradient checks, and arbitraries for property tests (fast-check is an optional peer).
export * as arbitraries from './arbitraries.ts';
export { checkGrads, checkVjpAdjoint, GradientError, type CheckOptions } from './check.ts';
