// The index syntax: slices, integers, new axes and index tensors together, for reading and for functional updates.
import { broadcastShapes, showShape, sizeOf, type Shape } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { bind1 } from '../interpreter.ts';
import type { ScatterOp } from '../lowering.ts';
import { checkOptions } from '../options.ts';
import { Tensor } from '../tensor.ts';
import { add, mul, selectPrimitive } from './arithmetic.ts';
import { maximum, minimum } from './binary.ts';
import { gatherAt, scatterInto } from './gather.ts';
import { gatheredShape, type Places } from './places.ts';
import { asTensor, type TensorLike } from './promote.ts';
import { checkIndex, dualAxis, identityAxis, moveAffine, resolveSlice, type AffineAxis } from './slice.ts';
import { broadcastTo, fill, reshapeTo } from './structure.ts';
import { missingValue, resolveIndex, type IndexMode } from './resolve-index.ts';

/**
 * What one position of an index says: an integer picks one element and drops the axis; [start, stop, step] is Python's slice, with null for a
 * default and [] for the whole axis; null is a new axis of size 1; '...' stands for all axes not named; an integer tensor picks many elements.
 */
export type IndexSpec = number | readonly (number | null)[] | null | '...' | Tensor;

interface Plan {
  /** The slice of x, before axes are dropped or added. */
  readonly axes: readonly AffineAxis[];
  readonly shape: Shape;
  readonly advanced: { readonly indices: readonly Tensor[]; readonly places: Places } | undefined;
}

const plan = (op: string, x: Tensor, specs: readonly IndexSpec[], mode: IndexMode | 'clamp'): Plan => {
  const consumes = (s: IndexSpec): boolean => s !== null && s !== '...';
  const dots = specs.filter((s) => s === '...').length;
  if (dots > 1) throw new ArgumentError(op, "an index holds at most one '...'");
  const named = specs.filter(consumes).length;
  if (named > x.rank)
    throw new ArgumentError(op, `the index names ${named} axes; x has shape ${showShape(x.shape)} with ${x.rank}`);
  const rest: IndexSpec[] = Array.from({ length: x.rank - named }, () => []);
  const full: IndexSpec[] = dots === 0 ? [...specs, ...rest] : specs.flatMap((s) => (s === '...' ? rest : [s]));

  const axes: AffineAxis[] = [];
  const shape: number[] = [];
  const picked: { readonly axis: number; readonly index: Tensor; readonly checked: boolean }[] = [];
  const places: number[] = [];
  let position = 0;
  full.forEach((s, at) => {
    if (s === null) return void shape.push(1);
    const axis = axes.length;
    const n = x.shape[axis]!;
    if (typeof s === 'number' || s instanceof Tensor) {
      if (places.length === 0) position = shape.length;
      places.push(at);
    }
    if (typeof s === 'number') {
      axes.push({ stride: 1, spread: 1, offset: checkIndex(op, s, n, axis, x.shape), size: 1 });
    } else if (s instanceof Tensor) {
      picked.push({ axis: shape.length, ...resolveIndex(op, s, n, axis, x.shape, mode) });
      axes.push(identityAxis(n));
      shape.push(n);
    } else if (Array.isArray(s)) {
      const { start, step, size } = resolveSlice(op, s as readonly (number | null)[], n);
      axes.push({ stride: step, spread: 1, offset: start, size });
      shape.push(size);
    } else
      throw new ArgumentError(
        op,
        `index ${at} must be an integer, [start, stop, step], null, '...' or a tensor, got ${typeof s}`,
      );
  });
  if (picked.length === 0) return { axes, shape, advanced: undefined };
  // Where integers and index tensors stand apart, NumPy puts the axes of the indices first.
  const adjacent = places.every((p, i) => p === places[0]! + i);
  const common = broadcastShapes(op, ...picked.map((p) => p.index.shape));
  return {
    axes,
    shape,
    advanced: {
      indices: picked.map((p) => broadcastTo(p.index, common)),
      places: {
        axes: picked.map((p) => p.axis),
        sizes: picked.map(() => null),
        batch: [[], []],
        at: adjacent ? position : 0,
        checked: picked.some((p) => p.checked),
      },
    },
  };
};

const read = (x: Tensor, { axes, shape, advanced }: Plan, fillValue: number): Tensor => {
  const view = reshapeTo(moveAffine(x, axes), shape);
  return advanced === undefined ? view : gatherAt(view, advanced.indices, { ...advanced.places, fill: fillValue });
};

/**
 * Indexing as in NumPy (`x[...]`): one entry an axis, see IndexSpec. Integers out of range are an error; index tensors out of range are clamped
 * (use `at(...).get` for other modes); negative ones count from the end.
 * @example
 * slice(tensor([[1, 2, 3], [4, 5, 6]]), 1, [null, null, -1]); // [6, 5, 4]
 * slice(tensor([10, 20, 30]), tensor([2, 0], 'int32')); // [30, 10]
 */
export const slice = (x: TensorLike, ...specs: IndexSpec[]): Tensor => {
  const t = asTensor('slice', 'x', x);
  return read(t, plan('slice', t, specs, 'clamp'), 0);
};

export interface GetOptions {
  /** 'clip' (default), 'fill' or 'wrap', see IndexMode. */
  readonly mode?: IndexMode;
  readonly fillValue?: number;
}
export interface UpdateOptions {
  /** Promise that no element is named twice. */
  readonly unique?: boolean;
}
/** Functional updates of the elements an index names. */
export interface IndexUpdate {
  readonly get: (options?: GetOptions) => Tensor;
  readonly set: (values: TensorLike, options?: UpdateOptions) => Tensor;
  readonly add: (values: TensorLike, options?: UpdateOptions) => Tensor;
  readonly mul: (values: TensorLike, options?: UpdateOptions) => Tensor;
  readonly min: (values: TensorLike, options?: UpdateOptions) => Tensor;
  readonly max: (values: TensorLike, options?: UpdateOptions) => Tensor;
}

/** A slice of x replaced: a window where it is one, else a view read backwards. No scatter of single elements. */
const replace = (x: Tensor, axes: readonly AffineAxis[], values: Tensor): Tensor => {
  const sizes = axes.map((a) => a.size);
  const update = reshapeTo(values, sizes);
  if (axes.every((a) => a.stride === 1)) {
    const starts = axes.map((a) => fill([], a.offset, 'int32'));
    const places: Places = { axes: axes.map((_, i) => i), sizes, batch: [[], []], at: 0, checked: false };
    return scatterInto(x, starts, update, { ...places, op: 'set', unique: true });
  }
  const back = axes.map((a, i) => dualAxis(a, x.shape[i]!));
  return bind1(selectPrimitive, [moveAffine(fill(sizes, 1, 'bool'), back), moveAffine(update, back), x], {});
};

const updated = (op: ScatterOp, x: Tensor, p: Plan, values: TensorLike, unique: boolean): Tensor => {
  const name = `at(...).${op}`;
  const given = asTensor(name, 'values', values);
  if (
    !isFloat(x.dtype) &&
    (typeof values === 'number'
      ? !Number.isInteger(values)
      : isFloat(given.dtype) && values instanceof Tensor && !values.weak)
  )
    throw new DTypeError(
      name,
      `values are ${given.dtype} and x is ${x.dtype}, which cannot hold them; convert one of them with astype`,
    );
  const typed = asTensor(name, 'values', values, x.dtype);
  const view = reshapeTo(moveAffine(x, p.axes), p.shape);
  const whole = p.axes.every((a, i) => a.stride === 1 && a.size === x.shape[i]);
  let changed: Tensor;
  if (p.advanced !== undefined) {
    const { indices, places } = p.advanced;
    const u = broadcastTo(typed, gatheredShape(view.shape, indices[0]!.shape, places));
    const alone = sizeOf(indices[0]!.shape) === 1;
    changed = scatterInto(view, indices, u, { ...places, op, unique: unique || alone });
  } else {
    const u = broadcastTo(typed, p.shape);
    const combine = { set: (_: Tensor, v: Tensor) => v, add, mul, min: minimum, max: maximum }[op];
    changed = combine(view, u);
  }
  return whole ? reshapeTo(changed, x.shape) : replace(x, p.axes, changed);
};

/**
 * Functional updates (`x.at[...]` in JAX): `at(x, ...index)` has get, set, add, mul, min and max, each giving a new tensor. Index as in `slice`;
 * updates through tensor indices out of range are dropped, duplicates apply in order. Compiled, they are written in place where x is not
 * needed any more, as in dynamicUpdateSlice.
 * @example
 * at(tensor([1, 2, 3]), [1, null]).set(0); // [1, 0, 0]
 * at(tensor([1, 2, 3]), tensor([0, 0], 'int32')).add(10); // [21, 2, 3]
 */
export const at = (x: TensorLike, ...specs: IndexSpec[]): IndexUpdate => {
  const t = asTensor('at', 'x', x);
  const update =
    (op: ScatterOp) =>
    (values: TensorLike, options: UpdateOptions = {}): Tensor => {
      checkOptions(`at(...).${op}`, options, ['unique']);
      return updated(op, t, plan('at', t, specs, 'fill'), values, options.unique ?? false);
    };
  return {
    get(options = {}) {
      checkOptions('at(...).get', options, ['mode', 'fillValue']);
      const { mode = 'clip', fillValue } = options;
      const p = plan('at', t, specs, mode === 'clip' ? 'clamp' : mode);
      return read(t, p, missingValue(t.dtype, fillValue));
    },
    set: update('set'),
    add: update('add'),
    mul: update('mul'),
    min: update('min'),
    max: update('max'),
  };
};
