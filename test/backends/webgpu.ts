// A WebGPU device to run the cases of the backends on.
import { hostTensor } from '../../src/core/host.ts';
import type { ConcreteTensor } from '../../src/core/tensor.ts';
import type { WebGpuDevice } from '../../src/wgsl/device.ts';
import { leastLimits } from '../../src/wgsl/limits.ts';
import type { On } from './case.ts';

export const onWebGpu = (device: WebGpuDevice): On => ({
  device,
  runPlan: async (plan, inputs) => {
    const values = inputs.map((x, i) => {
      const { dtype, length } = plan.buffers.get(plan.inputs[i]!)!;
      return hostTensor(x, [length], dtype) as ConcreteTensor;
    });
    const dtypes = plan.outputs.map((id) => plan.buffers.get(id)!.dtype);
    const storages = device.compilePlan(plan, dtypes).run(values);
    return Promise.all(storages.map((s) => s.read()));
  },
  has: (dtype) => dtype !== 'float64',
  buffers: leastLimits.buffers,
  slack: 1e-6,
});
