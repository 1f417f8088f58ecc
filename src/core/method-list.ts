// The operations that are also methods of a tensor: x.add(y) is add(x, y).
export { add, div, equal, greater, greaterEqual, less, lessEqual, mul, neg, notEqual, sub } from './ops/arithmetic.ts';
export { maximum, minimum } from './ops/binary.ts';
export { clip } from './ops/choice.ts';
export { cumprod, cumsum } from './ops/cumulate.ts';
export { fmod, floorDivide, mod, remainder } from './ops/division.ts';
export { exp, expm1, log, log1p, sigmoid } from './ops/exponential.ts';
export { logicalAnd, logicalNot, logicalOr } from './ops/logic.ts';
export { dot, matmul } from './ops/matmul.ts';
export { pow } from './ops/power.ts';
export { all, any, argmax, argmin, max, min, prod, sum } from './ops/reduce.ts';
export { expandDims, permute, ravel, reshape, squeeze, swapaxes, transpose } from './ops/shape.ts';
export { flip } from './ops/slice.ts';
export { logsumexp, mean, norm, std, variance } from './ops/statistics.ts';
export { broadcastTo } from './ops/structure.ts';
export { cos, sin, tanh } from './ops/trigonometric.ts';
export { abs, ceil, floor, reciprocal, round, rsqrt, sign, sqrt, square } from './ops/unary.ts';
export { astype } from './ops/types.ts';
