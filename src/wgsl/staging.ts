// Buffers through which values are read: mapped, copied out, unmapped and used again.
import { mapRead, usage, type GpuBuffer, type GpuDevice } from './gpu.ts';

export interface Landing {
  readonly buffer: GpuBuffer;
  readonly size: number;
}

export interface Staging {
  /** A buffer of at least so many bytes that copies can go to. */
  take(bytes: number): Landing;
  /** Waits for the copies that were submitted, looks at the bytes, and gives the buffer back. */
  read<T>(landing: Landing, bytes: number, use: (bytes: ArrayBuffer) => T): Promise<T>;
  /** Gives back a buffer that nothing was submitted for. */
  give(landing: Landing): void;
}

// Bytes of buffers that wait to be used again.
const mostIdle = 64 * 2 ** 20;

const roundUp = (bytes: number): number => 2 ** Math.max(8, Math.ceil(Math.log2(bytes)));

export const createStaging = (gpu: GpuDevice): Staging => {
  const idle = new Map<number, Landing[]>();
  let kept = 0;

  const give = (landing: Landing): void => {
    const { size, buffer } = landing;
    if (kept + size > mostIdle) return buffer.destroy();
    kept += size;
    const list = idle.get(size);
    if (list === undefined) idle.set(size, [landing]);
    else list.push(landing);
  };

  return {
    give,
    take: (bytes) => {
      const size = roundUp(bytes);
      const found = idle.get(size)?.pop();
      if (found === undefined)
        return { buffer: gpu.createBuffer({ size, usage: usage.staging, label: 'cotangent read' }), size };
      kept -= size;
      return found;
    },
    read: async (landing, bytes, use) => {
      const { buffer } = landing;
      try {
        await buffer.mapAsync(mapRead, 0, bytes);
      } catch (error) {
        buffer.destroy();
        throw error;
      }
      try {
        return use(buffer.getMappedRange(0, bytes));
      } finally {
        buffer.unmap();
        give(landing);
      }
    },
  };
};
