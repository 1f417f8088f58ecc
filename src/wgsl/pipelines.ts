// Compute pipelines and bind group layouts, made once for each text and each pattern of access.
import { DeviceError } from '../core/errors.ts';
import type { Counters } from './counters.ts';
import { briefly, textOf, type Faults } from './faults.ts';
import { computeStage, type GpuDevice, type GpuObject } from './gpu.ts';
import type { Dispatch } from './steps.ts';

export interface Pipeline {
  readonly layout: GpuObject;
  /** Set when compiled. */
  pipeline: GpuObject | undefined;
  readonly compiled: Promise<void>;
}

export interface Pipelines {
  get(d: Dispatch): Pipeline;
}

const refused = (d: Dispatch, cause: unknown): DeviceError =>
  new DeviceError(d.name, `the GPU's compiler refused the kernel: ${briefly(textOf(cause))}`, { cause });

/** Compiles asynchronously, many at once; a text that was seen before is not compiled again while its pipeline is in use. */
export const createPipelines = (gpu: GpuDevice, counters: Counters, faults: Faults): Pipelines => {
  const layouts = new Map<string, { readonly group: GpuObject; readonly pipeline: GpuObject }>();
  const known = new Map<string, WeakRef<Pipeline>>();
  const forget = new FinalizationRegistry<string>((wgsl) => {
    if (known.get(wgsl)?.deref() === undefined) known.delete(wgsl);
  });

  const layoutOf = (d: Dispatch): { readonly group: GpuObject; readonly pipeline: GpuObject } => {
    const key = d.bindings.map((b) => (b.write ? 'w' : 'r')).join('') + String(d.digits.length);
    let found = layouts.get(key);
    if (found === undefined) {
      const group = gpu.createBindGroupLayout({
        entries: d.bindings.map((b, binding) => ({
          binding,
          visibility: computeStage,
          buffer: { type: b.write ? 'storage' : 'read-only-storage' },
        })),
      });
      const bindGroupLayouts = d.digits.length === 0 ? [group] : [group, counters.layout(d.digits.length)];
      found = { group, pipeline: gpu.createPipelineLayout({ bindGroupLayouts }) };
      layouts.set(key, found);
    }
    return found;
  };

  const make = (d: Dispatch): Pipeline => {
    const layout = layoutOf(d);
    // What is wrong with a text is told when its module is made; the pipeline only repeats that.
    const { result: compiled, verdict } = faults.scoped(
      () => {
        const module = gpu.createShaderModule({ code: d.wgsl, label: d.name });
        return gpu.createComputePipelineAsync({ label: d.name, layout: layout.pipeline, compute: { module } });
      },
      ({ message }) => refused(d, message),
    );
    const compiling = Promise.allSettled([verdict, compiled]).then(([told, made]) => {
      if (told.status === 'rejected') throw told.reason;
      if (made.status === 'rejected') throw refused(d, made.reason);
      result.pipeline = made.value;
    });
    const result: Pipeline = { layout: layout.group, pipeline: undefined, compiled: compiling };
    // Whoever runs the program sees the failure; nobody else has to.
    compiling.catch(() => undefined);
    return result;
  };

  return {
    get: (d) => {
      const found = known.get(d.wgsl)?.deref();
      if (found !== undefined) return found;
      const made = make(d);
      known.set(d.wgsl, new WeakRef(made));
      forget.register(made, d.wgsl);
      return made;
    },
  };
};
