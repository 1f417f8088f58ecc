// Elementwise operations as types: broadcasting by NumPy's rule, and the results of unary and binary operations.
import type { Shape } from '../aval.ts';
import type { DType } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import type { Countable, DTypeOf, Floating, Promote, Strong, Weak } from './dtype.ts';
import type { Found, ShapeMismatch, ShapeOf, Show } from './shape.ts';

/** The size two axes broadcast to; an unknown one is what the other says, unless that is 1. `never` where they differ. */
type Common<A, B> = A extends 1
  ? B
  : B extends 1
    ? A
    : number extends A
      ? B
      : number extends B
        ? A
        : A extends B
          ? A
          : never;

type Aligned<A extends Shape, B extends Shape, Out extends Shape> = A extends readonly [
  ...infer P extends Shape,
  infer M,
]
  ? B extends readonly [...infer Q extends Shape, infer N]
    ? [Common<M, N>] extends [never]
      ? never
      : Aligned<P, Q, readonly [Common<M, N> & number, ...Out]>
    : readonly [...A, ...Out]
  : readonly [...B, ...Out];

/** The shape that two broadcast to; `never` where they do not. */
export type Broadcast<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? Shape
  : 1 extends A[number]
    ? Aligned<A, B, readonly []>
    : A extends readonly [...Shape, ...B]
      ? A
      : Aligned<A, B, readonly []>;

/** Nothing, or why two shapes do not broadcast. */
export type CheckBroadcast<Op extends string, A extends Shape, B extends Shape> = [Broadcast<A, B>] extends [never]
  ? ShapeMismatch<`${Op}: shapes ${Show<A>} and ${Show<B>} do not broadcast; sizes must be equal or 1, aligned from the right`>
  : unknown;

/** An operand Y that must broadcast with X. */
export type Fits<Op extends string, X, Y> = Y & CheckBroadcast<Op, ShapeOf<X>, ShapeOf<Y>>;

type Joined<X, Y> = Found<Broadcast<ShapeOf<X>, ShapeOf<Y>>>;

/** What +, -, * and their like give. */
export type Arithmetic<X, Y> = Tensor<Joined<X, Y>, Countable<Promote<DTypeOf<X>, DTypeOf<Y>>>>;
/** What extremes give, and a choice. */
export type Either<X, Y> = Tensor<Joined<X, Y>, Promote<DTypeOf<X>, DTypeOf<Y>>>;
/** What a division gives, and other functions of two reals. */
export type Quotient<X, Y> = Tensor<Joined<X, Y>, Floating<Promote<DTypeOf<X>, DTypeOf<Y>>>>;
export type Comparison<X, Y> = Tensor<Joined<X, Y>, 'bool'>;

/** X element by element in its own dtype. */
export type Same<X> = Tensor<ShapeOf<X>, Strong<DTypeOf<X>>>;
/** The same, where bools become int32. */
export type Counted<X> = Tensor<ShapeOf<X>, Countable<DTypeOf<X>>>;
/** X under a function of the reals. */
export type Real<X> = Tensor<ShapeOf<X>, Floating<DTypeOf<X>>>;
export type Test<X> = Tensor<ShapeOf<X>, 'bool'>;
export type In<X, D extends DType> = Tensor<ShapeOf<X>, D>;

/** An operand of `where` that must broadcast with the two before it. */
export type FitsBoth<Op extends string, C, X, Y> = Y &
  CheckBroadcast<Op, Found<Broadcast<ShapeOf<C>, ShapeOf<X>>>, ShapeOf<Y>>;
export type Choice<C, X, Y> = Tensor<
  Found<Broadcast<Found<Broadcast<ShapeOf<C>, ShapeOf<X>>>, ShapeOf<Y>>>,
  Promote<DTypeOf<X>, DTypeOf<Y>>
>;

/** x limited by numbers keeps its shape; bounds that are tensors may broadcast it. */
export type Clipped<X, A, B> = [A | B] extends [number | null | undefined]
  ? Tensor<ShapeOf<X>, Promote<DTypeOf<X>, Weak>>
  : Tensor;
