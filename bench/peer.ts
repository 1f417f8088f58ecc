// One library in one process of its own, a child or a page: how it is built, started, spoken to, and ended.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build, type BuildOptions } from 'esbuild';
import { swiftShaderEnv } from '../test/setup/swiftshader.ts';
import { openPage } from './chromium.ts';
import { CHECKED_STEPS, HYPER, LOOPS, parameterNames, type Workload } from './workloads.ts';

/** A column of the table. */
export interface Library {
  readonly name: string;
  readonly adapter: 'cotangent' | 'tfjs' | 'jaxjs' | 'torch';
  /** Relaxed SIMD: forced on, forced off, or as the engine has it. */
  readonly relaxed?: 'on' | 'off';
  /** Where it uses WebGPU, if it does: through Dawn in Node, or in a page. */
  readonly gpu?: Place;
}

export type Place = 'dawn' | 'chromium';

export const libraries: readonly Library[] = [
  { name: 'torch', adapter: 'torch' },
  { name: 'tfjs', adapter: 'tfjs' },
  { name: 'jaxjs', adapter: 'jaxjs' },
  { name: 'cotangent', adapter: 'cotangent', relaxed: 'off' },
  { name: 'cotangent-relaxed', adapter: 'cotangent', relaxed: 'on' },
];

/** The libraries on WebGPU; PyTorch on the CPU says what the results are. */
export const gpuLibraries = (gpu: Place): readonly Library[] => [
  { name: 'torch', adapter: 'torch' },
  { name: 'tfjs', adapter: 'tfjs', gpu },
  { name: 'jaxjs', adapter: 'jaxjs', gpu },
  { name: 'cotangent', adapter: 'cotangent', gpu },
];

const here = import.meta.dirname;
/** Where the bundles are. */
export const built: string = join(here, '.build');

/** Versions of what is compared, put into the bundles: a page cannot look for them. */
const versions = (): Readonly<Record<string, string>> => {
  const require = createRequire(import.meta.url);
  const versionOf = (name: string): string => {
    const main = require.resolve(name);
    const root = main.slice(0, main.lastIndexOf(join('node_modules', name)) + join('node_modules', name).length);
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
  };
  return Object.fromEntries(['@jax-js/jax', 'webgpu'].map((name) => [name, versionOf(name)]));
};

const inNode = (): BuildOptions => ({
  outdir: built,
  outbase: here,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
  define: { VERSIONS: JSON.stringify(versions()) },
});

/** The bundles are ES modules wherever the folder is looked up from. */
const asModules = (): void => {
  mkdirSync(built, { recursive: true });
  writeFileSync(join(built, 'package.json'), '{"type":"module"}\n');
};

/** Bundles one script of this folder for Node. */
export const bundleScript = async (script: string): Promise<void> => {
  await build({ ...inNode(), entryPoints: [join(here, script)] });
  asModules();
};

/** Bundles the child (or the page) and the adapters in use, so that every engine runs plain JavaScript and no loader stands in the measured path. */
export const buildChildren = async (used: readonly Library[]): Promise<void> => {
  const bundle = async (shell: string, libraries: readonly Library[], options: BuildOptions): Promise<void> => {
    const adapters = [...new Set(libraries.map((l) => l.adapter))].filter((a) => a !== 'torch');
    if (adapters.length === 0) return;
    const entryPoints = [join(here, shell), ...adapters.map((a) => join(here, 'adapters', `${a}.ts`))];
    await build({ ...options, entryPoints });
  };
  const inPages = used.filter((l) => l.gpu === 'chromium');
  await bundle(
    'child.ts',
    used.filter((l) => l.gpu !== 'chromium'),
    inNode(),
  );
  const { packages: _packages, ...shared } = inNode();
  await bundle('page.ts', inPages, {
    ...shared,
    outdir: join(built, 'page'),
    platform: 'browser',
    target: 'es2022',
    external: ['node:*', 'webgpu', '@tensorflow/tfjs-backend-wasm'],
  });
  asModules();
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
  readonly cpuMs?: number | null;
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

interface Line {
  readonly ask: (message: Readonly<Record<string, unknown>>) => Promise<Answer>;
  readonly quit: () => void;
  readonly versions?: Readonly<Record<string, string>>;
}

/** A child process; an ask rejects with what the child said on stderr if it dies. */
const childLine = (library: Library, o: StartOptions): Line => {
  if (library.adapter === 'torch' && o.python === undefined) throw new Error('no python3 that can import torch');
  const env = {
    ...process.env,
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
    ...(library.relaxed === undefined ? {} : { BENCH_RELAXED: library.relaxed }),
    ...(library.gpu === undefined ? {} : swiftShaderEnv()),
  };
  const flags = library.relaxed === 'on' && o.needsRelaxedFlag ? ['--experimental-wasm-relaxed-simd'] : [];
  const device = library.gpu === undefined ? 'wasm' : 'webgpu';
  const child: ChildProcess =
    library.adapter === 'torch'
      ? spawn(o.python!, [join(here, 'adapters', 'torch.py')], { env, stdio: ['pipe', 'pipe', 'pipe'] })
      : spawn(o.node, [...flags, join(built, 'child.js'), library.adapter, device], {
          env,
          stdio: ['pipe', 'pipe', 'pipe'],
        });
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
  return {
    ask: (message) =>
      new Promise<Answer>((resolve, reject) => {
        settle = { resolve, reject };
        child.stdin!.write(`${JSON.stringify(message)}\n`);
      }),
    quit: () => {
      settle = undefined;
      child.stdin!.end(`${JSON.stringify({ command: 'quit' })}\n`);
    },
  };
};

const pageLine = async (library: Library): Promise<Line> => {
  const page = await openPage(library.name, library.adapter, join(built, 'page'));
  return { ask: (message) => page.ask(message), quit: page.quit, versions: { chromium: page.version } };
};

/** Starts a library in a process of its own and loads it. */
export const startPeer = async (library: Library, o: StartOptions): Promise<Peer> => {
  const {
    ask,
    quit,
    versions: shell = {},
  } = library.gpu === 'chromium' ? await pageLine(library) : childLine(library, o);
  const loaded = await ask({
    command: 'load',
    hyper: HYPER,
    loops: LOOPS,
    parameterNames,
    steps: CHECKED_STEPS,
    calls: o.calls,
  });
  if (loaded.error !== undefined) {
    quit();
    throw new Error(loaded.error);
  }
  return { library, versions: { ...loaded.versions, ...shell }, importMs: loaded.importMs ?? NaN, ask, quit };
};
