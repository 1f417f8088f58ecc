// The GPU that the tests see is real enough to run a compute shader.
import { describe, expect, it } from 'vitest';
import { testGpuDevice } from '../setup/swiftshader.ts';

describe('WebGPU through Dawn', () => {
  it('doubles numbers in a compute shader', async () => {
    const device = await testGpuDevice();
    const input = Float32Array.from({ length: 100 }, (_, i) => i - 50);
    const storage = device.createBuffer({
      size: input.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    const staging = device.createBuffer({
      size: input.byteLength,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(storage, 0, input);
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var<storage, read_write> x: array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
          if (id.x < arrayLength(&x)) { x[id.x] = 2 * x[id.x]; }
        }`,
    });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: storage } }],
      }),
    );
    pass.dispatchWorkgroups(2);
    pass.end();
    encoder.copyBufferToBuffer(storage, 0, staging, 0, input.byteLength);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const output = [...new Float32Array(staging.getMappedRange())];
    device.destroy();
    expect(output).toEqual([...input].map((v) => 2 * v));
  });
});
