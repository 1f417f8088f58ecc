// A WebGPU device of the browser.
import type { devices } from 'cotangent';
import { createWebGpuDevice, type WebGpuDevice } from '../../src/wgsl/device.ts';
import type { GpuDevice } from '../../src/wgsl/gpu.ts';
import { wantedFeatures, wantedLimits } from '../../src/wgsl/limits.ts';

export type BrowserDevice = WebGpuDevice | ReturnType<typeof devices.wasm>;

export const browserGpu = async (): Promise<WebGpuDevice> => {
  const gpu = (navigator as { readonly gpu?: GPU }).gpu;
  if (gpu === undefined) throw new Error('This browser has no WebGPU.');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('The browser has WebGPU but found no graphics adapter.');
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(
      wantedLimits.map((name) => [name, adapter.limits[name as keyof GPUSupportedLimits] as number]),
    ),
    requiredFeatures: wantedFeatures.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
  });
  const { description, vendor, architecture } = adapter.info;
  return createWebGpuDevice(device as unknown as GpuDevice, {
    name: `webgpu (${description || `${vendor} ${architecture}`.trim()})`,
  });
};
