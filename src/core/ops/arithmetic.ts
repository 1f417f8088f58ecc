// Arithmetic: negation, the four operations, comparisons, choice — what every other derivative is written with.
import { aval } from '../aval.ts';
import { isFloat, type DType } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { arg, call, compare, lit, select as selectExpr } from '../expr.ts';
import { bind1 } from '../interpreter.ts';
import { isLinear, refuseLinear, type Primitive, type Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import type { ArithmeticFunction, ComparisonFunction, QuotientFunction, SameFunction } from '../types/functions.ts';
import { promote, toFloat, type TensorLike } from './promote.ts';
import { binaryPrimitive, elementwiseBatch, noTangent, unaryPrimitive } from './rules.ts';
import { fillLike } from './structure.ts';

export const negPrimitive: Primitive = unaryPrimitive(
  'neg',
  (x) => call('neg', x.dtype, x),
  (dx) => neg(dx),
  { transpose: (ct) => neg(ct) },
);
export const neg: SameFunction = (x: TensorLike): Tensor =>
  bind1(negPrimitive, promote('neg', ['x'], [x], noBool('neg')), {});

/** Sum of tangents of which either may be zero. */
export const addTangents = (a: Tangent, b: Tangent): Tangent =>
  a === null ? b : b === null ? a : bind1(addPrimitive, [a, b], {});

export const addPrimitive: Primitive = binaryPrimitive('add', (x, y) => call('add', x.dtype, x, y), {
  jvp: (_, __, dx, dy) => addTangents(dx, dy),
  transpose: ([ct], [x, y]) => [isLinear(x!) ? ct! : null, isLinear(y!) ? ct! : null],
});

export const subPrimitive: Primitive = binaryPrimitive('sub', (x, y) => call('sub', x.dtype, x, y), {
  jvp: (_, __, dx, dy) => (dy === null ? dx : dx === null ? neg(dy) : bind1(subPrimitive, [dx, dy], {})),
  transpose: ([ct], [x, y]) => [isLinear(x!) ? ct! : null, isLinear(y!) && ct !== null ? neg(ct!) : null],
});

export const mulPrimitive: Primitive = binaryPrimitive('mul', (x, y) => call('mul', x.dtype, x, y), {
  jvp: (x, y, dx, dy) => addTangents(dx && bind1(mulPrimitive, [dx, y], {}), dy && bind1(mulPrimitive, [x, dy], {})),
  transpose([ct], [x, y]) {
    if (ct === null) return [null, null];
    if (!isLinear(x!)) return [null, bind1(mulPrimitive, [x!, ct!], {})];
    refuseLinear('mul', y!);
    return [bind1(mulPrimitive, [ct!, y as Tensor], {}), null];
  },
});

// The tangent of a quotient uses the quotient: d(x/y) = (dx - (x/y) dy) / y.
export const divPrimitive: Primitive = binaryPrimitive('div', (x, y) => call('div', x.dtype, x, y), {
  jvp: (_, y, dx, dy, out) => {
    const bent = dy && bind1(mulPrimitive, [out, dy], {});
    const top = bent === null ? dx : dx === null ? neg(bent) : bind1(subPrimitive, [dx, bent], {});
    return top && bind1(divPrimitive, [top, y], {});
  },
  transpose([ct], [, y]) {
    if (ct === null) return [null, null];
    refuseLinear('div', y!);
    return [bind1(divPrimitive, [ct!, y as Tensor], {}), null];
  },
});

const noBool =
  (op: string) =>
  (d: DType): DType => {
    if (d === 'bool')
      throw new DTypeError(op, `is not defined on bool; use logicalNot/logicalOr/logicalAnd, or astype(x, 'int32')`);
    return d;
  };

/** bools add as numbers (1 + 1 = 2), as counting wants it. */
const countable = (d: DType): DType => (d === 'bool' ? 'int32' : d);

/**
 * x + y with broadcasting and promotion (`jax.numpy.add`).
 * @example
 * add(tensor([1, 2]), 1); // [2, 3]
 */
export const add: ArithmeticFunction<'add'> = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(addPrimitive, promote('add', ['x', 'y'], [x, y], countable), {});
/** x - y (`jax.numpy.subtract`). */
export const sub: ArithmeticFunction<'sub'> = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(subPrimitive, promote('sub', ['x', 'y'], [x, y], countable), {});
/** x * y elementwise (`jax.numpy.multiply`). */
export const mul: ArithmeticFunction<'mul'> = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(mulPrimitive, promote('mul', ['x', 'y'], [x, y], countable), {});
/** x / y, a true division: integers give float32 (`jax.numpy.true_divide`). */
export const div: QuotientFunction<'div'> = (x: TensorLike, y: TensorLike): Tensor =>
  bind1(divPrimitive, promote('div', ['x', 'y'], [x, y], toFloat), {});

type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
const comparisonPrimitive = (op: Comparison): Primitive =>
  binaryPrimitive(op, (x, y) => compare(op, x, y), { jvp: noTangent, out: () => 'bool' });
export const comparisonPrimitives: Readonly<Record<Comparison, Primitive>> = {
  eq: comparisonPrimitive('eq'),
  ne: comparisonPrimitive('ne'),
  lt: comparisonPrimitive('lt'),
  le: comparisonPrimitive('le'),
  gt: comparisonPrimitive('gt'),
  ge: comparisonPrimitive('ge'),
};
const comparison =
  (name: string, op: Comparison) =>
  (x: TensorLike, y: TensorLike): Tensor =>
    bind1(comparisonPrimitives[op], promote(name, ['x', 'y'], [x, y]), {});

/** x == y elementwise, a bool tensor (`jax.numpy.equal`); NaN equals nothing. */
export const equal: ComparisonFunction<'equal'> = comparison('equal', 'eq');
export const notEqual: ComparisonFunction<'notEqual'> = comparison('notEqual', 'ne');
export const less: ComparisonFunction<'less'> = comparison('less', 'lt');
export const lessEqual: ComparisonFunction<'lessEqual'> = comparison('lessEqual', 'le');
export const greater: ComparisonFunction<'greater'> = comparison('greater', 'gt');
export const greaterEqual: ComparisonFunction<'greaterEqual'> = comparison('greaterEqual', 'ge');

/** select(condition: bool, x, y), all of one shape. */
export const selectPrimitive: Primitive = {
  name: 'select',
  shape: ([, x, y]) => [aval(x!.shape, x!.dtype, x!.weak && y!.weak)],
  jvp([c, x, y], [, dx, dy]) {
    const out = bind1(selectPrimitive, [c!, x!, y!], {});
    const zeros = (): Tensor => fillLike(out, 0);
    return { outs: [out], tangents: [bind1(selectPrimitive, [c!, dx ?? zeros(), dy ?? zeros()], {})] };
  },
  transpose([ct], [c, x, y]) {
    if (ct === null) return [null, null, null];
    refuseLinear('where', c!);
    const zeros = fillLike(ct!, 0);
    return [
      null,
      isLinear(x!) ? bind1(selectPrimitive, [c as Tensor, ct!, zeros], {}) : null,
      isLinear(y!) ? bind1(selectPrimitive, [c as Tensor, zeros, ct!], {}) : null,
    ];
  },
  batch: elementwiseBatch(() => selectPrimitive),
  lower: ([, x]) => ({ tag: 'map', outs: [selectExpr(arg(0, 'bool'), arg(1, x!.dtype), arg(2, x!.dtype))] }),
};

/** max(x, 0) whose derivative is read off its own result, so that the input need not be kept. */
export const reluPrimitive: Primitive = unaryPrimitive(
  'relu',
  (x) => selectExpr(compare('le', x, lit(0, x.dtype)), lit(0, x.dtype), x),
  (dx, _, y) => bind1(selectPrimitive, [greater(y, 0), dx, fillLike(dx, 0)], {}),
);

/**
 * max(x, 0), with derivative 0 at 0; NaN stays NaN (`jax.nn.relu`).
 * @example
 * relu(tensor([-1, 2])); // [0, 2]
 */
export const relu: SameFunction = (x: TensorLike): Tensor =>
  bind1(reluPrimitive, promote('relu', ['x'], [x], noBool('relu')), {});

export const isFloating = (x: Tensor): boolean => isFloat(x.dtype);
