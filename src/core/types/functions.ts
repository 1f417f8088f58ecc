// The types of families of operations: functions of one or two operands, reductions, by what becomes of shape and dtype.
import type { ScanOptions } from '../ops/cumulate.ts';
import type { TensorLike } from '../ops/promote.ts';
import type { Axes } from '../ops/reduce.ts';
import type { Tensor } from '../tensor.ts';
import type { Countable, DTypeOf, Floating, Strong } from './dtype.ts';
import type { Arithmetic, Comparison, Counted, Either, Fits, Quotient, Real, Same, Test } from './elementwise.ts';
import type { Scanned } from './move.ts';
import type { OneAxis, Options, Reduced } from './reduce.ts';
import type { ShapeOf } from './shape.ts';

/** Functions of the reals: integers become float32. */
export type RealFunction = <X extends TensorLike>(x: X) => Real<X>;
/** Functions of numbers of any kind: bools become int32. */
export type CountedFunction = <X extends TensorLike>(x: X) => Counted<X>;
export type SameFunction = <X extends TensorLike>(x: X) => Same<X>;
export type TestFunction = <X extends TensorLike>(x: X) => Test<X>;

export type ArithmeticFunction<Op extends string> = <X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Fits<Op, X, Y>,
) => Arithmetic<X, Y>;
export type EitherFunction<Op extends string> = <X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Fits<Op, X, Y>,
) => Either<X, Y>;
export type QuotientFunction<Op extends string> = <X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Fits<Op, X, Y>,
) => Quotient<X, Y>;
export type ComparisonFunction<Op extends string> = <X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Fits<Op, X, Y>,
) => Comparison<X, Y>;

/**
 * What any reduction may be told. All of them declare it, so that an array of reductions can be called; the options that one
 * of them knows are checked one by one.
 */
export type AnyOptions =
  | Axes
  | {
      readonly axis?: Axes | undefined;
      readonly keepdims?: boolean | undefined;
      readonly ddof?: number | undefined;
      readonly ord?: number | undefined;
    }
  | undefined;

/** Reductions by the dtype they give; `Keys` are the options beside axis and keepdims. */
export type CountedReduction<Op extends string> = <X extends TensorLike, const O extends AnyOptions = undefined>(
  x: X,
  options?: Options<Op, X, O>,
) => Tensor<Reduced<X, O>, Countable<DTypeOf<X>>>;
export type SameReduction<Op extends string> = <X extends TensorLike, const O extends AnyOptions = undefined>(
  x: X,
  options?: Options<Op, X, O>,
) => Tensor<Reduced<X, O>, Strong<DTypeOf<X>>>;
export type RealReduction<Op extends string, Keys extends string = never> = <
  X extends TensorLike,
  const O extends AnyOptions = undefined,
>(
  x: X,
  options?: Options<Op, X, O, Keys>,
) => Tensor<Reduced<X, O>, Floating<DTypeOf<X>>>;
export type TestReduction<Op extends string> = <X extends TensorLike, const O extends AnyOptions = undefined>(
  x: X,
  options?: Options<Op, X, O>,
) => Tensor<Reduced<X, O>, 'bool'>;
export type CountReduction<Op extends string> = <X extends TensorLike, const O extends AnyOptions = undefined>(
  x: X,
  options?: Options<Op, X, O>,
) => Tensor<Reduced<X, O>, 'int32'>;
export type PositionReduction<Op extends string> = <X extends TensorLike, const O extends AnyOptions = undefined>(
  x: X,
  options?: OneAxis<Op, X, O>,
) => Tensor<Reduced<X, O>, 'int32'>;
/** Running sums and their like. */
export type ScanFunction = <X extends TensorLike, const O extends number | ScanOptions | undefined = undefined>(
  x: X,
  options?: O,
) => Tensor<Scanned<ShapeOf<X>, O>, Countable<DTypeOf<X>>>;
