// Gives tests a WebGPU device everywhere: Google's software Vulkan (SwiftShader) unpacked from an npm package.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { wantedFeatures, wantedLimits } from '../../src/wgsl/limits.ts';

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The directory of `@sparticuz/chromium`, whose archive holds the driver, and its version. */
const chromiumPackage = (): { readonly archive: string; readonly version: string } => {
  const main = require.resolve('@sparticuz/chromium');
  const dir = main.slice(0, main.lastIndexOf(join('@sparticuz', 'chromium')) + join('@sparticuz', 'chromium').length);
  const { version } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string };
  return { archive: join(dir, 'bin', 'swiftshader.tar.br'), version };
};

/** The regular files of an uncompressed tar archive, by name. */
const tarFiles = (tar: Buffer): ReadonlyMap<string, Buffer> => {
  const text = (from: number, length: number): string =>
    tar
      .subarray(from, from + length)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  const files = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12).trim(), 8);
    const kind = text(at + 156, 1);
    if (kind === '' || kind === '0') files.set(text(at, 100), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
};

/** Unpacks the driver once into `node_modules/.cache` and returns its folder. Several processes may race here. */
const unpack = (): string => {
  const { archive, version } = chromiumPackage();
  const cache = join(root, 'node_modules', '.cache', 'cotangent');
  const target = join(cache, `swiftshader-${version}`);
  if (existsSync(target)) return target;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'unpack-'));
  for (const [name, bytes] of tarFiles(brotliDecompressSync(readFileSync(archive)))) {
    if (/vulkan|vk_swiftshader/.test(name)) writeFileSync(join(fresh, name), bytes, { mode: 0o755 });
  }
  try {
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
};

/**
 * The environment that a child process needs to find a Vulkan driver: SwiftShader's, unless `COTANGENT_GPU=system` or an
 * ICD chosen by the caller asks for another one. Empty where the archive does not run (anything but Linux on x64).
 *
 * It has to be a child's environment: the dynamic loader reads LD_LIBRARY_PATH once, when a process starts.
 */
export const swiftShaderEnv = (): Readonly<Record<string, string>> => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return {};
  const { env } = process;
  const dir = unpack();
  const paths = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((path) => path !== '' && path !== dir);
  const loader = { LD_LIBRARY_PATH: [...paths, dir].join(':') };
  const wished = env['VK_ICD_FILENAMES'] ?? env['VK_DRIVER_FILES'];
  if (env['COTANGENT_GPU'] === 'system' || (wished !== undefined && !wished.startsWith(dir))) return loader;
  const icd = join(dir, 'vk_swiftshader_icd.json');
  return { ...loader, VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd };
};

/**
 * Dawn 0.6.2 crashes the process when the object made by `create` is collected while an operation of one of its devices
 * is pending, so each device keeps its own alive (and nothing else does: a global reference would leak it).
 */
const instances = new WeakMap<GPUDevice, unknown>();

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
  const toggles = options?.toggles?.length ? [`enable-dawn-features=${options.toggles.join(',')}`] : [];
  const gpu = create(['backend=vulkan', ...toggles]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) {
    throw new Error(
      'testGpuDevice: no WebGPU adapter. Run under vitest or `npx tsx scripts/with-swiftshader.ts <command>`, which put ' +
        `SwiftShader in the environment (VK_ICD_FILENAMES=${process.env['VK_ICD_FILENAMES'] ?? 'unset'}).`,
    );
  }
  const device = await adapter.requestDevice({
    requiredFeatures: (options?.features ?? (wantedFeatures as GPUFeatureName[])).filter((f) =>
      adapter.features.has(f),
    ),
    requiredLimits: Object.fromEntries(
      wantedLimits.map((name) => [name, adapter.limits[name as keyof GPUSupportedLimits] as number]),
    ),
  });
  instances.set(device, gpu);
  return device;
};
