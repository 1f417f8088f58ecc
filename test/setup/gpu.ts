// Asks a `GPU` (a browser's, or Dawn's in Node) for a device with what the library wants of one.
import { wantedFeatures, wantedLimits } from '../../src/wgsl/limits.ts';

/**
 * @param features Instead of those that the library wants.
 * @throws Error when there is no adapter.
 */
export const requestGpu = async (
  gpu: GPU | undefined,
  features: readonly string[] = wantedFeatures,
): Promise<GPUDevice> => {
  const adapter = await gpu?.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter');
  return adapter.requestDevice({
    requiredFeatures: (features as readonly GPUFeatureName[]).filter((f) => adapter.features.has(f)),
    requiredLimits: Object.fromEntries(
      wantedLimits.map((name) => [name, adapter.limits[name as keyof GPUSupportedLimits] as number]),
    ),
  });
};
