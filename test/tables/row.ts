// A row of the test tables: one primitive as users reach it, the inputs it is tried on, and its own plain definition.
import { hostArray, isFloat, type DType } from '../../src/core/dtype.ts';
import { hostTensor } from '../../src/core/host.ts';
import { Tensor } from '../../src/core/tensor.ts';

/** Elements in row-major order; bools are 0 and 1. */
export interface HostValue {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface InputSpec {
  readonly shape: readonly number[];
  /** Default float32; checks in float64 widen it. */
  readonly dtype?: DType;
  /** Drawn evenly from an interval (whole numbers for integers); default [-2, 2]. */
  readonly domain?: readonly [number, number];
  /** Or by a function of random numbers in [0, 1), the place, and the number of places in the shape. */
  readonly draw?: (random: () => number, place: number, places: number) => number;
}

export interface Row {
  /** The primitive's name, that of its record. */
  readonly primitive: string;
  /** What makes this row different from others of the same primitive. */
  readonly name?: string;
  readonly inputs: readonly InputSpec[];
  readonly apply: (...xs: Tensor[]) => Tensor | readonly Tensor[];
  /** What `apply` computes, from scratch and in float64; no code of the library. */
  readonly definition: (...xs: HostValue[]) => HostValue | readonly HostValue[];
  /** Which inputs have a derivative to be checked; by default those of float dtype. */
  readonly differentiable?: readonly boolean[];
}

/** The name of a row in reports. */
export const label = (row: Row): string => `${row.primitive}${row.name === undefined ? '' : ` (${row.name})`}`;

/** What a row applies, its results always as a list. */
export const applied =
  (row: Row) =>
  (...xs: readonly Tensor[]): readonly Tensor[] => {
    const y = row.apply(...xs);
    return y instanceof Tensor ? [y] : y;
  };

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Random numbers in [0, 1) from a seed, the same on every machine (mulberry32). */
export const generator = (seed: number): (() => number) => {
  let s = seed | 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

/** An input as its spec says, floats in `float`, with `lead` axes in front of the shape (a batch). */
export const drawInput = (
  spec: InputSpec,
  random: () => number,
  float: 'float32' | 'float64',
  lead: readonly number[] = [],
): Tensor => {
  const shape = [...lead, ...spec.shape];
  const own = spec.dtype ?? 'float32';
  const dtype = isFloat(own) ? float : own;
  const data = hostArray(dtype, sizeOf(shape));
  const places = sizeOf(spec.shape);
  const [lo, hi] = spec.domain ?? [-2, 2];
  for (let i = 0; i < data.length; i++) {
    if (spec.draw !== undefined) data[i] = spec.draw(random, i % places, places);
    else data[i] = isFloat(dtype) ? lo + random() * (hi - lo) : lo + Math.floor(random() * (hi - lo + 1));
  }
  return hostTensor(data, shape, dtype);
};

export const toHost = (x: Tensor): HostValue => ({ shape: x.shape, data: Array.from(x.dataSync()) });

export const forEachIndex = (shape: readonly number[], f: (at: number[]) => void): void => {
  const at = shape.map(() => 0);
  for (let n = sizeOf(shape); n > 0; n--) {
    f([...at]);
    for (let i = shape.length - 1; i >= 0; i--) {
      if (++at[i]! < shape[i]!) break;
      at[i] = 0;
    }
  }
};
// As many as the longest index in a row, so that patterns may name them.
type Index = readonly [number, number, number, number, number];
/** A value by a function of the index. */
export const tabulate = (shape: readonly number[], f: (at: Index) => number): HostValue => {
  const data: number[] = [];
  forEachIndex(shape, (at) => data.push(f(at as unknown as Index)));
  return { shape, data };
};
/** The element at an index; undefined outside. */
export const elementAt = (x: HostValue, at: readonly number[]): number | undefined => {
  let place = 0;
  for (let i = 0; i < x.shape.length; i++) {
    if (at[i]! < 0 || at[i]! >= x.shape[i]!) return undefined;
    place = place * x.shape[i]! + at[i]!;
  }
  return x.data[place];
};

export const floats = (shape: readonly number[], lo = -2, hi = 2): InputSpec => ({ shape, domain: [lo, hi] });
export const ints = (shape: readonly number[], lo = -9, hi = 9): InputSpec => ({
  shape,
  dtype: 'int32',
  domain: [lo, hi],
});
export const bools = (shape: readonly number[]): InputSpec => ({ shape, dtype: 'bool', domain: [0, 1] });
/** Distinct multiples of `step` around 0 in random order: no ties, and no kink within reach of a difference quotient. */
export const spaced = (shape: readonly number[], step = 0.25): InputSpec => {
  let order: number[] = [];
  return {
    shape,
    draw: (random, place, places) => {
      if (place === 0)
        order = Array.from({ length: places }, (_, i) => [random(), i] as const)
          .sort((a, b) => a[0] - b[0])
          .map(([, i]) => i);
      return (order[place]! - places / 2 + 0.3) * step;
    },
  };
};

/** A definition element by element. */
export const mapped =
  (f: (...x: number[]) => number) =>
  (...xs: HostValue[]): HostValue => ({
    shape: xs[0]!.shape,
    data: xs[0]!.data.map((_, i) => f(...xs.map((x) => x.data[i]!))),
  });

/** A definition that turns each run along an axis into another one (a scan) or into one element, which removes the axis (a reduction). */
export const alongAxis =
  (axis: number, f: (run: number[]) => number[], keep = true) =>
  (x: HostValue): HostValue => {
    const run = (rest: readonly number[]): number[] =>
      f(
        Array.from({ length: x.shape[axis]! }, (_, k) =>
          elementAt(x, [...rest.slice(0, axis), k, ...rest.slice(axis)])!,
        ),
      );
    const without = (at: readonly number[]): number[] => at.filter((_, i) => i !== axis);
    return keep
      ? tabulate(x.shape, (at) => run(without(at.slice(0, x.shape.length)))[at[axis]!]!)
      : tabulate(without(x.shape), (at) => run(at.slice(0, x.shape.length - 1))[0]!);
  };

/** A row of an elementwise primitive over small inputs of one shape. */
export const elementwise = (
  primitive: string,
  apply: (...xs: [Tensor, Tensor, Tensor]) => Tensor,
  f: (...x: [number, number, number]) => number,
  domains: readonly (readonly [number, number])[],
  options: { readonly dtype?: DType; readonly differentiable?: readonly boolean[]; readonly name?: string } = {},
): Row => ({
  primitive,
  apply: apply,
  definition: mapped(f),
  inputs: domains.map((domain) => ({ shape: [3, 5], dtype: options.dtype ?? 'float32', domain })),
  ...(options.differentiable === undefined ? {} : { differentiable: options.differentiable }),
  ...(options.name === undefined ? {} : { name: options.name }),
});
