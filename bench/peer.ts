// One library in one child process of its own: how it is built, started, spoken to line by line, and ended.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { CHECKED_STEPS, HYPER, LOOPS, parameterNames, type Workload } from './workloads.ts';

/** A column of the table. */
export interface Library {
  readonly name: string;
  readonly adapter: 'cotangent' | 'tfjs' | 'jaxjs' | 'torch';
  /** Relaxed SIMD: forced on, forced off, or as the engine has it. */
  readonly relaxed?: 'on' | 'off';
}

export const libraries: readonly Library[] = [
  { name: 'torch', adapter: 'torch' },
  { name: 'tfjs', adapter: 'tfjs' },
  { name: 'jaxjs', adapter: 'jaxjs' },
  { name: 'cotangent', adapter: 'cotangent', relaxed: 'off' },
  { name: 'cotangent-relaxed', adapter: 'cotangent', relaxed: 'on' },
];

const here = import.meta.dirname;
const built = join(here, '.build');

/** Bundles the child and the adapters in use, so that every Node runs plain JavaScript and no loader stands in the measured path. */
export const buildChildren = async (used: readonly Library[]): Promise<void> => {
  const adapters = [...new Set(used.map((l) => l.adapter))].filter((a) => a !== 'torch');
  await build({
    entryPoints: [join(here, 'child.ts'), ...adapters.map((a) => join(here, 'adapters', `${a}.ts`))],
    outdir: built,
    outbase: here,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
  // The bundles are ES modules wherever the folder is looked up from.
  writeFileSync(join(built, 'package.json'), '{"type":"module"}\n');
};

/** The first python3 that can import torch, or why there is none. */
export const findTorch = (): string | undefined =>
  ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
  );

/** Writes the inputs of a workload as raw little-endian files with a manifest, for every library to read; returns the folder. */
export const writeInputs = (workload: Workload): string => {
  const folder = mkdtempSync(join(tmpdir(), `bench-${workload.name}-`));
  mkdirSync(folder, { recursive: true });
  const manifest: Record<string, object> = {};
  for (const [name, { data, shape }] of Object.entries(workload.inputs())) {
    const file = `${name}.bin`;
    writeFileSync(join(folder, file), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    manifest[name] = { shape, file, dtype: data instanceof Int32Array ? '<i4' : '<f4' };
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
};

export interface Answer {
  readonly cannot?: string;
  readonly error?: string;
  readonly versions?: Readonly<Record<string, string>>;
  readonly importMs?: number;
  readonly firstMs?: number;
  readonly times?: readonly number[];
  readonly samples?: readonly Readonly<Record<string, number>>[];
  readonly peak?: number;
}

export interface Peer {
  readonly library: Library;
  readonly versions: Readonly<Record<string, string>>;
  readonly importMs: number;
  readonly ask: (message: Readonly<Record<string, unknown>>) => Promise<Answer>;
  readonly quit: () => void;
}

export interface StartOptions {
  readonly node: string;
  /** Whether that Node validates relaxed SIMD only with its flag. */
  readonly needsRelaxedFlag: boolean;
  readonly python: string | undefined;
  readonly calls: number;
}

/** Starts a child and loads its library; rejects with what the child said on stderr if it dies. */
export const startPeer = async (library: Library, o: StartOptions): Promise<Peer> => {
  if (library.adapter === 'torch' && o.python === undefined) throw new Error('no python3 that can import torch');
  const env = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
    ...(library.relaxed === undefined ? {} : { BENCH_RELAXED: library.relaxed }),
  };
  const flags = library.relaxed === 'on' && o.needsRelaxedFlag ? ['--experimental-wasm-relaxed-simd'] : [];
  const child: ChildProcess =
    library.adapter === 'torch'
      ? spawn(o.python!, [join(here, 'adapters', 'torch.py')], { env, stdio: ['pipe', 'pipe', 'pipe'] })
      : spawn(o.node, [...flags, join(built, 'child.js'), library.adapter], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let noise = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    noise = (noise + chunk.toString()).slice(-2000);
  });
  let settle: { resolve: (a: Answer) => void; reject: (e: Error) => void } | undefined;
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line.startsWith('@@')) settle?.resolve(JSON.parse(line.slice(2)) as Answer);
  });
  child.on('exit', (code, signal) =>
    settle?.reject(new Error(`${library.name} ended with ${signal ?? code}: ${noise.trim()}`)),
  );
  child.on('error', (error) => settle?.reject(error));
  const ask = (message: Readonly<Record<string, unknown>>): Promise<Answer> =>
    new Promise<Answer>((resolve, reject) => {
      settle = { resolve, reject };
      child.stdin!.write(`${JSON.stringify(message)}\n`);
    });
  const loaded = await ask({
    command: 'load',
    hyper: HYPER,
    loops: LOOPS,
    parameterNames,
    steps: CHECKED_STEPS,
    calls: o.calls,
  });
  if (loaded.error !== undefined) {
    child.kill();
    throw new Error(loaded.error);
  }
  const quit = (): void => {
    settle = undefined;
    child.stdin!.end(`${JSON.stringify({ command: 'quit' })}\n`);
  };
  return { library, versions: loaded.versions ?? {}, importMs: loaded.importMs ?? NaN, ask, quit };
};
