// The device that the page's visitor wished for, and why it is another one.
import { devices } from 'cotangent';
import type { Setup } from './protocol.ts';

export type BrowserDevice = Awaited<ReturnType<typeof devices.best>>;

/** Resolves with a device for one run; `best` falls back to WebAssembly and says why in `note`. */
export const deviceFor = async (
  wish: Setup['device'],
): Promise<{ readonly device: BrowserDevice; readonly note: string }> => {
  let note = '';
  const onFallback = ({ message }: Error): void => {
    note = message.split('\n')[0]!.replace(/^[\w.]+: /, '');
  };
  const device = await { best: () => devices.best({ onFallback }), webgpu: devices.webgpu, wasm: devices.wasm }[wish]();
  return { device, note };
};
