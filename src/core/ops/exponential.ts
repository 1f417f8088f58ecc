// Exponentials and logarithms, sigmoid and softplus.
import { call } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { RealFunction } from '../types/functions.ts';
import { add, div, mul, neg } from './arithmetic.ts';
import type { TensorLike } from './promote.ts';
import { unaryPrimitive } from './rules.ts';
import { onReals, times } from './unary.ts';

export const expPrimitive: Primitive = unaryPrimitive(
  'exp',
  (x) => call('exp', x.dtype, x),
  (dx, _, y) => times(dx, y),
);
/**
 * e^x (`jax.numpy.exp`).
 * @example
 * exp(tensor([0])); // [1]
 */
export const exp: RealFunction = onReals('exp', expPrimitive);

export const exp2Primitive: Primitive = unaryPrimitive(
  'exp2',
  (x) => call('exp2', x.dtype, x),
  (dx, _, y) => times(dx, mul(y, Math.LN2)),
);
/**
 * 2^x (`jax.numpy.exp2`).
 * @example
 * exp2(tensor([3])); // [8]
 */
export const exp2: RealFunction = onReals('exp2', exp2Primitive);

// The derivative is e^x anew: expm1(x) + 1 has lost it for x << 0.
export const expm1Primitive: Primitive = unaryPrimitive(
  'expm1',
  (x) => call('expm1', x.dtype, x),
  (dx, x) => times(dx, bind1(expPrimitive, [x], {})),
);
/**
 * e^x - 1, exact near 0 (`jax.numpy.expm1`).
 * @example
 * expm1(tensor([0])); // [0]
 */
export const expm1: RealFunction = onReals('expm1', expm1Primitive);

export const logPrimitive: Primitive = unaryPrimitive(
  'log',
  (x) => call('log', x.dtype, x),
  (dx, x) => div(dx, x),
);
/**
 * Natural logarithm; -Infinity at 0, NaN below (`jax.numpy.log`).
 * @example
 * log(tensor([1])); // [0]
 */
export const log: RealFunction = onReals('log', logPrimitive);

export const log2Primitive: Primitive = unaryPrimitive(
  'log2',
  (x) => call('log2', x.dtype, x),
  (dx, x) => div(dx, mul(x, Math.LN2)),
);
/**
 * Logarithm to base 2 (`jax.numpy.log2`).
 * @example
 * log2(tensor([8])); // [3]
 */
export const log2: RealFunction = onReals('log2', log2Primitive);

export const log10Primitive: Primitive = unaryPrimitive(
  'log10',
  (x) => call('log10', x.dtype, x),
  (dx, x) => div(dx, mul(x, Math.LN10)),
);
/**
 * Logarithm to base 10 (`jax.numpy.log10`).
 * @example
 * log10(tensor([100])); // [2]
 */
export const log10: RealFunction = onReals('log10', log10Primitive);

export const log1pPrimitive: Primitive = unaryPrimitive(
  'log1p',
  (x) => call('log1p', x.dtype, x),
  (dx, x) => div(dx, add(x, 1)),
);
/**
 * log(1 + x), exact near 0 (`jax.numpy.log1p`).
 * @example
 * log1p(tensor([0])); // [0]
 */
export const log1p: RealFunction = onReals('log1p', log1pPrimitive);

// 1 - sigmoid(x) has lost its digits for large x; sigmoid(-x) has them.
export const sigmoidPrimitive: Primitive = unaryPrimitive(
  'sigmoid',
  (x) => call('sigmoid', x.dtype, x),
  (dx, x, y) => times(dx, times(y, bind1(sigmoidPrimitive, [neg(x)], {}))),
);
/**
 * 1 / (1 + e^-x), accurate in both tails, in value and gradient (`jax.nn.sigmoid`).
 * @example
 * sigmoid(tensor([0])); // [0.5]
 */
export const sigmoid: RealFunction = onReals('sigmoid', sigmoidPrimitive);

export const softplusPrimitive: Primitive = unaryPrimitive(
  'softplus',
  (x) => call('softplus', x.dtype, x),
  (dx, x) => times(dx, bind1(sigmoidPrimitive, [x], {})),
);
/** log(1 + e^x) without overflow, for rules and `nn.softplus`. */
export const logOnePlusExp: (x: TensorLike) => Tensor = onReals('softplus', softplusPrimitive);
