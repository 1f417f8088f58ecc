// Buffers of the GPU by size, reused rather than made anew, within a budget of bytes; small values share buffers.
import { DeviceError } from '../core/errors.ts';
import type { Faults } from './faults.ts';
import { usage, type GpuBuffer, type GpuDevice } from './gpu.ts';
import { completionOf, type Completion, type WorkQueue } from './queue.ts';

/** A buffer and its number, which tells it apart in keys. */
export interface Block {
  readonly id: number;
  readonly buffer: GpuBuffer;
  readonly bytes: number;
  /** Whether the GPU had the memory; undefined once that is known and good. */
  made: Completion | undefined;
  /** How many hold a part of it. */
  holders: number;
  /** Offsets of free slots, where small values share it. */
  readonly slots?: { readonly bytes: number; readonly free: number[] };
}

/** A range of a buffer. */
export interface Span {
  readonly block: Block;
  readonly offset: number;
  readonly bytes: number;
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
  /** A buffer of at least so many bytes, with anything in it, at offset 0: `usual`, if that is free. */
  take(bytes: number, usual?: Block): Span;
  /**
   * The same, perhaps a part of a buffer that others have parts of: for what is copied to and from, since a shader may not
   * read and write parts of one buffer at once.
   */
  takePart(bytes: number): Span;
  /** One more holder of a part of a buffer that `take` gave: each gives its own back. */
  hold(block: Block): void;
  /** Gives memory back. Work that was queued before may still use it. */
  give(span: Span): void;
  readonly stats: PoolStats;
}

// Sizes an eighth apart at most, so that near sizes share buffers.
const roundUp = (bytes: number): number => {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.ceil(Math.max(bytes, 1) / step) * step;
};

const slotSizes = [256, 1024];
/** Values up to so many bytes share buffers. */
export const smallBytes = 1024;
const pageBytes = 16384;

export const createBlocks = (
  gpu: GpuDevice,
  budget: number,
  largest: number,
  queue: WorkQueue,
  faults: Faults,
): BlockPool => {
  const idle = new Map<number, Block[]>();
  // Shared buffers that have room.
  const open = new Map<number, Block[]>(slotSizes.map((size) => [size, []]));
  let [used, kept, peak, made] = [0, 0, 0, 0];

  const drop = (block: Block): void => {
    // Work that waits may have been meant for it before it came back.
    queue.push(() => block.buffer.destroy());
  };
  const trim = (need: number): void => {
    for (const [size, list] of idle) {
      while (list.length > 0 && used + kept + need > budget) {
        drop(list.pop()!);
        kept -= size;
      }
    }
  };

  const make = (size: number): Block => {
    const { result, verdict } = faults.scoped(
      () =>
        gpu.createBuffer({
          size: Math.min(size, Math.floor(largest / 4) * 4),
          usage: usage.storage,
          label: `cotangent ${size} bytes`,
        }),
      ({ kind, message }) =>
        new DeviceError(
          'webgpu',
          kind === 'out-of-memory'
            ? `the GPU has no memory for ${size} bytes more, with ${used} bytes in use; dispose of values or donate arguments to jit, or set a lower budget with devices.webgpu({ budget }), so that memory is reused sooner`
            : `the GPU refused a buffer of ${size} bytes: ${message}`,
        ),
    );
    const block: Block = { id: made++, buffer: result, bytes: size, made: completionOf(verdict), holders: 0 };
    void block.made!.settled.then(() => {
      if (block.made!.state === 'done') block.made = undefined;
      // What is kept is worth more to whoever tries again.
      else trim(Infinity);
    });
    return block;
  };

  /** The latest that is free, unless another one is asked for. */
  const reuse = (size: number, usual: Block | undefined): Block | undefined => {
    const list = idle.get(size);
    const at = usual === undefined || usual.bytes !== size ? -1 : (list?.lastIndexOf(usual) ?? -1);
    return at < 0 ? list?.pop() : list!.splice(at, 1)[0];
  };

  const take = (bytes: number, usual?: Block): Block => {
    const size = roundUp(bytes);
    if (bytes > largest)
      throw new DeviceError(
        'webgpu',
        `a value of ${bytes} bytes is larger than the GPU's largest buffer, ${largest} bytes; split it`,
      );
    let block = reuse(size, usual);
    if (block !== undefined) kept -= size;
    else {
      trim(size);
      if (used + size > budget)
        throw new DeviceError(
          'webgpu',
          `${size} bytes more do not fit in the budget of ${budget} bytes, of which ${used} are in use; await a result more often (await x.data(), await x.ready() of a value that is there), so that the engine can collect what is no longer needed, or donate arguments to jit ({ donate }), or dispose of values (x.dispose(), using)`,
        );
      block = make(size);
    }
    used += size;
    peak = Math.max(peak, used);
    block.holders = 1;
    return block;
  };

  const give = (block: Block): void => {
    if (--block.holders > 0) return;
    used -= block.bytes;
    if (block.made?.state === 'failed') return drop(block);
    kept += block.bytes;
    const list = idle.get(block.bytes);
    if (list === undefined) idle.set(block.bytes, [block]);
    else list.push(block);
  };

  /** A page, cut out of a whole block. */
  const page = (bytes: number): Block => {
    const { id, buffer, bytes: size, made: completion } = take(pageBytes);
    const free = Array.from({ length: pageBytes / bytes }, (_, i) => pageBytes - (i + 1) * bytes);
    const block: Block = { id, buffer, bytes: size, made: completion, holders: 0, slots: { bytes, free } };
    void completion?.settled.then(() => {
      if (completion.state === 'done') block.made = undefined;
    });
    open.get(bytes)!.push(block);
    return block;
  };

  return {
    take: (bytes, usual) => ({ block: take(bytes, usual), offset: 0, bytes }),
    takePart: (bytes) => {
      const size = slotSizes.find((s) => bytes <= s);
      if (size === undefined) return { block: take(bytes), offset: 0, bytes };
      const block = open.get(size)!.at(-1) ?? page(size);
      block.holders++;
      const offset = block.slots!.free.pop()!;
      if (block.slots!.free.length === 0) open.get(size)!.pop();
      return { block, offset, bytes };
    },
    hold: (block) => {
      block.holders++;
    },
    give: ({ block, offset }) => {
      const { slots } = block;
      if (slots === undefined) return give(block);
      const list = open.get(slots.bytes)!;
      if (slots.free.length === 0) list.push(block);
      slots.free.push(offset);
      if (--block.holders > 0) return;
      list.splice(list.indexOf(block), 1);
      give({ id: block.id, buffer: block.buffer, bytes: block.bytes, made: block.made, holders: 1 });
    },
    get stats() {
      return { used, idle: kept, peak, made };
    },
  };
};
