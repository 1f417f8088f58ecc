// Linear memory: one growing WebAssembly.Memory, and an allocator of 64-byte aligned blocks in it.
import { DeviceError } from '../core/errors.ts';

const page = 65536;
const granule = 64;
// Vector loads may touch a little before the first and behind the last block.
const margin = 256;

export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** A block of at least `bytes` bytes; its address is a multiple of 64. */
  allocate(bytes: number): number;
  free(address: number): void;
  /** Bytes in blocks that are allocated, and bytes of the whole memory. */
  readonly used: number;
  readonly reserved: number;
  readonly peak: number;
}

const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;
// Sizes above 4 KB are rounded to sixteenths of their power of two, so that blocks are found again.
const blockSize = (bytes: number): number => {
  const n = Math.max(roundUp(bytes, granule), granule);
  if (n <= 4096) return n;
  const step = 2 ** (31 - Math.clz32(n - 1)) / 16;
  return roundUp(n, Math.max(step, granule));
};

export const createHeap = (maximumPages = 65536): Heap => {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: maximumPages });
  const bins = new Map<number, number[]>();
  const sizes = new Map<number, number>();
  let top = margin;
  let end = memory.buffer.byteLength - margin;
  let used = 0;
  let peak = 0;

  /** Joins neighbouring free blocks and gives those at the top back. */
  const coalesce = (): void => {
    const free: { at: number; size: number }[] = [];
    for (const [size, list] of bins) for (const at of list) free.push({ at, size });
    free.sort((a, b) => a.at - b.at);
    bins.clear();
    let i = 0;
    while (i < free.length) {
      const run = { ...free[i]! };
      for (i++; i < free.length && free[i]!.at === run.at + run.size; i++) run.size += free[i]!.size;
      if (run.at + run.size === top) top = run.at;
      else push(run.at, run.size);
    }
  };
  const push = (at: number, size: number): void => {
    const list = bins.get(size);
    if (list === undefined) bins.set(size, [at]);
    else list.push(at);
  };
  const takeFrom = (size: number): number | undefined => bins.get(size)?.pop();
  const splitLarger = (size: number): number | undefined => {
    let best = Infinity;
    for (const [s, list] of bins) if (s >= size && s < best && list.length > 0) best = s;
    if (best === Infinity) return undefined;
    const at = takeFrom(best)!;
    if (best > size) push(at + size, best - size);
    return at;
  };
  const extend = (size: number): number => {
    if (top + size > end) {
      // Half as much again at a time, as far as the engine lets us.
      const needed = Math.ceil((top + size - end) / page);
      const wanted = Math.min(
        Math.max(needed, memory.buffer.byteLength / page / 2),
        maximumPages - memory.buffer.byteLength / page,
      );
      try {
        memory.grow(Math.max(wanted, needed));
      } catch {
        try {
          memory.grow(needed);
        } catch {
          throw new DeviceError(
            'wasm',
            `out of memory: ${used} bytes are in use and ${size} more were asked for, WebAssembly holds at most ${maximumPages * page}; drop values, use donation, or smaller batches`,
          );
        }
      }
      end = memory.buffer.byteLength - margin;
    }
    const at = top;
    top += size;
    return at;
  };

  return {
    memory,
    allocate: (bytes) => {
      const size = blockSize(bytes);
      let at = takeFrom(size);
      if (at === undefined && top + size > end) {
        at = splitLarger(size);
        if (at === undefined) {
          coalesce();
          at = splitLarger(size);
        }
      }
      at ??= extend(size);
      sizes.set(at, size);
      used += size;
      if (used > peak) peak = used;
      return at;
    },
    free: (address) => {
      const size = sizes.get(address);
      if (size === undefined) throw new DeviceError('wasm', `block ${address} was freed twice`);
      sizes.delete(address);
      used -= size;
      push(address, size);
    },
    get used() {
      return used;
    },
    get reserved() {
      return memory.buffer.byteLength;
    },
    get peak() {
      return peak;
    },
  };
};
