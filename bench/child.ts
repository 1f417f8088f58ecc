// A child process of the benchmark, bundled beside its adapter by peer.ts: `child.js <adapter> <device>` answers one JSON command a line, '@@' before each answer.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Adapter, DeviceKind } from './adapters/adapter.ts';
import { answerer, inputsOf, type Command } from './answer.ts';

const [name = '', device = 'wasm'] = process.argv.slice(2);

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

// Libraries made for browsers look for `navigator.gpu` and the constants of WebGPU; here they are Dawn's.
if (device === 'webgpu') {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const navigator = { gpu: create([]), userAgent: `Node/${process.versions.node}`, hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

const answer = answerer({
  device: device as DeviceKind,
  adapter: async () => {
    const url = new URL(`./adapters/${name}.js`, import.meta.url).href;
    return ((await import(url)) as { readonly adapter: Adapter }).adapter;
  },
  inputs: (folder) =>
    inputsOf(
      JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Parameters<typeof inputsOf>[0],
      (file) => Promise.resolve(new Uint8Array(readFileSync(join(folder, file))).buffer),
    ),
  save: (file, values) => {
    writeFileSync(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return Promise.resolve();
  },
  memory: () => {
    const { rss, arrayBuffers, external } = process.memoryUsage();
    return { rss, arrayBuffers, external };
  },
  peak: () => process.resourceUsage().maxRSS * 1024,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as Command;
  if (message.command === 'quit') process.exit(0);
  process.stdout.write(`@@${JSON.stringify(await answer(message))}\n`);
}
