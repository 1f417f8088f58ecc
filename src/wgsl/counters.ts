// The numbers of a loop's steps on the GPU: one buffer of consecutive numbers, of which a dispatch sees the one at an offset.
import { computeStage, usage, type GpuBuffer, type GpuDevice, type GpuObject } from './gpu.ts';

// Every device can bind a uniform at a multiple of this.
const stride = 256;
/** Numbers are written in digits to this base, so that a small table serves loops of any length. */
export const base = 1024;
/** Most digits that a shader may use: what every device has of uniforms with offsets of their own. */
export const mostDigits = 8;

/** Digits that it takes to count to `length`. */
export const digitsFor = (length: number): number => (length <= base ? 1 : 1 + digitsFor(Math.ceil(length / base)));

/** The offset of a digit of `n`. */
export const offsetOf = (n: number, digit: number): number => (Math.floor(n / base ** digit) % base) * stride;

export interface Counters {
  /** The layout of a group of so many digits. */
  layout(digits: number): GpuObject;
  group(digits: number): GpuObject;
}

export const createCounters = (gpu: GpuDevice): Counters => {
  const layouts = new Map<number, GpuObject>();
  const groups = new Map<number, GpuObject>();
  let table: GpuBuffer | undefined;

  const numbers = (): GpuBuffer => {
    if (table !== undefined) return table;
    const words = new Int32Array((base * stride) / 4);
    for (let n = 0; n < base; n++) words[(n * stride) / 4] = n;
    table = gpu.createBuffer({ size: words.byteLength, usage: usage.uniform });
    gpu.queue.writeBuffer(table, 0, words);
    return table;
  };
  const layout = (digits: number): GpuObject => {
    let found = layouts.get(digits);
    if (found === undefined) {
      found = gpu.createBindGroupLayout({
        entries: Array.from({ length: digits }, (_, binding) => ({
          binding,
          visibility: computeStage,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: 4 },
        })),
      });
      layouts.set(digits, found);
    }
    return found;
  };
  return {
    layout,
    group: (digits) => {
      let found = groups.get(digits);
      if (found === undefined) {
        found = gpu.createBindGroup({
          layout: layout(digits),
          entries: Array.from({ length: digits }, (_, binding) => ({
            binding,
            resource: { buffer: numbers(), offset: 0, size: 4 },
          })),
        });
        groups.set(digits, found);
      }
      return found;
    },
  };
};
