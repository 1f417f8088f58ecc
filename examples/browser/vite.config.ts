// How Vite serves and builds the page: `cotangent` means the sources, so that no build of the package is needed first.
import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config: UserConfig = {
  root: from('.'),
  // Relative addresses: the built page runs in any folder.
  base: './',
  resolve: {
    alias: [
      { find: /^cotangent$/, replacement: from('../../src/index.ts') },
      { find: /^cotangent\/([a-z]+)$/, replacement: from('../../src/$1/index.ts') },
    ],
  },
  server: { fs: { allow: [from('../..')] } },
  worker: { format: 'es' },
  build: { outDir: from('../../runs/browser'), emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
};

export default config;
