// Reductions: axes given in NumPy's way, and the primitives for products, extremes, truth and positions.
import { aval, checkAxes, checkAxis, showShape, sizeOf, type Shape } from '../aval.ts';
import type { DType } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { bind1 } from '../interpreter.ts';
import { checkOptions } from '../options.ts';
import type { ReduceOp } from '../lowering.ts';
import type { Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { CountedReduction, PositionReduction, SameReduction, TestReduction } from '../types/functions.ts';
import { div, equal } from './arithmetic.ts';
import { truth } from './choice.ts';
import { cumulate, shiftAlong } from './cumulate.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { broadcastInto, moveAxis, permuteAxes, reduceSum, reshapeTo } from './structure.ts';
import { times } from './unary.ts';

/** The axes of a reduction: one, several, or all (null, or left out). */
export type Axes = number | readonly number[] | null;
export interface ReduceOptions {
  readonly axis?: Axes | undefined;
  /** Reduced axes stay, with size 1. */
  readonly keepdims?: boolean | undefined;
}
export type AxisOptions = Axes | ReduceOptions;

const isAxes = (o: unknown): o is Axes => typeof o === 'number' || Array.isArray(o) || o === null;
const reduceOptions = ['axis', 'keepdims'];
/** Axes or options as options; `more` are the names of those beside axis and keepdims. */
export const readOptions = <O extends ReduceOptions>(
  op: string,
  options: Axes | O | undefined,
  ...more: readonly string[]
): O => {
  if (options === undefined) return {} as O;
  if (isAxes(options)) return { axis: options } as O;
  checkOptions(op, options, more.length === 0 ? reduceOptions : [...reduceOptions, ...more]);
  return options;
};

const without = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i));
const kept = (shape: Shape, axes: readonly number[]): number[] => shape.map((d, i) => (axes.includes(i) ? 1 : d));

interface AxesParams {
  readonly axes: readonly number[];
  /** The derivative is taken as 0: for a maximum that only shifts an exponent, where it cancels. */
  readonly fixed?: boolean;
}

const reducePrimitive = (
  name: string,
  op: ReduceOp,
  out: (d: DType) => DType,
  tangent: (x: Tensor, dx: Tensor, y: Tensor, axes: readonly number[]) => Tangent,
): Primitive<AxesParams> => {
  const self: Primitive<AxesParams> = {
    name,
    shape: ([x], { axes }) => [aval(without(x!.shape, axes), out(x!.dtype), x!.weak)],
    jvp([x], [dx], params) {
      const y = bind1(self, [x!], params);
      return { outs: [y], tangents: [params.fixed === true ? null : tangent(x!, dx!, y, params.axes)] };
    },
    transpose: null,
    batch: ([x], [d], params) => ({
      outs: [bind1(self, [moveAxis(x!, d!, 0)], { ...params, axes: params.axes.map((a) => a + 1) })],
      axes: [0],
    }),
    lower: (_, { axes }) => ({ tag: 'reduce', op, axes }),
  };
  return self;
};

const same = (d: DType): DType => d;

// Tied extremes share the tangent equally.
const shareOfTies = (x: Tensor, dx: Tensor, y: Tensor, axes: readonly number[]): Tangent => {
  const here = cast(equal(x, broadcastInto(y, x.shape, axes)), x.dtype);
  return div(reduceSum(times(dx, here), axes), reduceSum(here, axes));
};

// The product of all the others, from both sides: no division, so that zeros are no special case.
const productTangent = (x: Tensor, dx: Tensor, _: Tensor, axes: readonly number[]): Tangent => {
  const rest = x.shape.map((__, i) => i).filter((i) => !axes.includes(i));
  const shape = rest.map((i) => x.shape[i]!);
  const n = sizeOf(axes.map((i) => x.shape[i]!));
  const last = (t: Tensor): Tensor => reshapeTo(permuteAxes(t, [...rest, ...axes]), [...shape, n]);
  const axis = rest.length;
  const [u, du] = [last(x), last(dx)];
  const before = shiftAlong(cumulate('prod', u, axis), axis, 1, 1);
  const after = shiftAlong(cumulate('prod', u, axis, true), axis, -1, 1);
  return reduceSum(times(du, times(before, after)), [axis]);
};

export const maxPrimitive: Primitive<AxesParams> = reducePrimitive('max', 'max', same, shareOfTies);
export const minPrimitive: Primitive<AxesParams> = reducePrimitive('min', 'min', same, shareOfTies);
export const prodPrimitive: Primitive<AxesParams> = reducePrimitive('prod', 'prod', same, productTangent);
export const anyPrimitive: Primitive<AxesParams> = reducePrimitive('any', 'any', same, () => null);
export const allPrimitive: Primitive<AxesParams> = reducePrimitive('all', 'all', same, () => null);
export const argmaxPrimitive: Primitive<AxesParams> = reducePrimitive(
  'argmax',
  'argmax',
  () => 'int32',
  () => null,
);
export const argminPrimitive: Primitive<AxesParams> = reducePrimitive(
  'argmin',
  'argmin',
  () => 'int32',
  () => null,
);

/** A maximum along axes that counts as a constant in derivatives, without checks: for rules and stable exponentials. */
export const fixedMax = (x: Tensor, axes: readonly number[]): Tensor => bind1(maxPrimitive, [x], { axes, fixed: true });

/** Applies a reduction of given axes, and puts the reduced axes back with size 1 where they are wanted. */
export const reduceOver = (
  op: string,
  x: Tensor,
  options: AxisOptions | undefined,
  f: (x: Tensor, axes: readonly number[]) => Tensor,
): Tensor => {
  const { axis, keepdims } = readOptions<ReduceOptions>(op, options);
  const axes = checkAxes(op, axis, x.rank);
  const y = f(x, axes);
  return keepdims === true ? reshapeTo(y, kept(x.shape, axes)) : y;
};

const countable = (d: DType): DType => (d === 'bool' ? 'int32' : d);
const along =
  (primitive: Primitive<AxesParams>) =>
  (x: Tensor, axes: readonly number[]): Tensor =>
    axes.length === 0 ? x : bind1(primitive, [x], { axes });

/**
 * Sum over axes (all if none are named) (`jax.numpy.sum`). Bools are counted in int32. Float sums are accurate however many
 * the terms. The second argument is an axis, several, or `{ axis, keepdims }`; the same holds for all reductions.
 * @example
 * sum(tensor([[1, 2], [3, 4]]), 0); // [4, 6]
 */
export const sum: CountedReduction<'sum'> = (x: TensorLike, options?: AxisOptions): Tensor => {
  const t = asTensor('sum', 'x', x);
  return reduceOver('sum', cast(t, countable(t.dtype)), options, reduceSum);
};

/**
 * Product over axes (`jax.numpy.prod`). Gradients are right also where factors are 0.
 * @example
 * prod(tensor([2, 3, 4])); // 24
 */
export const prod: CountedReduction<'prod'> = (x: TensorLike, options?: AxisOptions): Tensor => {
  const t = asTensor('prod', 'x', x);
  return reduceOver('prod', cast(t, countable(t.dtype)), options, along(prodPrimitive));
};

const extreme =
  (name: string, primitive: Primitive<AxesParams>) =>
  (x: TensorLike, options?: AxisOptions): Tensor =>
    reduceOver(name, asTensor(name, 'x', x), options, (t, axes) => {
      if (axes.some((a) => t.shape[a] === 0) && sizeOf(without(t.shape, axes)) > 0)
        throw new ShapeError(
          name,
          `there is no ${name} over an axis of size 0 (shape ${showShape(t.shape)}, axes [${String(axes)}])`,
        );
      return along(primitive)(t, axes);
    });
/**
 * Largest element over axes; NaN if there is one. Ties share the gradient equally (`jax.numpy.max`).
 * @example
 * max(tensor([[1, 5], [7, 3]]), 1); // [5, 7]
 */
export const max: SameReduction<'max'> = extreme('max', maxPrimitive);
/**
 * Smallest element over axes; NaN if there is one. Ties share the gradient equally (`jax.numpy.min`).
 * @example
 * min(tensor([[1, 5], [7, 3]]), 1); // [1, 3]
 */
export const min: SameReduction<'min'> = extreme('min', minPrimitive);

const truthOver =
  (name: string, primitive: Primitive<AxesParams>) =>
  (x: TensorLike, options?: AxisOptions): Tensor =>
    reduceOver(name, truth(name, 'x', x), options, along(primitive));
/**
 * Whether any element over the axes is true, or not 0 (`jax.numpy.any`).
 * @example
 * any(tensor([false, true])); // true
 */
export const any: TestReduction<'any'> = truthOver('any', anyPrimitive);
/**
 * Whether all elements over the axes are true, or not 0 (`jax.numpy.all`).
 * @example
 * all(tensor([false, true])); // false
 */
export const all: TestReduction<'all'> = truthOver('all', allPrimitive);

/** argmax and argmin take one axis, or none for the flattened tensor. */
export interface PositionOptions {
  readonly axis?: number | null | undefined;
  readonly keepdims?: boolean | undefined;
}
const position =
  (name: string, primitive: Primitive<AxesParams>) =>
  (x: TensorLike, options?: number | null | PositionOptions): Tensor => {
    const byAxis = typeof options === 'number' || options === null;
    if (!byAxis) checkOptions(name, options, reduceOptions);
    const { axis, keepdims = false } = byAxis ? { axis: options } : (options ?? {});
    const t = asTensor(name, 'x', x);
    const flat = axis === undefined || axis === null;
    const u = flat ? reshapeTo(t, [t.size]) : t;
    const a = flat ? 0 : checkAxis(name, axis, t.rank);
    if (u.shape[a] === 0)
      throw new ShapeError(name, `there is no ${name} along an axis of size 0 (shape ${showShape(t.shape)})`);
    const y = bind1(primitive, [u], { axes: [a] });
    return keepdims ? reshapeTo(y, flat ? t.shape.map(() => 1) : kept(t.shape, [a])) : y;
  };
/**
 * Index (int32) of the largest element along an axis, or in the flattened tensor; the first at ties; NaN is the largest (`jax.numpy.argmax`).
 * @example
 * argmax(tensor([1, 5, 3])); // 1
 */
export const argmax: PositionReduction<'argmax'> = position('argmax', argmaxPrimitive) as PositionReduction<'argmax'>;
/**
 * Index (int32) of the smallest element along an axis, or in the flattened tensor; the first at ties; NaN is the smallest (`jax.numpy.argmin`).
 * @example
 * argmin(tensor([4, 1, 3])); // 1
 */
export const argmin: PositionReduction<'argmin'> = position('argmin', argminPrimitive) as PositionReduction<'argmin'>;
