// What many primitives share: records for elementwise operations, and the batch rule that lines axes up.
import { aval, type Aval } from '../aval.ts';
import type { DType } from '../dtype.ts';
import { arg, type Expr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import type { BatchResult, Params, Primitive, Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { alignBatch } from './structure.ts';

/** The batch rule of elementwise primitives: every input gets its batch axis at the front, new where it had none. */
export const elementwiseBatch =
  <P>(primitive: () => Primitive<P>) =>
  (inputs: readonly Tensor[], axes: readonly (number | null)[], params: P, size: number): BatchResult => {
    const out = bind1(primitive(), alignBatch(inputs, axes, size), params);
    return { outs: [out], axes: [0] };
  };

/** A unary primitive from its scalar expression and `jvp(dx, x, y)`, the tangent of y = f(x). */
export const unaryPrimitive = (
  name: string,
  expr: (x: Expr) => Expr,
  jvp: (dx: Tensor, x: Tensor, y: Tensor) => Tangent,
  options: {
    readonly out?: (dtype: DType) => DType;
    readonly transpose?: (ct: Tensor) => Tensor;
  } = {},
): Primitive => {
  const transpose = options.transpose;
  const self: Primitive = {
    name,
    shape: ([x]) => [aval(x!.shape, options.out?.(x!.dtype) ?? x!.dtype, x!.weak && options.out === undefined)],
    jvp([x], [dx]) {
      const y = bind1(self, [x!], {});
      return { outs: [y], tangents: [jvp(dx!, x!, y)] };
    },
    transpose: transpose === undefined ? null : ([ct]) => [ct === null ? null : transpose(ct!)],
    batch: (inputs, axes) => ({ outs: [bind1(self, inputs, {})], axes }),
    lower: ([x]) => ({ tag: 'map', outs: [expr(arg(0, x!.dtype))] }),
  };
  return self;
};

/** A binary primitive over equal shapes and dtypes; `jvp` gets both tangents, either null (not both). */
export const binaryPrimitive = (
  name: string,
  expr: (x: Expr, y: Expr) => Expr,
  rules: {
    readonly jvp: (x: Tensor, y: Tensor, dx: Tangent, dy: Tangent, out: Tensor) => Tangent;
    readonly transpose?: Primitive['transpose'];
    readonly out?: (dtype: DType) => DType;
  },
): Primitive => {
  const self: Primitive = {
    name,
    shape: ([x, y]: readonly Aval[]) => [
      aval(x!.shape, rules.out?.(x!.dtype) ?? x!.dtype, x!.weak && y!.weak && rules.out === undefined),
    ],
    jvp([x, y], [dx, dy]) {
      const out = bind1(self, [x!, y!], {});
      return { outs: [out], tangents: [rules.jvp(x!, y!, dx!, dy!, out)] };
    },
    transpose: rules.transpose ?? null,
    batch: elementwiseBatch<Params>(() => self),
    lower: ([x, y]) => ({ tag: 'map', outs: [expr(arg(0, x!.dtype), arg(1, y!.dtype))] }),
  };
  return self;
};

/** jvp of an operation without derivative (integers, booleans, steps): the tangent is zero. */
export const noTangent = (): null => null;
