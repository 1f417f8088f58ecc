// Products as types: matmul and dot of vectors, matrices and stacks of them.
import type { Shape } from '../aval.ts';
import type { Tensor } from '../tensor.ts';
import type { Countable, DTypeOf, Promote } from './dtype.ts';
import type { Broadcast } from './elementwise.ts';
import type { Found, ShapeMismatch, ShapeOf, Show } from './shape.ts';

/** The last axis of x and the one of y that it meets. */
type Inner<A extends Shape, B extends Shape> = A extends readonly [...Shape, infer K extends number]
  ? B extends readonly [infer L extends number] | readonly [...Shape, infer L extends number, number]
    ? [K, L]
    : never
  : never;
type Agree<K extends number, L extends number> = number extends K | L ? true : [K] extends [L] ? true : false;

type Stacked<P extends Shape, Q extends Shape, M extends number, N extends number> =
  Broadcast<P, Q> extends infer R extends Shape ? ([R] extends [never] ? never : readonly [...R, M, N]) : never;

type Outer<A extends Shape, B extends Shape> = A extends readonly [number]
  ? B extends readonly [number]
    ? readonly []
    : B extends readonly [...infer Q extends Shape, number, infer N extends number]
      ? readonly [...Q, N]
      : never
  : A extends readonly [...infer P extends Shape, infer M extends number, number]
    ? B extends readonly [number]
      ? readonly [...P, M]
      : B extends readonly [...infer Q extends Shape, number, infer N extends number]
        ? Stacked<P, Q, M, N>
        : never
    : never;

/** [..., m, k] @ [..., k, n]; `never` where it has no meaning. */
export type MatMul<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? Shape
  : Inner<A, B> extends [infer K extends number, infer L extends number]
    ? Agree<K, L> extends true
      ? Outer<A, B>
      : never
    : never;

/** Nothing, or why x and y have no matrix product. */
export type CheckMatMul<Op extends string, A extends Shape, B extends Shape> = [MatMul<A, B>] extends [never]
  ? ShapeMismatch<
      [Inner<A, B>] extends [never]
        ? `${Op}: an operand is a scalar, in ${Show<A>} @ ${Show<B>}; use mul(x, y)`
        : Inner<A, B> extends [infer K extends number, infer L extends number]
          ? Agree<K, L> extends true
            ? `${Op}: leading axes do not broadcast, in ${Show<A>} @ ${Show<B>}`
            : `${Op}: inner dimensions ${K} and ${L} differ, in ${Show<A>} @ ${Show<B>}`
          : never
    >
  : unknown;

/** A right operand that must fit the left one. */
export type Multiplies<Op extends string, X, Y> = Y & CheckMatMul<Op, ShapeOf<X>, ShapeOf<Y>>;
export type Product<X, Y> = Tensor<Found<MatMul<ShapeOf<X>, ShapeOf<Y>>>, Countable<Promote<DTypeOf<X>, DTypeOf<Y>>>>;

// dot multiplies with scalars, and sets leading axes side by side instead of broadcasting them.
type DotShape<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? Shape
  : A extends readonly []
    ? B
    : B extends readonly []
      ? A
      : Inner<A, B> extends [infer K extends number, infer L extends number]
        ? Agree<K, L> extends true
          ? A extends readonly [...infer P extends Shape, number]
            ? B extends readonly [...infer Q extends Shape, number, infer N extends number]
              ? readonly [...P, ...Q, N]
              : readonly [...P]
            : never
          : never
        : never;
export type Dots<X, Y> = Y &
  ([DotShape<ShapeOf<X>, ShapeOf<Y>>] extends [never] ? CheckMatMul<'dot', ShapeOf<X>, ShapeOf<Y>> : unknown);
export type Dot<X, Y> = Tensor<Found<DotShape<ShapeOf<X>, ShapeOf<Y>>>, Countable<Promote<DTypeOf<X>, DTypeOf<Y>>>>;

/** One number of two operands. */
export type Scalar<X, Y> = Tensor<readonly [], Countable<Promote<DTypeOf<X>, DTypeOf<Y>>>>;
type Count<S extends Shape> = S extends readonly [infer N extends number] ? N : number;
/** Every element of one with every element of the other. */
export type OuterProduct<X, Y> = Tensor<
  readonly [Count<ShapeOf<X>>, Count<ShapeOf<Y>>],
  Countable<Promote<DTypeOf<X>, DTypeOf<Y>>>
>;
