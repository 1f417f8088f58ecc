// Control flow and what else holds programs: everything the entry point exports of it.
export { attention, plainAttention, type AttentionOptions } from './attention.ts';
export { associativeScan, type AssociativeScanOptions } from './associative-scan.ts';
export { cond, switchCase } from './choose.ts';
export { foriLoop, scan, whileLoop, type ScanOptions } from './loops.ts';
export { map, type MapOptions } from './map.ts';
export { pureCallback, type PureCallbackOptions, type VmapMethod } from './callback.ts';
export { debug, disableJit } from './debug.ts';
export { customJvp, type CustomJvpRules } from './custom-jvp.ts';
export { customVjp, type CustomVjpRules } from './custom-vjp.ts';
export { checkpoint, type CheckpointOptions } from './checkpoint.ts';
export { checkpointName } from './barrier.ts';
export { checkpointPolicies, type CheckpointedOperation, type CheckpointPolicy } from './policies.ts';
export { LinearityError, linearTranspose } from './linear-transpose.ts';
export { savedResiduals, type SavedResidual } from './saved-residuals.ts';
