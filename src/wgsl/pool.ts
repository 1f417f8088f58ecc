// Buffers of the GPU by size, reused rather than made anew, within a budget of bytes.
import { DeviceError } from '../core/errors.ts';
import { usage, type GpuBuffer, type GpuDevice } from './gpu.ts';

/** A buffer and its number, which tells it apart in keys. */
export interface Block {
  readonly id: number;
  readonly buffer: GpuBuffer;
  readonly bytes: number;
  /** Values that share it. */
  holders: number;
}

export interface PoolStats {
  /** Bytes of buffers in use, of those kept for reuse, and the most that were in use. */
  readonly used: number;
  readonly idle: number;
  readonly peak: number;
  /** Buffers made so far. */
  readonly made: number;
}

export interface BlockPool {
  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Block;
  /** Gives a buffer back. Work that was queued before may still use it. */
  give(block: Block): void;
  readonly stats: PoolStats;
}

// Sizes an eighth apart at most, so that near sizes share buffers.
const roundUp = (bytes: number): number => {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.ceil(Math.max(bytes, 1) / step) * step;
};

export const createBlocks = (gpu: GpuDevice, budget: number, largest: number): BlockPool => {
  const idle = new Map<number, Block[]>();
  let [used, kept, peak, made] = [0, 0, 0, 0];

  const trim = (need: number): void => {
    for (const [size, list] of idle) {
      while (list.length > 0 && used + kept + need > budget) {
        list.pop()!.buffer.destroy();
        kept -= size;
      }
    }
  };

  return {
    take: (bytes) => {
      const size = roundUp(bytes);
      if (bytes > largest)
        throw new DeviceError(
          'webgpu',
          `a value of ${bytes} bytes is larger than the GPU's largest buffer, ${largest} bytes; split it`,
        );
      let block = idle.get(size)?.pop();
      if (block !== undefined) kept -= size;
      else {
        trim(size);
        if (used + size > budget)
          throw new DeviceError(
            'webgpu',
            `${bytes} bytes more than the budget of ${budget} bytes would be in use; await a result now and then, so that the engine can collect what is no longer needed, or donate arguments to jit, or dispose of values`,
          );
        block = {
          id: made++,
          buffer: gpu.createBuffer({ size: Math.min(size, Math.floor(largest / 4) * 4), usage: usage.storage }),
          bytes: size,
          holders: 0,
        };
      }
      block.holders = 1;
      used += size;
      peak = Math.max(peak, used);
      return block;
    },
    give: (block) => {
      if (--block.holders > 0) return;
      used -= block.bytes;
      kept += block.bytes;
      const list = idle.get(block.bytes);
      if (list === undefined) idle.set(block.bytes, [block]);
      else list.push(block);
    },
    get stats() {
      return { used, idle: kept, peak, made };
    },
  };
};
