// What one library brings to the benchmark: for each workload a case that can be run, or the reason why it can not.
import type { Inputs } from '../workloads.ts';

/** A workload made ready: inputs in the library's own layout, functions traced or not, nothing timed yet. */
export interface Case {
  /** One timed run, complete when it returns (or when its promise resolves). */
  readonly run: () => void | Promise<void>;
  /**
   * The value that is compared across libraries before timing, in canonical layout; for a training step the first loss
   * followed by the change of the loss over each of the next steps. Leaves the case as it was made.
   */
  readonly result: () => Promise<Float32Array>;
  /** Back to the initial state, called outside timing before each round. */
  readonly reset?: () => void;
  readonly dispose?: () => void;
}

/** Which of a library's backends is measured. */
export type DeviceKind = 'wasm' | 'webgpu';

declare global {
  /** Versions of packages, put here when the adapters are bundled. */
  const VERSIONS: Readonly<Record<string, string>>;
}

export type Setup = (inputs: Inputs) => Case | Promise<Case>;

export interface Adapter {
  /** Loads and configures the library: one thread, or the GPU of `navigator.gpu`. Called once, timed as the import cost. */
  readonly load: (device: DeviceKind) => Promise<{
    readonly versions: Readonly<Record<string, string>>;
    readonly cases: Readonly<Record<string, Setup | string>>;
    readonly bytes?: () => number;
  }>;
}

/** The losses of `steps` runs as the checked result: the first, and then the differences to it. */
export const lossCurve = async (steps: number, step: () => Promise<number> | number): Promise<Float32Array> => {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await step());
  const first = losses[0] ?? NaN;
  return Float32Array.from(losses, (loss, i) => (i === 0 ? loss : loss - first));
};

/** Labels as rows of zeros and a one, for libraries whose losses want them so. */
export const oneHot = (labels: ArrayLike<number>, classes: number): Float32Array => {
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]!] = 1;
  return rows;
};

/** Joins arrays end to end. */
export const concat = (parts: readonly ArrayLike<number>[]): Float32Array => {
  const out = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

/** Reorders the axes of a dense array: axis i of the result is axis `axes[i]` of the source. */
export const permuted = (data: ArrayLike<number>, shape: readonly number[], axes: readonly number[]): Float32Array => {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const outShape = axes.map((a) => shape[a]!);
  const steps = axes.map((a) => strides[a]!);
  const out = new Float32Array(data.length);
  const index = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from]!;
    for (let d = axes.length - 1; d >= 0; d--) {
      index[d]!++;
      from += steps[d]!;
      if (index[d]! < outShape[d]!) break;
      from -= steps[d]! * outShape[d]!;
      index[d] = 0;
    }
  }
  return out;
};
