// The entry point `cotangent/io`: safetensors as values, checkpoints, and the host arrays and errors they share.
export { IoError, orThrow, type IoProblem } from './error.ts';
export { hostArray, type HostArray } from './host.ts';
export { decodeSafetensors, encodeSafetensors, readSafetensorsEntry, type Safetensors } from './safetensors.ts';
export {
  readSafetensorsHeader,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header.ts';
export { arraysToTree, decodeCheckpoint, encodeCheckpoint, treeToArrays, type RestoreOptions } from './checkpoint.ts';
export { MismatchError, showMismatch, type Mismatch, type Spec } from './match.ts';
export { fromHost, toHost } from './tensors.ts';
