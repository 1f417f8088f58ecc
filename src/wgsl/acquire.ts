// Getting a WebGPU device: from the browser's or the runtime's `navigator.gpu`, or in Node from Dawn, the optional package `webgpu`.
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { DeviceError } from '../core/errors.ts';
import { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from './device.ts';
import { textOf } from './faults.ts';
import type { GpuDevice } from './gpu.ts';
import { wantedFeatures, wantedLimits } from './limits.ts';
import { consecutiveSubgroups } from './probe.ts';

export interface AcquireOptions extends WebGpuOptions {
  /** Which GPU, where there are several. Default `high-performance`. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** In Node, Dawn's backend: `vulkan`, `metal`, `d3d12`. Default: whatever the system has. */
  readonly backend?: string;
  /** In Node, Dawn's toggles to enable, for example `disable_robustness`. */
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
/** Where adapters come from, and what messages call it. */
interface Source {
  readonly gpu: Gpu;
  readonly name: string;
  readonly advice: string;
}

const because = (error: unknown): string => textOf(error).split('\n')[0]!;

const navigatorGpu = (): Gpu | undefined =>
  (globalThis as { readonly navigator?: { readonly gpu?: Gpu } }).navigator?.gpu ?? undefined;
const inNode = (): boolean =>
  (globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } }).process?.versions?.node !==
  undefined;

// A name that bundlers cannot follow: a page has no use for the package, and need not have it.
const dawnPackage: string = ['web', 'gpu'].join('');

const fromDawn = ({ backend, toggles = [] }: AcquireOptions): TE.TaskEither<string, Source> =>
  TE.tryCatch(
    async () => {
      const { create } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ dawnPackage)) as Dawn;
      const flags = [
        ...(backend === undefined ? [] : [`backend=${backend}`]),
        ...(toggles.length === 0 ? [] : [`enable-dawn-features=${toggles.join(',')}`]),
      ];
      return {
        gpu: create(flags),
        name: `Dawn (the package 'webgpu')${backend === undefined ? '' : ` with the backend ${backend}`}`,
        advice: 'check that the machine has a GPU with a Vulkan, Metal or Direct3D 12 driver',
      };
    },
    (error) => `the package 'webgpu' (Dawn) did not load: ${because(error)}; install it with npm install webgpu`,
  );

const source = (options: AcquireOptions): TE.TaskEither<string, Source> => {
  const gpu = navigatorGpu();
  if (gpu !== undefined)
    return TE.right({
      gpu,
      name: 'navigator.gpu',
      advice: 'check that hardware acceleration is on (about:gpu, chrome://gpu) and that the GPU is not blocked',
    });
  return inNode()
    ? fromDawn(options)
    : TE.left(
        'navigator.gpu is missing: the browser has no WebGPU, or the page is not served over https or from localhost; use a recent Chrome, Edge, Safari or Firefox',
      );
};

/** Dawn crashes when its instance is collected before its devices, and keeps Node alive while the instance is reachable. */
const instances = new WeakMap<GpuDevice, Gpu>();

const request =
  (options: AcquireOptions) =>
  ({ gpu, name, advice }: Source): TE.TaskEither<string, WebGpuDevice> =>
    TE.tryCatch(
      async () => {
        const { powerPreference = 'high-performance' } = options;
        // Some systems refuse where they cannot follow the preference.
        const adapter = (await gpu.requestAdapter({ powerPreference })) ?? (await gpu.requestAdapter());
        if (adapter === null) throw new Error('no adapter found');
        const device = await adapter.requestDevice({
          requiredLimits: Object.fromEntries(wantedLimits.map((limit) => [limit, adapter.limits[limit]])),
          requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
        });
        instances.set(device, gpu);
        const { info } = adapter;
        const label = [info?.description, info?.device, info?.vendor].find((x) => x !== undefined && x !== '');
        return createWebGpuDevice(device, {
          ...options,
          subgroups: (options.subgroups ?? true) && (await consecutiveSubgroups(device)),
          name: options.name ?? (label === undefined ? 'webgpu' : `webgpu (${label})`),
        });
      },
      (error) => `${name}: ${because(error)}; ${advice}`,
    );

/** A WebGPU device as a task; a `Left` holds a DeviceError that tells what was tried and what to do. */
export const webgpuTask = (options: AcquireOptions = {}): TE.TaskEither<DeviceError, WebGpuDevice> =>
  F.pipe(
    source(options),
    TE.chain(request(options)),
    TE.mapLeft((tried) => new DeviceError('devices.webgpu', `got no WebGPU device; tried ${tried}`)),
  );

/** The same as a promise, which rejects with the error. */
export const acquireWebGpu = async (options: AcquireOptions = {}): Promise<WebGpuDevice> =>
  F.pipe(
    await webgpuTask(options)(),
    E.match(
      (error) => {
        throw error;
      },
      (device) => device,
    ),
  );
