// Dtypes as types: what promotion gives where that is plain, else any dtype.
import type { DType, HostArrayOf } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';

/** The dtype of a JS number: that of what it meets. */
export type Weak = 'weak';
type Float = 'float32' | 'float64';

export type DTypeOf<X> = X extends Tensor<infer _, infer D> ? D : X extends number ? Weak : DType;

/** The typed array of the elements. */
export type ElementsOf<D extends DType> = D extends infer E extends DType ? HostArrayOf[E] : never;

/** A dtype that results have: a number's becomes float32. */
export type Strong<D> = [D] extends [DType] ? D : [D] extends [Weak] ? 'float32' : DType;

/** The dtype two operands compute in: one that both have, or the float that a number meets. */
export type Promote<D, E> = [D, E] extends [E, D]
  ? Strong<D>
  : [D] extends [Float]
    ? [E] extends [Weak]
      ? D
      : DType
    : [E] extends [Float]
      ? [D] extends [Weak]
        ? E
        : DType
      : DType;

/** Rounded to decimals: integers that need them become floats. */
export type Rounded<D> = [D] extends [Float] ? D : DType;

/** Bools count as int32. */
export type Countable<D> = [D] extends ['bool'] ? 'int32' : Strong<D>;

/** What functions of the reals give. */
export type Floating<D> = DType extends D ? DType : D extends Float ? D : 'float32';

/** The dtype that an option names. */
export type DTypeFrom<O, Otherwise extends DType> = [O] extends [undefined]
  ? Otherwise
  : [O] extends [DType]
    ? O
    : O extends { readonly dtype: infer D extends DType }
      ? D
      : DType;
