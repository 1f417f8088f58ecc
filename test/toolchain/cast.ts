// What the examples of docstrings may name without declaring it: a model, its rows of data, and its files.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fp from 'fp-ts';
import { tensor, type Tensor } from '../../src/index.ts';
import { encodeCheckpoint, orThrow } from '../../src/io/index.ts';
import { key } from '../../src/random/index.ts';
import { earlyStopping, startProgress } from '../../src/train/index.ts';
import { moduleBuilder } from '../../src/wasm/encode.ts';
import { features } from '../../src/wasm/features.ts';
import type { Scope } from './snippets.ts';

const data = join(import.meta.dirname, '..', '..', 'examples', 'data', 'mnist');

const params = { dense: { w: tensor([[1, 2], [3, 4]]), b: tensor([0, 0]) } } as const; // prettier-ignore
const model: Scope = { params, optState: { count: tensor(3) }, init: () => params };

const floats = (shape: readonly number[], value: (i: number) => number): Scope => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});
const rows = { x: floats([256, 2], (i) => i % 7), y: floats([256], (i) => i % 2) };
const table: Scope = {
  ...rows,
  train: rows,
  valid: rows,
  test: rows,
  digits: rows,
  order: Int32Array.from({ length: 256 }, (_, i) => 255 - i),
  epoch: 1,
};

/** The names for the examples of a file. Files are written to the current folder, which is a scratch folder. */
export const castFor = async (file: string): Promise<Scope> => {
  const bytes = orThrow(await encodeCheckpoint({ params, step: 100 })());
  if (file.startsWith('src/io/')) return { ...model, bytes, x: params.dense.w, key: key(0), step: 100 };
  if (file.startsWith('src/node/')) {
    for (const folder of ['run', 'runs']) mkdirSync(folder, { recursive: true });
    for (const name of ['model.safetensors', 'run/last.safetensors']) writeFileSync(name, bytes);
    copyFileSync(join(data, 't10k-images-idx3-ubyte.gz'), 't10k-images-idx3-ubyte.gz');
    return {
      ...model,
      bytes,
      key: key(0),
      step: 100,
      pipe: fp.function.pipe,
      either: fp.either,
      trainStep: (x: unknown) => x,
    };
  }
  if (file === 'src/data/shuffle.ts') return { train: 256, digits: rows, epoch: 1, params, step: () => params };
  if (file.startsWith('src/data/')) {
    const images = { type: 'uint8', shape: [2, 2], data: Uint8Array.of(0, 255, 51, 102) };
    const labels = { type: 'uint8', shape: [2], data: Uint8Array.of(7, 2) };
    return { ...table, images, labels, packed: new Uint8Array(gzipSync('hello')), params, step: () => params };
  }
  if (file === 'src/train/evaluate.ts') return { ...table, ...model, N: fp.number, loss: () => tensor(0.5) };
  if (file.startsWith('src/train/'))
    return {
      ...table,
      ...model,
      loss: 0.25,
      validLoss: 0.5,
      history: [
        { epoch: 1, loss: 0.5, accuracy: 0.8 },
        { epoch: 2, loss: 0.25, accuracy: 0.9 },
      ],
      stopping: earlyStopping({ patience: 3 }),
      progress: startProgress(4, 0),
    };
  if (file.startsWith('src/wgsl/')) {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    return { navigator: { gpu: create(['backend=vulkan']) }, f: (t: Tensor) => t.add(1), x: tensor([1, 2]) };
  }
  if (file.startsWith('src/wasm/'))
    return {
      moduleBuilder,
      features,
      memory: new WebAssembly.Memory({ initial: 1 }),
      plan: { kernels: [], buffers: new Map(), arenaBytes: 0 },
    };
  return {};
};
