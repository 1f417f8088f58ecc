// The public surface without the side effect of the entry point: what the upper floors (nn, optim, ...) are made of.
export { Tensor } from './core/tensor.ts';
export type { Shape } from './core/aval.ts';
export type { DType, TypedArray } from './core/dtype.ts';
export {
  ArgumentError,
  CotangentError,
  DeviceError,
  DTypeError,
  NonFiniteError,
  ShapeError,
  TracerError,
  TreeError,
} from './core/errors.ts';
export type { Cotangent } from './core/functional.ts';
export type { TensorLike } from './core/ops/promote.ts';
export { asStatic, asStatic as static } from './core/tree.ts';
export * as tree from './core/tree-ops.ts';

export * from './core/ops/public.ts';

export { grad, jvp, linearize, stopGradient, valueAndGrad, vjp, type GradOptions } from './grad/index.ts';
export { hessian, hvp, jacfwd, jacobian, jacrev } from './vmap/jacobian.ts';
export {
  axisIndex,
  axisSize,
  pmax,
  pmean,
  pmin,
  psum,
  vmap,
  type AxisName,
  type AxisSpec,
  type VmapOptions,
} from './vmap/index.ts';
export {
  associativeScan,
  checkpoint,
  checkpointName,
  checkpointPolicies,
  cond,
  customJvp,
  customVjp,
  foriLoop,
  LinearityError,
  linearTranspose,
  map,
  savedResiduals,
  scan,
  switchCase,
  switchCase as switch,
  whileLoop,
  type AssociativeScanOptions,
  type CheckpointedOperation,
  type CheckpointOptions,
  type CheckpointPolicy,
  type CustomJvpRules,
  type CustomVjpRules,
  type SavedResidual,
  type MapOptions,
  type ScanOptions,
  debug,
  disableJit,
  pureCallback,
  type PureCallbackOptions,
  type VmapMethod,
} from './control/index.ts';
export { jit, type Jitted, type JitOptions } from './jit/jit.ts';
export type { Compiled, Cost, Lowered } from './jit/lower.ts';
export { evalShape, explain, makeJaxpr, type Explanation, type Jaxpr, type KernelCost } from './jit/inspect.ts';
export { blockUntilReady, defaultDevice, devicePut, devices, memory, type BestOptions } from './devices.ts';
export type { AcquireOptions as WebGpuDeviceOptions } from './wgsl/acquire.ts';
export type { WebGpuDevice, WebGpuMemory } from './wgsl/device.ts';
