// Binary functions of the reals: extremes, angles, lengths, log-sums, signs.
import { isFloat, type DType } from '../dtype.ts';
import { call, compare, lit, select, type Expr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import { special } from '../math/index.ts';
import { atan2 as expandAtan2 } from '../math/inverse-trig.ts';
import type { Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { EitherFunction, QuotientFunction, TestFunction } from '../types/functions.ts';
import { addTangents, div, equal, greater, less, mul, neg, notEqual, selectPrimitive, sub } from './arithmetic.ts';
import { where } from './choice.ts';
import { log, log1p, sigmoidPrimitive } from './exponential.ts';
import { asTensor, promote, toFloat, type TensorLike } from './promote.ts';
import { binaryPrimitive, noTangent } from './rules.ts';
import { fillLike } from './structure.ts';
import { times } from './unary.ts';

const onBoth =
  (name: string, primitive: Primitive, to?: (d: DType) => DType) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    bind1(primitive, promote(name, ['x', 'y'], [x, y], to), {});

const weigh = (dx: Tangent, wx: () => Tensor, dy: Tangent, wy: () => Tensor): Tangent =>
  addTangents(dx && times(dx, wx()), dy && times(dy, wy()));

// 1 where x is strictly chosen, 1/2 at a tie, 0 else.
const share = (wins: Tensor, ties: Tensor, like: Tensor): Tensor =>
  bind1(
    selectPrimitive,
    [wins, fillLike(like, 1), bind1(selectPrimitive, [ties, fillLike(like, 0.5), fillLike(like, 0)], {})],
    {},
  );

const extreme = (op: 'max' | 'min', name: string): Primitive =>
  binaryPrimitive(
    name,
    (x, y) => (x.dtype === 'bool' ? call(op === 'max' ? 'or' : 'and', 'bool', x, y) : call(op, x.dtype, x, y)),
    {
      jvp(x, y, dx, dy) {
        const wins = op === 'max' ? greater : less;
        const ties = equal(x, y);
        return weigh(
          dx,
          () => share(wins(x, y), ties, x),
          dy,
          () => share(wins(y, x), ties, x),
        );
      },
    },
  );
export const maximumPrimitive: Primitive = extreme('max', 'maximum');
export const minimumPrimitive: Primitive = extreme('min', 'minimum');
/**
 * The larger of x and y; NaN if either is. At ties each side gets half of the gradient (`jax.numpy.maximum`).
 * @example
 * maximum(tensor([1, 5]), 3); // [3, 5]
 */
export const maximum: EitherFunction<'maximum'> = onBoth('maximum', maximumPrimitive);
/**
 * The smaller of x and y; NaN if either is. At ties each side gets half of the gradient (`jax.numpy.minimum`).
 * @example
 * minimum(tensor([1, 5]), 3); // [1, 3]
 */
export const minimum: EitherFunction<'minimum'> = onBoth('minimum', minimumPrimitive);

const ignoringNaN =
  (name: string, primitive: Primitive) =>
  (x: TensorLike, y: TensorLike): Tensor => {
    const [a, b] = promote(name, ['x', 'y'], [x, y]) as [Tensor, Tensor];
    if (!isFloat(a.dtype)) return bind1(primitive, [a, b], {});
    return where(notEqual(a, a), b, where(notEqual(b, b), a, bind1(primitive, [a, b], {})));
  };
/**
 * The larger of x and y, where NaN counts as missing (`jax.numpy.fmax`).
 * @example
 * fmax(tensor([NaN, 5]), 3); // [3, 5]
 */
export const fmax: EitherFunction<'fmax'> = ignoringNaN('fmax', maximumPrimitive);
/**
 * The smaller of x and y, where NaN counts as missing (`jax.numpy.fmin`).
 * @example
 * fmin(tensor([NaN, 5]), 3); // [3, 3]
 */
export const fmin: EitherFunction<'fmin'> = ignoringNaN('fmin', minimumPrimitive);

// d atan2(y, x) = (x dy - y dx) / (x^2 + y^2), as quotients by the length so that squares do not overflow.
export const atan2Primitive: Primitive = binaryPrimitive('atan2', (x, y) => special('atan2', expandAtan2, x, y), {
  jvp(x, y, dx, dy) {
    const r = hypot(x, y);
    return weigh(
      dx,
      () => div(div(y, r), r),
      dy,
      () => neg(div(div(x, r), r)),
    );
  },
});
/**
 * The angle of the point (y, x), first the ordinate, in (-pi, pi] (`jax.numpy.arctan2`).
 * @example
 * atan2(tensor([0]), tensor([1])); // [0]
 */
export const atan2: QuotientFunction<'atan2'> = onBoth('atan2', atan2Primitive, toFloat);

// Scaled by the larger side; infinite if either is.
const hypotExpr = (x: Expr, y: Expr): Expr => {
  const d = x.dtype;
  const [ax, ay] = [call('abs', d, x), call('abs', d, y)];
  const [hi, lo] = [call('max', d, ax, ay), call('min', d, ax, ay)];
  const r = call('div', d, lo, hi);
  const length = call('mul', d, hi, call('sqrt', d, call('add', d, call('mul', d, r, r), lit(1, d))));
  const inf = lit(Infinity, d);
  const flat = call('or', 'bool', compare('eq', hi, lit(0, d)), compare('eq', hi, inf));
  const anyInf = call('or', 'bool', compare('eq', ax, inf), compare('eq', ay, inf));
  return select(anyInf, inf, select(flat, hi, length));
};
export const hypotPrimitive: Primitive = binaryPrimitive('hypot', hypotExpr, {
  jvp(x, y, dx, dy, r) {
    // At the origin the direction is taken as 0.
    const safe = where(equal(r, 0), 1, r);
    return weigh(
      dx,
      () => div(x, safe),
      dy,
      () => div(y, safe),
    );
  },
});
/**
 * sqrt(x^2 + y^2) without overflow; its gradient at the origin is 0 (`jax.numpy.hypot`).
 * @example
 * hypot(tensor([3]), tensor([4])); // [5]
 */
export const hypot: QuotientFunction<'hypot'> = onBoth('hypot', hypotPrimitive, toFloat);

/** x - y, but 0 for equal infinities, whose weights are equal too. */
export const gap = (x: Tensor, y: Tensor): Tensor => {
  const d = sub(x, y);
  return where(equal(x, y), where(notEqual(d, d), 0, d), d);
};
const sigmoidOf = (x: Tensor): Tensor => bind1(sigmoidPrimitive, [x], {});

export const logaddexpPrimitive: Primitive = binaryPrimitive(
  'logaddexp',
  (x, y) => {
    const d = x.dtype;
    const hi = call('max', d, x, y);
    // Equal infinities differ by NaN; their distance is 0.
    const distance = select(compare('eq', x, y), lit(0, d), call('abs', d, call('sub', d, x, y)));
    return call('add', d, hi, call('softplus', d, call('neg', d, distance)));
  },
  {
    jvp(x, y, dx, dy) {
      const d = gap(x, y);
      return weigh(
        dx,
        () => sigmoidOf(d),
        dy,
        () => sigmoidOf(neg(d)),
      );
    },
  },
);
/**
 * log(e^x + e^y) without overflow (`jax.numpy.logaddexp`).
 * @example
 * logaddexp(tensor([-Infinity]), 2); // [2]
 */
export const logaddexp: QuotientFunction<'logaddexp'> = onBoth('logaddexp', logaddexpPrimitive, toFloat);
/**
 * log2(2^x + 2^y) without overflow (`jax.numpy.logaddexp2`).
 * @example
 * logaddexp2(tensor([3]), 3); // [4]
 */
export const logaddexp2: QuotientFunction<'logaddexp2'> = (x: TensorLike, y: TensorLike): Tensor =>
  div(logaddexp(mul(x, Math.LN2), mul(y, Math.LN2)), Math.LN2);

export const xlogyPrimitive: Primitive = binaryPrimitive(
  'xlogy',
  (x, y) => {
    const product = call('mul', x.dtype, x, call('log', x.dtype, y));
    const dry = call('and', 'bool', compare('eq', x, lit(0, x.dtype)), compare('eq', y, y));
    return select(dry, lit(0, x.dtype), product);
  },
  {
    jvp: (x, y, dx, dy) =>
      weigh(
        dx,
        () => log(y),
        dy,
        () => div(x, y),
      ),
  },
);
/**
 * x log(y), which is 0 where x is 0 (`jax.scipy.special.xlogy`).
 * @example
 * xlogy(tensor([0]), 0); // [0]
 */
export const xlogy: QuotientFunction<'xlogy'> = onBoth('xlogy', xlogyPrimitive, toFloat);
/**
 * x log(1 + y), which is 0 where x is 0 (`jax.scipy.special.xlog1py`).
 * @example
 * xlog1py(tensor([0]), -1); // [0]
 */
export const xlog1py = (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promote('xlog1py', ['x', 'y'], [x, y], toFloat) as [Tensor, Tensor];
  const dry = equal(a, 0);
  return where(dry, mul(a, 0), mul(a, log1p(where(dry, 0, b))));
};

// Integers have no sign of zero; a float's is seen in its reciprocal. NaN counts as positive.
const negativeExpr = (x: Expr): Expr => {
  const below = compare('lt', x, lit(0, x.dtype));
  if (!isFloat(x.dtype)) return below;
  const negativeZero = call(
    'and',
    'bool',
    compare('eq', x, lit(0, x.dtype)),
    compare('lt', call('div', x.dtype, lit(1, x.dtype), x), lit(0, x.dtype)),
  );
  return call('or', 'bool', below, negativeZero);
};
export const signbitPrimitive: Primitive = {
  name: 'signbit',
  shape: ([x]) => [{ shape: x!.shape, dtype: 'bool', weak: false }],
  jvp: ([x]) => ({ outs: [bind1(signbitPrimitive, [x!], {})], tangents: [null] }),
  transpose: null,
  batch: ([x], axes) => ({ outs: [bind1(signbitPrimitive, [x!], {})], axes }),
  lower: ([x]) => ({ tag: 'map', outs: [negativeExpr({ op: 'arg', arg: 0, dtype: x!.dtype })] }),
};
/**
 * Whether the sign bit is set: negative numbers and -0 (`jax.numpy.signbit`).
 * @example
 * signbit(tensor([-0, 0, -3])); // [true, false, true]
 */
export const signbit: TestFunction = (x: TensorLike): Tensor =>
  bind1(signbitPrimitive, [asTensor('signbit', 'x', x)], {});

/**
 * |x| with the sign of y (`jax.numpy.copysign`).
 * @example
 * copysign(tensor([1, -2]), tensor([-1, 3])); // [-1, 2]
 */
export const copysign = (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promote('copysign', ['x', 'y'], [x, y], toFloat) as [Tensor, Tensor];
  return where(notEqual(signbit(a), signbit(b)), neg(a), a);
};

/**
 * 0 below zero, 1 above, h at zero (`jax.numpy.heaviside`).
 * @example
 * heaviside(tensor([-2, 0, 3]), 0.5); // [0, 0.5, 1]
 */
export const heaviside = (x: TensorLike, h: TensorLike): Tensor => {
  const [a, b] = promote('heaviside', ['x', 'h'], [x, h], toFloat) as [Tensor, Tensor];
  return where(less(a, 0), 0, where(equal(a, 0), b, where(notEqual(a, a), a, 1)));
};

export const nextafterPrimitive: Primitive = binaryPrimitive('nextafter', (x, y) => call('nextafter', x.dtype, x, y), {
  jvp: noTangent,
});
/**
 * The next float after x towards y (`jax.numpy.nextafter`).
 * @example
 * greater(nextafter(tensor([1]), 2), 1); // [true]
 */
export const nextafter: (x: TensorLike, y: TensorLike) => Tensor = onBoth('nextafter', nextafterPrimitive, toFloat);
