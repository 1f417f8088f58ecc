// Unary algebra: absolute value, sign, roots, integer powers, rounding.
import { isFloat, type DType } from '../dtype.ts';
import { arg, call, lit, type Expr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { aval } from '../aval.ts';
import type { CountedFunction, RealFunction } from '../types/functions.ts';
import { div, mul, mulPrimitive } from './arithmetic.ts';
import { cast, promote, toFloat, type TensorLike } from './promote.ts';
import { noTangent, unaryPrimitive } from './rules.ts';

/** A function of the reals, for users: integers and bools become float32. */
export const onReals =
  (name: string, primitive: Primitive) =>
  (x: TensorLike): Tensor =>
    bind1(primitive, promote(name, ['x'], [x], toFloat), {});

/** A function of numbers of any kind, for users; bools become int32. */
const onNumbers =
  (name: string, primitive: Primitive) =>
  (x: TensorLike): Tensor =>
    bind1(primitive, promote(name, ['x'], [x], countable), {});

const countable = (d: DType): DType => (d === 'bool' ? 'int32' : d);

/** A product of two tensors of one shape and dtype, for rules. */
export const times = (x: Tensor, y: Tensor): Tensor => bind1(mulPrimitive, [x, y], {});

export const signPrimitive: Primitive = unaryPrimitive('sign', (x) => call('sign', x.dtype, x), noTangent);
/**
 * -1, 0 or 1 with the sign of x; NaN stays NaN. Its gradient is 0 (`jax.numpy.sign`).
 * @example
 * sign(tensor([-3, 0, 2])); // [-1, 0, 1]
 */
export const sign: CountedFunction = onNumbers('sign', signPrimitive);

export const absPrimitive: Primitive = unaryPrimitive(
  'abs',
  (x) => (x.dtype === 'uint32' ? x : call('abs', x.dtype, x)),
  (dx, x) => times(dx, bind1(signPrimitive, [x], {})),
);
/**
 * |x|; its derivative at 0 is 0 (`jax.numpy.abs`).
 * @example
 * abs(tensor([-3, 2])); // [3, 2]
 */
export const abs: CountedFunction = onNumbers('abs', absPrimitive);

export const sqrtPrimitive: Primitive = unaryPrimitive(
  'sqrt',
  (x) => call('sqrt', x.dtype, x),
  (dx, _, y) => div(mul(dx, 0.5), y),
);
/**
 * Square root; NaN below 0, derivative infinite at 0 (`jax.numpy.sqrt`).
 * @example
 * sqrt(tensor([4, 9])); // [2, 3]
 */
export const sqrt: RealFunction = onReals('sqrt', sqrtPrimitive);

export const rsqrtPrimitive: Primitive = unaryPrimitive(
  'rsqrt',
  (x) => call('rsqrt', x.dtype, x),
  (dx, x, y) => times(dx, div(mul(y, -0.5), x)),
);
/**
 * 1 / sqrt(x) (`jax.lax.rsqrt`).
 * @example
 * rsqrt(tensor([4])); // [0.5]
 */
export const rsqrt: RealFunction = onReals('rsqrt', rsqrtPrimitive);

export const cbrtPrimitive: Primitive = unaryPrimitive(
  'cbrt',
  (x) => call('cbrt', x.dtype, x),
  (dx, _, y) => div(div(dx, 3), times(y, y)),
);
/**
 * Cube root, negative for negative x (`jax.numpy.cbrt`).
 * @example
 * cbrt(tensor([-8, 27])); // [-2, 3]
 */
export const cbrt: RealFunction = onReals('cbrt', cbrtPrimitive);

// Square and multiply; negative exponents divide once, at the end.
const powerExpr = (x: Expr, n: number): Expr => {
  const product = (a: Expr | null, b: Expr): Expr => (a === null ? b : call('mul', x.dtype, a, b));
  let out: Expr | null = null;
  let base = x;
  for (let k = Math.abs(n); k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) out = product(out, base);
    if (k > 1) base = call('mul', x.dtype, base, base);
  }
  const one = lit(1, x.dtype);
  return out === null ? one : n < 0 ? call('div', x.dtype, one, out) : out;
};

/** x to an integer power that is known: exact for negative x, with the right derivatives at 0. */
export const integerPowPrimitive: Primitive<{ readonly n: number }> = {
  name: 'integerPow',
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp([x], [dx], { n }) {
    const y = bind1(integerPowPrimitive, [x!], { n });
    if (n === 0) return { outs: [y], tangents: [null] };
    return { outs: [y], tangents: [n === 1 ? dx! : times(dx!, mul(integerPower(x!, n - 1), n))] };
  },
  transpose: null,
  batch: ([x], axes, params) => ({ outs: [bind1(integerPowPrimitive, [x!], params)], axes }),
  lower: ([x], { n }) => ({ tag: 'map', outs: [powerExpr(arg(0, x!.dtype), n)] }),
};
export const integerPower = (x: Tensor, n: number): Tensor => (n === 1 ? x : bind1(integerPowPrimitive, [x], { n }));

/**
 * x * x (`jax.numpy.square`).
 * @example
 * square(tensor([-3, 2])); // [9, 4]
 */
export const square: CountedFunction = (x: TensorLike): Tensor =>
  integerPower(promote('square', ['x'], [x], countable)[0]!, 2);

/**
 * 1 / x (`jax.numpy.reciprocal`).
 * @example
 * reciprocal(tensor([4])); // [0.25]
 */
export const reciprocal: RealFunction = (x: TensorLike): Tensor =>
  integerPower(promote('reciprocal', ['x'], [x], toFloat)[0]!, -1);

const rounding = (op: 'floor' | 'ceil' | 'round' | 'trunc'): Primitive =>
  unaryPrimitive(op, (x) => call(op, x.dtype, x), noTangent);
export const roundingPrimitives: Readonly<Record<'floor' | 'ceil' | 'round' | 'trunc', Primitive>> = {
  floor: rounding('floor'),
  ceil: rounding('ceil'),
  round: rounding('round'),
  trunc: rounding('trunc'),
};
// Integers are whole already; they keep their dtype.
const onFloats =
  (op: 'floor' | 'ceil' | 'round' | 'trunc') =>
  (x: TensorLike): Tensor => {
    const t = promote(op, ['x'], [x], countable)[0]!;
    return isFloat(t.dtype) ? bind1(roundingPrimitives[op], [t], {}) : cast(t, t.dtype);
  };
/**
 * The largest whole number <= x; gradient 0 (`jax.numpy.floor`).
 * @example
 * floor(tensor([-1.5, 1.5])); // [-2, 1]
 */
export const floor: CountedFunction = onFloats('floor');
/**
 * The smallest whole number >= x; gradient 0 (`jax.numpy.ceil`).
 * @example
 * ceil(tensor([-1.5, 1.5])); // [-1, 2]
 */
export const ceil: CountedFunction = onFloats('ceil');
/**
 * x without its fraction; gradient 0 (`jax.numpy.trunc`).
 * @example
 * trunc(tensor([-1.5, 1.5])); // [-1, 1]
 */
export const trunc: CountedFunction = onFloats('trunc');
/**
 * The nearest whole number, halves to the even one; with `decimals` to that many decimal places. Gradient 0 (`jax.numpy.round`).
 * @example
 * round(tensor([0.5, 1.5, 2.4])); // [0, 2, 2]
 */
export const round = (x: TensorLike, decimals: number = 0): Tensor => {
  if (decimals === 0) return onFloats('round')(x);
  const scale = 10 ** Math.abs(decimals);
  return decimals > 0 ? div(onFloats('round')(mul(x, scale)), scale) : mul(onFloats('round')(div(x, scale)), scale);
};
