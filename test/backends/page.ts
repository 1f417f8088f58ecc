// A page of a browser that runs the cases of the backends on its WebGPU, one at a time, and answers what disagrees.
import { requestGpu } from '../setup/gpu.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import type { On } from './case.ts';
import { lists } from './lists.ts';
import { onWebGpu } from './webgpu.ts';

/** What a test asks of the page. */
export interface Page {
  readonly open: () => Promise<void>;
  /** Runs a case: null, or what is wrong. */
  readonly run: (list: string, name: string) => Promise<string | null>;
}

let on: On | undefined;
const page: Page = {
  open: async () => {
    on = onWebGpu(createWebGpuDevice(await requestGpu(navigator.gpu)));
  },
  run: async (list, name) => {
    const found = lists[list]?.find((c) => c.name === name);
    if (on === undefined || found === undefined) return `the page has no case ${list}: ${name}`;
    try {
      await found.run(on);
      return null;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  },
};
(globalThis as { cases?: Page }).cases = page;
