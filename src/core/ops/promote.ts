// Promotion: what a user's operand (a tensor or a JS number) becomes before a primitive sees it.
import { aval, broadcastShapes, type Shape } from '../aval.ts';
import { castScalar, isFloat, promoteTypes, type DType } from '../dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { arg, convert } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { Primitive } from '../primitive.ts';
import { Tensor } from '../tensor.ts';
import { broadcastTo, fill, fullPrimitive } from './structure.ts';

/** What operations take where JAX takes an array-like: a tensor, a number or a boolean. */
export type TensorLike = Tensor | number | boolean;

export const convertPrimitive: Primitive<{ readonly dtype: DType }> = {
  name: 'convert',
  shape: ([x], { dtype }) => [aval(x!.shape, dtype)],
  jvp: ([x], [dx], params) => ({
    outs: [bind1(convertPrimitive, [x!], params)],
    tangents: [isFloat(params.dtype) ? cast(dx!, params.dtype) : null],
  }),
  transpose: ([ct], [x]) => [ct === null ? null : cast(ct!, (x as { aval: { dtype: DType } }).aval.dtype)],
  batch: ([x], axes, params) => ({ outs: [bind1(convertPrimitive, [x!], params)], axes }),
  lower: ([x], { dtype }) => ({ tag: 'map', outs: [convert(arg(0, x!.dtype), dtype)] }),
};

/** The same values in another dtype, without checks: for rules. A weak type becomes strong. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype && !x.weak ? x : bind1(convertPrimitive, [x], { dtype });

/** Fails where an operand is neither a tensor nor a number. */
export const checkOperand = (op: string, name: string, x: unknown): void => {
  if (x instanceof Tensor || typeof x === 'number' || typeof x === 'boolean') return;
  const what = Array.isArray(x)
    ? 'an array; wrap it: tensor([...])'
    : x === null
      ? 'null'
      : typeof x === 'object'
        ? 'an object'
        : `a ${typeof x}`;
  throw new ArgumentError(op, `${name} must be a tensor or a number, got ${what}`);
};

/** The dtype several operands compute in: JAX's lattice over tensors; JS numbers and weak values adopt it where they can. */
export const resultType = (...operands: readonly (TensorLike | DType)[]): DType => {
  let strong: DType | undefined;
  let weakTensor: DType | undefined;
  let number: DType | undefined;
  for (const x of operands) {
    if (typeof x === 'string') strong = strong === undefined ? x : promoteTypes(strong, x);
    else if (typeof x === 'number') number = number === 'float32' || !Number.isInteger(x) ? 'float32' : 'int32';
    else if (typeof x === 'boolean') number ??= 'bool';
    else if (x.weak) weakTensor = weakTensor === undefined ? x.dtype : promoteTypes(weakTensor, x.dtype);
    else strong = strong === undefined ? x.dtype : promoteTypes(strong, x.dtype);
  }
  if (strong === undefined) return weakTensor ?? (number === 'bool' ? 'bool' : 'float32');
  if (isFloat(strong)) return strong;
  // Integers and bools stay only with what they can hold.
  if (weakTensor !== undefined && isFloat(weakTensor)) return 'float32';
  if (number === 'float32') return 'float32';
  if (strong === 'bool') return weakTensor ?? number ?? 'bool';
  return strong;
};

/** True where every operand is weak: then so is the result. */
const allWeak = (operands: readonly TensorLike[]): boolean =>
  operands.every((x) => !(x instanceof Tensor) || x.weak) && operands.some((x) => x instanceof Tensor);

/** One operand as a tensor of a dtype. */
export const asTensor = (op: string, name: string, x: TensorLike, dtype?: DType): Tensor => {
  checkOperand(op, name, x);
  if (x instanceof Tensor) return dtype === undefined || (x.dtype === dtype && !x.weak) ? x : cast(x, dtype);
  return fill([], Number(x), dtype ?? (typeof x === 'boolean' ? 'bool' : 'float32'));
};

/** Operands in one dtype and one shape, ready for a same-shape primitive. `dtype` overrides the promoted one. */
export const promote = (
  op: string,
  names: readonly string[],
  operands: readonly TensorLike[],
  to: (dtype: DType) => DType = (d) => d,
): Tensor[] => {
  operands.forEach((x, i) => checkOperand(op, names[i] ?? `argument ${i}`, x));
  const dtype = to(resultType(...operands));
  const shapes = operands.filter((x): x is Tensor => x instanceof Tensor).map((x) => x.shape);
  const shape: Shape = shapes.length === 0 ? [] : broadcastShapes(op, ...shapes);
  const weak = allWeak(operands);
  return operands.map((x) => {
    if (!(x instanceof Tensor)) {
      if (dtype === 'uint32' && Number(x) < 0)
        throw new DTypeError(
          op,
          `the number ${String(x)} is negative and does not fit the operand's dtype uint32; convert with astype(x, 'int32') first`,
        );
      return bind1(fullPrimitive, [], { shape, value: castScalar(Number(x), dtype), dtype, weak });
    }
    return broadcastTo(x.dtype === dtype && (weak || !x.weak) ? x : bind1(convertPrimitive, [x], { dtype }), shape);
  });
};

/** For functions defined on the reals: integers and bools become float32. */
export const toFloat = (d: DType): DType => (isFloat(d) ? d : 'float32');
