// Differentiation: everything the entry point exports of it.
export { grad, jvp, linearize, stopGradient, valueAndGrad, vjp, type GradOptions, type GradientOf } from './api.ts';
