// A GPU for Node: a WebGPU device through Dawn, which the optional package `webgpu` holds.
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { DeviceError } from '../core/errors.ts';
import { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from '../wgsl/device.ts';
import type { GpuDevice } from '../wgsl/gpu.ts';
import { wantedFeatures, wantedLimits } from '../wgsl/limits.ts';

export interface NodeGpuOptions extends WebGpuOptions {
  /** Dawn's backend: `vulkan`, `metal`, `d3d12`. Default: whatever the system has. */
  readonly backend?: string;
  /** Dawn's toggles to enable, for example `disable_robustness`. */
  readonly toggles?: readonly string[];
}

interface Adapter {
  readonly info?: { readonly vendor?: string; readonly device?: string; readonly description?: string };
  readonly limits: Readonly<Record<string, number>>;
  readonly features: { has(name: string): boolean };
  requestDevice(descriptor: object): Promise<GpuDevice>;
}
interface Gpu {
  requestAdapter(options?: object): Promise<Adapter | null>;
}
interface Dawn {
  create(flags: string[]): Gpu;
}

const because = (error: unknown): string => (error instanceof Error ? error.message.split('\n')[0]! : String(error));

const dawn: TE.TaskEither<string, Dawn> = TE.tryCatch(
  async () => (await import('webgpu')) as unknown as Dawn,
  (error) => `the package 'webgpu' (Dawn) did not load: ${because(error)}; install it with npm install webgpu`,
);

const flagsOf = ({ backend, toggles = [] }: NodeGpuOptions): string[] => [
  ...(backend === undefined ? [] : [`backend=${backend}`]),
  ...(toggles.length === 0 ? [] : [`enable-dawn-features=${toggles.join(',')}`]),
];

/** Dawn crashes when its instance is collected before its devices, and keeps Node alive while the instance is reachable. */
const instances = new WeakMap<GpuDevice, Gpu>();

const acquire =
  (options: NodeGpuOptions) =>
  ({ create }: Dawn): TE.TaskEither<string, WebGpuDevice> =>
    TE.tryCatch(
      async () => {
        const gpu = create(flagsOf(options));
        const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
        if (adapter === null)
          throw new Error(
            `Dawn found no adapter${options.backend === undefined ? '' : ` for the backend ${options.backend}`}`,
          );
        const device = await adapter.requestDevice({
          requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]])),
          requiredFeatures: wantedFeatures.filter((name) => adapter.features.has(name)),
        });
        instances.set(device, gpu);
        const { info } = adapter;
        const label = [info?.description, info?.device, info?.vendor].find((x) => x !== undefined && x !== '');
        return createWebGpuDevice(device, {
          ...options,
          name: options.name ?? (label === undefined ? 'webgpu' : `webgpu (${label})`),
        });
      },
      (error) => `${because(error)}; check that the machine has a GPU with a Vulkan, Metal or Direct3D 12 driver`,
    );

/**
 * A WebGPU device in Node, as a task; a `Left` holds a DeviceError that tells what was tried.
 *
 * @example
 * const device = pipe(await webgpuDeviceTask()(), either.getOrElse((): Backend => defaultDevice()));
 */
export const webgpuDeviceTask = (options: NodeGpuOptions = {}): TE.TaskEither<DeviceError, WebGpuDevice> =>
  F.pipe(
    dawn,
    TE.chain(acquire(options)),
    TE.mapLeft((tried) => new DeviceError('webgpuDevice', tried)),
  );

/**
 * A WebGPU device in Node, through Dawn (`npm install webgpu`). Rejects with a DeviceError that tells what was tried.
 *
 * @example
 * const device = await webgpuDevice();
 * const step = jit(trainStep, { device });
 */
export const webgpuDevice = async (options: NodeGpuOptions = {}): Promise<WebGpuDevice> =>
  F.pipe(
    await webgpuDeviceTask(options)(),
    E.match(
      (error) => {
        throw error;
      },
      (device) => device,
    ),
  );
