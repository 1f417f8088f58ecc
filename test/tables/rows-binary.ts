// Rows of the binary primitives: arithmetic, powers, divisions with remainder.
import * as a from '../../src/core/ops/arithmetic.ts';
import * as b from '../../src/core/ops/binary.ts';
import * as d from '../../src/core/ops/division.ts';
import { pow } from '../../src/core/ops/power.ts';
import { elementwise, type Row } from './row.ts';

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
];
