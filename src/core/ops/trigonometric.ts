// Trigonometric and hyperbolic functions and their inverses.
import { call, type MathOp, type ScalarOp } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import { special, type Expansion } from '../math/index.ts';
import * as inverses from '../math/inverse-trig.ts';
import type { Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { RealFunction } from '../types/functions.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';
import type { TensorLike } from './promote.ts';
import { unaryPrimitive } from './rules.ts';
import { integerPower, onReals, rsqrtPrimitive, times } from './unary.ts';

const record = (op: ScalarOp, jvp: (dx: Tensor, x: Tensor, y: Tensor) => Tangent): Primitive =>
  unaryPrimitive(op, (x) => call(op, x.dtype, x), jvp);
const inverse = (op: MathOp, expansion: Expansion, jvp: (dx: Tensor, x: Tensor, y: Tensor) => Tangent): Primitive =>
  unaryPrimitive(op, (x) => special(op, expansion, x), jvp);
const at = (p: Primitive, x: Tensor): Tensor => bind1(p, [x], {});
const rsqrt = (x: Tensor): Tensor => at(rsqrtPrimitive, x);
// (1 - x)(1 + x) keeps the digits of 1 - x^2 near |x| = 1.
const oneMinusSquare = (x: Tensor): Tensor => times(sub(1, x), add(x, 1));
const onePlusSquare = (x: Tensor): Tensor => add(integerPower(x, 2), 1);

export const sinPrimitive: Primitive = record('sin', (dx, x) => times(dx, at(cosPrimitive, x)));
export const cosPrimitive: Primitive = record('cos', (dx, x) => neg(times(dx, at(sinPrimitive, x))));
export const tanPrimitive: Primitive = record('tan', (dx, _, y) => times(dx, onePlusSquare(y)));
export const asinPrimitive: Primitive = inverse('asin', inverses.asin, (dx, x) => times(dx, rsqrt(oneMinusSquare(x))));
export const acosPrimitive: Primitive = inverse('acos', inverses.acos, (dx, x) =>
  neg(times(dx, rsqrt(oneMinusSquare(x)))),
);
export const atanPrimitive: Primitive = inverse('atan', inverses.atan, (dx, x) => div(dx, onePlusSquare(x)));
export const sinhPrimitive: Primitive = record('sinh', (dx, x) => times(dx, at(coshPrimitive, x)));
export const coshPrimitive: Primitive = record('cosh', (dx, x) => times(dx, at(sinhPrimitive, x)));
export const tanhPrimitive: Primitive = record('tanh', (dx, _, y) => times(dx, oneMinusSquare(y)));
export const asinhPrimitive: Primitive = record('asinh', (dx, x) => times(dx, rsqrt(onePlusSquare(x))));
export const acoshPrimitive: Primitive = record('acosh', (dx, x) =>
  times(times(dx, rsqrt(sub(x, 1))), rsqrt(add(x, 1))),
);
export const atanhPrimitive: Primitive = record('atanh', (dx, x) => div(dx, oneMinusSquare(x)));

/**
 * Sine of radians (`jax.numpy.sin`).
 * @example
 * sin(tensor([0])); // [0]
 */
export const sin: RealFunction = onReals('sin', sinPrimitive);
/**
 * Cosine of radians (`jax.numpy.cos`).
 * @example
 * cos(tensor([0])); // [1]
 */
export const cos: RealFunction = onReals('cos', cosPrimitive);
/**
 * Tangent of radians (`jax.numpy.tan`).
 * @example
 * tan(tensor([0])); // [0]
 */
export const tan: RealFunction = onReals('tan', tanPrimitive);
/**
 * Inverse sine in [-pi/2, pi/2]; NaN outside [-1, 1] (`jax.numpy.arcsin`).
 * @example
 * asin(tensor([0])); // [0]
 */
export const asin: RealFunction = onReals('asin', asinPrimitive);
/**
 * Inverse cosine in [0, pi]; NaN outside [-1, 1] (`jax.numpy.arccos`).
 * @example
 * acos(tensor([1])); // [0]
 */
export const acos: RealFunction = onReals('acos', acosPrimitive);
/**
 * Inverse tangent in (-pi/2, pi/2) (`jax.numpy.arctan`).
 * @example
 * atan(tensor([0])); // [0]
 */
export const atan: RealFunction = onReals('atan', atanPrimitive);
/**
 * Hyperbolic sine (`jax.numpy.sinh`).
 * @example
 * sinh(tensor([0])); // [0]
 */
export const sinh: RealFunction = onReals('sinh', sinhPrimitive);
/**
 * Hyperbolic cosine (`jax.numpy.cosh`).
 * @example
 * cosh(tensor([0])); // [1]
 */
export const cosh: RealFunction = onReals('cosh', coshPrimitive);
/**
 * Hyperbolic tangent (`jax.numpy.tanh`).
 * @example
 * tanh(tensor([0])); // [0]
 */
export const tanh: RealFunction = onReals('tanh', tanhPrimitive);
/**
 * Inverse hyperbolic sine (`jax.numpy.arcsinh`).
 * @example
 * asinh(tensor([0])); // [0]
 */
export const asinh: RealFunction = onReals('asinh', asinhPrimitive);
/**
 * Inverse hyperbolic cosine; NaN below 1 (`jax.numpy.arccosh`).
 * @example
 * acosh(tensor([1])); // [0]
 */
export const acosh: RealFunction = onReals('acosh', acoshPrimitive);
/**
 * Inverse hyperbolic tangent; infinite at -1 and 1, NaN beyond (`jax.numpy.arctanh`).
 * @example
 * atanh(tensor([0])); // [0]
 */
export const atanh: RealFunction = onReals('atanh', atanhPrimitive);

/**
 * Degrees to radians (`jax.numpy.deg2rad`).
 * @example
 * deg2rad(tensor([0])); // [0]
 */
export const deg2rad: RealFunction = (x: TensorLike): Tensor => mul(x, Math.PI / 180);
/**
 * Radians to degrees (`jax.numpy.rad2deg`).
 * @example
 * rad2deg(tensor([0])); // [0]
 */
export const rad2deg: RealFunction = (x: TensorLike): Tensor => mul(x, 180 / Math.PI);
