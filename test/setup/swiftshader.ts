// Gives tests a WebGPU device everywhere: Google's software Vulkan (SwiftShader) unpacked from an npm package.
import { join } from 'node:path';
import { requestGpu } from './gpu.ts';
import { packageRuns, unpack } from './unpack.ts';

/**
 * The environment that a child process needs to find a Vulkan driver: SwiftShader's, unless `COTANGENT_GPU=system` or an
 * ICD chosen by the caller asks for another one. Empty where the archive does not run (anything but Linux on x64).
 *
 * It has to be a child's environment: the dynamic loader reads LD_LIBRARY_PATH once, when a process starts.
 */
export const swiftShaderEnv = (): Readonly<Record<string, string>> => {
  if (!packageRuns) return {};
  const { env } = process;
  const dir = unpack('swiftshader', ['swiftshader.tar.br'], (file) => /vulkan|vk_swiftshader/.test(file));
  const paths = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((path) => path !== '' && path !== dir);
  const loader = { LD_LIBRARY_PATH: [...paths, dir].join(':') };
  const wished = env['VK_ICD_FILENAMES'] ?? env['VK_DRIVER_FILES'];
  if (env['COTANGENT_GPU'] === 'system' || (wished !== undefined && !wished.startsWith(dir))) return loader;
  const icd = join(dir, 'vk_swiftshader_icd.json');
  return { ...loader, VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd };
};

/**
 * Dawn 0.6.2 crashes the process when the object made by `create` is collected while an operation of one of its devices
 * is pending, the loss that `destroy` brings among them: they live as long as the test's process, which is ended from outside.
 */
const instances: unknown[] = [];

/**
 * A fresh WebGPU device through Dawn (the `webgpu` package), for tests. Call `device.destroy()` when done.
 *
 * @throws Error when there is no adapter: a test of the GPU fails on such a machine, it never passes unrun.
 */
export const testGpuDevice = async (options?: {
  readonly features?: readonly GPUFeatureName[];
  readonly toggles?: readonly string[];
}): Promise<GPUDevice> => {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  // SwiftShader compiles the clearing of workgroup memory into one store an element: seconds for a kernel with tiles.
  const toggles = ['disable_workgroup_init', ...(options?.toggles ?? [])];
  const gpu = create(['backend=vulkan', `enable-dawn-features=${toggles.join(',')}`]);
  const device = await requestGpu(gpu, options?.features).catch((error: unknown) => {
    throw new Error(
      `testGpuDevice: ${String(error)}. Run under vitest or \`npx tsx scripts/with-swiftshader.ts <command>\`, which put ` +
        `SwiftShader in the environment (VK_ICD_FILENAMES=${process.env['VK_ICD_FILENAMES'] ?? 'unset'}).`,
    );
  });
  instances.push(gpu);
  return device;
};
