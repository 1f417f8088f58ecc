// Values of a WebGPU device: a run of words in a buffer, perhaps not computed yet.
import type { DType, TypedArray } from '../core/dtype.ts';
import { DeviceError } from '../core/errors.ts';
import type { Device, Storage } from '../core/tensor.ts';
import type { Counters } from './counters.ts';
import type { Faults } from './faults.ts';
import type { GpuDevice } from './gpu.ts';
import type { Effects } from './host-calls.ts';
import type { Collector, Pace } from './pace.ts';
import type { Block, BlockPool, Span } from './pool.ts';
import type { Completion, WorkQueue } from './queue.ts';
import type { Staging } from './staging.ts';
import { fromWords, wordBytes } from './types.ts';

/** What storages share: the device and its machinery. */
export interface Home {
  readonly device: Device;
  readonly gpu: GpuDevice;
  readonly pool: BlockPool;
  readonly queue: WorkQueue;
  readonly counters: Counters;
  readonly faults: Faults;
  readonly staging: Staging;
  readonly pace: Pace;
  readonly collector: Collector;
  readonly effects: Effects;
  readonly finalizer: FinalizationRegistry<Span>;
  readonly values: { live: number };
  /** Values of the host that came as arguments. */
  readonly seen: WeakSet<Storage>;
}

/** Brings a range of memory over; the copy is queued now, since what comes later may write over it. */
const fetchSpan = async <T>(
  { gpu, queue, staging, faults }: Home,
  { block, offset }: Span,
  bytes: number,
  needs: readonly Completion[],
  use: (bytes: ArrayBuffer) => T,
): Promise<T> => {
  faults.check();
  const landing = staging.take(bytes);
  const copied = queue.push(() => {
    const encoder = gpu.createCommandEncoder({ label: 'cotangent read' });
    encoder.copyBufferToBuffer(block.buffer, offset, landing.buffer, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
  }, needs);
  // Later reads should find the landing free, so nothing is awaited that has settled.
  if (copied.state === 'pending') await copied.settled;
  if (copied.state === 'failed') {
    staging.give(landing);
    throw copied.error;
  }
  try {
    return await staging.read(landing, bytes, use);
  } catch (error) {
    throw await faults.reason(error, 'reading a value failed');
  }
};

/** A value in a buffer; `inPlace`: one that has the memory of another, which is gone. Its memory is reused when it is disposed of, or some time after nothing refers to it. */
export class WebGpuStorage implements Storage {
  readonly device: Device;
  readonly dtype: DType;
  readonly span: Span;
  readonly length: number;
  /** Of the work that computes the value. */
  readonly completion: Completion;
  /** Submissions before the value was made. */
  readonly born: number;
  readonly #home: Home;
  #live = true;

  constructor(home: Home, dtype: DType, span: Span, length: number, completion: Completion, inPlace = false) {
    this.device = home.device;
    this.dtype = dtype;
    this.span = span;
    this.length = length;
    this.completion = completion;
    this.born = home.pace.submitted;
    this.#home = home;
    home.values.live++;
    home.finalizer.register(this, span, this);
    if (!inPlace) home.collector.count(this.bytes);
  }

  get block(): Block {
    return this.span.block;
  }
  /** Bytes from the start of the buffer. */
  get offset(): number {
    return this.span.offset;
  }
  get bytes(): number {
    return this.length * wordBytes;
  }

  /** Resolves when the value was computed; rejects with the error of what should have computed it. */
  async ready(): Promise<void> {
    // One word that arrives is a fence for everything submitted before.
    await this.#fetch(Math.min(this.bytes, wordBytes), () => undefined);
  }

  async read(): Promise<TypedArray> {
    return this.#fetch(this.bytes, (bytes) => fromWords(bytes, this.dtype, this.length));
  }

  async #fetch<T>(bytes: number, use: (bytes: ArrayBuffer) => T): Promise<T> {
    if (!this.#live) throw new DeviceError('webgpu', 'the value was freed');
    const { faults, pace, collector } = this.#home;
    const { completion, born } = this;
    let result: T;
    if (bytes === 0) {
      await completion.settled;
      if (completion.state === 'failed') throw completion.error;
      result = use(new ArrayBuffer(0));
    } else result = await fetchSpan(this.#home, this.span, bytes, [completion], use);
    const stray = faults.strayFor(born);
    if (stray !== undefined) throw stray;
    faults.clean(born);
    await pace.catchUp();
    await collector.collect();
    return result;
  }

  readSync(): never {
    throw new DeviceError(
      'dataSync',
      'a value on a GPU cannot be read at once; use await x.data(), await x.array() or await x.item(), or compute on the WebAssembly device',
    );
  }

  dispose(): void {
    if (!this.#live) return;
    this.surrender();
    this.#home.pool.give(this.span);
  }

  /** Takes the memory away without freeing it: a result of donated memory has it now. */
  surrender(): void {
    this.#live = false;
    this.#home.values.live--;
    this.#home.finalizer.unregister(this);
  }
}
