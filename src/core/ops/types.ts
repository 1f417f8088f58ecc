// Types: conversion between dtypes, bits seen as another dtype, limits of dtypes.
import { aval, checkDType } from '../aval.ts';
import { byteSize, isFloat, isInteger, type DType } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { arg, bitcast as bitcastExpr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { In } from '../types/elementwise.ts';
import { notEqual } from './arithmetic.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';

export { promoteTypes } from '../dtype.ts';
export { resultType } from './promote.ts';

/**
 * x in another dtype (`jax.numpy.astype`). Floats become integers by truncation, saturating at the ends of the range, NaN as 0;
 * anything but 0 becomes true; the gradient passes between floats.
 * @example
 * astype(tensor([1.5, -2.5]), 'int32'); // [1, -2]
 */
export const astype: <X extends TensorLike, const D extends DType>(x: X, dtype: D) => In<X, D> = (
  x: TensorLike,
  dtype: DType,
): Tensor => {
  const d = checkDType('astype', dtype);
  const t = asTensor('astype', 'x', x);
  return d === 'bool' && t.dtype !== 'bool' ? notEqual(t, 0) : cast(t, d);
};

export const bitcastPrimitive: Primitive<{ readonly dtype: DType }> = {
  name: 'bitcast',
  shape: ([x], { dtype }) => [aval(x!.shape, dtype)],
  jvp: ([x], _, params) => ({ outs: [bind1(bitcastPrimitive, [x!], params)], tangents: [null] }),
  transpose: null,
  batch: ([x], axes, params) => ({ outs: [bind1(bitcastPrimitive, [x!], params)], axes }),
  lower: ([x], { dtype }) => ({ tag: 'map', outs: [bitcastExpr(arg(0, x!.dtype), dtype)] }),
};

/**
 * The same bits read as another dtype of the same size: float32, int32, uint32 among each other (`jax.lax.bitcast_convert_type`).
 * @example
 * bitcast(tensor([1]), 'int32'); // [1065353216]
 */
export const bitcast: <X extends TensorLike, const D extends DType>(x: X, dtype: D) => In<X, D> = (
  x: TensorLike,
  dtype: DType,
): Tensor => {
  const d = checkDType('bitcast', dtype);
  const t = asTensor('bitcast', 'x', x);
  if (t.dtype === d) return t;
  if (byteSize(d) !== byteSize(t.dtype) || byteSize(d) !== 4)
    throw new DTypeError(
      'bitcast',
      `${t.dtype} cannot be read as ${d}; float32, int32 and uint32 can be read as each other (to convert values use astype)`,
    );
  return bind1(bitcastPrimitive, [t], { dtype: d });
};

/** The limits of a float dtype. */
export interface FloatInfo {
  readonly dtype: DType;
  readonly bits: number;
  /** The distance from 1 to the next larger number. */
  readonly eps: number;
  readonly max: number;
  readonly min: number;
  /** The smallest normal number above 0. */
  readonly tiny: number;
  readonly smallestSubnormal: number;
}

/**
 * Limits of a float dtype (`jax.numpy.finfo`).
 * @example
 * finfo('float32').eps; // 1.1920928955078125e-7
 */
export const finfo = (dtype: DType): FloatInfo => {
  if (!isFloat(checkDType('finfo', dtype))) throw new DTypeError('finfo', `${dtype} is not a float; use iinfo`);
  return dtype === 'float64'
    ? {
        dtype,
        bits: 64,
        eps: 2 ** -52,
        max: Number.MAX_VALUE,
        min: -Number.MAX_VALUE,
        tiny: 2 ** -1022,
        smallestSubnormal: 2 ** -1074,
      }
    : {
        dtype,
        bits: 32,
        eps: 2 ** -23,
        max: (2 - 2 ** -23) * 2 ** 127,
        min: -(2 - 2 ** -23) * 2 ** 127,
        tiny: 2 ** -126,
        smallestSubnormal: 2 ** -149,
      };
};

/** The limits of an integer dtype. */
export interface IntegerInfo {
  readonly dtype: DType;
  readonly bits: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Limits of an integer dtype (`jax.numpy.iinfo`).
 * @example
 * iinfo('int32').max; // 2147483647
 */
export const iinfo = (dtype: DType): IntegerInfo => {
  if (!isInteger(checkDType('iinfo', dtype)))
    throw new DTypeError('iinfo', `${dtype} is not an integer dtype; use finfo`);
  return dtype === 'uint32'
    ? { dtype, bits: 32, min: 0, max: 4294967295 }
    : { dtype, bits: 32, min: -2147483648, max: 2147483647 };
};
