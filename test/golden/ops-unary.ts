// The unary family of the golden vectors in terms of our operations.
import * as e from '../../src/core/ops/exponential.ts';
import type { TensorLike } from '../../src/core/ops/promote.ts';
import * as s from '../../src/core/ops/special.ts';
import * as t from '../../src/core/ops/trigonometric.ts';
import * as u from '../../src/core/ops/unary.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

const of =
  (f: (x: TensorLike) => Tensor): GoldenOp =>
  ({ x }) => ({ y: f(x!) });

export const ops: GoldenOps = {
  exp: of(e.exp),
  log: of(e.log),
  log1p: of(e.log1p),
  expm1: of(e.expm1),
  sigmoid: of(e.sigmoid),
  sqrt: of(u.sqrt),
  rsqrt: of(u.rsqrt),
  square: of(u.square),
  reciprocal: of(u.reciprocal),
  abs: of(u.abs),
  sign: of(u.sign),
  floor: of(u.floor),
  ceil: of(u.ceil),
  round: of((x) => u.round(x)),
  sin: of(t.sin),
  cos: of(t.cos),
  tan: of(t.tan),
  asin: of(t.asin),
  acos: of(t.acos),
  atan: of(t.atan),
  sinh: of(t.sinh),
  cosh: of(t.cosh),
  tanh: of(t.tanh),
  asinh: of(t.asinh),
  acosh: of(t.acosh),
  atanh: of(t.atanh),
  erf: of(s.erf),
  erfc: of(s.erfc),
  erfinv: of(s.erfinv),
  lgamma: of(s.lgamma),
  digamma: of(s.digamma),
};
