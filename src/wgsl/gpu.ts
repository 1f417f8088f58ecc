// The part of WebGPU that this backend uses, as structural types: the public declarations need no WebGPU typings.

export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number, offset?: number, size?: number): Promise<unknown>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

/** Handles that are only passed on. */
export type GpuObject = object;

export interface GpuComputePass {
  setPipeline(pipeline: GpuObject): void;
  setBindGroup(index: number, group: GpuObject | null, offsets?: readonly number[]): void;
  dispatchWorkgroups(x: number, y?: number, z?: number): void;
  dispatchWorkgroupsIndirect(buffer: GpuBuffer, offset: number): void;
  end(): void;
}

export interface GpuEncoder {
  beginComputePass(descriptor?: { readonly label?: string }): GpuComputePass;
  copyBufferToBuffer(
    source: GpuBuffer,
    sourceOffset: number,
    target: GpuBuffer,
    targetOffset: number,
    size: number,
  ): unknown;
  finish(): GpuObject;
}

/** A `GPUDevice`: of a browser (`await adapter.requestDevice()`) or of Dawn. */
export interface GpuDevice {
  readonly limits: {
    readonly maxStorageBuffersPerShaderStage: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxComputeWorkgroupsPerDimension: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupSizeX: number;
    readonly maxComputeWorkgroupStorageSize: number;
  };
  readonly adapterInfo?: {
    readonly architecture?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
    readonly subgroupMinSize?: number;
  };
  readonly features: { has(name: string): boolean };
  readonly lost: Promise<{ readonly message: string; readonly reason?: string }>;
  readonly queue: {
    submit(commands: GpuObject[]): void;
    writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBufferView): void;
    onSubmittedWorkDone(): Promise<unknown>;
  };
  createBuffer(descriptor: { readonly size: number; readonly usage: number; readonly label?: string }): GpuBuffer;
  createShaderModule(descriptor: { readonly code: string; readonly label?: string }): GpuObject;
  createBindGroupLayout(descriptor: object): GpuObject;
  createPipelineLayout(descriptor: object): GpuObject;
  createComputePipelineAsync(descriptor: object): Promise<GpuObject>;
  createBindGroup(descriptor: object): GpuObject;
  createCommandEncoder(descriptor?: { readonly label?: string }): GpuEncoder;
  pushErrorScope(filter: 'validation' | 'out-of-memory' | 'internal'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  addEventListener?(type: string, listener: (event: unknown) => void): void;
  destroy(): void;
}

// The flags of the standard, which a process without a global `GPUBufferUsage` needs as well.
export const usage: {
  readonly storage: number;
  readonly staging: number;
  readonly uniform: number;
} = { storage: 0x80 | 0x100 | 0x04 | 0x08, staging: 0x01 | 0x08, uniform: 0x40 | 0x08 };
export const mapRead = 1;
/** WebGPU's own names for what a shader stage may see. */
export const computeStage = 4;
