// What a case of the backends is: a name, and a check that runs on whichever device is under test.
import * as ct from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';
import { isFloat, type DType, type TypedArray } from '../../src/core/dtype.ts';
import type { Backend } from '../../src/jit/backend.ts';
import type { Plan } from '../../src/jit/kernel.ts';
import { onReference } from './reference.ts';

/** The device under test, in Node or on a page of a browser. */
export interface On {
  readonly device: Backend;
  /** Runs a plan as it stands. */
  readonly runPlan: (plan: Plan, inputs: readonly TypedArray[]) => Promise<readonly TypedArray[]>;
  readonly has: (dtype: DType) => boolean;
  /** Most buffers of one kernel; plans keep to it. */
  readonly buffers: number;
  /** What rounding is added to the tolerance of a kernel, relative: a GPU may fuse a product into a sum. */
  readonly slack: number;
}

/** Says what disagrees by throwing. A case depends on nothing of Node: it runs in browsers too. */
export interface Case {
  readonly name: string;
  readonly run: (on: On) => Promise<void>;
}

/** A result on the host. */
export interface Result {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: ArrayLike<number>;
}

/**
 * Numbers by class (NaN, infinities) and within a tolerance relative to the number, or to a thousandth of the largest of
 * them: sums that cancel are judged by their terms. Throws where they differ.
 */
export const expectClose = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what = ''): void => {
  if (got.length !== want.length) throw new Error(`${what}: ${got.length} elements, wanted ${want.length}`);
  let largest = 0;
  for (let i = 0; i < want.length; i++) if (Number.isFinite(want[i])) largest = Math.max(largest, Math.abs(want[i]!));
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i]!, want[i]!];
    if (Object.is(a, b) || a === b) continue;
    // Nothing but itself is near an infinity: off is NaN.
    const off = Math.abs(a - b) / Math.max(Math.abs(b), largest * 1e-3, 1e-30);
    if (!(off <= tolerance))
      throw new Error(`${what}, element ${i} of ${want.length}: ${a}, wanted ${b} (${off} apart)`);
  }
};

/** Results of the same shapes and dtypes: floats within a tolerance, all others exactly. */
export const compareResults = (got: readonly Result[], want: readonly Result[], tolerance: number): void => {
  if (got.length !== want.length) throw new Error(`${got.length} results, wanted ${want.length}`);
  got.forEach(({ shape, dtype, data }, r) => {
    const w = want[r]!;
    if (shape.join() !== w.shape.join() || dtype !== w.dtype)
      throw new Error(`result ${r}: ${dtype}[${shape.join(', ')}], wanted ${w.dtype}[${w.shape.join(', ')}]`);
    expectClose(data, w.data, isFloat(dtype) ? tolerance : 0, `result ${r}`);
  });
};

/** The leaves of a result, once they can be read. */
export const resultsOf = (tree: unknown): Promise<readonly Result[]> =>
  Promise.all(
    (ct.tree.leaves(tree) as readonly Tensor[]).map(async (x) => ({
      shape: x.shape,
      dtype: x.dtype,
      data: await x.data(),
    })),
  );

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type F = (...args: any[]) => unknown;

/**
 * A function compiled for the device agrees with the reference interpreter, which computes in the declared dtypes. The
 * arguments are made for each of them: a tensor stays on the device where it was used.
 */
export const agrees = async (on: On, f: F, args: () => readonly unknown[], tolerance = 2e-6): Promise<void> => {
  const want = await resultsOf(onReference(() => f(...args())));
  const got = ct.jit(f as (...args: never[]) => unknown, { device: on.device })(
    ...(ct.devicePut(args(), on.device) as never[]),
  );
  compareResults(await resultsOf(got), want, tolerance);
};

/** A case of one function of tensors; the arguments are drawn when it runs. */
export const program = (name: string, f: F, args: () => readonly unknown[], tolerance?: number): Case => ({
  name,
  run: (on) => agrees(on, f, args, tolerance),
});
