// A row of the test tables: one primitive as users reach it, the inputs it is tried on, and its own plain definition.
import type { DType } from '../../src/core/dtype.ts';
import type { Tensor } from '../../src/core/tensor.ts';

/** Elements in row-major order; bools are 0 and 1. */
export interface HostValue {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** How an input is drawn: evenly from an interval (whole numbers for integers), or by a function of a random number in [0, 1) and the place. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly domain: readonly [number, number] | ((random: () => number, place: number) => number);
}

export interface Row {
  /** The primitive's name, that of its record. */
  readonly primitive: string;
  /** What makes this row different from others of the same primitive. */
  readonly variant?: string;
  readonly inputs: readonly InputSpec[];
  readonly apply: (...xs: [Tensor, Tensor, Tensor]) => Tensor;
  /** What `apply` computes, from scratch and in float64; no code of the library. */
  readonly definition: (...xs: [HostValue, HostValue, HostValue]) => HostValue;
  /** Which inputs have a derivative to be checked; by default those of float dtype. */
  readonly differentiable?: readonly boolean[];
}

export const floats = (shape: readonly number[], lo = -2, hi = 2): InputSpec => ({
  shape,
  dtype: 'float32',
  domain: [lo, hi],
});
export const ints = (shape: readonly number[], lo = -9, hi = 9): InputSpec => ({
  shape,
  dtype: 'int32',
  domain: [lo, hi],
});
export const bools = (shape: readonly number[]): InputSpec => ({ shape, dtype: 'bool', domain: [0, 1] });

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Distinct multiples of `step` around 0 in random order: no ties, and no kink within reach of a difference quotient. */
export const spaced = (shape: readonly number[], step = 0.25): InputSpec => {
  const n = sizeOf(shape);
  let order: number[] = [];
  return {
    shape,
    dtype: 'float32',
    domain: (random, place) => {
      if (place === 0)
        order = Array.from({ length: n }, (_, i) => [random(), i] as const)
          .sort((a, b) => a[0] - b[0])
          .map(([, i]) => i);
      return (order[place]! - n / 2 + 0.3) * step;
    },
  };
};

/** A definition element by element. */
export const mapped =
  (f: (...x: [number, number, number]) => number): Row['definition'] =>
  (...xs) => ({
    shape: xs[0].shape,
    data: xs[0].data.map((_, i) => f(...(xs.map((x) => x.data[i]!) as [number, number, number]))),
  });

/** A definition that turns each run along an axis into another one (a scan) or into one element, which removes the axis (a reduction). */
export const alongAxis =
  (axis: number, f: (run: number[]) => number[], keep = true) =>
  (x: HostValue): HostValue => {
    const n = x.shape[axis]!;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const outer = sizeOf(x.shape.slice(0, axis));
    const size = keep ? n : 1;
    const data = new Array<number>(outer * size * inner);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const run = f(Array.from({ length: n }, (_, k) => x.data[(o * n + k) * inner + i]!));
        for (let k = 0; k < size; k++) data[(o * size + k) * inner + i] = run[k]!;
      }
    return { shape: keep ? x.shape : x.shape.filter((_, i) => i !== axis), data };
  };

/** A row of an elementwise primitive over small inputs of one shape. */
export const elementwise = (
  primitive: string,
  apply: Row['apply'],
  f: (...x: [number, number, number]) => number,
  domains: readonly (readonly [number, number])[],
  options: { readonly dtype?: DType; readonly differentiable?: readonly boolean[]; readonly variant?: string } = {},
): Row => ({
  primitive,
  apply,
  definition: mapped(f),
  inputs: domains.map((domain) => ({ shape: [3, 5], dtype: options.dtype ?? 'float32', domain })),
  ...(options.differentiable === undefined ? {} : { differentiable: options.differentiable }),
  ...(options.variant === undefined ? {} : { variant: options.variant }),
});
