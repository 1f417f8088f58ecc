// Creation as types: shapes of nested arrays and of literal sizes.
import type { Shape } from '../aval.ts';
import type { DType, TypedArray } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import type { DTypeFrom, DTypeOf } from './dtype.ts';
import type { ShapeOf } from './shape.ts';

/** The shape of nested arrays, read along their first elements; raggedness is found at run time. */
type NestedShape<T> = T extends readonly unknown[] ? readonly [T['length'], ...NestedShape<T[0]>] : readonly [];

/** Booleans throughout give bool, numbers float32. */
type NestedDType<T> = T extends readonly unknown[]
  ? T extends readonly []
    ? 'float32'
    : NestedDType<T[0]> extends 'bool'
      ? T[number] extends boolean | readonly unknown[]
        ? 'bool'
        : DType
      : NestedDType<T[0]>
  : T extends boolean
    ? 'bool'
    : T extends number
      ? 'float32'
      : DType;

type ArrayDType<T> = T extends Float32Array
  ? 'float32'
  : T extends Float64Array
    ? 'float64'
    : T extends Int32Array
      ? 'int32'
      : T extends Uint32Array
        ? 'uint32'
        : 'bool';

type FromArray<T, O> = Tensor<readonly [number], DTypeFrom<O, ArrayDType<T>>>;
/** A tensor of JS values. */
export type Created<T, O> =
  T extends Tensor<infer S, infer D>
    ? Tensor<S, DTypeFrom<O, D>>
    : T extends TypedArray
      ? FromArray<T, O>
      : unknown extends T
        ? Tensor
        : Tensor<Literal<NestedShape<T>>, DTypeFrom<O, NestedDType<T>>>;
type Literal<S> = S extends Shape ? S : Shape;

/** A tensor of a shape from a typed array. */
export type FromElements<T, S extends Shape, O> = Tensor<S, DTypeFrom<O, ArrayDType<T>>>;

/** A tensor of a shape and an optional dtype. */
export type Filled<S extends Shape, O, Otherwise extends DType = 'float32'> = Tensor<S, DTypeFrom<O, Otherwise>>;

/** What a value fills with. */
export type ValueDType<V> = V extends boolean ? 'bool' : V extends number ? 'float32' : DTypeOf<V> & DType;

/** A tensor like another, and an optional dtype. */
export type Like<X, O> = Tensor<ShapeOf<X>, DTypeFrom<O, DTypeOf<X> extends infer D extends DType ? D : 'float32'>>;
