// Scans along an axis: running sums, products, extremes, and differences.
import { aval, checkAxis } from '../aval.ts';
import type { DType } from '../dtype.ts';
import { bind1 } from '../interpreter.ts';
import type { CumulateOp } from '../lowering.ts';
import { checkOptions } from '../options.ts';
import type { Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { ScanFunction } from '../types/functions.ts';
import { add, less, neg, selectPrimitive } from './arithmetic.ts';
import { gap, logaddexp } from './binary.ts';
import { sigmoidPrimitive } from './exponential.ts';
import { identity } from './limits.ts';
import { asTensor, cast, toFloat, type TensorLike } from './promote.ts';
import { padBy } from './slice.ts';
import { moveAxis, reshapeTo } from './structure.ts';
import { times } from './unary.ts';

/** x moved by `by` places along an axis (towards the end if positive); what leaves is lost, what enters is `fill`. */
export const shiftAlong = (x: Tensor, axis: number, by: number, fill: number): Tensor =>
  padBy(
    x,
    x.shape.map((_, i) => (i === axis ? [by, -by] : [0, 0])),
    fill,
  );

interface CumulateParams {
  readonly axis: number;
  readonly reverse: boolean;
}

/** One step of the doubling scan: the running value and tangent up to here, joined with those that end where ours begin. */
type Join = (y: Tensor, before: Tensor, t: Tensor, tBefore: Tensor) => readonly [Tensor, Tensor];

const pick = (c: Tensor, x: Tensor, y: Tensor): Tensor => bind1(selectPrimitive, [c, x, y], {});
const slope = (x: Tensor): Tensor => bind1(sigmoidPrimitive, [x], {});

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

/** Running reductions along an axis, each element included, from the start or (reverse) from the end. */
const cumulatePrimitive = (op: CumulateOp): Primitive<CumulateParams> => {
  const self: Primitive<CumulateParams> = {
    name: `cum${op}`,
    shape: ([x]) => [aval(x!.shape, x!.dtype, x!.weak)],
    jvp([x], [dx], params) {
      const y = bind1(self, [x!], params);
      return { outs: [y], tangents: [op === 'sum' ? bind1(self, [dx!], params) : doubling(op, x!, dx!, params)] };
    },
    transpose:
      op === 'sum'
        ? ([ct], _, { axis, reverse }) => [ct === null ? null : bind1(self, [ct!], { axis, reverse: !reverse })]
        : null,
    batch: ([x], [d], { axis, reverse }) => ({
      outs: [bind1(self, [moveAxis(x!, d!, 0)], { axis: axis + 1, reverse })],
      axes: [0],
    }),
    lower: (_, { axis, reverse }) => ({ tag: 'cumulate', op, axis, reverse }),
  };
  return self;
};
export const cumulatePrimitives: Readonly<Record<CumulateOp, Primitive<CumulateParams>>> = {
  sum: cumulatePrimitive('sum'),
  prod: cumulatePrimitive('prod'),
  max: cumulatePrimitive('max'),
  min: cumulatePrimitive('min'),
  logsumexp: cumulatePrimitive('logsumexp'),
};

// The tangent by Hillis and Steele's doubling: after step s each place holds the last s elements. Products and selections
// alone, so that zeros among the factors are no special case and every further derivative is right.
const doubling = (
  op: Exclude<CumulateOp, 'sum'>,
  x: Tensor,
  dx: Tensor,
  { axis, reverse }: CumulateParams,
): Tangent => {
  const n = x.shape[axis]!;
  const start = identity(op, x.dtype);
  let [y, t] = [x, dx];
  for (let s = 1; s < n; s *= 2) {
    const by = reverse ? -s : s;
    [y, t] = joins[op](y, shiftAlong(y, axis, by, start), t, shiftAlong(t, axis, by, 0));
  }
  return t;
};

/** Along an axis as for the scans below, without checks: for rules. */
export const cumulate = (op: CumulateOp, x: Tensor, axis: number, reverse = false): Tensor =>
  bind1(cumulatePrimitives[op], [x], { axis, reverse });

/** How a scan runs: along which axis (none: over the flattened tensor), and from which end. */
export interface ScanOptions {
  readonly axis?: number | null | undefined;
  readonly reverse?: boolean | undefined;
}

const scan =
  (name: string, op: CumulateOp, to: (d: DType) => DType) =>
  (x: TensorLike, options: number | ScanOptions = {}): Tensor => {
    const byAxis = typeof options === 'number';
    if (!byAxis) checkOptions(name, options, ['axis', 'reverse']);
    const { axis, reverse = false } = byAxis ? { axis: options } : options;
    const given = asTensor(name, 'x', x);
    const t = cast(given, to(given.dtype));
    if (axis === undefined || axis === null) return cumulate(op, reshapeTo(t, [t.size]), 0, reverse);
    return cumulate(op, t, checkAxis(name, axis, t.rank), reverse);
  };
const countable = (d: DType): DType => (d === 'bool' ? 'int32' : d);

/**
 * Running sum along an axis, or of the flattened tensor (`jax.numpy.cumsum`). Bools count as int32.
 * @example
 * cumsum(tensor([1, 2, 3])); // [1, 3, 6]
 */
export const cumsum: ScanFunction = scan('cumsum', 'sum', countable);
/**
 * Running product along an axis, or of the flattened tensor; gradients are right also where factors are 0 (`jax.numpy.cumprod`).
 * @example
 * cumprod(tensor([2, 3, 4])); // [2, 6, 24]
 */
export const cumprod: ScanFunction = scan('cumprod', 'prod', countable);
/**
 * Running maximum along an axis, or of the flattened tensor; at ties the gradient goes to the later element (`jax.lax.cummax`).
 * @example
 * cummax(tensor([1, 3, 2])); // [1, 3, 3]
 */
export const cummax: ScanFunction = scan('cummax', 'max', (d) => d);
/**
 * Running minimum along an axis, or of the flattened tensor; at ties the gradient goes to the later element (`jax.lax.cummin`).
 * @example
 * cummin(tensor([3, 1, 2])); // [3, 1, 1]
 */
export const cummin: ScanFunction = scan('cummin', 'min', (d) => d);
/**
 * Logarithm of the running sum of exponentials, without overflow (`jax.lax.cumlogsumexp`).
 * @example
 * cumlogsumexp(tensor([5, -Infinity])); // [5, 5]
 */
export const cumlogsumexp: (x: TensorLike, options?: number | ScanOptions) => Tensor = scan(
  'cumlogsumexp',
  'logsumexp',
  toFloat,
);
