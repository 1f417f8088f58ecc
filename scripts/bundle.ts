// Bundles a snippet that imports `cotangent` as an application's bundler would, and measures it.
import { build, type Plugin } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// What is imported when it is asked for (the GPU's backend) is no part of what a page loads first.
const lazily: Plugin = {
  name: 'lazily',
  setup: ({ onResolve }) =>
    onResolve({ filter: /.*/ }, ({ kind }) => (kind === 'dynamic-import' ? { external: true } : undefined)),
};

export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  readonly gzipped: number;
  /** Bytes that each file contributes, largest first. */
  readonly files: readonly (readonly [file: string, bytes: number])[];
}

/**
 * The minified ES module that esbuild makes of `code`.
 *
 * @param from - `src`: the sources, needing no build; `dist`: the built package, by its `exports` and `sideEffects`
 * @example
 * (await bundle(`export { add } from 'cotangent'`, 'src')).gzipped; // bytes
 */
export const bundle = async (code: string, from: 'src' | 'dist'): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
    external: ['webgpu'],
    plugins: [lazily],
    // tsconfig.json maps `cotangent` to the sources; without it the package finds itself by its own `exports`.
    ...(from === 'src' ? { tsconfig: join(root, 'tsconfig.json') } : { tsconfigRaw: {} }),
    absWorkingDir: root,
  });
  const text = outputFiles[0]?.text ?? '';
  const files = Object.values(metafile.outputs)
    .flatMap((output) => Object.entries(output.inputs))
    .map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const)
    .sort((a, b) => b[1] - a[1]);
  return { code: text, bytes: Buffer.byteLength(text), gzipped: gzipSync(text, { level: 9 }).length, files };
};

/** What an application of two transforms may weigh, gzipped, the WebAssembly backend included. */
export const budget = 90_000;
