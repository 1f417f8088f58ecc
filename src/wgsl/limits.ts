// What a GPU can do, as far as kernels depend on it: its limits, and the optional features that they use.
import type { GpuDevice } from './gpu.ts';

export interface GpuLimits {
  /** Most storage buffers a shader may be bound to. */
  readonly buffers: number;
  /** Most bytes of a buffer that a shader may be bound to. */
  readonly bindingBytes: number;
  /** Most workgroups along one dimension. */
  readonly workgroups: number;
  /** Most invocations in a workgroup. */
  readonly invocations: number;
  /** Most bytes of memory that a workgroup shares. */
  readonly workgroupBytes: number;
  /** Whether shaders may exchange values inside of subgroups. */
  readonly subgroups: boolean;
  /** Invocations of the smallest subgroup there may be; 0 without subgroups. */
  readonly subgroupSize: number;
  /** Whether shaders have numbers of 16 bits. */
  readonly float16: boolean;
  /** Whether it is a processor that plays a GPU: memory of a workgroup is no nearer than any other, and a barrier is dear. */
  readonly software: boolean;
}

/** What WebGPU guarantees everywhere. */
export const leastLimits: GpuLimits = {
  buffers: 8,
  bindingBytes: 2 ** 27,
  workgroups: 65535,
  invocations: 256,
  workgroupBytes: 16384,
  subgroups: false,
  subgroupSize: 0,
  float16: false,
  software: false,
};

// Subgroups have 4 invocations or more wherever there are any.
const leastSubgroup = 4;

const drivers = /swiftshader|llvmpipe|lavapipe|basic render/i;

/** `wanted`: whether kernels may use subgroups where there are any. */
export const limitsOf = ({ limits, features, adapterInfo: info }: GpuDevice, wanted = true): GpuLimits => {
  const subgroups = wanted && features.has('subgroups');
  return {
    buffers: limits.maxStorageBuffersPerShaderStage,
    bindingBytes: limits.maxStorageBufferBindingSize,
    workgroups: limits.maxComputeWorkgroupsPerDimension,
    invocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    subgroups,
    subgroupSize: subgroups ? Math.max(leastSubgroup, info?.subgroupMinSize ?? 0) : 0,
    float16: features.has('shader-f16'),
    software:
      info?.isFallbackAdapter === true || drivers.test(`${info?.architecture ?? ''} ${info?.description ?? ''}`),
  };
};

/** Limits to ask an adapter for, each at its most: kernels grow with them. */
export const wantedLimits: readonly string[] = [
  'maxStorageBuffersPerShaderStage',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
];

/** Features to ask an adapter for where it has them. */
export const wantedFeatures: readonly string[] = ['subgroups', 'shader-f16'];
