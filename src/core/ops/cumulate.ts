// Scans along an axis: running sums, products, extremes, and differences.
import { aval, checkAxis } from '../aval.ts';
import { isFloat, type DType } from '../dtype.ts';
import { bind1 } from '../interpreter.ts';
import type { CumulateOp } from '../lowering.ts';
import * as ix from '../index-expr.ts';
import type { Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { add, less, neg, selectPrimitive, sub } from './arithmetic.ts';
import { logaddexp } from './binary.ts';
import { sigmoidPrimitive } from './exponential.ts';
import { asTensor, cast, toFloat, type TensorLike } from './promote.ts';
import { moveAxis, reshapeTo } from './structure.ts';
import { times } from './unary.ts';

/** x moved by `by` places along an axis (towards the end if positive); what leaves is lost, what enters is `fill`. */
export const shiftPrimitive: Primitive<{ readonly axis: number; readonly by: number; readonly fill: number }> = {
  name: 'shift',
  shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
  jvp: ([x], [dx], { axis, by, fill }) => ({ outs: [shiftAlong(x!, axis, by, fill)], tangents: [shiftAlong(dx!, axis, by, 0)] }),
  transpose: ([ct], _, { axis, by }) => [ct === null ? null : shiftAlong(ct!, axis, -by, 0)],
  batch: ([x], [d], { axis, by, fill }) => ({ outs: [shiftAlong(moveAxis(x!, d!, 0), axis + 1, by, fill)], axes: [0] }),
  lower: ([x], { axis, by, fill }) => ({
    tag: 'move',
    fill,
    at: (out) => {
      const from = ix.shift(out[axis]!, -by);
      return [{ index: out.map((e, i) => (i === axis ? from : e)), guards: [{ index: from, lo: 0, hi: x!.shape[axis]! }] }];
    },
  }),
};
export const shiftAlong = (x: Tensor, axis: number, by: number, fill: number): Tensor => bind1(shiftPrimitive, [x], { axis, by, fill });

interface CumulateParams {
  readonly axis: number;
  readonly reverse: boolean;
}

const extremes = (dtype: DType, sign: 1 | -1): number =>
  isFloat(dtype) ? sign * Infinity : dtype === 'bool' ? Number(sign > 0) : dtype === 'uint32' ? (sign > 0 ? 4294967295 : 0) : sign > 0 ? 2147483647 : -2147483648;

const identity = (op: CumulateOp, dtype: DType): number =>
  op === 'sum' ? 0 : op === 'prod' ? 1 : op === 'min' ? extremes(dtype, 1) : extremes(dtype, -1);

/** One step of the doubling scan: the running value and tangent up to here, joined with those that end where ours begin. */
type Join = (y: Tensor, before: Tensor, t: Tensor, tBefore: Tensor) => readonly [Tensor, Tensor];

const pick = (c: Tensor, x: Tensor, y: Tensor): Tensor => bind1(selectPrimitive, [c, x, y], {});
const slope = (x: Tensor): Tensor => bind1(sigmoidPrimitive, [x], {});

// Equal infinities differ by NaN, but share the weight.
const gap = (x: Tensor, y: Tensor): Tensor => {
  const d = sub(x, y);
  return pick(bind1ne(d), sub(x, x), d);
};

const joins: Readonly<Record<Exclude<CumulateOp, 'sum'>, Join>> = {
  prod: (y, b, t, tb) => [times(y, b), add(times(t, b), times(y, tb))],
  // At ties the later element keeps the gradient.
  max: (y, b, t, tb) => {
    const lost = less(y, b);
    return [pick(lost, b, y), pick(lost, tb, t)];
  },
  min: (y, b, t, tb) => {
    const lost = less(b, y);
    return [pick(lost, b, y), pick(lost, tb, t)];
  },
  logsumexp: (y, b, t, tb) => {
    const d = gap(y, b);
    return [logaddexp(y, b), add(times(slope(d), t), times(slope(neg(d)), tb))];
  },
};
