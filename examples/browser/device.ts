// The device that the page's visitor wished for, or why it cannot be had.
import { devices } from 'cotangent';
import type { Setup } from './protocol.ts';
import { browserGpu, type BrowserDevice } from './gpu.ts';

/** Resolves with a device of its own for one run; `best` falls back to WebAssembly and says why in `note`. */
export const deviceFor = async (
  wish: Setup['device'],
): Promise<{ readonly device: BrowserDevice; readonly note: string }> => {
  if (wish === 'wasm') return { device: devices.wasm(), note: '' };
  try {
    return { device: await browserGpu(), note: '' };
  } catch (error) {
    if (wish === 'webgpu') throw error;
    return { device: devices.wasm(), note: error instanceof Error ? error.message.split('\n')[0]! : String(error) };
  }
};
