// Logic: truth values, bits, and tests of elements.
import { isFloat, isInteger, type DType } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { call, type BasicOp } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { ComparisonFunction, EitherFunction, SameFunction, TestFunction } from '../types/functions.ts';
import { add, equal, less, lessEqual, mul, notEqual, sub } from './arithmetic.ts';
import { truth, where } from './choice.ts';
import { asTensor, promote, toFloat, type TensorLike } from './promote.ts';
import { all } from './reduce.ts';
import { binaryPrimitive, noTangent, unaryPrimitive } from './rules.ts';
import { fill } from './structure.ts';
import { abs } from './unary.ts';

const bitsOp = (op: BasicOp): Primitive => binaryPrimitive(op, (x, y) => call(op, x.dtype, x, y), { jvp: noTangent });
export const andPrimitive: Primitive = bitsOp('and');
export const orPrimitive: Primitive = bitsOp('or');
export const xorPrimitive: Primitive = bitsOp('xor');
export const notPrimitive: Primitive = unaryPrimitive('not', (x) => call('not', x.dtype, x), noTangent);

const logical =
  (name: string, primitive: Primitive) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    bind1(primitive, promote(name, ['x', 'y'], [truth(name, 'x', x), truth(name, 'y', y)]), {});
/**
 * x and y, of any dtype: not 0 is true (`jax.numpy.logical_and`).
 * @example
 * logicalAnd(tensor([true, true]), tensor([1, 0])); // [true, false]
 */
export const logicalAnd: ComparisonFunction<'logicalAnd'> = logical('logicalAnd', andPrimitive);
/**
 * x or y, of any dtype: not 0 is true (`jax.numpy.logical_or`).
 * @example
 * logicalOr(tensor([false, true]), false); // [false, true]
 */
export const logicalOr: ComparisonFunction<'logicalOr'> = logical('logicalOr', orPrimitive);
/**
 * Exactly one of x and y, of any dtype: not 0 is true (`jax.numpy.logical_xor`).
 * @example
 * logicalXor(tensor([false, true]), true); // [true, false]
 */
export const logicalXor: ComparisonFunction<'logicalXor'> = logical('logicalXor', xorPrimitive);
/**
 * Whether x is 0 or false (`jax.numpy.logical_not`).
 * @example
 * logicalNot(tensor([true, false])); // [false, true]
 */
export const logicalNot: TestFunction = (x: TensorLike): Tensor =>
  bind1(notPrimitive, [truth('logicalNot', 'x', x)], {});

const noFloats =
  (op: string) =>
  (d: DType): DType => {
    if (isFloat(d)) throw new DTypeError(op, `needs integers or bools, got ${d}; convert with astype(x, 'int32')`);
    return d;
  };
const bitwise =
  (name: string, primitive: Primitive) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    bind1(primitive, promote(name, ['x', 'y'], [x, y], noFloats(name)), {});
/**
 * Bits set in both, of integers or bools (`jax.numpy.bitwise_and`).
 * @example
 * bitwiseAnd(tensor([6], 'int32'), 3); // [2]
 */
export const bitwiseAnd: EitherFunction<'bitwiseAnd'> = bitwise('bitwiseAnd', andPrimitive);
/**
 * Bits set in either, of integers or bools (`jax.numpy.bitwise_or`).
 * @example
 * bitwiseOr(tensor([6], 'int32'), 3); // [7]
 */
export const bitwiseOr: EitherFunction<'bitwiseOr'> = bitwise('bitwiseOr', orPrimitive);
/**
 * Bits set in exactly one, of integers or bools (`jax.numpy.bitwise_xor`).
 * @example
 * bitwiseXor(tensor([6], 'int32'), 3); // [5]
 */
export const bitwiseXor: EitherFunction<'bitwiseXor'> = bitwise('bitwiseXor', xorPrimitive);
/**
 * All bits turned over; of bools, logical not (`jax.numpy.bitwise_not`).
 * @example
 * bitwiseNot(tensor([0], 'int32')); // [-1]
 */
export const bitwiseNot: SameFunction = (x: TensorLike): Tensor =>
  bind1(notPrimitive, promote('bitwiseNot', ['x'], [x], noFloats('bitwiseNot')), {});

export const shiftLeftPrimitive: Primitive = bitsOp('shl');
export const shiftRightPrimitive: Primitive = bitsOp('shr');
const integersOnly =
  (op: string) =>
  (d: DType): DType => {
    if (!isInteger(d)) throw new DTypeError(op, `needs integers, got ${d}; convert with astype(x, 'int32')`);
    return d;
  };
/**
 * x shifted left by y bits; 32 or more give 0 (`jax.numpy.left_shift`).
 * @example
 * leftShift(tensor([1, 3], 'int32'), 2); // [4, 12]
 */
export const leftShift = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(shiftLeftPrimitive, promote('leftShift', ['x', 'y'], [x, y], integersOnly('leftShift')), {});
/**
 * x shifted right by y bits: int32 keeps its sign, uint32 is filled with zeros (`jax.numpy.right_shift`).
 * @example
 * rightShift(tensor([-8, 8], 'int32'), 2); // [-2, 2]
 */
export const rightShift = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(shiftRightPrimitive, promote('rightShift', ['x', 'y'], [x, y], integersOnly('rightShift')), {});

const test =
  (name: string, f: (x: Tensor) => Tensor, ofIntegers: boolean) =>
  (x: TensorLike): Tensor => {
    const t = asTensor(name, 'x', x);
    return isFloat(t.dtype) ? f(t) : fill(t.shape, Number(ofIntegers), 'bool');
  };
/**
 * Whether each element is NaN (`jax.numpy.isnan`).
 * @example
 * isnan(tensor([NaN, 1])); // [true, false]
 */
export const isnan: TestFunction = test('isnan', (x) => notEqual(x, x), false);
/**
 * Whether each element is Infinity or -Infinity (`jax.numpy.isinf`).
 * @example
 * isinf(tensor([-Infinity, 1])); // [true, false]
 */
export const isinf: TestFunction = test('isinf', (x) => equal(abs(x), Infinity), false);
/**
 * Whether each element is neither NaN nor infinite (`jax.numpy.isfinite`).
 * @example
 * isfinite(tensor([NaN, 1])); // [false, true]
 */
export const isfinite: TestFunction = test('isfinite', (x) => less(abs(x), Infinity), true);

interface NanToNumOptions {
  readonly nan?: number | undefined;
  readonly posinf?: number | undefined;
  readonly neginf?: number | undefined;
}
/**
 * NaN replaced by 0, infinities by the largest finite numbers, or by what the options say (`jax.numpy.nan_to_num`).
 * @example
 * nanToNum(tensor([NaN, 1])); // [0, 1]
 */
export const nanToNum: SameFunction = (x: TensorLike, { nan = 0, posinf, neginf }: NanToNumOptions = {}): Tensor => {
  const t = asTensor('nanToNum', 'x', x);
  if (!isFloat(t.dtype)) return t;
  const top = t.dtype === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
  return where(isnan(t), nan, where(equal(t, Infinity), posinf ?? top, where(equal(t, -Infinity), neginf ?? -top, t)));
};

interface CloseOptions {
  readonly rtol?: number | undefined;
  readonly atol?: number | undefined;
  /** NaN is close to NaN. */
  readonly equalNan?: boolean | undefined;
}
/**
 * |x - y| <= atol + rtol |y| for each element; infinities are close to themselves (`jax.numpy.isclose`).
 * @example
 * isclose(tensor([1, 1]), tensor([1.000001, 1.1])); // [true, false]
 */
export const isclose = (
  x: TensorLike,
  y: TensorLike,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: CloseOptions = {},
): Tensor => {
  const [a, b] = promote('isclose', ['x', 'y'], [x, y], toFloat) as [Tensor, Tensor];
  const near = logicalAnd(lessEqual(abs(sub(a, b)), add(mul(abs(b), rtol), atol)), less(abs(b), Infinity));
  const close = logicalOr(near, equal(a, b));
  return equalNan ? logicalOr(close, logicalAnd(isnan(a), isnan(b))) : close;
};

/**
 * Whether all elements are close (`jax.numpy.allclose`).
 * @example
 * allclose(tensor([1, 2]), tensor([1, 2.1])); // false
 */
export const allclose = (x: TensorLike, y: TensorLike, options: CloseOptions = {}): Tensor =>
  all(isclose(x, y, options));
