// The operations that users see, by family; records and unchecked helpers stay inside.
export {
  neg,
  add,
  sub,
  mul,
  div,
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  relu,
} from './arithmetic.ts';
export {
  maximum,
  minimum,
  fmax,
  fmin,
  atan2,
  hypot,
  logaddexp,
  logaddexp2,
  xlogy,
  xlog1py,
  signbit,
  copysign,
  heaviside,
  nextafter,
} from './binary.ts';
export { diff, trapezoid } from './calculus.ts';
export { where, select, clip, piecewise } from './choice.ts';
export {
  concatenate,
  stack,
  unstack,
  split,
  arraySplit,
  atleast1d,
  atleast2d,
  atleast3d,
  hstack,
  vstack,
  dstack,
} from './concat.ts';
export { convTranspose } from './conv-transpose.ts';
export { convGeneral, conv1d, conv2d, conv3d } from './conv.ts';
export { convolve, correlate } from './convolve.ts';
export {
  tensor,
  scalar,
  fromTypedArray,
  full,
  zeros,
  ones,
  fullLike,
  zerosLike,
  onesLike,
  iota,
  arange,
  linspace,
  logspace,
  geomspace,
} from './creation.ts';
export { cumsum, cumprod, cummax, cummin, cumlogsumexp } from './cumulate.ts';
export { diagonal, diag, tril, triu, trilIndices, triuIndices } from './diagonal.ts';
export { fmod, remainder, mod, floorDivide, truncDivide, divmod, gcd, lcm } from './division.ts';
export { dynamicSlice, dynamicUpdateSlice } from './dynamic.ts';
export { einsum } from './einsum.ts';
export { exp, exp2, expm1, log, log2, log10, log1p, sigmoid } from './exponential.ts';
export { eye, identity, tri, meshgrid, indices } from './grid.ts';
export { slice, at, type IndexSpec, type IndexUpdate } from './index.ts';
export {
  logicalAnd,
  logicalOr,
  logicalXor,
  logicalNot,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  bitwiseNot,
  leftShift,
  rightShift,
  isnan,
  isinf,
  isfinite,
  nanToNum,
  isclose,
  allclose,
} from './logic.ts';
export { dotGeneral, matmul, dot, vdot, inner, outer, tensordot, kron, cross } from './matmul.ts';
export { maxPool, avgPool, reduceWindow } from './pool.ts';
export {
  nansum,
  nanprod,
  nanmax,
  nanmin,
  nanargmax,
  nanargmin,
  nanmean,
  nanvar,
  nanstd,
  nancumsum,
  nancumprod,
} from './nan.ts';
export { quantile, percentile, median, nanquantile, nanpercentile, nanmedian, type QuantileMethod } from './order.ts';
export { pow } from './power.ts';
export { reducePrecision, type FloatFormat } from './precision.ts';
export { pad, roll, tile, repeat, rot90 } from './rearrange.ts';
export { sum, prod, max, min, any, all, argmax, argmin } from './reduce.ts';
export { adaptiveAvgPool, imageResize } from './resize.ts';
export { searchsorted, digitize, histogram, nonzero, unique, type Unique } from './search.ts';
export { segmentSum, segmentProd, segmentMax, segmentMin, bincount, oneHot } from './segment.ts';
export {
  reshape,
  ravel,
  transpose,
  permute,
  swapaxes,
  moveaxis,
  expandDims,
  squeeze,
  broadcastArrays,
} from './shape.ts';
export { flip } from './slice.ts';
export { sort, argsort, topK, lexsort, partition } from './sort.ts';
export { erf, erfc, erfinv, lgamma, digamma, polygamma, i0e, i1e, i0, i1, sinc } from './special.ts';
export {
  mean,
  variance,
  variance as var,
  std,
  logsumexp,
  norm,
  countNonzero,
  ptp,
  average,
  trace,
} from './statistics.ts';
export {
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  deg2rad,
  rad2deg,
} from './trigonometric.ts';
export { astype, bitcast, finfo, iinfo, promoteTypes } from './types.ts';
export { sign, abs, sqrt, rsqrt, cbrt, square, reciprocal, floor, ceil, trunc, round } from './unary.ts';
export { broadcastTo } from './structure.ts';
export { take, takeAlongAxis, putAlongAxis, gather, scatter } from './take.ts';
export type { IndexLike, IndexMode } from './resolve-index.ts';
export { resultType } from './promote.ts';
