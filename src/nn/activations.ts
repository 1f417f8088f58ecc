// Activations: the functions of jax.nn, stable in value and in gradient of every order.
import { checkAxis } from '../core/aval.ts';
import { ShapeError } from '../core/errors.ts';
import { add, div, greater, less, lessEqual, mul, neg } from '../core/ops/arithmetic.ts';
import { clip, where } from '../core/ops/choice.ts';
import { expm1, logOnePlusExp, sigmoid } from '../core/ops/exponential.ts';
import { promote, toFloat, type TensorLike } from '../core/ops/promote.ts';
import { sliceAlong } from '../core/ops/slice.ts';
import { erfc } from '../core/ops/special.ts';
import { tanh } from '../core/ops/trigonometric.ts';
import { abs, sqrt, square } from '../core/ops/unary.ts';
import type { Tensor } from '../core/tensor.ts';

export { relu } from '../core/ops/arithmetic.ts';
export { sigmoid } from '../core/ops/exponential.ts';
export { tanh } from '../core/ops/trigonometric.ts';
export { logsumexp } from '../core/ops/statistics.ts';
export { logmeanexp, logSoftmax, softmax, standardize, type SoftmaxOptions } from './softmax.ts';

const real = (op: string, x: TensorLike): Tensor => promote(op, ['x'], [x], toFloat)[0]!;

/**
 * min(max(x, 0), 6), with derivative 0 at 0 and 6 (`jax.nn.relu6`).
 * @example
 * relu6(tensor([-1, 2, 9])); // [0, 2, 6]
 */
export const relu6 = (x: TensorLike): Tensor => where(lessEqual(x, 0), 0, where(lessEqual(6, x), 6, x));

/**
 * x above 0, slope * x elsewhere, at 0 included (`jax.nn.leaky_relu`).
 * @example
 * leakyRelu(tensor([-1, 2]), 0.5); // [-0.5, 2]
 */
export const leakyRelu = (x: TensorLike, negativeSlope: number = 0.01): Tensor => {
  const t = real('leakyRelu', x);
  return where(greater(t, 0), t, mul(t, negativeSlope));
};

// The exponential only sees arguments up to 0: the side not taken must not overflow, or its gradient would be NaN.
const exponentialLinear = (x: Tensor, alpha: number, width: number): Tensor => {
  const above = greater(x, 0);
  const low = where(above, 0, x);
  return where(above, x, mul(expm1(width === 1 ? low : div(low, width)), alpha));
};

/**
 * x above 0, alpha (e^x - 1) below (`jax.nn.elu`).
 * @example
 * elu(tensor([-Infinity, 2])); // [-1, 2]
 */
export const elu = (x: TensorLike, alpha: number = 1): Tensor => exponentialLinear(real('elu', x), alpha, 1);

/**
 * x above 0, alpha (e^(x / alpha) - 1) below (`jax.nn.celu`).
 * @example
 * celu(tensor([-Infinity, 2]), 2); // [-2, 2]
 */
export const celu = (x: TensorLike, alpha: number = 1): Tensor => exponentialLinear(real('celu', x), alpha, alpha);

/**
 * The self-normalising scaled elu (`jax.nn.selu`; Klambauer et al. 2017).
 * @example
 * selu(tensor([0])); // [0]
 */
export const selu = (x: TensorLike): Tensor => mul(elu(x, 1.6732632423543772), 1.0507009873554805);

/**
 * x times the normal distribution function: by tanh (default) or exactly, `{ approximate: false }` (`jax.nn.gelu`).
 * @example
 * gelu(tensor([0])); // [0]
 */
export const gelu = (
  x: TensorLike,
  { approximate = true }: { readonly approximate?: boolean | undefined } = {},
): Tensor => {
  const t = real('gelu', x);
  if (!approximate) return mul(mul(t, 0.5), erfc(mul(t, -Math.SQRT1_2)));
  // (1 + tanh z) / 2 = sigmoid(2 z), which keeps its digits on the left.
  const z = mul(t, add(mul(square(t), 0.044715 * 2 * Math.sqrt(2 / Math.PI)), 2 * Math.sqrt(2 / Math.PI)));
  return mul(t, sigmoid(z));
};

/**
 * x sigmoid(x), also called swish (`jax.nn.silu`).
 * @example
 * silu(tensor([0])); // [0]
 */
export const silu = (x: TensorLike): Tensor => {
  const t = real('silu', x);
  return mul(t, sigmoid(t));
};
/** The same as `silu` (`jax.nn.swish`). */
export const swish: (x: TensorLike) => Tensor = silu;

/**
 * log(1 + e^(beta x)) / beta, without overflow (`jax.nn.softplus`, where beta is 1).
 * @example
 * softplus(tensor([100])); // [100]
 */
export const softplus = (x: TensorLike, { beta = 1 }: { readonly beta?: number | undefined } = {}): Tensor =>
  beta === 1 ? logOnePlusExp(x) : div(logOnePlusExp(mul(x, beta)), beta);

/**
 * x tanh(softplus(x)) (`jax.nn.mish`; Misra 2019).
 * @example
 * mish(tensor([0])); // [0]
 */
export const mish = (x: TensorLike): Tensor => {
  const t = real('mish', x);
  return mul(t, tanh(softplus(t)));
};

/**
 * log(sigmoid(x)), finite far to the left (`jax.nn.log_sigmoid`).
 * @example
 * logSigmoid(tensor([-100])); // [-100]
 */
export const logSigmoid = (x: TensorLike): Tensor => neg(logOnePlusExp(neg(real('logSigmoid', x))));

/**
 * x / (1 + |x|) (`jax.nn.soft_sign`).
 * @example
 * softSign(tensor([-1, 3])); // [-0.5, 0.75]
 */
export const softSign = (x: TensorLike): Tensor => {
  const t = real('softSign', x);
  return div(t, add(abs(t), 1));
};

/**
 * (x + sqrt(x^2 + b)) / 2 (`jax.nn.squareplus`).
 * @example
 * squareplus(tensor([0])); // [1]
 */
export const squareplus = (x: TensorLike, b: number = 4): Tensor => {
  const t = real('squareplus', x);
  return mul(add(t, sqrt(add(square(t), b))), 0.5);
};

/**
 * relu6(x + 3) / 6 (`jax.nn.hard_sigmoid`).
 * @example
 * hardSigmoid(tensor([-4, 0, 4])); // [0, 0.5, 1]
 */
export const hardSigmoid = (x: TensorLike): Tensor => div(relu6(add(real('hardSigmoid', x), 3)), 6);
/**
 * x hardSigmoid(x), also called hard silu (`jax.nn.hard_swish`).
 * @example
 * hardSwish(tensor([-4, 0, 4])); // [0, 0, 4]
 */
export const hardSwish = (x: TensorLike): Tensor => mul(x, hardSigmoid(x));
/** The same as `hardSwish` (`jax.nn.hard_silu`). */
export const hardSilu: (x: TensorLike) => Tensor = hardSwish;
/**
 * x limited to [-1, 1], or to bounds of one's own (`jax.nn.hard_tanh`).
 * @example
 * hardTanh(tensor([-4, 0.5, 4])); // [-1, 0.5, 1]
 */
export const hardTanh = (x: TensorLike, min: number = -1, max: number = 1): Tensor => clip(x, min, max);

/**
 * The first half of an axis (default the last) times the sigmoid of the second (`jax.nn.glu`).
 * @example
 * glu(tensor([4, 0])); // [2]
 */
export const glu = (x: TensorLike, axis: number = -1): Tensor => {
  const t = real('glu', x);
  const a = checkAxis('glu', axis, t.rank);
  const n = t.shape[a]!;
  if (n % 2 !== 0)
    throw new ShapeError(
      'glu',
      `axis ${axis} must have an even size to be halved, got ${n} in shape [${t.shape.join(', ')}]`,
    );
  return mul(sliceAlong(t, a, 0, n / 2), sigmoid(sliceAlong(t, a, n / 2, n / 2)));
};

/**
 * 0 up to -1, (x + 1)^2 / 4 up to 1, x beyond (`jax.nn.sparse_plus`).
 * @example
 * sparsePlus(tensor([-2, 0, 2])); // [0, 0.25, 2]
 */
export const sparsePlus = (x: TensorLike): Tensor => {
  const t = real('sparsePlus', x);
  return where(lessEqual(t, -1), 0, where(less(t, 1), mul(square(add(t, 1)), 0.25), t));
};

/**
 * (x + 1) / 2 limited to [0, 1], the derivative of `sparsePlus` (`jax.nn.sparse_sigmoid`).
 * @example
 * sparseSigmoid(tensor([-2, 0, 2])); // [0, 0.5, 1]
 */
export const sparseSigmoid = (x: TensorLike): Tensor => clip(mul(add(real('sparseSigmoid', x), 1), 0.5), 0, 1);
