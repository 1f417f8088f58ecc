// Matrix products by NumPy's rules (matmul, dot, vdot, inner, outer, tensordot, kron, cross) over one contraction.
import { broadcastShapes, checkAxis, showShape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import type { Dot, Dots, Multiplies, OuterProduct, Product, Scalar } from '../types/matmul.ts';
import { mul, sub } from './arithmetic.ts';
import { concatenateAlong } from './concat.ts';
import { contractAxes } from './contract.ts';
import { asTensor, resultType, type TensorLike } from './promote.ts';
import { sliceAlong } from './slice.ts';
import { moveAxis, reshapeTo } from './structure.ts';

/** Two operands in their common dtype; bools count as int32. */
export const promotePair = (
  op: string,
  names: readonly [string, string],
  x: TensorLike,
  y: TensorLike,
): [Tensor, Tensor] => {
  const dtype = resultType(x, y);
  const to = dtype === 'bool' ? 'int32' : dtype;
  const both = x instanceof Tensor && y instanceof Tensor && x.weak && y.weak && x.dtype === to && y.dtype === to;
  return both ? [x, y] : [asTensor(op, names[0], x, to), asTensor(op, names[1], y, to)];
};

const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

/**
 * General contraction (`lax.dot_general`): sums over `contract` axes, keeps `batch` axes of both aligned. The output is the batch
 * axes, then the free axes of x, then those of y.
 * @example
 * dotGeneral(tensor([[1, 2], [3, 4]]), tensor([10, 1]), { contract: [[1], [0]] }); // [12, 34]
 */
export const dotGeneral = (
  x: TensorLike,
  y: TensorLike,
  axes: {
    readonly contract: readonly [readonly number[], readonly number[]];
    readonly batch?: readonly [readonly number[], readonly number[]];
  },
): Tensor => {
  const [a, b] = promotePair('dotGeneral', ['x', 'y'], x, y);
  const check = (pair: readonly [readonly number[], readonly number[]], what: string): [number[], number[]] => {
    if (pair[0].length !== pair[1].length)
      throw new ArgumentError(
        'dotGeneral',
        `${what} names ${pair[0].length} axes of x and ${pair[1].length} of y; they go in pairs`,
      );
    const p = pair[0].map((i) => checkAxis('dotGeneral', i, a.rank, `${what} axis of x`));
    const q = pair[1].map((i) => checkAxis('dotGeneral', i, b.rank, `${what} axis of y`));
    p.forEach((i, j) => {
      if (a.shape[i] !== b.shape[q[j]!])
        throw new ShapeError(
          'dotGeneral',
          `${what} axes differ in size: axis ${i} of x ${showShape(a.shape)} is ${a.shape[i]}, axis ${q[j]} of y ${showShape(b.shape)} is ${b.shape[q[j]!]}`,
        );
    });
    return [p, q];
  };
  const contract = check(axes.contract, 'contract');
  const batch = check(axes.batch ?? [[], []], 'batch');
  for (const side of [0, 1] as const)
    if (new Set([...contract[side], ...batch[side]]).size !== contract[side].length + batch[side].length)
      throw new ArgumentError(
        'dotGeneral',
        `an axis of ${side === 0 ? 'x' : 'y'} is named twice among contract [${contract[side].join(', ')}] and batch [${batch[side].join(', ')}]`,
      );
  return contractAxes(a, b, contract, batch);
};

/**
 * Matrix product (`jax.numpy.matmul`): [..., m, k] @ [..., k, n] -> [..., m, n]; leading axes broadcast; a vector is a row on the
 * left and a column on the right, and its axis is dropped from the result.
 * @example
 * matmul(tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 2]])); // [[1, 4], [3, 8]]
 */
export const matmul: <X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Multiplies<'matmul', X, Y>,
) => Product<X, Y> = (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promotePair('matmul', ['x', 'y'], x, y);
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError(
      'matmul',
      `an operand is a scalar (${showShape(a.shape)} @ ${showShape(b.shape)}); use mul(x, y)`,
    );
  const xVector = a.rank === 1;
  const yVector = b.rank === 1;
  const inner = [a.shape[a.rank - 1]!, b.shape[yVector ? 0 : b.rank - 2]!] as const;
  if (inner[0] !== inner[1])
    throw new ShapeError(
      'matmul',
      `inner dimensions ${inner[0]} and ${inner[1]} differ, in ${showShape(a.shape)} @ ${showShape(b.shape)}; the last axis of x must equal the ${yVector ? 'axis' : 'second-last axis'} of y`,
    );
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  // Leading axes that only one operand has are free axes of it: nothing is repeated.
  const own = (t: Tensor): (number | null)[] =>
    lead.map((d, i) => {
      const at = i - (lead.length - (t.rank - 2));
      return t.rank < 2 || at < 0 || (t.shape[at] === 1 && d !== 1) ? null : at;
    });
  const squeeze = (t: Tensor, axes: readonly (number | null)[]): Tensor =>
    reshapeTo(t, [...axes.filter((i) => i !== null).map((i) => t.shape[i]!), ...t.shape.slice(-2)]);
  const [xa, ya] = [own(a), own(b)];
  const [p, q] = [squeeze(a, xa), squeeze(b, ya)];
  const xb: number[] = [];
  const yb: number[] = [];
  const out = { batch: [] as number[], lhs: [] as number[], rhs: [] as number[] };
  let [i, j] = [0, 0];
  lead.forEach((_, at) => {
    const both = xa[at] !== null && ya[at] !== null;
    if (both) {
      xb.push(i++);
      yb.push(j++);
      out.batch.push(at);
    } else if (xa[at] !== null) {
      i++;
      out.lhs.push(at);
    } else {
      j++;
      out.rhs.push(at);
    }
  });
  if (!xVector) out.lhs.push(lead.length);
  if (!yVector) out.rhs.push(lead.length + (xVector ? 0 : 1));
  return contractAxes(p, q, [[p.rank - 1], [yVector ? 0 : q.rank - 2]], [xb, yb], out);
};

/**
 * Dot product (`jax.numpy.dot`): the last axis of x with the second-last of y (the only one of a vector); scalars multiply.
 * @example
 * dot(tensor([1, 2]), tensor([3, 4])); // 11
 */
export const dot: <X extends TensorLike, Y extends TensorLike>(x: X, y: Dots<X, Y>) => Dot<X, Y> = (
  x: TensorLike,
  y: TensorLike,
): Tensor => {
  const [a, b] = promotePair('dot', ['x', 'y'], x, y);
  if (a.rank === 0 || b.rank === 0) return mul(a, b);
  const at = Math.max(0, b.rank - 2);
  if (a.shape[a.rank - 1] !== b.shape[at])
    throw new ShapeError(
      'dot',
      `the last axis of x ${showShape(a.shape)} is ${a.shape[a.rank - 1]}, axis ${at} of y ${showShape(b.shape)} is ${b.shape[at]}; they must be equal`,
    );
  return contractAxes(a, b, [[a.rank - 1], [at]]);
};

/**
 * Dot product of the flattened operands (`jax.numpy.vdot`), which have equally many elements.
 * @example
 * vdot(tensor([[1, 2]]), tensor([[3], [4]])); // 11
 */
export const vdot: <X extends TensorLike, Y extends TensorLike>(x: X, y: Y) => Scalar<X, Y> = (
  x: TensorLike,
  y: TensorLike,
): Tensor => {
  const [a, b] = promotePair('vdot', ['x', 'y'], x, y);
  if (a.size !== b.size)
    throw new ShapeError(
      'vdot',
      `x ${showShape(a.shape)} has ${a.size} elements and y ${showShape(b.shape)} has ${b.size}; they must be equal`,
    );
  return contractAxes(reshapeTo(a, [a.size]), reshapeTo(b, [b.size]), [[0], [0]]);
};

/**
 * Inner product over the last axes (`jax.numpy.inner`).
 * @example
 * inner(tensor([[1, 2], [0, 1]]), tensor([3, 4])); // [11, 4]
 */
export const inner = (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promotePair('inner', ['x', 'y'], x, y);
  if (a.rank === 0 || b.rank === 0) return mul(a, b);
  if (a.shape[a.rank - 1] !== b.shape[b.rank - 1])
    throw new ShapeError(
      'inner',
      `the last axes of x ${showShape(a.shape)} and y ${showShape(b.shape)} differ: ${a.shape[a.rank - 1]} and ${b.shape[b.rank - 1]}`,
    );
  return contractAxes(a, b, [[a.rank - 1], [b.rank - 1]]);
};

/**
 * Outer product of the flattened operands (`jax.numpy.outer`), [m] and [n] -> [m, n].
 * @example
 * outer(tensor([1, 2]), tensor([3, 4])); // [[3, 4], [6, 8]]
 */
export const outer: <X extends TensorLike, Y extends TensorLike>(x: X, y: Y) => OuterProduct<X, Y> = (
  x: TensorLike,
  y: TensorLike,
): Tensor => {
  const [a, b] = promotePair('outer', ['x', 'y'], x, y);
  return mul(reshapeTo(a, [a.size, 1]), reshapeTo(b, [1, b.size]));
};

/**
 * Sum over pairs of axes (`jax.numpy.tensordot`): `axes` is a number (that many last axes of x with first axes of y) or two lists.
 * @example
 * tensordot(tensor([[1, 2]]), tensor([[3], [4]]), 1); // [[11]]
 */
export const tensordot = (
  x: TensorLike,
  y: TensorLike,
  axes: number | readonly [number | readonly number[], number | readonly number[]] = 2,
): Tensor => {
  const [a, b] = promotePair('tensordot', ['x', 'y'], x, y);
  if (typeof axes === 'number') {
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(a.rank, b.rank))
      throw new ArgumentError(
        'tensordot',
        `axes ${axes} must be an integer from 0 to ${Math.min(a.rank, b.rank)} for x ${showShape(a.shape)} and y ${showShape(b.shape)}`,
      );
    return dotGeneral(a, b, { contract: [range(axes, a.rank - axes), range(axes)] });
  }
  const list = (v: number | readonly number[]): readonly number[] => (typeof v === 'number' ? [v] : v);
  const contract: [readonly number[], readonly number[]] = [list(axes[0]), list(axes[1])];
  return contract[0].length === 0 && contract[1].length === 0
    ? mul(reshapeTo(a, [...a.shape, ...b.shape.map(() => 1)]), b)
    : dotGeneral(a, b, { contract });
};

/**
 * Kronecker product (`jax.numpy.kron`): blocks of y scaled by the elements of x.
 * @example
 * kron(tensor([1, 10]), tensor([1, 2])); // [1, 2, 10, 20]
 */
export const kron = (x: TensorLike, y: TensorLike): Tensor => {
  const [a, b] = promotePair('kron', ['x', 'y'], x, y);
  const rank = Math.max(a.rank, b.rank);
  const lead = (t: Tensor): number[] => [...new Array<number>(rank - t.rank).fill(1), ...t.shape];
  const [p, q] = [lead(a), lead(b)];
  const product = mul(
    reshapeTo(
      a,
      p.flatMap((d) => [d, 1]),
    ),
    reshapeTo(
      b,
      q.flatMap((d) => [1, d]),
    ),
  );
  return reshapeTo(
    product,
    p.map((d, i) => d * q[i]!),
  );
};

/**
 * Cross product along an axis of size 3 (`jax.numpy.cross`); other axes broadcast.
 * @example
 * cross(tensor([1, 0, 0]), tensor([0, 1, 0])); // [0, 0, 1]
 */
export const cross = (x: TensorLike, y: TensorLike, { axis = -1 }: { readonly axis?: number } = {}): Tensor => {
  const operands = promotePair('cross', ['x', 'y'], x, y).map((t, i) => {
    const at = checkAxis('cross', axis, t.rank);
    if (t.shape[at] !== 3)
      throw new ShapeError('cross', `axis ${axis} of ${i === 0 ? 'x' : 'y'} ${showShape(t.shape)} must have size 3`);
    return moveAxis(t, at, t.rank - 1);
  });
  const [a, b] = operands as [Tensor, Tensor];
  const cycle = (t: Tensor, by: 1 | 2): Tensor =>
    concatenateAlong([sliceAlong(t, t.rank - 1, by, 3 - by), sliceAlong(t, t.rank - 1, 0, by)], t.rank - 1);
  const out = sub(mul(cycle(a, 1), cycle(b, 2)), mul(cycle(a, 2), cycle(b, 1)));
  return moveAxis(out, out.rank - 1, checkAxis('cross', axis, out.rank));
};
