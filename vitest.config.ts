// How the tests run: in at most two processes, with a software GPU, and `cotangent/...` meaning the sources.
import type { ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { swiftShaderEnv } from './test/setup/swiftshader.ts';

const source = (path: string): string => new URL(`src/${path}`, import.meta.url).pathname;

/** What takes longest comes first, so that no process is left with it at the end: those files are not the largest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const long = /\/backends\/(chromium|webgpu)\.test\.ts$/;
    const sorted = await super.sort(files);
    return [...sorted.filter((f) => long.test(f.moduleId)), ...sorted.filter((f) => !long.test(f.moduleId))];
  }
}

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
    sequence: { sequencer: LongestFirst },
  },
};

export default config;
