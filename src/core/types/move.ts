// Moves as types: axes reordered, added, removed and joined; sizes that would need arithmetic stay unknown.
import type { Shape } from '../aval.ts';
import type { DType } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import type { DTypeOf, Strong } from './dtype.ts';
import type {
  AsShape,
  Axis,
  Drop,
  Insert,
  Longer,
  Permute,
  RankOf,
  Reverse,
  ShapeMismatch,
  ShapeOf,
  Show,
  Swap,
} from './shape.ts';

/** X under another shape, in its own dtype. */
export type View<X, S> = Tensor<AsShape<S>, Strong<DTypeOf<X>>>;

type TransposedShape<S extends Shape, P> = number extends S['length']
  ? Shape
  : P extends undefined
    ? Reverse<S>
    : P extends readonly number[]
      ? Permute<S, P>
      : P extends { readonly axes: infer A extends readonly number[] }
        ? Permute<S, A>
        : RankOf<S>;
export type Transposed<X, P> = View<X, TransposedShape<ShapeOf<X>, P>>;
export type Swapped<X, A extends number, B extends number> = View<X, Swap<ShapeOf<X>, A, B>>;
/** X with axes in an order that is not known. */
export type Rearranged<X> = View<X, RankOf<ShapeOf<X>>>;

/** A shape given by the user, in which -1 stands for a size to be found. */
type Wanted<S> = S extends number
  ? readonly [S extends -1 ? number : S]
  : S extends Shape
    ? number extends S['length']
      ? Shape
      : { readonly [K in keyof S]: S[K] extends -1 ? number : S[K] }
    : Shape;
export type Reshaped<X, S> = View<X, Wanted<S>>;

/** The option `axis`, alone or in an object. */
type AxisIn<O, Otherwise> = O extends number
  ? O
  : O extends { readonly axis: infer A extends number }
    ? A
    : O extends undefined
      ? Otherwise
      : number;

type Inserted<S extends Shape, A, N extends number> = number extends S['length']
  ? Shape
  : A extends number
    ? number extends Axis<Longer<S>, A>
      ? RankOf<readonly [...S, 0]>
      : Insert<S, Axis<Longer<S>, A>, N>
    : never;
/** X with a new axis of size 1; several at once are not followed. */
export type Expanded<X, O> = View<
  X,
  O extends readonly number[] | { readonly axis?: readonly number[] } ? Shape : Inserted<ShapeOf<X>, AxisIn<O, 0>, 1>
>;

type Ones<S extends Shape, Out extends Shape = readonly []> = S extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? number extends H
    ? Shape
    : Ones<T, H extends 1 ? Out : readonly [...Out, H]>
  : Out;
type SqueezedShape<S extends Shape, O> = number extends S['length']
  ? Shape
  : O extends undefined
    ? Ones<S>
    : AxisIn<O, never> extends infer A extends number
      ? number extends Axis<S['length'], A>
        ? Shape
        : Drop<S, Axis<S['length'], A>>
      : Shape;
export type Squeezed<X, O> = View<X, O extends readonly number[] ? Shape : SqueezedShape<ShapeOf<X>, O>>;

type SizeAt<S extends Shape, X> = X extends keyof S ? S[X] : number;
/** An axis to squeeze, which must have size 1. */
export type Squeezes<X, O> = O & (O extends number ? CheckOne<ShapeOf<X>, O> : unknown);
type CheckOne<S extends Shape, A extends number> = number extends S['length'] | Axis<S['length'], A>
  ? unknown
  : [Axis<S['length'], A>] extends [never]
    ? ShapeMismatch<`squeeze: axis ${A} is out of range for rank ${S['length']}`>
    : number extends SizeAt<S, Axis<S['length'], A>>
      ? unknown
      : SizeAt<S, Axis<S['length'], A>> extends 1
        ? unknown
        : ShapeMismatch<`squeeze: axis ${A} of ${Show<S>} has size ${SizeAt<S, Axis<S['length'], A>> & number}, not 1`>;

type First<Xs> = Xs extends readonly [infer X, ...unknown[]] ? X : Xs extends readonly (infer X)[] ? X : never;
/** Tensors of one shape along a new axis. */
export type Stack<Xs extends readonly unknown[], O> = Tensor<
  AsShape<Inserted<ShapeOf<First<Xs>>, AxisIn<O, 0>, Xs['length']>>,
  Every<Xs>
>;
/** Tensors along an axis they have: sizes are sums, which types do not know. */
export type Concatenated<Xs extends readonly unknown[]> = Tensor<AsShape<RankOf<ShapeOf<First<Xs>>>>, Every<Xs>>;

/** The dtype of several operands, where all have it. */
type Every<Xs extends readonly unknown[]> =
  DTypeOf<Xs[number]> extends infer D ? (Exclude<D, DTypeOf<First<Xs>>> extends never ? Strong<D> : DType) : DType;

/** What an axis leaves when it is taken apart. */
export type Slice<X, O> = View<X, Unstacked<ShapeOf<X>, AxisIn<O, 0>>>;
type Unstacked<S extends Shape, A extends number> = number extends S['length'] | Axis<S['length'], A>
  ? Shape
  : Drop<S, Axis<S['length'], A>>;

/** All elements as a vector. */
export type Flat<X> = View<X, readonly [number]>;

/** The shape after a running sum: that of x along an axis, a vector where none is named. */
export type Scanned<S extends Shape, O> = O extends number | { readonly axis: number }
  ? S
  : O extends undefined | { readonly axis: null | undefined }
    ? readonly [number]
    : 'axis' extends keyof O
      ? Shape
      : readonly [number];
