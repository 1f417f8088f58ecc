// The WebGPU device: compiles planned programs into pipelines and runs each with one submission.
import type { DType } from '../core/dtype.ts';
import { DTypeError } from '../core/errors.ts';
import { HostStorage } from '../core/host.ts';
import type { Backend, Executable } from '../jit/backend.ts';
import type { Plan } from '../jit/kernel.ts';
import { planProgram } from '../jit/plan.ts';
import { hasRoutine } from './attention-frame.ts';
import { createCounters } from './counters.ts';
import { createExecutable, uploadTo } from './executable.ts';
import { createFaults } from './faults.ts';
import type { GpuDevice } from './gpu.ts';
import { createEffects } from './host-calls.ts';
import { limitsOf } from './limits.ts';
import { renderModule } from './module.ts';
import { splitWide } from './wide.ts';
import { narrowFloats } from './narrow.ts';
import { createCollector, createPace } from './pace.ts';
import { createPipelines } from './pipelines.ts';
import { createBlocks, type PoolStats, type Span } from './pool.ts';
import { createQueue } from './queue.ts';
import { createStaging } from './staging.ts';
import type { Home } from './storage.ts';

export interface WebGpuOptions {
  /** Most bytes of buffers in use; a call that needs more is an error. Default 1 GiB. */
  readonly budget?: number;
  /** What messages call the device. Default `webgpu`. */
  readonly name?: string;
  /** Whether kernels may use subgroups where there are any; they take them to be runs of consecutive invocations. Default true. */
  readonly subgroups?: boolean;
}

export interface WebGpuMemory extends PoolStats {
  /** Most bytes that may be in use. */
  readonly budget: number;
  /** Bytes of all buffers, in use and kept. */
  readonly reserved: number;
  /** Bytes of buffers in use, as on the WebAssembly device; values of a GPU never go elsewhere. */
  readonly residentBytes: number;
  readonly residentValues: number;
  readonly spilled: number;
}

export interface WebGpuDevice extends Backend {
  readonly kind: 'webgpu';
  /** Compiles a plan as it stands. Tests of single kernels begin here. */
  compilePlan(plan: Plan, dtypes: readonly DType[], donated?: ReadonlySet<number>): Executable;
  memory(): WebGpuMemory;
  /** Gives everything back to the GPU; values on the device are lost. */
  destroy(): void;
}

// Rows that several stages share are kept in scratch memory, so this bounds nothing but its size.
const longestRow = 65536;
// Bytes of values that may lie about before the engine is made to collect them.
const mostGarbage = 256 * 2 ** 20;

/**
 * A device over a `GPUDevice`, best requested with the adapter's limits and features that limits.ts names: kernels grow with them.
 * Programs compile asynchronously: a call returns at once, its results are pending, and a failure surfaces where they are
 * read. Dtypes: float32, int32, uint32, bool; weak scalars compute in float32. Values are read by `await`.
 *
 * @example
 * const adapter = await navigator.gpu.requestAdapter();
 * const device = createWebGpuDevice(await adapter.requestDevice());
 * const y = jit(f, { device })(x);
 */
export const createWebGpuDevice = (gpu: GpuDevice, options: WebGpuOptions = {}): WebGpuDevice => {
  const budget = options.budget ?? 2 ** 30;
  const limits = limitsOf(gpu, options.subgroups);
  const pace = createPace(gpu);
  const faults = createFaults(gpu, () => pace.submitted);
  const queue = createQueue();
  const pool = createBlocks(gpu, budget, gpu.limits.maxStorageBufferBindingSize, queue, faults);
  const counters = createCounters(gpu);
  const pipelines = createPipelines(gpu, counters, faults);

  const device: WebGpuDevice = {
    kind: 'webgpu',
    name: options.name ?? 'webgpu',
    compile: (program, donated) => {
      const narrowed = narrowFloats(program);
      const plan = planProgram(
        narrowed,
        {
          buffers: limits.buffers - 1,
          row: longestRow,
          inPlace: true,
          sums: true,
          rewrite: (p) => splitWide(p, limits.buffers - 1),
          routine: (r, inputs) => hasRoutine(r, inputs, limits),
        },
        { donated },
      );
      const dtypes = program.outs.map((v) => v.aval.dtype);
      return device.compilePlan(plan, dtypes, donated);
    },
    compilePlan: (plan, dtypes, donated = new Set()) =>
      createExecutable(home, pipelines, plan, renderModule(plan, limits), dtypes, donated),
    upload: (elements, dtype, weak) => {
      // A weak scalar travels with each call; a float64 would lose its precision here.
      if (dtype === 'float64') {
        if (weak) return new HostStorage(elements.slice());
        throw new DTypeError(
          'devicePut',
          "the value is float64, which WebGPU does not have; convert it with astype(x, 'float32') first",
        );
      }
      return uploadTo(home, elements.slice(), dtype);
    },
    memory: () => {
      const { stats } = pool;
      return {
        ...stats,
        budget,
        reserved: stats.used + stats.idle,
        residentBytes: stats.used,
        residentValues: home.values.live,
        spilled: 0,
      };
    },
    destroy: () => gpu.destroy(),
  };
  const home: Home = {
    device,
    gpu,
    pool,
    queue,
    counters,
    faults,
    pace,
    staging: createStaging(gpu),
    collector: createCollector(Math.min(budget / 4, mostGarbage), () => pool.stats.used),
    effects: createEffects(),
    values: { live: 0 },
    finalizer: new FinalizationRegistry<Span>((span) => {
      home.values.live--;
      pool.give(span);
    }),
    seen: new WeakSet(),
  };
  return device;
};
