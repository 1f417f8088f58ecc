// The device that the command line names, made the default one; what was tried where there is no GPU.
import { defaultDevice, DeviceError, devices } from '../../src/index.ts';
import { webgpuDevice } from '../../src/node/index.ts';

export const deviceNames = ['wasm', 'webgpu', 'best', 'reference'] as const;
export type DeviceName = (typeof deviceNames)[number];

const software =
  'Where there is no GPU, a software driver will do, slowly: npx tsx scripts/with-swiftshader.ts npm start -- --device webgpu';

/** Resolves with what to say of the choice. Rejects where `webgpu` was asked for and there is none. */
export const chooseDevice = async (name: DeviceName): Promise<string> => {
  if (name === 'reference') defaultDevice(devices.reference());
  if (name === 'webgpu' || name === 'best')
    try {
      defaultDevice(await webgpuDevice());
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      // Without the line of the code that asked, which is ours.
      const tried = error.message.split('\n')[0]!;
      if (name === 'webgpu') throw new Error(`--device webgpu: ${tried}\n${software}`, { cause: error });
      return `on ${defaultDevice().name} (no GPU: ${tried})`;
    }
  return `on ${defaultDevice().name}`;
};
