// The fluent methods of a tensor as types: those of the method list, with the tensor's own shape and dtype as first operand.
import type { Shape } from '../aval.ts';
import type { DType } from '../dtype.ts';
import type * as methods from '../method-list.ts';
import type { ScanOptions } from '../ops/cumulate.ts';
import type { TensorLike } from '../ops/promote.ts';
import type { AxesOption } from '../ops/shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Countable, Floating, Rounded } from './dtype.ts';
import type { Arithmetic, Clipped, Comparison, Either, Fits, Quotient } from './elementwise.ts';
import type { AnyOptions } from './functions.ts';
import type { Dot, Dots, Multiplies, Product } from './matmul.ts';
import type { Expanded, Flat, Reshaped, Scanned, Squeezed, Squeezes, Swapped, Transposed } from './move.ts';
import type { OneAxis, Options, Reduced } from './reduce.ts';

type T<S extends Shape, D extends DType> = Tensor<S, D>;
type Scan = number | ScanOptions | undefined;

type Method<F> = F extends (x: never, ...rest: infer R) => infer O ? (...rest: R) => O : never;
/** The methods whose shapes are not followed, as their functions declare them. */
export type OtherMethods = {
  readonly [K in Exclude<keyof typeof methods, keyof FluentMethods<Shape, DType>>]: Method<(typeof methods)[K]>;
};

/** x.add(y) is add(x, y): see the functions for what each does. */
export interface FluentMethods<S extends Shape, D extends DType> {
  add<Y extends TensorLike>(y: Fits<'add', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  sub<Y extends TensorLike>(y: Fits<'sub', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  mul<Y extends TensorLike>(y: Fits<'mul', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  div<Y extends TensorLike>(y: Fits<'div', T<S, D>, Y>): Quotient<T<S, D>, Y>;
  pow<Y extends TensorLike>(y: Fits<'pow', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  mod<Y extends TensorLike>(y: Fits<'mod', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  fmod<Y extends TensorLike>(y: Fits<'fmod', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  remainder<Y extends TensorLike>(y: Fits<'remainder', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  floorDivide<Y extends TensorLike>(y: Fits<'floorDivide', T<S, D>, Y>): Arithmetic<T<S, D>, Y>;
  maximum<Y extends TensorLike>(y: Fits<'maximum', T<S, D>, Y>): Either<T<S, D>, Y>;
  minimum<Y extends TensorLike>(y: Fits<'minimum', T<S, D>, Y>): Either<T<S, D>, Y>;

  equal<Y extends TensorLike>(y: Fits<'equal', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  notEqual<Y extends TensorLike>(y: Fits<'notEqual', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  less<Y extends TensorLike>(y: Fits<'less', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  lessEqual<Y extends TensorLike>(y: Fits<'lessEqual', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  greater<Y extends TensorLike>(y: Fits<'greater', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  greaterEqual<Y extends TensorLike>(y: Fits<'greaterEqual', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  logicalAnd<Y extends TensorLike>(y: Fits<'logicalAnd', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  logicalOr<Y extends TensorLike>(y: Fits<'logicalOr', T<S, D>, Y>): Comparison<T<S, D>, Y>;
  logicalNot(): T<S, 'bool'>;

  neg(): T<S, D>;
  abs(): T<S, Countable<D>>;
  sign(): T<S, Countable<D>>;
  square(): T<S, Countable<D>>;
  ceil(): T<S, Countable<D>>;
  floor(): T<S, Countable<D>>;
  round(decimals?: number): T<S, Rounded<D>>;
  exp(): T<S, Floating<D>>;
  expm1(): T<S, Floating<D>>;
  log(): T<S, Floating<D>>;
  log1p(): T<S, Floating<D>>;
  sigmoid(): T<S, Floating<D>>;
  sqrt(): T<S, Floating<D>>;
  rsqrt(): T<S, Floating<D>>;
  reciprocal(): T<S, Floating<D>>;
  sin(): T<S, Floating<D>>;
  cos(): T<S, Floating<D>>;
  tanh(): T<S, Floating<D>>;
  clip<A extends TensorLike | null | undefined, B extends TensorLike | null | undefined = undefined>(min?: A, max?: B): Clipped<T<S, D>, A, B>;
  astype<const E extends DType>(dtype: E): T<S, E>;

  matmul<Y extends TensorLike>(y: Multiplies<'matmul', T<S, D>, Y>): Product<T<S, D>, Y>;
  dot<Y extends TensorLike>(y: Dots<T<S, D>, Y>): Dot<T<S, D>, Y>;

  sum<const O extends AnyOptions = undefined>(options?: Options<'sum', T<S, D>, O>): T<Reduced<T<S, D>, O>, Countable<D>>;
  prod<const O extends AnyOptions = undefined>(options?: Options<'prod', T<S, D>, O>): T<Reduced<T<S, D>, O>, Countable<D>>;
  max<const O extends AnyOptions = undefined>(options?: Options<'max', T<S, D>, O>): T<Reduced<T<S, D>, O>, D>;
  min<const O extends AnyOptions = undefined>(options?: Options<'min', T<S, D>, O>): T<Reduced<T<S, D>, O>, D>;
  any<const O extends AnyOptions = undefined>(options?: Options<'any', T<S, D>, O>): T<Reduced<T<S, D>, O>, 'bool'>;
  all<const O extends AnyOptions = undefined>(options?: Options<'all', T<S, D>, O>): T<Reduced<T<S, D>, O>, 'bool'>;
  argmax<const O extends AnyOptions = undefined>(options?: OneAxis<'argmax', T<S, D>, O>): T<Reduced<T<S, D>, O>, 'int32'>;
  argmin<const O extends AnyOptions = undefined>(options?: OneAxis<'argmin', T<S, D>, O>): T<Reduced<T<S, D>, O>, 'int32'>;
  mean<const O extends AnyOptions = undefined>(options?: Options<'mean', T<S, D>, O>): T<Reduced<T<S, D>, O>, Floating<D>>;
  logsumexp<const O extends AnyOptions = undefined>(options?: Options<'logsumexp', T<S, D>, O>): T<Reduced<T<S, D>, O>, Floating<D>>;
  variance<const O extends AnyOptions = undefined>(
    options?: Options<'var', T<S, D>, O, 'ddof'>,
  ): T<Reduced<T<S, D>, O>, Floating<D>>;
  std<const O extends AnyOptions = undefined>(
    options?: Options<'std', T<S, D>, O, 'ddof'>,
  ): T<Reduced<T<S, D>, O>, Floating<D>>;
  norm<const O extends AnyOptions = undefined>(
    options?: Options<'norm', T<S, D>, O, 'ord'>,
  ): T<Reduced<T<S, D>, O>, Floating<D>>;
  cumsum<const O extends Scan = undefined>(options?: O): T<Scanned<S, O>, Countable<D>>;
  cumprod<const O extends Scan = undefined>(options?: O): T<Scanned<S, O>, Countable<D>>;

  reshape<const R extends number | Shape>(shape: R): Reshaped<T<S, D>, R>;
  ravel(): Flat<T<S, D>>;
  transpose<const P extends readonly number[] | { readonly axes?: readonly number[] } | undefined = undefined>(axes?: P): Transposed<T<S, D>, P>;
  permute<const P extends readonly number[]>(axes: P): Transposed<T<S, D>, P>;
  swapaxes<const A extends number, const B extends number>(axis1: A, axis2: B): Swapped<T<S, D>, A, B>;
  expandDims<const O extends AxesOption>(axis: O): Expanded<T<S, D>, O>;
  squeeze<const O extends AxesOption | undefined = undefined>(axis?: Squeezes<T<S, D>, O>): Squeezed<T<S, D>, O>;
  flip(axes?: number | readonly number[] | { readonly axis?: number | readonly number[] }): T<S, D>;
  broadcastTo<const R extends Shape>(shape: R): T<R, D>;
}
