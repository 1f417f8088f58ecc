// Batching: everything the entry point exports of it.
export { vmap, type AxisSpec, type VmapOptions } from './api.ts';
export { axisIndex, axisSize, pmax, pmean, pmin, psum, type AxisName } from './collectives.ts';
