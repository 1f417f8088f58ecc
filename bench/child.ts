// A child process of the benchmark, bundled beside its adapter by peer.ts: loads one library's adapter and answers one JSON command a line, '@@' before each answer.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Adapter, Case, Setup } from './adapters/adapter.ts';
import type { Inputs } from './workloads.ts';

const readInputs = (folder: string): Inputs => {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Record<
    string,
    { shape: number[]; dtype: string; file: string }
  >;
  return Object.fromEntries(
    Object.entries(manifest).map(([name, { shape, dtype, file }]) => {
      const bytes = new Uint8Array(readFileSync(join(folder, file))).buffer;
      return [name, { shape, data: dtype === '<i4' ? new Int32Array(bytes) : new Float32Array(bytes) }];
    }),
  );
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

interface Command {
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

// Node 24 has no flag that turns relaxed SIMD off; a library that asks the engine by validating a small module is told no.
if (process.env['BENCH_RELAXED'] === 'off') {
  const validate = WebAssembly.validate.bind(WebAssembly);
  const isRelaxedProbe = (bytes: Uint8Array): boolean =>
    bytes.length < 256 &&
    bytes.some((byte, i) => byte === 0xfd && bytes[i + 1]! >= 0x80 && bytes[i + 1]! <= 0x93 && bytes[i + 2] === 0x02);
  WebAssembly.validate = (source): boolean => {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    return !isRelaxedProbe(bytes) && validate(source);
  };
}

let library: Awaited<ReturnType<Adapter['load']>> | undefined;
let inputs: Inputs | undefined;
let current: Case | undefined;

const answer = async (m: Command): Promise<object> => {
  switch (m.command) {
    case 'load': {
      const t0 = performance.now();
      const url = new URL(`./adapters/${process.argv[2]}.js`, import.meta.url).href;
      library = await ((await import(url)) as { readonly adapter: Adapter }).adapter.load();
      return { versions: library.versions, importMs: performance.now() - t0 };
    }
    case 'setup': {
      const setup: Setup | string = library!.cases[m.workload] ?? 'not written';
      if (typeof setup === 'string') return { cannot: setup };
      current?.dispose?.();
      inputs ??= readInputs(m.folder);
      const t0 = performance.now();
      current = await setup(inputs);
      await runOnce(current);
      return { firstMs: performance.now() - t0 };
    }
    case 'result': {
      const values = await current!.result();
      writeFileSync(m.file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      return { length: values.length };
    }
    case 'time':
      current!.reset?.();
      return { times: await timed(current!, m.minMs, m.minRuns, m.maxMs) };
    case 'memory': {
      current!.reset?.();
      const samples: object[] = [];
      for (let run = 1; run <= m.runs; run++) {
        await runOnce(current!);
        if (run % m.every !== 0) continue;
        const { rss, arrayBuffers, external } = process.memoryUsage();
        samples.push({
          run,
          rss,
          arrayBuffers,
          external,
          ...(library!.bytes === undefined ? {} : { own: library!.bytes() }),
        });
      }
      return { samples, peak: process.resourceUsage().maxRSS * 1024 };
    }
    case 'quit':
      process.exit(0);
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  let reply: object;
  try {
    reply = await answer(JSON.parse(line) as Command);
  } catch (error) {
    reply = {
      error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      stack: error instanceof Error ? error.stack : undefined,
    };
  }
  process.stdout.write(`@@${JSON.stringify(reply)}\n`);
}
