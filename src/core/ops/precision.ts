// Precision: values rounded to what a narrower floating-point format can hold.
import { aval } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { arg, lit } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import { special } from '../math/index.ts';
import { reducePrecision as expansion } from '../math/precision.ts';
import { checkOptions } from '../options.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { Same } from '../types/elementwise.ts';
import { asTensor, type TensorLike } from './promote.ts';

/** A floating-point format: how many bits its exponent has, and its mantissa without the leading one. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
}

const rounded = (x: Tensor, format: FloatFormat): Tensor => bind1(reducePrecisionPrimitive, [x], format);

// Linear as in JAX, although rounding is not: tangents and cotangents have the precision of the values.
export const reducePrecisionPrimitive: Primitive<FloatFormat> = {
  name: 'reducePrecision',
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx], format) => ({ outs: [rounded(x!, format)], tangents: [rounded(dx!, format)] }),
  transpose: ([ct], _, format) => [ct === null ? null : rounded(ct!, format)],
  batch: ([x], axes, format) => ({ outs: [rounded(x!, format)], axes }),
  lower: ([x], { exponentBits, mantissaBits }) => ({
    tag: 'map',
    outs: [
      special('reducePrecision', expansion, arg(0, x!.dtype), lit(exponentBits, 'int32'), lit(mantissaBits, 'int32')),
    ],
  }),
};

/**
 * x rounded to the nearest value of a format with so many bits of exponent and mantissa, ties to the even one; the dtype stays
 * (`jax.lax.reduce_precision`). 5 and 10 bits are those of float16, 8 and 7 those of bfloat16. What rounds beyond the format's
 * largest number is infinite; what stays below its smallest normal one (6.1e-5 in float16) is zero with x's sign, as in XLA: none of its
 * subnormal numbers is used. A format with as many bits as the dtype bounds nothing. NaN stays NaN.
 *
 * It is linear to derivatives: tangents and cotangents are rounded to the same format.
 *
 * A matrix product of float16 values with float32 sums is `matmul(reducePrecision(x, half), reducePrecision(y, half))` with
 * `half = { exponentBits: 5, mantissaBits: 10 }`, in one compiled function. On a GPU with `shader-f16` such operands take half of the
 * workgroup memory; products and sums are those of float32, with the same bits as without. Its gradients are computed from the rounded
 * operands, summed in float32, and rounded to float16 last: scale a loss whose gradients are below 6.1e-5.
 *
 * @throws DTypeError where x is not a float; ArgumentError for a format without a bit of exponent, or bits that are no whole numbers.
 * @example
 * reducePrecision(tensor([0.1, 70000]), { exponentBits: 5, mantissaBits: 10 }); // [0.0999755859375, Infinity]
 */
export const reducePrecision: <X extends TensorLike>(x: X, format: FloatFormat) => Same<X> = (
  x: TensorLike,
  format: FloatFormat,
): Tensor => {
  const op = 'reducePrecision';
  checkOptions(op, format ?? null, ['exponentBits', 'mantissaBits']);
  const { exponentBits, mantissaBits } = format;
  const check = (name: string, bits: number, least: number): void => {
    if (!Number.isInteger(bits) || bits < least)
      throw new ArgumentError(op, `${name} must be an integer of at least ${least}, got ${String(bits)}`);
  };
  check('exponentBits', exponentBits, 1);
  check('mantissaBits', mantissaBits, 0);
  const t = asTensor(op, 'x', x);
  if (!isFloat(t.dtype))
    throw new DTypeError(op, `x is ${t.dtype}, and only floats have a precision; convert it with astype(x, 'float32')`);
  return rounded(t, { exponentBits, mantissaBits });
};
