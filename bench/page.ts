// A page of the benchmark, bundled beside its adapter by peer.ts and opened by chromium.ts: `/?<adapter>` answers commands through `globalThis.answer`.
import type { Adapter } from './adapters/adapter.ts';
import { answerer, inputsOf, type Command } from './answer.ts';

declare global {
  /** One command, answered. */
  var answer: (m: Command) => Promise<object>;
  /** Appends a piece of a file, bytes as base64; given by chromium.ts. */
  var keepPiece: (file: string, base64: string) => Promise<void>;
}

const PIECE = 3 << 18;

const base64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
};

const get = async (path: string): Promise<Response> => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
};

globalThis.answer = answerer({
  device: 'webgpu',
  adapter: async () => {
    const url = `/adapters/${location.search.slice(1)}.js`;
    return ((await import(url)) as { readonly adapter: Adapter }).adapter;
  },
  inputs: async (folder) =>
    inputsOf(
      (await (await get(`/inputs${folder}/manifest.json`)).json()) as Parameters<typeof inputsOf>[0],
      async (file) => (await get(`/inputs${folder}/${file}`)).arrayBuffer(),
    ),
  save: async (file, values) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let i = 0; i < bytes.length; i += PIECE) await keepPiece(file, base64(bytes.subarray(i, i + PIECE)));
  },
  memory: () => ({}),
  peak: () => NaN,
});
