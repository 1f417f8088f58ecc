// The fluent methods of a tensor as types: those of the method list, with the tensor as first operand.
import type { Shape } from '../aval.ts';
import type { DType } from '../dtype.ts';
import type * as methods from '../method-list.ts';
import type { ScanOptions } from '../ops/cumulate.ts';
import type { TensorLike } from '../ops/promote.ts';
import type { AxesOption } from '../ops/shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Countable, DTypeOf, Floating, Rounded, Strong } from './dtype.ts';
import type {
  Arithmetic,
  Clipped,
  Comparison,
  Counted,
  Either,
  Fits,
  In,
  Quotient,
  Real,
  Same,
  Test,
} from './elementwise.ts';
import type { AnyOptions } from './functions.ts';
import type { Dot, Dots, Multiplies, Product } from './matmul.ts';
import type { Expanded, Flat, Reshaped, Scanned, Squeezed, Squeezes, Swapped, Transposed, View } from './move.ts';
import type { OneAxis, Options, Reduced } from './reduce.ts';
import type { ShapeOf } from './shape.ts';

type Method<F> = F extends (x: never, ...rest: infer R) => infer O ? (...rest: R) => O : never;
/** The methods whose shapes are not followed, as their functions declare them. */
export type OtherMethods = {
  readonly [K in Exclude<keyof typeof methods, keyof FluentMethods>]: Method<(typeof methods)[K]>;
};

/**
 * x.add(y) is add(x, y): see the functions for what each does. The receiver is a type parameter as in the functions: methods
 * over the shape of the tensor would be instantiated anew for every shape.
 */
export interface FluentMethods {
  add<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'add', X, Y>): Arithmetic<X, Y>;
  sub<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'sub', X, Y>): Arithmetic<X, Y>;
  mul<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'mul', X, Y>): Arithmetic<X, Y>;
  div<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'div', X, Y>): Quotient<X, Y>;
  pow<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'pow', X, Y>): Arithmetic<X, Y>;
  mod<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'mod', X, Y>): Arithmetic<X, Y>;
  fmod<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'fmod', X, Y>): Arithmetic<X, Y>;
  remainder<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'remainder', X, Y>): Arithmetic<X, Y>;
  floorDivide<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'floorDivide', X, Y>): Arithmetic<X, Y>;
  maximum<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'maximum', X, Y>): Either<X, Y>;
  minimum<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'minimum', X, Y>): Either<X, Y>;

  equal<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'equal', X, Y>): Comparison<X, Y>;
  notEqual<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'notEqual', X, Y>): Comparison<X, Y>;
  less<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'less', X, Y>): Comparison<X, Y>;
  lessEqual<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'lessEqual', X, Y>): Comparison<X, Y>;
  greater<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'greater', X, Y>): Comparison<X, Y>;
  greaterEqual<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'greaterEqual', X, Y>): Comparison<X, Y>;
  logicalAnd<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'logicalAnd', X, Y>): Comparison<X, Y>;
  logicalOr<X extends Tensor, Y extends TensorLike>(this: X, y: Fits<'logicalOr', X, Y>): Comparison<X, Y>;
  logicalNot<X extends Tensor>(this: X): Test<X>;

  neg<X extends Tensor>(this: X): Same<X>;
  abs<X extends Tensor>(this: X): Counted<X>;
  sign<X extends Tensor>(this: X): Counted<X>;
  square<X extends Tensor>(this: X): Counted<X>;
  ceil<X extends Tensor>(this: X): Counted<X>;
  floor<X extends Tensor>(this: X): Counted<X>;
  round<X extends Tensor>(this: X, decimals?: number): In<X, Rounded<DTypeOf<X>>>;
  exp<X extends Tensor>(this: X): Real<X>;
  expm1<X extends Tensor>(this: X): Real<X>;
  log<X extends Tensor>(this: X): Real<X>;
  log1p<X extends Tensor>(this: X): Real<X>;
  sigmoid<X extends Tensor>(this: X): Real<X>;
  sqrt<X extends Tensor>(this: X): Real<X>;
  rsqrt<X extends Tensor>(this: X): Real<X>;
  reciprocal<X extends Tensor>(this: X): Real<X>;
  sin<X extends Tensor>(this: X): Real<X>;
  cos<X extends Tensor>(this: X): Real<X>;
  tanh<X extends Tensor>(this: X): Real<X>;
  clip<X extends Tensor, A extends TensorLike | null | undefined, B extends TensorLike | null | undefined = undefined>(
    this: X,
    min?: A,
    max?: B,
  ): Clipped<X, A, B>;
  astype<X extends Tensor, const D extends DType>(this: X, dtype: D): In<X, D>;

  matmul<X extends Tensor, Y extends TensorLike>(this: X, y: Multiplies<'matmul', X, Y>): Product<X, Y>;
  dot<X extends Tensor, Y extends TensorLike>(this: X, y: Dots<X, Y>): Dot<X, Y>;

  sum<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'sum', X, O>,
  ): Tensor<Reduced<X, O>, Countable<DTypeOf<X>>>;
  prod<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'prod', X, O>,
  ): Tensor<Reduced<X, O>, Countable<DTypeOf<X>>>;
  max<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'max', X, O>,
  ): Tensor<Reduced<X, O>, Strong<DTypeOf<X>>>;
  min<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'min', X, O>,
  ): Tensor<Reduced<X, O>, Strong<DTypeOf<X>>>;
  any<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'any', X, O>,
  ): Tensor<Reduced<X, O>, 'bool'>;
  all<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'all', X, O>,
  ): Tensor<Reduced<X, O>, 'bool'>;
  argmax<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: OneAxis<'argmax', X, O>,
  ): Tensor<Reduced<X, O>, 'int32'>;
  argmin<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: OneAxis<'argmin', X, O>,
  ): Tensor<Reduced<X, O>, 'int32'>;
  mean<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'mean', X, O>,
  ): Tensor<Reduced<X, O>, Floating<DTypeOf<X>>>;
  logsumexp<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'logsumexp', X, O>,
  ): Tensor<Reduced<X, O>, Floating<DTypeOf<X>>>;
  variance<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'var', X, O, 'ddof'>,
  ): Tensor<Reduced<X, O>, Floating<DTypeOf<X>>>;
  std<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'std', X, O, 'ddof'>,
  ): Tensor<Reduced<X, O>, Floating<DTypeOf<X>>>;
  norm<X extends Tensor, const O extends AnyOptions = undefined>(
    this: X,
    options?: Options<'norm', X, O, 'ord'>,
  ): Tensor<Reduced<X, O>, Floating<DTypeOf<X>>>;
  cumsum<X extends Tensor, const O extends number | ScanOptions | undefined = undefined>(
    this: X,
    options?: O,
  ): Tensor<Scanned<ShapeOf<X>, O>, Countable<DTypeOf<X>>>;
  cumprod<X extends Tensor, const O extends number | ScanOptions | undefined = undefined>(
    this: X,
    options?: O,
  ): Tensor<Scanned<ShapeOf<X>, O>, Countable<DTypeOf<X>>>;

  reshape<X extends Tensor, const S extends number | Shape>(this: X, shape: S): Reshaped<X, S>;
  ravel<X extends Tensor>(this: X): Flat<X>;
  transpose<
    X extends Tensor,
    const P extends readonly number[] | { readonly axes?: readonly number[] } | undefined = undefined,
  >(
    this: X,
    axes?: P,
  ): Transposed<X, P>;
  permute<X extends Tensor, const P extends readonly number[]>(this: X, axes: P): Transposed<X, P>;
  swapaxes<X extends Tensor, const A extends number, const B extends number>(
    this: X,
    axis1: A,
    axis2: B,
  ): Swapped<X, A, B>;
  expandDims<X extends Tensor, const O extends AxesOption>(this: X, axis: O): Expanded<X, O>;
  squeeze<X extends Tensor, const O extends AxesOption | undefined = undefined>(
    this: X,
    axis?: Squeezes<X, O>,
  ): Squeezed<X, O>;
  flip<X extends Tensor>(
    this: X,
    axes?: number | readonly number[] | { readonly axis?: number | readonly number[] },
  ): Same<X>;
  broadcastTo<X extends Tensor, const S extends Shape>(this: X, shape: S): View<X, S>;
}
