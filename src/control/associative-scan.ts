// associativeScan: all prefixes of an associative operation, in a number of rounds that grows as the logarithm of the length.
import { checkAxis, showAval, showShape } from '../core/aval.ts';
import { ArgumentError, DTypeError, ShapeError } from '../core/errors.ts';
import { flattenResult, settle } from '../core/functional.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { concatenateAlong } from '../core/ops/concat.ts';
import { cast } from '../core/ops/promote.ts';
import { moveAffine, sliceAlong } from '../core/ops/slice.ts';
import { reshapeTo } from '../core/ops/structure.ts';
import type { Tensor } from '../core/tensor.ts';
import { checkSameStructure, leafPaths, unflatten } from '../core/tree.ts';
import { leavesOf, type Traced } from './body.ts';

export interface AssociativeScanOptions {
  /** From the last element to the first: each result joins an element with all behind it. Default false. */
  readonly reverse?: boolean;
  /** The axis along which the elements lie, the same for all leaves. Default 0. */
  readonly axis?: number;
}

const backwards = (x: Tensor, axis: number): Tensor =>
  moveAffine(
    x,
    x.shape.map((size, i) =>
      i === axis ? { stride: -1, spread: 1, offset: size - 1, size } : { stride: 1, spread: 1, offset: 0, size },
    ),
  );

/** even[0], odd[0], even[1], odd[1], ...; there are as many even ones as odd ones, or one more. */
const interleave = (even: Tensor, odd: Tensor, axis: number): Tensor => {
  const n = odd.shape[axis]!;
  const pairs = [...odd.shape.slice(0, axis + 1), 1, ...odd.shape.slice(axis + 1)];
  const both = concatenateAlong(
    [sliceAlong(even, axis, 0, n), odd].map((x) => reshapeTo(x, pairs)),
    axis + 1,
  );
  const joined = reshapeTo(
    both,
    odd.shape.map((d, i) => (i === axis ? 2 * n : d)),
  );
  return even.shape[axis] === n ? joined : concatenateAlong([joined, sliceAlong(even, axis, n, 1)], axis);
};

/**
 * All prefixes of an associative operation (`jax.lax.associative_scan`): the first element, the first two joined, the first three,
 * and so on, in about 2 log2(n) rounds of which each joins many pairs at once, where scan takes n steps. It applies the operation
 * about 2n times, so it pays where a step is small and long rows fill the vectors of the machine.
 *
 *     associativeScan :: ([a] -> [a] -> [a]) -> [a] -> [a]
 *
 *     const associativeScan = (fn, elems) => {
 *       const prefixes = [];
 *       for (const x of elems) prefixes.push(prefixes.length === 0 ? x : fn(prefixes.at(-1), x));
 *       return stack(prefixes);
 *     };
 *
 * `fn` gets many elements at once, two trees with the structure of `elems` and any length along the axis, and joins them pair by
 * pair, the earlier one first; wrap an operation on single elements in vmap. It must be associative and keep structure, shapes and
 * dtypes; it need not be commutative. With `reverse` it still gets what is joined so far first, from the end on. Any length, 0 and
 * 1 too, where fn is not called. Errors: ShapeError, DTypeError or TreeError where the leaves differ in length or fn changes them.
 * @example
 * associativeScan((a, b) => mul(a, b), tensor([1, 2, 3, 4])); // [1, 2, 6, 24]
 */
export const associativeScan = <X>(
  fn: (a: Traced<X>, b: Traced<X>) => unknown,
  elems: X,
  options: AssociativeScanOptions = {},
): Traced<X> => {
  const op = 'associativeScan';
  checkFunction(op, fn);
  checkOptions(op, options, ['reverse', 'axis']);
  const { reverse = false, axis: from = 0 } = options;
  const { leaves, structure } = leavesOf(op, elems);
  if (leaves.length === 0) throw new ArgumentError(op, 'there are no elements: the tree has no tensors');
  const paths = leafPaths(structure);
  const name = (i: number): string => (paths[i] === '' ? 'elems' : `elems at ${paths[i]!}`);
  const axes = leaves.map((x, i) => {
    if (x.rank === 0) throw new ShapeError(op, `${name(i)} is a scalar and has no axis to go along`);
    return checkAxis(op, from, x.rank, paths[i] === '' ? 'axis' : `for ${name(i)}, axis`);
  });
  const n = leaves[0]!.shape[axes[0]!]!;
  leaves.forEach((x, i) => {
    if (x.shape[axes[i]!] !== n)
      throw new ShapeError(
        op,
        `${name(0)} has ${n} elements along axis ${from}, but ${name(i)} has shape ${showShape(x.shape)}; all leaves must have one length`,
      );
  });

  const join = (a: readonly Tensor[], b: readonly Tensor[]): Tensor[] => {
    const trees = [a, b].map((xs) => unflatten<Traced<X>>(structure, xs));
    const result = flattenResult(op, fn, fn(trees[0]!, trees[1]!));
    checkSameStructure(op, structure, result.structure, ['elems', 'what fn returns']);
    return result.leaves.map((y, i) => {
      const x = a[i]!;
      const shown = `fn changes ${name(i)}: it is given ${showAval(x)} and returns ${showAval(y)}; it must keep shapes and dtypes`;
      if (x.shape.join() !== y.shape.join()) throw new ShapeError(op, shown);
      if (x.dtype !== y.dtype && !y.weak) throw new DTypeError(op, shown);
      return cast(y, x.dtype);
    });
  };
  const part = (xs: readonly Tensor[], start: number, size: number, step: number): Tensor[] =>
    xs.map((x, i) => sliceAlong(x, axes[i]!, start, size, step));
  // Joins neighbours, scans the half as many pairs (the odd prefixes), and gets each even one from the odd one before it.
  const prefixes = (xs: readonly Tensor[], length: number): readonly Tensor[] => {
    if (length < 2) return xs;
    const half = Math.floor(length / 2);
    const odd = prefixes(join(part(xs, 0, half, 2), part(xs, 1, half, 2)), half);
    const rest = length - half - 1;
    const first = part(xs, 0, 1, 1);
    if (rest === 0) return odd.map((y, i) => interleave(first[i]!, y, axes[i]!));
    const even = join(part(odd, 0, rest, 1), part(xs, 2, rest, 2));
    return odd.map((y, i) => interleave(concatenateAlong([first[i]!, even[i]!], axes[i]!), y, axes[i]!));
  };

  const turn = (xs: readonly Tensor[]): readonly Tensor[] => (reverse ? xs.map((x, i) => backwards(x, axes[i]!)) : xs);
  return unflatten<Traced<X>>(structure, turn(prefixes(turn(leaves.map(settle)), n)));
};
