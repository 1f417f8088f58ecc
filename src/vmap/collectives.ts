// Collectives: sums, means and extremes over the axis of a vmap that has a name, and the position along it.
import { aval } from '../core/aval.ts';
import type { DType } from '../core/dtype.ts';
import { leafTensor, type Cotangent } from '../core/functional.ts';
import { bind1 } from '../core/interpreter.ts';
import { add, div, equal, mul } from '../core/ops/arithmetic.ts';
import { ArgumentError } from '../core/errors.ts';
import { indexAlong } from '../core/ops/creation.ts';
import { cast } from '../core/ops/promote.ts';
import { maxPrimitive, minPrimitive } from '../core/ops/reduce.ts';
import { fill, reduceSum } from '../core/ops/structure.ts';
import { times } from '../core/ops/unary.ts';
import type { Primitive, Tangent } from '../core/primitive.ts';
import type { Tensor } from '../core/tensor.ts';
import { flatten, unflatten } from '../core/tree.ts';
import { sizeOfAxis, unbound } from '../core/axes.ts';

/** The name that `vmap(f, { axisName })` gives its axis; several: over all of them. */
export type AxisName = string | readonly string[];

interface AxisParams {
  readonly axisName: string;
}

/** A reduction over a named axis; `along` reduces a value that has the axis, `same` one that is the same at every position. */
const collective = (
  name: string,
  rules: Pick<Primitive<AxisParams>, 'jvp' | 'transpose'>,
  along: (x: Tensor, axis: number) => Tensor,
  same: (x: Tensor, size: number) => Tensor,
): Primitive<AxisParams> => {
  const self: Primitive<AxisParams> = {
    name,
    collective: true,
    shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
    ...rules,
    batch: ([x], [d], params, size, axisName) =>
      params.axisName !== axisName
        ? { outs: [bind1(self, [x!], params)], axes: [d!] }
        : { outs: [d === null ? same(x!, size) : along(x!, d!)], axes: [null] },
    lower: (_, { axisName }) => {
      throw unbound(name, axisName);
    },
  };
  return self;
};

export const psumPrimitive: Primitive<AxisParams> = collective(
  'psum',
  {
    jvp: ([x], [dx], p) => ({ outs: [bind1(psumPrimitive, [x!], p)], tangents: [bind1(psumPrimitive, [dx!], p)] }),
    transpose: ([ct], _, p) => [ct === null ? null : bind1(psumPrimitive, [ct!], p)],
  },
  (x, axis) => reduceSum(x, [axis]),
  (x, size) => times(x, fill(x.shape, size, x.dtype)),
);

// Tied extremes share the tangent equally, as in max and min.
const extreme = (
  name: 'pmax' | 'pmin',
  reduce: Primitive<{ readonly axes: readonly number[] }>,
): Primitive<AxisParams> => {
  const self: Primitive<AxisParams> = collective(
    name,
    {
      jvp([x], [dx], p) {
        const y = bind1(self, [x!], p);
        const mine = cast(equal(x!, y), x!.dtype);
        const total = (v: Tensor): Tensor => bind1(psumPrimitive, [v], p);
        const tangent: Tangent = dx === null ? null : div(total(times(dx!, mine)), total(mine));
        return { outs: [y], tangents: [tangent] };
      },
      transpose: null,
    },
    (x, axis) => bind1(reduce, [x], { axes: [axis] }),
    (x) => x,
  );
  return self;
};
export const pmaxPrimitive: Primitive<AxisParams> = extreme('pmax', maxPrimitive);
export const pminPrimitive: Primitive<AxisParams> = extreme('pmin', minPrimitive);

export const axisIndexPrimitive: Primitive<AxisParams> = {
  name: 'axisIndex',
  collective: true,
  shape: () => [aval([], 'int32')],
  jvp: (_, __, p) => ({ outs: [bind1(axisIndexPrimitive, [], p)], tangents: [null] }),
  transpose: null,
  batch: (_, __, params, size, axisName) =>
    params.axisName === axisName
      ? { outs: [indexAlong([size], 0)], axes: [0] }
      : { outs: [bind1(axisIndexPrimitive, [], params)], axes: [null] },
  lower: (_, { axisName }) => {
    throw unbound('axisIndex', axisName);
  },
};

const namesOf = (op: string, axisName: AxisName): readonly string[] => {
  const names = Array.isArray(axisName) ? (axisName as readonly string[]) : [axisName as string];
  if (names.length === 0) throw new ArgumentError(op, 'needs the name of at least one axis, got an empty array');
  names.forEach((n) => sizeOfAxis(op, n));
  return names;
};

const countable = (d: DType): DType => (d === 'bool' ? 'int32' : d);

/** A primitive over each name in turn, applied to every leaf of a tree. */
const overLeaves = <T>(
  op: string,
  tree: T,
  axisName: AxisName,
  f: (x: Tensor, name: string) => Tensor,
): Cotangent<T> => {
  const names = namesOf(op, axisName);
  const { leaves, structure } = flatten(tree, op);
  return unflatten<Cotangent<T>>(
    structure,
    leaves.map((x) => names.reduce(f, leafTensor(x))),
  );
};

const sumOver = (x: Tensor, axisName: string): Tensor =>
  bind1(psumPrimitive, [cast(x, countable(x.dtype))], { axisName });

/**
 * Sums over the axis that an enclosing `vmap(f, { axisName })` maps, leaf by leaf of any tree (`jax.lax.psum`): every position gets
 * the same sum. A value that is the same at every position is multiplied by the axis's length; bools are counted in int32. The
 * transpose of psum is psum. An array of names sums over all of them. A name that no enclosing vmap gave is an error.
 * @example
 * vmap((x) => div(x, psum(x, 'i')), { axisName: 'i' })(tensor([1, 3])); // [0.25, 0.75]
 */
export const psum = <T>(tree: T, axisName: AxisName): Cotangent<T> => overLeaves('psum', tree, axisName, sumOver);

/**
 * Means over a named axis of vmap, leaf by leaf of any tree (`jax.lax.pmean`): psum(x) / psum(1). Integers give float32.
 * @example
 * // Batch normalisation, written for one example: statistics are means over the mapped axis.
 * const normalise = (x) => {
 *   const centred = sub(x, pmean(x, 'batch'));
 *   return div(centred, sqrt(pmean(mul(centred, centred), 'batch')));
 * };
 * vmap(normalise, { axisName: 'batch' })(tensor([[1, 5], [3, 1]])); // [[-1, 1], [1, -1]]
 */
export const pmean = <T>(tree: T, axisName: AxisName): Cotangent<T> =>
  overLeaves('pmean', tree, axisName, (x, name) => div(sumOver(x, name), sizeOfAxis('pmean', name)));

/**
 * Largest values over a named axis of vmap, leaf by leaf of any tree (`jax.lax.pmax`); NaN if there is one. Ties share the gradient
 * equally.
 * @example
 * vmap((x) => sub(x, pmax(x, 'i')), { axisName: 'i' })(tensor([1, 3, 2])); // [-2, 0, -1]
 */
export const pmax = <T>(tree: T, axisName: AxisName): Cotangent<T> =>
  overLeaves('pmax', tree, axisName, (x, name) => bind1(pmaxPrimitive, [x], { axisName: name }));

/**
 * Smallest values over a named axis of vmap, leaf by leaf of any tree (`jax.lax.pmin`); NaN if there is one. Ties share the gradient
 * equally.
 * @example
 * vmap((x) => sub(x, pmin(x, 'i')), { axisName: 'i' })(tensor([1, 3, 2])); // [0, 2, 1]
 */
export const pmin = <T>(tree: T, axisName: AxisName): Cotangent<T> =>
  overLeaves('pmin', tree, axisName, (x, name) => bind1(pminPrimitive, [x], { axisName: name }));

/**
 * The position along a named axis of vmap, an int32 scalar (`jax.lax.axis_index`); along several, row-major over them.
 * @example
 * vmap((x) => mul(x, axisIndex('i')), { axisName: 'i' })(tensor([5, 5, 5])); // [0, 5, 10]
 */
export const axisIndex = (axisName: AxisName): Tensor<readonly [], 'int32'> =>
  namesOf('axisIndex', axisName)
    .map((name) => ({ size: sizeOfAxis('axisIndex', name), at: bind1(axisIndexPrimitive, [], { axisName: name }) }))
    .reduce((before, { size, at }) => ({ size, at: add(mul(before.at, size), at) })).at as Tensor<readonly [], 'int32'>;

/**
 * The length of a named axis of vmap, as a JS number (`jax.lax.axis_size`); the product for several.
 * @example
 * vmap((x) => mul(x, axisSize('i')), { axisName: 'i' })(tensor([1, 2])); // [2, 4]
 */
export const axisSize = (axisName: AxisName): number =>
  namesOf('axisSize', axisName).reduce((n, name) => n * sizeOfAxis('axisSize', name), 1);
