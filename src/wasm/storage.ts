// Values of the WebAssembly device: resident in linear memory up to a budget, beyond it in JS buffers that the engine collects.
import { byteSize, hostArray, hostView, type DType, type TypedArray } from '../core/dtype.ts';
import { macrotask } from '../core/macrotask.ts';
import { DeviceError } from '../core/errors.ts';
import type { Device, Storage } from '../core/tensor.ts';
import type { Heap } from './memory.ts';

// Below this many bytes a copy costs less than a finalizer.
const small = 1024;

export interface StorageStats {
  /** Bytes of values in linear memory. */
  readonly residentBytes: number;
  readonly residentValues: number;
  /** Values made so far that went to JS buffers because the budget was spent (small ones are not counted). */
  readonly spilled: number;
}

/** A value in linear memory. Freed when disposed, or some time after nothing refers to it. */
export class ResidentStorage implements Storage {
  readonly device: Device;
  readonly dtype: DType;
  readonly length: number;
  readonly address: number;
  readonly #pool: StoragePool;
  // Tensors that hold it: a reshape has the bytes of what it reshapes.
  #holders = 1;
  constructor(pool: StoragePool, device: Device, dtype: DType, length: number, address: number) {
    this.device = device;
    this.dtype = dtype;
    this.length = length;
    this.address = address;
    this.#pool = pool;
  }
  /** The storage for one more tensor. */
  share(): this {
    this.#holders++;
    return this;
  }
  /** False where another tensor may have the same bytes. */
  get exclusive(): boolean {
    return this.#holders === 1;
  }
  view(): TypedArray {
    if (this.#holders <= 0) throw new DeviceError('wasm', 'the value was freed');
    return hostView(this.dtype, this.#pool.heap.memory.buffer, this.address, this.length);
  }
  async read(): Promise<TypedArray> {
    const copy = this.readSync();
    await this.#pool.breathe();
    return copy;
  }
  ready(): Promise<void> {
    return this.#pool.breathe();
  }
  readSync(): TypedArray {
    return this.view().slice();
  }
  dispose(): void {
    this.#holders--;
    if (this.#holders === 0) this.#pool.release(this);
  }
}

/** A value in a JS buffer of its own, made by this device. */
export class SpilledStorage implements Storage {
  readonly device: Device;
  readonly elements: TypedArray;
  readonly #pool: StoragePool;
  constructor(pool: StoragePool, device: Device, elements: TypedArray) {
    this.device = device;
    this.elements = elements;
    this.#pool = pool;
  }
  async read(): Promise<TypedArray> {
    const copy = this.elements.slice();
    await this.#pool.breathe();
    return copy;
  }
  readSync(): TypedArray {
    return this.elements.slice();
  }
  dispose(): void {
    // The engine collects it.
  }
}

export interface StoragePool {
  readonly heap: Heap;
  /** Takes a block that was filled by a program as a value's storage, or copies it out and frees it. */
  adopt(dtype: DType, length: number, address: number, keep?: boolean): Storage;
  release(storage: ResidentStorage): void;
  /** Lets finalizers run, by a macrotask, when bytes may be waiting for them. */
  breathe(): Promise<void>;
  budget: number;
  readonly stats: StorageStats;
}

export const createPool = (heap: Heap, device: () => Device, budget: number): StoragePool => {
  let residentBytes = 0;
  let residentValues = 0;
  let spilled = 0;
  let sinceBreath = 0;
  const finalizer = new FinalizationRegistry<{ readonly address: number; readonly bytes: number }>(
    ({ address, bytes }) => {
      residentBytes -= bytes;
      residentValues--;
      heap.free(address);
    },
  );

  const pool: StoragePool = {
    heap,
    adopt: (dtype, length, address, keep = false) => {
      const bytes = length * byteSize(dtype);
      if (!keep && (bytes <= small || residentBytes + bytes > pool.budget)) {
        const elements = hostArray(dtype, length);
        elements.set(hostView(dtype, heap.memory.buffer, address, length));
        heap.free(address);
        if (bytes > small) {
          spilled++;
          sinceBreath += bytes;
        }
        return new SpilledStorage(pool, device(), elements);
      }
      const storage = new ResidentStorage(pool, device(), dtype, length, address);
      residentBytes += bytes;
      residentValues++;
      sinceBreath += bytes;
      finalizer.register(storage, { address, bytes }, storage);
      return storage;
    },
    release: (storage) => {
      finalizer.unregister(storage);
      residentBytes -= storage.length * byteSize(storage.dtype);
      residentValues--;
      heap.free(storage.address);
    },
    breathe: async () => {
      if (sinceBreath < pool.budget / 16) return;
      sinceBreath = 0;
      await macrotask();
    },
    budget,
    get stats() {
      return { residentBytes, residentValues, spilled };
    },
  };
  return pool;
};
