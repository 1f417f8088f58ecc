// The digits example on a GPU: its losses are those of WebAssembly, and it says what was tried where there is no GPU.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { imagesFile, labelsFile, splitDigits } from '../../examples/digits/data.ts';
import { lateReader } from '../../examples/digits/late.ts';
import { digitsLearner } from '../../examples/digits/learner.ts';
import { digitsNetwork } from '../../examples/digits/network.ts';
import { batches, decodeIdx, gunzip, type IdxArray } from '../../src/data/index.ts';
import { defaultDevice } from '../../src/index.ts';
import { orThrow } from '../../src/io/index.ts';
import { warmupCosine } from '../../src/optim/index.ts';
import { gpuDevice } from '../wgsl/device.ts';

const root = join(import.meta.dirname, '..', '..');
const idx = async (name: string): Promise<IdxArray> =>
  orThrow(decodeIdx(orThrow(await gunzip(readFileSync(join(root, 'examples', 'data', 'mnist', name)))())));

const wasm = defaultDevice();
afterAll(() => defaultDevice(wasm));

// The example's own network and rate; fewer digits a step, for the software driver.
const [steps, batch] = [20, 8];

/** The losses of the first steps on the default device. */
const firstLosses = async (): Promise<readonly number[]> => {
  const { digits, trainRows } = await splitDigits(await idx(imagesFile), await idx(labelsFile));
  const learner = digitsLearner(digitsNetwork(), warmupCosine(2e-3, 100, 1404, { end: 1e-5 }), 0);
  const losses = lateReader(2);
  const values: number[] = [];
  let state = learner.start();
  let n = 0;
  for (const { x, y } of batches(digits, { size: batch, order: trainRows.subarray(0, steps * batch) })) {
    const [next, loss] = learner.step(state, x, y, n++);
    state = next;
    values.push(...(await losses.read(loss)));
  }
  return [...values, ...(await losses.rest())];
};

describe('the digits example on a GPU', () => {
  test(`losses of the first ${steps} steps agree with WebAssembly to 1e-4`, { timeout: 240_000 }, async () => {
    const want = await firstLosses();
    defaultDevice(await gpuDevice());
    const got = await firstLosses();
    expect(got.length).toBe(steps);
    const apart = got.map((loss, i) => Math.abs(loss - want[i]!) / want[i]!);
    expect(Math.max(...apart)).toBeLessThan(1e-4);
  });

  test.runIf(process.platform === 'linux')('without a driver it says what was tried and what would do', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', join(root, 'examples', 'mnist.ts'), '--device', 'webgpu'],
      { cwd: root, encoding: 'utf8', env: { ...process.env, VK_ICD_FILENAMES: '/none', VK_DRIVER_FILES: '/none' } },
    );
    expect(stderr).toMatch(/--device webgpu: .*no adapter/);
    expect(stderr).toMatch(/with-swiftshader/);
    expect(status).toBe(1);
  });
});
