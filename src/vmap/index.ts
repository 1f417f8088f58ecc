// Batching: everything the entry point exports of it.
export { vmap, type AxisSpec, type VmapOptions } from './api.ts';
