// Calls that the compiler refuses, and what it says there. Where shapes are not known it says nothing.
import { expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';
import type { CheckBroadcast } from '../../src/core/types/elementwise.ts';
import type { CheckMatMul } from '../../src/core/types/matmul.ts';
import type { CheckAxis } from '../../src/core/types/reduce.ts';
import type { ShapeMismatch } from '../../src/core/types/shape.ts';
import { holds, type Equal } from './equal.ts';

type F<S extends ct.Shape> = Tensor<S, 'float32'>;

export const refused = (
  x: F<readonly [32, 784]>,
  w: F<readonly [783, 128]>,
  two: F<readonly [2]>,
  three: F<readonly [3]>,
  deep: F<readonly [2, 3, 4]>,
): void => {
  // @ts-expect-error inner dimensions 784 and 783 differ
  ct.matmul(x, w);
  // @ts-expect-error inner dimensions 784 and 783 differ
  x.matmul(w);
  // @ts-expect-error an operand is a scalar
  ct.matmul(x, 2);
  // @ts-expect-error leading axes do not broadcast
  ct.matmul(deep, ct.zeros([3, 4, 5]));
  // @ts-expect-error shapes [2] and [3] do not broadcast
  ct.add(two, three);
  // @ts-expect-error shapes [2] and [3] do not broadcast
  two.less(three);
  // @ts-expect-error shapes [2] and [3] do not broadcast
  ct.where(ct.less(two, 0), two, three);
  // @ts-expect-error there is no axis 3
  ct.sum(deep, 3);
  // @ts-expect-error there is no axis -4
  deep.mean({ axis: -4 });
  // @ts-expect-error there is no option keepdim
  ct.sum(deep, { axis: 0, keepdim: true });
  // @ts-expect-error there is no option ord
  ct.std(deep, { ord: 1 });
  // @ts-expect-error argmax takes one axis
  ct.argmax(deep, [0, 1]);
  // @ts-expect-error axis 0 has size 2
  ct.squeeze(deep, 0);
  const three4 = deep.sum(0);
  // @ts-expect-error another shape
  const other: F<readonly [2, 4]> = three4;
  // @ts-expect-error another dtype
  const bools: Tensor<readonly [2], 'bool'> = two;
  void [other, bools];
};

export const messages = (): void => {
  holds<
    Equal<
      CheckMatMul<'matmul', readonly [32, 784], readonly [783, 128]>,
      ShapeMismatch<'matmul: inner dimensions 784 and 783 differ, in [32,784] @ [783,128]'>
    >
  >();
  holds<
    Equal<
      CheckMatMul<'matmul', readonly [4], readonly [3, 2]>,
      ShapeMismatch<'matmul: inner dimensions 4 and 3 differ, in [4] @ [3,2]'>
    >
  >();
  holds<
    Equal<
      CheckMatMul<'matmul', readonly [], readonly [3]>,
      ShapeMismatch<'matmul: an operand is a scalar, in [] @ [3]; use mul(x, y)'>
    >
  >();
  holds<Equal<CheckMatMul<'matmul', readonly [1, 2, 4], readonly [3, 4, 5]>, unknown>>();
  holds<
    Equal<
      CheckMatMul<'matmul', readonly [2, 9, 4], readonly [3, 4, 5]>,
      ShapeMismatch<'matmul: leading axes do not broadcast, in [2,9,4] @ [3,4,5]'>
    >
  >();
  holds<
    Equal<
      CheckBroadcast<'add', readonly [2, 3], readonly [4]>,
      ShapeMismatch<'add: shapes [2,3] and [4] do not broadcast; sizes must be equal or 1, aligned from the right'>
    >
  >();
  holds<Equal<CheckAxis<'sum', 3, 3>, ShapeMismatch<'sum: axis 3 is out of range for rank 3'>>>();
};

export const unknown = (
  plain: Tensor,
  rows: F<readonly [number, 3]>,
  some: F<readonly [2] | readonly [3]>,
  axis: number,
): void => {
  holds<Equal<CheckMatMul<'matmul', readonly [number, number], readonly [783, 128]>, unknown>>();
  holds<Equal<CheckBroadcast<'add', ct.Shape, readonly [4]>, unknown>>();
  holds<Equal<CheckBroadcast<'add', readonly [2] | readonly [3], readonly [3]>, unknown>>();
  plain.matmul(rows).add(rows).sum(7);
  rows.add(some).mean(axis);
  ct.squeeze(rows, 0);
  ct.add(rows, ct.zeros([4, 3]));
  ct.matmul(rows, plain);
};

test('types are checked by the compiler', () => {
  expect([refused, messages, unknown]).toHaveLength(3);
});
