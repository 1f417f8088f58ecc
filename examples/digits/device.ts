// The device that the command line names, made the default one; what was tried where there is no GPU.
import { defaultDevice, DeviceError, devices } from '../../src/index.ts';

export const deviceNames = ['wasm', 'webgpu', 'best', 'reference'] as const;
export type DeviceName = (typeof deviceNames)[number];

const software =
  'Where there is no GPU, a software driver will do, slowly: npx tsx scripts/with-swiftshader.ts npm start -- --device webgpu';

/** Without the line of the code that asked, which is ours. */
const tried = ({ message }: Error): string => message.split('\n')[0]!;

/** Resolves with what to say of the choice. Rejects where `webgpu` was asked for and there is none. */
export const chooseDevice = async (name: DeviceName): Promise<string> => {
  let note = '';
  const makers = {
    wasm: devices.wasm,
    webgpu: devices.webgpu,
    best: () => devices.best({ onFallback: (reason) => (note = ` (${tried(reason)})`) }),
    reference: devices.reference,
  };
  try {
    return `on ${defaultDevice(await makers[name]()).name}${note}`;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new Error(`--device ${name}: ${tried(error)}\n${software}`, { cause: error });
  }
};
