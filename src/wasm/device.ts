// The WebAssembly device: compiles planned programs into modules and runs them on one linear memory.
import { hostView, byteSize, dtypeOfArray, type TypedArray } from '../core/dtype.ts';
import { HostStorage } from '../core/host.ts';
import type { Program } from '../core/program.ts';
import type { ConcreteTensor, Storage } from '../core/tensor.ts';
import type { Backend, Executable } from '../jit/backend.ts';
import type { Plan } from '../jit/kernel.ts';
import { planProgram } from '../jit/plan.ts';
import type { HostCallback } from './codegen/callback.ts';
import { features } from './features.ts';
import { createHeap } from './memory.ts';
import { emitModule } from './module.ts';
import type { SpilledStorage } from './storage.ts';
import { createPool, ResidentStorage, type StorageStats } from './storage.ts';

export interface WasmOptions {
  /** Bytes of values that stay in linear memory; past it results go to JS buffers. Default 512 MiB. */
  readonly budget?: number;
  /** Use fused multiply-add where the engine has relaxed SIMD. Default: whether it has. */
  readonly relaxed?: boolean;
}

export interface WasmMemory extends StorageStats {
  /** Bytes allocated in linear memory now, programs' scratch included; its size; the most that was allocated. */
  readonly used: number;
  readonly reserved: number;
  readonly peak: number;
  readonly budget: number;
}

export interface WasmDevice extends Backend {
  readonly kind: 'wasm';
  readonly relaxed: boolean;
  memory(): WasmMemory;
  setBudget(bytes: number): void;
}

// A resident input is worth its place when the copy would cost more than a few microseconds.
const worthUploading = 4096;

/** Runs what a program calls: on copies, since it may run programs that make the memory grow. */
const callHost = (memory: WebAssembly.Memory, { kernel, info }: HostCallback, table: number): void => {
  const at = (b: number, i: number): TypedArray => {
    const address = new Int32Array(memory.buffer, table)[i]!;
    return hostView(info(b).dtype, memory.buffer, address, info(b).length);
  };
  const count = kernel.sources.length;
  const targets = new Int32Array(memory.buffer, table + 4 * count, kernel.targets.length).slice();
  const results = kernel.call(kernel.sources.map((b, i) => at(b, i).slice()));
  kernel.targets.forEach((b, i) =>
    hostView(info(b).dtype, memory.buffer, targets[i]!, info(b).length).set(results[i]!),
  );
};

/** A WebAssembly device with a memory of its own. */
export const createWasmDevice = (options: WasmOptions = {}): WasmDevice => {
  const heap = createHeap();
  const pool = createPool(heap, () => device, options.budget ?? 512 * 2 ** 20);
  const relaxed = options.relaxed ?? features().relaxedSimd;
  let words = new Int32Array(heap.memory.buffer);
  const view = (): Int32Array =>
    words.buffer === heap.memory.buffer ? words : (words = new Int32Array(heap.memory.buffer));
  // Programs run one at a time, so they share one scratch area, as large as the largest needs; but for those that a function
  // of JS runs which a program calls.
  let running = 0;
  let arena = 0;
  let arenaBytes = 0;
  const arenaFor = (bytes: number): number => {
    if (bytes > arenaBytes) {
      if (arenaBytes > 0) heap.free(arena);
      arena = heap.allocate(bytes);
      arenaBytes = bytes;
    }
    return arena;
  };

  const place = (elements: TypedArray, length: number, bytes: number): number => {
    const address = heap.allocate(bytes);
    hostView(dtypeOfArray(elements), heap.memory.buffer, address, length).set(elements);
    return address;
  };

  // The table of a program that nobody holds any more.
  const tables = new FinalizationRegistry<number>((address) => heap.free(address));

  const upload = (elements: TypedArray): Storage => {
    const dtype = dtypeOfArray(elements);
    return pool.adopt(dtype, elements.length, place(elements, elements.length, elements.byteLength));
  };

  const compile = (program: Program, donated: ReadonlySet<number>): Executable => {
    const plan: Plan = planProgram(program, { buffers: 64, row: 32768, inPlace: true }, { donated });
    const { bytes, scratchBytes, callbacks } = emitModule(plan, { relaxed });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), {
      env: {
        memory: heap.memory,
        callback: (id: number, at: number) => callHost(heap.memory, callbacks[id]!, at),
      },
    });
    const run = instance.exports['run'] as (table: number) => void;
    const inputCount = plan.inputs.length;
    const outInfo = plan.outputs.map((id) => plan.buffers.get(id)!);
    const tableBytes = 4 * (1 + inputCount + plan.outputs.length);
    const table = heap.allocate(tableBytes);
    // An output that is an input or an earlier output has no memory of its own.
    const overwritten = new Set(plan.aliases.values());
    const own = plan.outputs.map((id, j) => {
      const p = plan.places.get(id)!;
      return p.kind === 'output' && p.position === j;
    });

    const executable: Executable = {
      plan,
      run: (inputs) => {
        const staged: number[] = [];
        const storages: Storage[] = [];
        const addresses: number[] = [];
        for (let i = 0; i < inputCount; i++) {
          const x: ConcreteTensor = inputs[i]!;
          let { storage } = x;
          if (storage instanceof HostStorage && storage.elements.byteLength >= worthUploading) {
            const moved = upload(storage.elements);
            if (storage.device.kind === 'host') moved.roaming = 'copy';
            x.relocate(moved);
            storage = moved;
          }
          storages.push(storage);
          if (storage instanceof ResidentStorage && (storage.exclusive || !overwritten.has(i)))
            addresses.push(storage.address);
          else if (storage instanceof ResidentStorage) {
            // Somebody else has these bytes: the program gets a copy to write over.
            const bytes = storage.length * byteSize(storage.dtype);
            const address = heap.allocate(bytes);
            new Uint8Array(heap.memory.buffer).copyWithin(address, storage.address, storage.address + bytes);
            staged.push(address);
            addresses.push(address);
          } else {
            const { elements } = storage as HostStorage | SpilledStorage;
            const address = place(elements, elements.length, elements.byteLength);
            staged.push(address);
            addresses.push(address);
          }
        }
        const outs: number[] = [];
        for (let j = 0; j < outInfo.length; j++) {
          const from = plan.aliases.get(j);
          outs.push(
            !own[j]
              ? 0
              : from !== undefined
                ? addresses[from]!
                : heap.allocate(outInfo[j]!.length * byteSize(outInfo[j]!.dtype)),
          );
        }
        const nested = running > 0;
        const scratchSize = plan.arenaBytes + scratchBytes;
        const scratch = nested ? heap.allocate(scratchSize) : arenaFor(scratchSize);
        const here = nested ? heap.allocate(tableBytes) : table;
        const slot = here >> 2;
        const w = view();
        w[slot] = scratch;
        for (let i = 0; i < inputCount; i++) w[slot + 1 + i] = addresses[i]!;
        for (let j = 0; j < outs.length; j++) w[slot + 1 + inputCount + j] = outs[j]!;
        running++;
        try {
          run(here);
        } catch (error) {
          outs.forEach((address, j) => own[j]! && !plan.aliases.has(j) && heap.free(address));
          staged.forEach((address) => heap.free(address));
          throw error;
        } finally {
          running--;
          if (nested) [scratch, here].forEach((address) => heap.free(address));
        }

        const results: Storage[] = [];
        const kept = new Set<number>();
        for (let j = 0; j < outInfo.length; j++) {
          const { dtype, length } = outInfo[j]!;
          const from = plan.aliases.get(j);
          if (!own[j]) results.push(shared(plan, j, storages, results));
          else if (
            from !== undefined &&
            storages[from] instanceof ResidentStorage &&
            storages[from].address === addresses[from]
          ) {
            results.push(storages[from]);
            kept.add(from);
          } else {
            // State that is handed on from step to step stays where it is.
            results.push(pool.adopt(dtype, length, outs[j]!, from !== undefined));
            if (from !== undefined) staged.splice(staged.indexOf(outs[j]!), 1);
          }
        }
        for (const address of staged) heap.free(address);
        for (const i of donated) if (!kept.has(i)) storages[i]!.dispose();
        return results;
      },
    };
    tables.register(executable, table);
    return executable;
  };

  /** An output that equals an input or another output has the same bytes. */
  const shared = (plan: Plan, j: number, inputs: readonly Storage[], results: readonly Storage[]): Storage => {
    const p = plan.places.get(plan.outputs[j]!)!;
    const from = p.kind === 'input' ? inputs[p.position]! : results[(p as { position: number }).position]!;
    return from instanceof ResidentStorage ? from.share() : from;
  };

  const device: WasmDevice = {
    kind: 'wasm',
    name: relaxed ? 'wasm (relaxed SIMD)' : 'wasm',
    relaxed,
    compile,
    upload,
    memory: () => ({ ...pool.stats, used: heap.used, reserved: heap.reserved, peak: heap.peak, budget: pool.budget }),
    setBudget: (bytes) => {
      pool.budget = bytes;
    },
  };
  return device;
};
