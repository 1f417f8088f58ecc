// Powers: x^y with the conventions of C99, and of JAX where a derivative could be taken two ways.
import { isFloat } from '../dtype.ts';
import { call, compare, lit, select, type Expr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { ArithmeticFunction } from '../types/functions.ts';
import { addTangents, equal, mul, sub } from './arithmetic.ts';
import { where } from './choice.ts';
import { log } from './exponential.ts';
import { asTensor, promote, type TensorLike } from './promote.ts';
import { binaryPrimitive } from './rules.ts';
import { integerPower, times } from './unary.ts';

// Square and multiply over the bits of the exponent. A negative exponent leaves 1 / x^n, truncated: 0 unless x is 1 or -1.
const integerExpr = (x: Expr, y: Expr): Expr => {
  const d = x.dtype;
  const [zero, one] = [lit(0, d), lit(1, d)];
  let out: Expr = one;
  let base = x;
  for (let bit = 0; bit < 32; bit++) {
    const set = compare(
      'ne',
      call('and', d, y, lit(bit === 31 ? (d === 'int32' ? -2147483648 : 2147483648) : 2 ** bit, d)),
      zero,
    );
    if (bit < 31 || d === 'uint32') out = select(set, call('mul', d, out, base), out);
    base = call('mul', d, base, base);
  }
  if (d === 'uint32') return out;
  const odd = compare('ne', call('and', d, y, one), zero);
  const minusOne = select(odd, lit(-1, d), one);
  const inverse = select(compare('eq', x, one), one, select(compare('eq', x, lit(-1, d)), minusOne, zero));
  return select(compare('lt', y, zero), inverse, out);
};

// y = 0 makes a constant, also where x^-1 is infinite; at x = 0 the logarithm counts as 0.
export const powPrimitive: Primitive = binaryPrimitive(
  'pow',
  (x, y) => (isFloat(x.dtype) ? call('pow', x.dtype, x, y) : integerExpr(x, y)),
  {
    jvp(x, y, dx, dy, out) {
      const byX = (dx: Tensor): Tensor => {
        const flat = equal(y, 0);
        return times(dx, where(flat, 0, times(y, bind1(powPrimitive, [x, where(flat, 1, sub(y, 1))], {}))));
      };
      const byY = (dy: Tensor): Tensor => times(dy, times(log(where(equal(x, 0), 1, x)), out));
      return addTangents(dx && byX(dx), dy && byY(dy));
    },
  },
);

const known = (y: TensorLike): y is number => typeof y === 'number' && Number.isInteger(y) && Math.abs(y) <= 64;

/**
 * x^y (`jax.numpy.power`). An exponent given as a whole JS number is repeated multiplication, exact for negative x, with the
 * right gradient at 0. pow(x, 0) is 1 with gradient 0, also at x = 0 and NaN; at x = 0 the gradient by y is 0.
 * Integer tensors give integers; a negative integer as exponent of an integer tensor makes x float32.
 * @example
 * pow(tensor([-2, 3]), 2); // [4, 9]
 */
export const pow: ArithmeticFunction<'pow'> = (x: TensorLike, y: TensorLike): Tensor => {
  if (known(y)) {
    let base = asTensor('pow', 'x', x);
    if (!isFloat(base.dtype))
      base = promote('pow', ['x'], [base], (d) => (y < 0 ? 'float32' : d === 'bool' ? 'int32' : d))[0]!;
    return y === 1 ? mul(base, 1) : integerPower(base, y);
  }
  return bind1(
    powPrimitive,
    promote('pow', ['x', 'y'], [x, y], (d) => (d === 'bool' ? 'int32' : d)),
    {},
  );
};
