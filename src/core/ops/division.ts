// Division with remainder: floor, truncation, Python's and C's remainders, common divisors.
import { isFloat, isInteger, type DType } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { call, compare, lit, select, type Expr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { ArithmeticFunction } from '../types/functions.ts';
import { addTangents, div, equal, mul, neg } from './arithmetic.ts';
import { where } from './choice.ts';
import { promote, type TensorLike } from './promote.ts';
import { binaryPrimitive, noTangent } from './rules.ts';
import { abs, floor, roundingPrimitives, times } from './unary.ts';

const countable = (d: DType): DType => (d === 'bool' ? 'int32' : d);

/** The remainder with the sign of the dividend: C's fmod, and % of integers. */
export const remPrimitive: Primitive = binaryPrimitive('rem', (x, y) => call('rem', x.dtype, x, y), {
  jvp: (x, y, dx, dy) => addTangents(dx, dy && neg(times(dy, bind1(roundingPrimitives.trunc, [div(x, y)], {})))),
});

// A remainder of the wrong sign is one divisor away.
const remainderExpr = (x: Expr, y: Expr): Expr => {
  const d = x.dtype;
  const r = call('rem', d, x, y);
  if (d === 'uint32') return r;
  const zero = lit(0, d);
  const wrong = call(
    'and',
    'bool',
    compare('ne', r, zero),
    compare('ne', compare('lt', r, zero), compare('lt', y, zero)),
  );
  return select(wrong, call('add', d, r, y), r);
};
/** The remainder with the sign of the divisor: Python's %. */
export const remainderPrimitive: Primitive = binaryPrimitive('remainder', remainderExpr, {
  jvp: (x, y, dx, dy) => addTangents(dx, dy && neg(times(dy, floor(div(x, y))))),
});

// As Python: exact also where the rounded quotient crosses a whole number.
const floorDivideExpr = (x: Expr, y: Expr): Expr => {
  const d = x.dtype;
  const zero = lit(0, d);
  if (d === 'uint32') return call('div', d, x, y);
  const r = call('rem', d, x, y);
  const wrong = call(
    'and',
    'bool',
    compare('ne', r, zero),
    compare('ne', compare('lt', r, zero), compare('lt', y, zero)),
  );
  const q = isFloat(d) ? call('round', d, call('div', d, call('sub', d, x, r), y)) : call('div', d, x, y);
  const exact = select(wrong, call('sub', d, q, lit(1, d)), q);
  if (!isFloat(d)) return exact;
  // By zero, or of infinities: what the plain quotient gives.
  const plain = call('div', d, x, y);
  return select(compare('eq', r, r), exact, call('floor', d, plain));
};
export const floorDividePrimitive: Primitive = binaryPrimitive('floorDivide', floorDivideExpr, { jvp: noTangent });
export const truncDividePrimitive: Primitive = binaryPrimitive(
  'truncDivide',
  (x, y) => (isFloat(x.dtype) ? call('trunc', x.dtype, call('div', x.dtype, x, y)) : call('div', x.dtype, x, y)),
  { jvp: noTangent },
);

const onNumbers =
  (name: string, primitive: Primitive) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    bind1(primitive, promote(name, ['x', 'y'], [x, y], countable), {});

/**
 * The remainder of x / y with the sign of x, as C's fmod (`jax.numpy.fmod`).
 * @example
 * fmod(tensor([-7, 7]), 3); // [-1, 1]
 */
export const fmod: ArithmeticFunction<'fmod'> = onNumbers('fmod', remPrimitive);
/**
 * The remainder of x / y with the sign of y, as Python's % (`jax.numpy.remainder`).
 * @example
 * remainder(tensor([-7, 7]), 3); // [2, 1]
 */
export const remainder: ArithmeticFunction<'remainder'> = onNumbers('remainder', remainderPrimitive);
/** The same as `remainder` (`jax.numpy.mod`). */
export const mod: ArithmeticFunction<'mod'> = onNumbers('mod', remainderPrimitive);
/**
 * x / y rounded towards -Infinity; integers stay integers; gradient 0 (`jax.numpy.floor_divide`).
 * @example
 * floorDivide(tensor([-7, 7]), 2); // [-4, 3]
 */
export const floorDivide: ArithmeticFunction<'floorDivide'> = onNumbers('floorDivide', floorDividePrimitive);
/**
 * x / y rounded towards 0; integers stay integers; gradient 0 (`jax.lax.div` of integers).
 * @example
 * truncDivide(tensor([-7, 7]), 2); // [-3, 3]
 */
export const truncDivide: (x: TensorLike, y: TensorLike) => Tensor = onNumbers('truncDivide', truncDividePrimitive);
/**
 * [floorDivide(x, y), remainder(x, y)] (`jax.numpy.divmod`).
 * @example
 * divmod(tensor([7]), 2); // [[3], [1]]
 */
export const divmod = (x: TensorLike, y: TensorLike): [Tensor, Tensor] => [floorDivide(x, y), remainder(x, y)];

// Euclid's algorithm: 32-bit numbers need at most 47 steps (consecutive Fibonacci numbers).
const gcdExpr = (x: Expr, y: Expr): Expr => {
  const d = x.dtype;
  const zero = lit(0, d);
  const size = (e: Expr): Expr => (d === 'uint32' ? e : call('abs', d, e));
  let [a, b] = [size(x), size(y)];
  for (let step = 0; step < 47; step++) {
    const done = compare('eq', b, zero);
    const r = call('rem', d, a, select(done, lit(1, d), b));
    [a, b] = [select(done, a, b), select(done, zero, r)];
  }
  return a;
};
export const gcdPrimitive: Primitive = binaryPrimitive('gcd', gcdExpr, { jvp: noTangent });
const integersOnly =
  (op: string) =>
  (d: DType): DType => {
    if (!isInteger(d)) throw new DTypeError(op, `needs integers, got ${d}; convert with astype(x, 'int32')`);
    return d;
  };
/**
 * The greatest common divisor of integers, not negative (`jax.numpy.gcd`).
 * @example
 * gcd(tensor([12, 18], 'int32'), 8); // [4, 2]
 */
export const gcd = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(gcdPrimitive, promote('gcd', ['x', 'y'], [x, y], integersOnly('gcd')), {});
/**
 * The least common multiple of integers, not negative (`jax.numpy.lcm`).
 * @example
 * lcm(tensor([4, 6], 'int32'), 6); // [12, 6]
 */
export const lcm = (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promote('lcm', ['x', 'y'], [x, y], integersOnly('lcm')) as [Tensor, Tensor];
  const g = gcd(a, b);
  const one = where(equal(g, 0), 1, g);
  return abs(mul(truncDivide(a, one), b));
};
