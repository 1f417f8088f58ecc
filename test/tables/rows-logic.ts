// Rows of comparisons, logic on bits, and choice.
import * as a from '../../src/core/ops/arithmetic.ts';
import { where } from '../../src/core/ops/choice.ts';
import * as l from '../../src/core/ops/logic.ts';
import { bools, elementwise, floats, mapped, type Row } from './row.ts';

const real = [-2, 2] as const;
const whole = [-9, 9] as const;
const int = { dtype: 'int32' } as const;

export const rows: readonly Row[] = [
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
