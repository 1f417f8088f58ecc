// What a benchmark process does with a command, in Node or in a page: loads one library's adapter, makes its cases ready, times them.
import type { Adapter, Case, DeviceKind, Setup } from './adapters/adapter.ts';
import type { Inputs } from './workloads.ts';

export interface Command {
  readonly command: 'load' | 'setup' | 'result' | 'time' | 'memory' | 'quit';
  readonly workload: string;
  readonly folder: string;
  readonly file: string;
  readonly minMs: number;
  readonly minRuns: number;
  readonly maxMs: number;
  readonly runs: number;
  readonly every: number;
}

/** What the process around it can do. */
export interface Surroundings {
  readonly device: DeviceKind;
  readonly adapter: () => Promise<Adapter>;
  readonly inputs: (folder: string) => Promise<Inputs>;
  readonly save: (file: string, values: Float32Array) => Promise<void>;
  readonly memory: () => Readonly<Record<string, number>>;
  readonly peak: () => number;
  /** Milliseconds that the threads of this process have computed. */
  readonly cpu?: () => number;
}

/** The inputs of a workload by its manifest, which writeInputs made. */
export const inputsOf = async (
  manifest: Readonly<Record<string, { readonly shape: number[]; readonly dtype: string; readonly file: string }>>,
  read: (file: string) => Promise<ArrayBuffer>,
): Promise<Inputs> => {
  const entries = Object.entries(manifest).map(async ([name, { shape, dtype, file }]) => {
    const bytes = await read(file);
    return [name, { shape, data: dtype === '<i4' ? new Int32Array(bytes) : new Float32Array(bytes) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};

const runOnce = async (c: Case): Promise<void> => {
  const pending = c.run();
  if (pending !== undefined) await pending;
};

const timed = async (c: Case, minMs: number, minRuns: number, maxMs: number): Promise<number[]> => {
  const times: number[] = [];
  const begin = performance.now();
  for (;;) {
    const t0 = performance.now();
    const pending = c.run();
    if (pending !== undefined) await pending;
    const t1 = performance.now();
    times.push(t1 - t0);
    if (t1 - begin >= maxMs || (t1 - begin >= minMs && times.length >= minRuns)) return times;
  }
};

interface Info {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}
/** What the adapter of `navigator.gpu` says of itself. */
const gpuInfo = async (): Promise<string> => {
  const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<{ readonly info: Info } | null> } };
  const adapter = await gpu?.requestAdapter();
  if (!adapter) throw new Error('navigator.gpu has no adapter');
  const { vendor, architecture, description } = adapter.info;
  return [vendor, architecture, description].filter((s) => s !== '').join(' ');
};

/** Answers commands one at a time; an error is an answer. */
export const answerer = (around: Surroundings): ((m: Command) => Promise<object>) => {
  let library: Awaited<ReturnType<Adapter['load']>> | undefined;
  let inputs: Inputs | undefined;
  let current: Case | undefined;

  const answer = async (m: Command): Promise<object> => {
    switch (m.command) {
      case 'load': {
        const gpu = around.device === 'webgpu' ? { gpu: await gpuInfo() } : {};
        const t0 = performance.now();
        library = await (await around.adapter()).load(around.device);
        return { versions: { ...library.versions, ...gpu }, importMs: performance.now() - t0 };
      }
      case 'setup': {
        const setup: Setup | string = library!.cases[m.workload] ?? 'not written';
        if (typeof setup === 'string') return { cannot: setup };
        current?.dispose?.();
        inputs ??= await around.inputs(m.folder);
        const t0 = performance.now();
        current = await setup(inputs);
        await runOnce(current);
        return { firstMs: performance.now() - t0 };
      }
      case 'result': {
        const values = await current!.result();
        await around.save(m.file, values);
        return { length: values.length };
      }
      case 'time': {
        current!.reset?.();
        const before = around.cpu?.() ?? NaN;
        const times = await timed(current!, m.minMs, m.minRuns, m.maxMs);
        return { times, cpuMs: ((around.cpu?.() ?? NaN) - before) / times.length };
      }
      case 'memory': {
        current!.reset?.();
        const samples: object[] = [];
        for (let run = 1; run <= m.runs; run++) {
          await runOnce(current!);
          if (run % m.every !== 0) continue;
          samples.push({
            run,
            ...around.memory(),
            ...(library!.bytes === undefined ? {} : { own: library!.bytes() }),
          });
        }
        return { samples, peak: around.peak() };
      }
      case 'quit':
        return {};
    }
  };

  return async (m) => {
    try {
      return await answer(m);
    } catch (error) {
      return {
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
        stack: error instanceof Error ? error.stack : undefined,
      };
    }
  };
};
