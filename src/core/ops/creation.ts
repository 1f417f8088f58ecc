// Creation: tensors from JS values, constants, ranges of numbers.
import { aval, checkAxis, checkDType, checkShape, type Shape } from '../aval.ts';
import { castScalar, hostArray, isFloat, isInteger, type DType, type TypedArray } from '../dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { convert, iota as iotaExpr } from '../expr.ts';
import { copyIn, hostTensor, nestedShape } from '../host.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import { Tensor, type Nested } from '../tensor.ts';
import type { Created, Filled, FromElements, Like, ValueDType } from '../types/create.ts';
import { add, mul } from './arithmetic.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { broadcastTo, fill } from './structure.ts';

/** A dtype as the last argument: its name, or `{ dtype }`. */
export type DTypeOption = DType | { readonly dtype?: DType | undefined };

/** The dtype an option names, checked, or another. */
export const dtypeOr = (op: string, option: DTypeOption | undefined, otherwise: DType): DType => {
  const d = typeof option === 'object' ? option.dtype : option;
  return d === undefined ? otherwise : checkDType(op, d);
};

const isTypedArray = (x: unknown): x is TypedArray => ArrayBuffer.isView(x) && !(x instanceof DataView);

const holdsOnlyBooleans = (x: Nested): boolean =>
  Array.isArray(x) ? (x as readonly Nested[]).every(holdsOnlyBooleans) : typeof x === 'boolean';

/** A JS number as an element; what an integer cannot hold is an error, not a truncation. */
const element = (op: string, v: number, dtype: DType): number => {
  if (isInteger(dtype) && castScalar(v, dtype) !== v)
    throw new DTypeError(
      op,
      `the number ${String(v)} is no ${dtype}; round it first, or make a float32 tensor and convert it with astype`,
    );
  return dtype === 'bool' ? Number(v !== 0) : v;
};

const create = (data: Nested | TypedArray | Tensor, dtype?: DTypeOption): Tensor => {
  if (data instanceof Tensor) return cast(data, dtypeOr('tensor', dtype, data.dtype));
  if (isTypedArray(data)) return fromTypedArray(data, [data.length], dtype);
  const shape = nestedShape('tensor', data);
  const isBool = holdsOnlyBooleans(data) && (typeof data === 'boolean' || (Array.isArray(data) && data.length > 0));
  const d = dtypeOr('tensor', dtype, isBool ? 'bool' : 'float32');
  const elements = hostArray(
    d,
    shape.reduce((n, s) => n * s, 1),
  );
  let at = 0;
  const walk = (v: Nested): void => {
    if (Array.isArray(v)) (v as readonly Nested[]).forEach(walk);
    else elements[at++] = element('tensor', Number(v), d);
  };
  walk(data);
  return hostTensor(elements, Object.freeze(shape), d);
};

/**
 * A tensor from a number, nested arrays of numbers or booleans, or a typed array, which is copied (`jax.numpy.array`).
 * Numbers become float32 unless `dtype` says otherwise, booleans bool. A ragged array is a ShapeError or an ArgumentError.
 * @example
 * tensor([[1, 2], [3, 4]]); // [[1, 2], [3, 4]]
 * tensor([1, 2, 3], 'int32'); // [1, 2, 3]
 */
export const tensor: <
  const T extends Nested | TypedArray | Tensor,
  const O extends DTypeOption | undefined = undefined,
>(
  data: T,
  dtype?: O,
) => Created<T, O> = create as never;

/**
 * A tensor without axes from a number or a boolean.
 * @example
 * scalar(2.5); // 2.5
 */
export const scalar: <T extends number | boolean, const O extends DTypeOption | undefined = undefined>(
  value: T,
  dtype?: O,
) => Filled<readonly [], O, ValueDType<T>> = (value: number | boolean, dtype?: DTypeOption): Tensor =>
  tensor(value, dtype);

/**
 * A tensor of a shape from a typed array in row-major order, which is copied. The dtype is the array's own (Uint8Array: bool)
 * unless given; values are converted.
 * @example
 * fromTypedArray(new Float32Array([1, 2, 3, 4]), [2, 2]); // [[1, 2], [3, 4]]
 */
export const fromTypedArray: <
  T extends TypedArray,
  const S extends Shape = readonly [number],
  const O extends DTypeOption | undefined = undefined,
>(
  data: T,
  shape?: S,
  dtype?: O,
) => FromElements<T, S, O> = (data: TypedArray, shape: Shape = [data.length], dtype?: DTypeOption): Tensor => {
  const d = typeof dtype === 'object' ? dtype.dtype : dtype;
  // Bytes are how bools are stored: a picture must not become one by accident.
  if (d === undefined && data instanceof Uint8Array && data.some((v) => v > 1))
    throw new DTypeError(
      'fromTypedArray',
      `a Uint8Array means bools, and this one holds other numbers than 0 and 1; name the dtype they shall have: 'float32', 'int32' or 'bool'`,
    );
  return copyIn(
    'fromTypedArray',
    data,
    checkShape('fromTypedArray', shape),
    ...(d === undefined ? [] : ([checkDType('fromTypedArray', d)] as const)),
  );
};

/**
 * A tensor filled with one value: a number, a boolean, or a tensor that broadcasts to the shape (`jax.numpy.full`).
 * @example
 * full([2], 7); // [7, 7]
 */
export const full: <const S extends Shape, V extends TensorLike, const O extends DTypeOption | undefined = undefined>(
  shape: S,
  value: V,
  dtype?: O,
) => Filled<S, O, ValueDType<V>> = (shape: Shape, value: TensorLike, dtype?: DTypeOption): Tensor => {
  const s = checkShape('full', shape);
  if (value instanceof Tensor) return broadcastTo(cast(value, dtypeOr('full', dtype, value.dtype)), s);
  const d = dtypeOr('full', dtype, typeof value === 'boolean' ? 'bool' : 'float32');
  return fill(s, element('full', Number(value), d), d);
};

/**
 * Zeros (`jax.numpy.zeros`).
 * @example
 * zeros([2, 2]); // [[0, 0], [0, 0]]
 */
export const zeros: <const S extends Shape, const O extends DTypeOption | undefined = undefined>(
  shape: S,
  dtype?: O,
) => Filled<S, O> = (shape: Shape, dtype?: DTypeOption): Tensor =>
  fill(checkShape('zeros', shape), 0, dtypeOr('zeros', dtype, 'float32'));

/**
 * Ones (`jax.numpy.ones`).
 * @example
 * ones([3]); // [1, 1, 1]
 */
export const ones: <const S extends Shape, const O extends DTypeOption | undefined = undefined>(
  shape: S,
  dtype?: O,
) => Filled<S, O> = (shape: Shape, dtype?: DTypeOption): Tensor =>
  fill(checkShape('ones', shape), 1, dtypeOr('ones', dtype, 'float32'));

/**
 * A value in the shape and dtype of x (`jax.numpy.full_like`).
 * @example
 * fullLike(tensor([1, 2]), 5); // [5, 5]
 */
export const fullLike: <X extends TensorLike, const O extends DTypeOption | undefined = undefined>(
  x: X,
  value: TensorLike,
  dtype?: O,
) => Like<X, O> = (x: TensorLike, value: TensorLike, dtype?: DTypeOption): Tensor => {
  const t = asTensor('fullLike', 'x', x);
  return full(t.shape, value, dtypeOr('fullLike', dtype, t.dtype));
};
/**
 * Zeros in the shape and dtype of x (`jax.numpy.zeros_like`).
 * @example
 * zerosLike(tensor([1, 2])); // [0, 0]
 */
export const zerosLike: <X extends TensorLike, const O extends DTypeOption | undefined = undefined>(
  x: X,
  dtype?: O,
) => Like<X, O> = (x: TensorLike, dtype?: DTypeOption): Tensor => fullLike(x, 0, dtype);
/**
 * Ones in the shape and dtype of x (`jax.numpy.ones_like`).
 * @example
 * onesLike(tensor([[3]])); // [[1]]
 */
export const onesLike: <X extends TensorLike, const O extends DTypeOption | undefined = undefined>(
  x: X,
  dtype?: O,
) => Like<X, O> = (x: TensorLike, dtype?: DTypeOption): Tensor => fullLike(x, 1, dtype);

/** The output's own index along an axis: no input. */
export const iotaPrimitive: Primitive<{ readonly shape: Shape; readonly axis: number; readonly dtype: DType }> = {
  name: 'iota',
  shape: (_, { shape, dtype }) => [aval(shape, dtype)],
  jvp: (_, __, params) => ({ outs: [bind1(iotaPrimitive, [], params)], tangents: [null] }),
  transpose: null,
  batch: (_, __, params) => ({ outs: [bind1(iotaPrimitive, [], params)], axes: [null] }),
  lower: (_, { axis, dtype }) => ({ tag: 'map', outs: [convert(iotaExpr(axis), dtype)] }),
};

/** The index along an axis of a shape, without checks: for rules. */
export const indexAlong = (shape: Shape, axis: number, dtype: DType = 'int32'): Tensor =>
  bind1(iotaPrimitive, [], { shape, axis, dtype });

/**
 * The integers 0, 1, ... along an axis of a shape (default int32) (`jax.lax.broadcasted_iota`).
 * @example
 * iota([2, 3], 1); // [[0, 1, 2], [0, 1, 2]]
 */
export const iota: <const S extends number | Shape, const O extends DTypeOption | undefined = undefined>(
  shape: S,
  axis?: number,
  dtype?: O,
) => Filled<S extends number ? readonly [S] : S extends Shape ? S : Shape, O, 'int32'> = (
  shape: number | Shape,
  axis: number = 0,
  dtype?: DTypeOption,
): Tensor => {
  const s = checkShape('iota', typeof shape === 'number' ? [shape] : shape);
  return indexAlong(s, checkAxis('iota', axis, s.length), dtypeOr('iota', dtype, 'int32'));
};

// Each element is rounded once from float64, so that all backends agree on every bit and the ends are exact.
const sample = (n: number, dtype: DType, at: (i: number) => number): Tensor => {
  const elements = hostArray(dtype, n);
  for (let i = 0; i < n; i++) elements[i] = castScalar(at(i), dtype);
  return hostTensor(elements, [n], dtype);
};

const finite = (op: string, names: readonly string[], values: readonly unknown[]): void =>
  values.forEach((v, i) => {
    if (typeof v !== 'number' || !Number.isFinite(v))
      throw new ArgumentError(op, `${names[i]!} must be a finite JS number, got ${String(v)}`);
  });

/**
 * start, start + step, ... up to but without stop; `arange(n)` counts from 0. int32 if all three are integers, else float32 (`jax.numpy.arange`).
 * @example
 * arange(4); // [0, 1, 2, 3]
 * arange(0, 1, 0.25); // [0, 0.25, 0.5, 0.75]
 */
export const arange = (start: number, stop?: number, step: number = 1, dtype?: DTypeOption): Tensor => {
  const [a, b] = stop === undefined ? [0, start] : [start, stop];
  finite('arange', ['start', 'stop', 'step'], [a, b, step]);
  if (step === 0) throw new ArgumentError('arange', 'step must not be 0');
  const n = Math.max(0, Math.ceil((b - a) / step));
  const d = dtypeOr('arange', dtype, [a, b, step].every(Number.isInteger) ? 'int32' : 'float32');
  if (isFloat(d)) return sample(n, d, (i) => a + i * step);
  if (![a, step].every(Number.isInteger))
    throw new DTypeError('arange', `start ${a} and step ${step} must be integers for dtype ${d}`);
  const i = indexAlong([n], 0, d);
  const scaled = step === 1 ? i : mul(i, step);
  return a === 0 ? scaled : add(scaled, a);
};

interface SpaceOptions {
  /** Whether stop is the last sample (default) or the first one left out. */
  readonly endpoint?: boolean | undefined;
  readonly dtype?: DType | undefined;
}

const space = (
  op: string,
  start: number,
  stop: number,
  num: number,
  options: SpaceOptions,
  f: (t: number) => number,
): Tensor => {
  finite(op, ['start', 'stop'], [start, stop]);
  if (!Number.isInteger(num) || num < 0) throw new ArgumentError(op, `num must be an integer >= 0, got ${String(num)}`);
  const last = options.endpoint === false ? num : num - 1;
  return sample(num, dtypeOr(op, options, 'float32'), (i) => f(last === 0 ? 0 : i / last));
};

/**
 * `num` evenly spaced samples from start to stop, both included (`jax.numpy.linspace`).
 * @example
 * linspace(0, 1, 5); // [0, 0.25, 0.5, 0.75, 1]
 */
export const linspace = (start: number, stop: number, num: number = 50, options: SpaceOptions = {}): Tensor =>
  space('linspace', start, stop, num, options, (t) => start * (1 - t) + stop * t);

/**
 * `num` samples evenly spaced in the exponent: base^start to base^stop (`jax.numpy.logspace`).
 * @example
 * logspace(0, 2, 3); // [1, 10, 100]
 */
export const logspace = (
  start: number,
  stop: number,
  num: number = 50,
  options: SpaceOptions & { readonly base?: number | undefined } = {},
): Tensor => space('logspace', start, stop, num, options, (t) => (options.base ?? 10) ** (start * (1 - t) + stop * t));

/**
 * `num` samples in geometric progression from start to stop, which must have the same sign and not be 0 (`jax.numpy.geomspace`).
 * @example
 * geomspace(1, 8, 4); // [1, 2, 4, 8]
 */
export const geomspace = (start: number, stop: number, num: number = 50, options: SpaceOptions = {}): Tensor => {
  if (!(start * stop > 0))
    throw new ArgumentError('geomspace', `start ${start} and stop ${stop} must be of one sign and not 0`);
  const [a, b, s] = [Math.log2(Math.abs(start)), Math.log2(Math.abs(stop)), Math.sign(start)];
  return space('geomspace', start, stop, num, options, (t) =>
    t === 0 ? start : t === 1 ? stop : s * 2 ** (a * (1 - t) + b * t),
  );
};
