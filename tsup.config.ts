// The published build: one ES module and one declaration file for each entry point, shared code in chunks.
import { existsSync } from 'node:fs';
import type { Options } from 'tsup';
import manifest from './package.json' with { type: 'json' };
import { purePlugin } from './scripts/pure.ts';

/** `./nn` -> `nn/index`; the manifest's `exports` is the one list of entry points. */
const names = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => (path === '.' ? 'index' : `${path.slice(2)}/index`));

const missing = names.filter((name) => !existsSync(`src/${name}.ts`));
if (missing.length > 0) throw new Error(`package.json exports what src/ lacks: ${missing.join(', ')}`);

const config: Options = {
  entry: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
  treeshake: false,
  sourcemap: false,
  clean: true,
  esbuildPlugins: [purePlugin(import.meta.dirname)],
  external: [/^node:/, 'fp-ts', 'fast-check', 'webgpu'],
  dts: {
    compilerOptions: {
      // tsup passes `baseUrl`, which TypeScript 6 calls deprecated.
      ignoreDeprecations: '6.0',
      noEmit: false,
      emitDeclarationOnly: true,
      paths: {},
    },
  },
};

export default config;
