// How the tests run: in at most two processes, with a software GPU, and `cotangent/...` meaning the sources.
import type { ViteUserConfig } from 'vitest/config';
import { swiftShaderEnv } from './test/setup/swiftshader.ts';

const source = (path: string): string => new URL(`src/${path}`, import.meta.url).pathname;

const config: ViteUserConfig = {
  resolve: {
    alias: [
      { find: /^cotangent$/, replacement: source('index.ts') },
      { find: /^cotangent\/([a-z]+)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'property-tests/**/*.test.ts'],
    setupFiles: ['test/setup/setup.ts'],
    env: swiftShaderEnv(),
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--expose-gc'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
};

export default config;
