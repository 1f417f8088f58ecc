// Rows of the binary primitives, of comparisons, logic and choice.
import * as a from '../../src/core/ops/arithmetic.ts';
import * as b from '../../src/core/ops/binary.ts';
import { where } from '../../src/core/ops/choice.ts';
import * as d from '../../src/core/ops/division.ts';
import * as l from '../../src/core/ops/logic.ts';
import { pow } from '../../src/core/ops/power.ts';
import { bools, elementwise, floats, mapped, type Row } from './row.ts';

const real = [-2, 2] as const;
const whole = [-9, 9] as const;
const int = { dtype: 'int32' } as const;
const gcdOf = (x: number, y: number): number => (y === 0 ? Math.abs(x) : gcdOf(y, x % y));
const floorMod = (x: number, y: number): number => x - y * Math.floor(x / y);

// The neighbour of a float64 in the direction of y, by its bits.
const nextOf = (x: number, y: number): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + (y > x === x > 0 ? 1n : -1n));
  return view.getFloat64(0);
};

export const rows: readonly Row[] = [
  elementwise(
    'add',
    (x, y) => a.add(x, y),
    (x, y) => x + y,
    [real, real],
  ),
  elementwise(
    'add',
    (x, y) => a.add(x, y),
    (x, y) => x + y,
    [whole, whole],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'sub',
    (x, y) => a.sub(x, y),
    (x, y) => x - y,
    [real, real],
  ),
  elementwise(
    'mul',
    (x, y) => a.mul(x, y),
    (x, y) => x * y,
    [real, real],
  ),
  elementwise(
    'mul',
    (x, y) => a.mul(x, y),
    (x, y) => x * y,
    [whole, whole],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'div',
    (x, y) => a.div(x, y),
    (x, y) => x / y,
    [real, [0.5, 2]],
  ),
  elementwise(
    'pow',
    (x, y) => pow(x, y),
    (x, y) => x ** y,
    [[0.3, 2], real],
  ),
  elementwise(
    'pow',
    (x, y) => pow(x, y),
    (x, y) => x ** y,
    [
      [-3, 3],
      [0, 5],
    ],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'maximum',
    (x, y) => b.maximum(x, y),
    (x, y) => Math.max(x, y),
    [
      [-2, 0],
      [-1, 1],
    ],
  ),
  elementwise(
    'minimum',
    (x, y) => b.minimum(x, y),
    (x, y) => Math.min(x, y),
    [
      [-2, 0],
      [-1, 1],
    ],
  ),
  elementwise(
    'atan2',
    (x, y) => b.atan2(x, y),
    (x, y) => Math.atan2(x, y),
    [[0.5, 2], real],
  ),
  elementwise(
    'hypot',
    (x, y) => b.hypot(x, y),
    (x, y) => Math.hypot(x, y),
    [[0.5, 2], real],
  ),
  elementwise(
    'logaddexp',
    (x, y) => b.logaddexp(x, y),
    (x, y) => Math.log(Math.exp(x) + Math.exp(y)),
    [real, real],
  ),
  elementwise(
    'xlogy',
    (x, y) => b.xlogy(x, y),
    (x, y) => x * Math.log(y),
    [real, [0.3, 3]],
  ),
  elementwise(
    'nextafter',
    (x, y) => b.nextafter(x, y),
    (x, y) => nextOf(x, y),
    [
      [0.5, 2],
      [-9, 9],
    ],
    { differentiable: [false, false] },
  ),
  elementwise(
    'rem',
    (x, y) => d.fmod(x, y),
    (x, y) => x % y,
    [
      [5.1, 5.9],
      [1.3, 1.6],
    ],
  ),
  elementwise(
    'rem',
    (x, y) => d.fmod(x, y),
    (x, y) => x % y,
    [
      [-99, 99],
      [1, 9],
    ],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'remainder',
    (x, y) => d.remainder(x, y),
    (x, y) => floorMod(x, y),
    [
      [-5.9, -5.1],
      [1.3, 1.6],
    ],
  ),
  elementwise(
    'remainder',
    (x, y) => d.remainder(x, y),
    (x, y) => floorMod(x, y),
    [
      [-99, 99],
      [1, 9],
    ],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'floorDivide',
    (x, y) => d.floorDivide(x, y),
    (x, y) => Math.floor(x / y),
    [
      [-9, 9],
      [0.5, 2],
    ],
  ),
  elementwise(
    'floorDivide',
    (x, y) => d.floorDivide(x, y),
    (x, y) => Math.floor(x / y),
    [
      [-99, 99],
      [1, 9],
    ],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'truncDivide',
    (x, y) => d.truncDivide(x, y),
    (x, y) => Math.trunc(x / y),
    [
      [-9, 9],
      [0.5, 2],
    ],
  ),
  elementwise(
    'truncDivide',
    (x, y) => d.truncDivide(x, y),
    (x, y) => Math.trunc(x / y),
    [
      [-99, 99],
      [1, 9],
    ],
    { ...int, name: 'of integers' },
  ),
  elementwise(
    'gcd',
    (x, y) => d.gcd(x, y),
    (x, y) => gcdOf(x, y),
    [
      [-99, 99],
      [-99, 99],
    ],
    int,
  ),
  elementwise(
    'eq',
    (x, y) => a.equal(x, y),
    (x, y) => Number(x === y),
    [
      [-2, 2],
      [-2, 2],
    ],
    int,
  ),
  elementwise(
    'ne',
    (x, y) => a.notEqual(x, y),
    (x, y) => Number(x !== y),
    [
      [-2, 2],
      [-2, 2],
    ],
    int,
  ),
  elementwise(
    'lt',
    (x, y) => a.less(x, y),
    (x, y) => Number(x < y),
    [real, real],
  ),
  elementwise(
    'le',
    (x, y) => a.lessEqual(x, y),
    (x, y) => Number(x <= y),
    [
      [-2, 2],
      [-2, 2],
    ],
    int,
  ),
  elementwise(
    'gt',
    (x, y) => a.greater(x, y),
    (x, y) => Number(x > y),
    [real, real],
  ),
  elementwise(
    'ge',
    (x, y) => a.greaterEqual(x, y),
    (x, y) => Number(x >= y),
    [
      [-2, 2],
      [-2, 2],
    ],
    int,
  ),
  elementwise(
    'and',
    (x, y) => l.bitwiseAnd(x, y),
    (x, y) => x & y,
    [whole, whole],
    int,
  ),
  elementwise(
    'or',
    (x, y) => l.bitwiseOr(x, y),
    (x, y) => x | y,
    [whole, whole],
    int,
  ),
  elementwise(
    'xor',
    (x, y) => l.bitwiseXor(x, y),
    (x, y) => x ^ y,
    [whole, whole],
    int,
  ),
  elementwise(
    'shl',
    (x, y) => l.leftShift(x, y),
    (x, y) => x << y,
    [whole, [0, 9]],
    int,
  ),
  elementwise(
    'shr',
    (x, y) => l.rightShift(x, y),
    (x, y) => x >> y,
    [
      [-999, 999],
      [0, 9],
    ],
    int,
  ),
  {
    primitive: 'select',
    inputs: [bools([3, 5]), floats([3, 5]), floats([3, 5])],
    apply: (c, x, y) => where(c, x, y),
    definition: mapped((c, x, y) => (c !== 0 ? x : y)),
  },
];
