// Reductions as types: axes written in the call, kept with size 1 or dropped.
import type { Shape } from '../aval.ts';
import type { Axis, Drop, Found, Keep, ShapeMismatch, ShapeOf } from './shape.ts';

/** `never` of the axes in a list that do not exist, the others counted from 0. */
type AxesIn<Rank, A extends readonly number[]> = { [K in keyof A]: Axis<Rank, A[K]> }[number];

type Over<S extends Shape, X extends number, K> = number extends X
  ? K extends true
    ? { readonly [I in keyof S]: number }
    : Shape
  : K extends true
    ? Keep<S, X>
    : Drop<S, X>;
type All<S extends Shape, K> = K extends true ? { readonly [I in keyof S]: 1 } : readonly [];

type Along<S extends Shape, A, K> = A extends number
  ? Over<S, Axis<S['length'], A>, K>
  : A extends readonly number[]
    ? number extends A['length']
      ? Over<S, number, K>
      : Over<S, AxesIn<S['length'], A>, K>
    : A extends null | undefined
      ? All<S, K>
      : Shape;

type KeepOf<O> = O extends { readonly keepdims: infer K } ? K : 'keepdims' extends keyof O ? boolean : false;

/** The shape after a reduction with options O: an axis, several, or `{ axis, keepdims }`. */
export type Reduce<S extends Shape, O> = number extends S['length']
  ? Shape
  : O extends number | readonly number[] | null | undefined
    ? Along<S, O, false>
    : O extends { readonly axis: infer A }
      ? Along<S, A, KeepOf<O>>
      : 'axis' extends keyof O
        ? Shape
        : All<S, KeepOf<O>>;
export type Reduced<X, O> = Found<Reduce<ShapeOf<X>, O>>;

/** Nothing, or that there is no such axis. */
export type CheckAxis<Op extends string, Rank, A> = A extends number
  ? [Axis<Rank, A>] extends [never]
    ? ShapeMismatch<`${Op}: axis ${A} is out of range for rank ${Rank & number}`>
    : unknown
  : unknown;

/** Options that name existing axes of X, and no unknown key. */
export type Options<Op extends string, X, O, Keys extends string = never> = OptionsOf<Op, ShapeOf<X>, O, Keys>;
export type OptionsOf<Op extends string, S extends Shape, O, Keys extends string = never> = O &
  (O extends number
    ? CheckAxis<Op, S['length'], O>
    : O extends readonly number[] | null | undefined
      ? unknown
      : Exclude<keyof O, 'axis' | 'keepdims' | Keys> extends never
        ? O extends { readonly axis: infer A }
          ? CheckAxis<Op, S['length'], A>
          : unknown
        : ShapeMismatch<`${Op}: there is no option ${Exclude<keyof O, 'axis' | 'keepdims' | Keys> & string}`>);

/** The same where several axes have no meaning. */
export type OneAxis<Op extends string, X, O> = OneAxisOf<Op, ShapeOf<X>, O>;
export type OneAxisOf<Op extends string, S extends Shape, O> = O extends
  readonly number[] | { readonly axis: readonly number[] }
  ? O & ShapeMismatch<`${Op}: takes one axis, or none for the flattened tensor`>
  : OptionsOf<Op, S, O>;
