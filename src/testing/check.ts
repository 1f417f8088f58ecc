// Gradient checks: derivatives against central differences, and the adjoint identity between forward and reverse mode.
import { isFloat, type DType, type TypedArray } from '../core/dtype.ts';
import { CotangentError } from '../core/errors.ts';
import { leafTensor } from '../core/functional.ts';
import { hostTensor } from '../core/host.ts';
import { flatten, leafPaths, unflatten, type Leaf } from '../core/tree.ts';
import { ConcreteTensor, valuesNow, type Device, type Storage, type Tensor } from '../core/tensor.ts';
import { jvp, vjp } from '../grad/index.ts';

/** A derivative that does not agree with what it was compared with. */
export class GradientError extends CotangentError {
  override name = 'GradientError';
}

export interface CheckOptions {
  /** Largest |a - b| <= atol + rtol |b|. Defaults suit the dtype: 1e-2 / 1e-3 for float32, 1e-6 / 1e-7 for float64. */
  readonly rtol?: number;
  readonly atol?: number;
  /** Step of the central difference. Default: cube root of the dtype's epsilon, times the size of the values. */
  readonly step?: number;
  /** Which derivatives: forward mode, reverse mode, or both (default). */
  readonly modes?: readonly ('forward' | 'reverse')[];
  /** Derivatives of derivatives up to this order (default 1). */
  readonly order?: 1 | 2;
  /** Seed of the random directions. */
  readonly seed?: number;
}

// A small generator of its own: directions must not depend on the library's random numbers.
const directions = (seed: number): (() => number) => {
  let s = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return ((s >>> 0) / 2 ** 32) * 2 - 1;
  };
};

type F = (...args: never[]) => unknown;

/** A device that computes takes values. */
interface Taker extends Device {
  readonly upload?: (elements: TypedArray, dtype: DType, weak: boolean) => Storage;
}

/** y where x is, so that the default device computes with neither. */
const beside = (x: Tensor, y: Tensor): Tensor => {
  const device: Taker | undefined = x instanceof ConcreteTensor ? x.storage.device : undefined;
  if (device?.upload === undefined) return y;
  return new ConcreteTensor(y.shape, y.dtype, device.upload(y.dataSync(), y.dtype, y.weak), y.weak);
};

const tangentLike = (x: Leaf, next: () => number): Leaf => {
  if (typeof x === 'number') return next();
  const data = Float64Array.from({ length: x.size }, next);
  return beside(
    x,
    x.dtype === 'float64'
      ? hostTensor(data, x.shape, 'float64')
      : hostTensor(Float32Array.from(data), x.shape, isFloat(x.dtype) ? x.dtype : 'float32'),
  );
};

const shifted = (x: Leaf, t: Leaf, by: number): Leaf => {
  if (typeof x === 'number') return x + by * (t as number);
  if (!isFloat(x.dtype)) return x;
  const a = x.dataSync();
  const d = (t as Tensor).dataSync();
  return beside(
    x,
    hostTensor(a.map((v: number, i: number) => v + by * d[i]!) as Float64Array, x.shape, x.dtype, x.weak),
  );
};

const elements = (op: string, x: Leaf): TypedArray =>
  valuesNow(
    op,
    leafTensor(x),
    'bring the arguments, and what the function captures, to the WebAssembly device: await blockUntilReady(devicePut(args, device))',
  );

const numbers = (tree: unknown): { readonly values: number[]; readonly paths: string[] } => {
  const { leaves, structure } = flatten(tree, 'checkGrads');
  const paths = leafPaths(structure);
  const values: number[] = [];
  const where: string[] = [];
  leaves.forEach((x, i) =>
    elements('checkGrads', x).forEach((v: number, k: number) => {
      values.push(v);
      where.push(`${paths[i] === '' ? 'result' : paths[i]!}[${k}]`);
    }),
  );
  return { values, paths: where };
};

const compare = (
  what: string,
  got: unknown,
  want: { readonly values: readonly number[]; readonly paths: readonly string[] },
  atol: number,
  rtol: number,
): void => {
  const a = numbers(got).values;
  want.values.forEach((b, i) => {
    if (Object.is(a[i], b) || Math.abs(a[i]! - b) <= atol + rtol * Math.abs(b)) return;
    throw new GradientError(
      'checkGrads',
      `${what} at ${want.paths[i]!} is ${a[i]}, expected ${b} (tolerance ${atol} + ${rtol} * |expected|)`,
    );
  });
};

/** The inner product of the floating leaves of two lists, and the sum of the sizes of its terms. */
const dot = (op: string, a: readonly Leaf[], b: readonly Leaf[]): readonly [number, number] => {
  let [sum, scale] = [0, 0];
  a.forEach((x, i) => {
    const y = leafTensor(b[i]!);
    if (!isFloat(y.dtype) || !isFloat(leafTensor(x).dtype)) return;
    const [p, q] = [elements(op, x), elements(op, y)];
    p.forEach((u: number, k: number) => {
      sum += u * q[k]!;
      scale += Math.abs(u * q[k]!);
    });
  });
  return [sum, scale];
};

/** What reverse mode pulls back of random cotangents w: the gradients J' w, and w. */
const pulled = (
  f: F,
  args: readonly unknown[],
  next: () => number,
): { readonly back: unknown; readonly w: readonly Leaf[] } => {
  const [out, pull] = vjp(f as (...a: unknown[]) => unknown, ...args);
  const flat = flatten(out, 'checkGrads');
  const w = flat.leaves.map((x) => tangentLike(x, next));
  return { back: pull(unflatten<never>(flat.structure, w)), w };
};

/** Checks <J' w, v> = <w, s> for the slope s along v, without forward mode. */
const checkReverse = (
  f: F,
  args: readonly unknown[],
  v: readonly Leaf[],
  slope: readonly number[],
  rtol: number,
  atol: number,
  seed: number,
): void => {
  const { back, w } = pulled(f, args, directions(seed + 7));
  const [left, scale] = dot('checkGrads', flatten(back, 'checkGrads').leaves, v);
  const right = numbers(w).values.reduce((sum, x, i) => sum + x * slope[i]!, 0);
  if (Math.abs(left - right) <= atol + rtol * Math.max(scale, Math.abs(right))) return;
  throw new GradientError(
    'checkGrads',
    `the reverse derivative along a random direction is ${left}, expected ${right} by central differences`,
  );
};

const isWide = (leaves: readonly Leaf[]): boolean =>
  leaves.every((x) => typeof x !== 'number' && ((x.dtype === 'float64' && !x.weak) || !isFloat(x.dtype)));

/**
 * Compares the derivatives of f at these arguments, along random directions, with central differences
 * (`jax.test_util.check_grads`); throws a GradientError that names the first difference. Use float64 for sharp tolerances.
 * @example
 * checkGrads((x) => mul(x, x), [tensor([1, 2])]);
 */
export const checkGrads = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: readonly [...A],
  options: CheckOptions = {},
): void => {
  const { leaves, structure } = flatten(args, 'checkGrads');
  const wide = isWide(leaves);
  const {
    rtol = wide ? 1e-6 : 1e-2,
    atol = wide ? 1e-7 : 1e-3,
    modes = ['forward', 'reverse'],
    order = 1,
    seed = 0,
  } = options;
  const size = Math.max(
    1,
    ...leaves.flatMap((x) => Array.from(elements('checkGrads', x), Math.abs)).filter(Number.isFinite),
  );
  const h = options.step ?? Math.cbrt(wide ? 2 ** -52 : 2 ** -23) * Math.min(size, 10);
  const next = directions(seed);
  const tangents = leaves.map((x) => tangentLike(x, next));
  const at = (by: number): unknown =>
    (f as F)(
      ...unflatten<never[]>(
        structure,
        leaves.map((x, i) => shifted(x, tangents[i]!, by)),
      ),
    );
  const [plus, minus] = [numbers(at(h)), numbers(at(-h))];
  const slope = { values: plus.values.map((v, i) => (v - minus.values[i]!) / (2 * h)), paths: plus.paths };
  const dargs = unflatten<never>(structure, tangents);
  const forward = (): unknown => jvp(f as (...a: A) => unknown, args, dargs)[1];
  if (modes.includes('forward')) compare('the forward derivative', forward(), slope, atol, rtol);
  const both = modes.includes('forward');
  if (modes.includes('reverse') && both)
    checkVjpAdjoint(f, args, { rtol: Math.max(rtol, wide ? 1e-9 : 1e-3), atol, seed });
  // A function with a reverse rule alone is compared with the slope itself.
  if (modes.includes('reverse') && !both) checkReverse(f as F, args, tangents, slope.values, rtol, atol, seed);
  if (order === 2)
    checkGrads(
      (...xs: A) =>
        both
          ? jvp(f as (...a: A) => unknown, xs as unknown as [...A], dargs)[1]
          : pulled(f as F, xs, directions(seed + 3)).back,
      args,
      {
        ...options,
        order: 1,
        seed: seed + 1,
        rtol: rtol * 10,
        atol: atol * 10,
      },
    );
};

/**
 * Checks <w, J v> = <J' w, v> for random v and w: that reverse mode is the transpose of forward mode.
 * @example
 * checkVjpAdjoint((x) => mul(x, x), [tensor([1, 2])]);
 */
export const checkVjpAdjoint = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: readonly [...A],
  options: CheckOptions = {},
): void => {
  const { leaves, structure } = flatten(args, 'checkVjpAdjoint');
  const wide = isWide(leaves);
  const { rtol = wide ? 1e-9 : 1e-3, atol = wide ? 1e-9 : 1e-4, seed = 0 } = options;
  const next = directions(seed + 7);
  const v = leaves.map((x) => tangentLike(x, next));
  const [out, jv] = jvp(f as (...a: A) => unknown, args, unflatten<never>(structure, v));
  const flat = flatten(out, 'checkVjpAdjoint');
  const w = flat.leaves.map((x) => tangentLike(x, next));
  const [, pull] = vjp(f as (...a: A) => unknown, ...(args as unknown as A));
  const back = flatten(pull(unflatten<never>(flat.structure, w)), 'checkVjpAdjoint').leaves;
  const [left, scaleLeft] = dot('checkVjpAdjoint', w, flatten(jv, 'checkVjpAdjoint').leaves);
  const [right, scaleRight] = dot('checkVjpAdjoint', back, v);
  if (Object.is(left, right) || Math.abs(left - right) <= atol + rtol * Math.max(scaleLeft, scaleRight, 1e-30)) return;
  throw new GradientError(
    'checkVjpAdjoint',
    `<w, J v> = ${left} but <J' w, v> = ${right}: reverse mode is not the transpose of forward mode here`,
  );
};
