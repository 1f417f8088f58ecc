// Whether a GPU numbers the invocations of its subgroups as kernels take them to be, which WebGPU leaves open: asked of the GPU itself.
import { mapRead, usage, type GpuDevice } from './gpu.ts';
import { wordBytes } from './types.ts';

const invocations = 256;
const text = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> found: array<u32>;
@compute @workgroup_size(${invocations})
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) own: u32,
  @builtin(subgroup_size) size: u32,
) {
  found[local] = select(0u, 1u, own == local % size);
}
`;

/** Whether subgroups are runs of consecutive invocations. False too where the question cannot be asked. */
export const consecutiveSubgroups = async (gpu: GpuDevice): Promise<boolean> => {
  if (!gpu.features.has('subgroups')) return false;
  const bytes = invocations * wordBytes;
  const found = gpu.createBuffer({ size: bytes, usage: usage.storage, label: 'cotangent probe' });
  const landing = gpu.createBuffer({ size: bytes, usage: usage.staging, label: 'cotangent probe' });
  try {
    const pipeline = (await gpu.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: gpu.createShaderModule({ code: text, label: 'cotangent probe' }), entryPoint: 'main' },
    })) as { getBindGroupLayout(index: number): object };
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: { buffer: found } }];
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(found, 0, landing, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    await landing.mapAsync(mapRead);
    return new Uint32Array(landing.getMappedRange()).every((x) => x === 1);
  } catch {
    return false;
  } finally {
    found.destroy();
    landing.destroy();
  }
};
