// The binary family of the golden vectors in terms of our operations.
import * as a from '../../src/core/ops/arithmetic.ts';
import * as b from '../../src/core/ops/binary.ts';
import { clip, where } from '../../src/core/ops/choice.ts';
import * as d from '../../src/core/ops/division.ts';
import * as l from '../../src/core/ops/logic.ts';
import { pow } from '../../src/core/ops/power.ts';
import type { TensorLike } from '../../src/core/ops/promote.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

const of =
  (f: (x: TensorLike, y: TensorLike) => Tensor): GoldenOp =>
  ({ x, y }) => ({ y: f(x!, y!) });

export const ops: GoldenOps = {
  add: of(a.add),
  sub: of(a.sub),
  mul: of(a.mul),
  div: of(a.div),
  pow: of(pow),
  maximum: of(b.maximum),
  minimum: of(b.minimum),
  atan2: of(b.atan2),
  fmod: of(d.fmod),
  remainder: of(d.remainder),
  floor_divide: of(d.floorDivide),
  trunc_divide: of(d.truncDivide),
  eq: of(a.equal),
  ne: of(a.notEqual),
  lt: of(a.less),
  le: of(a.lessEqual),
  gt: of(a.greater),
  ge: of(a.greaterEqual),
  logical_and: of(l.logicalAnd),
  logical_or: of(l.logicalOr),
  logical_xor: of(l.logicalXor),
  logical_not: ({ x }) => ({ y: l.logicalNot(x!) }),
  where: ({ cond, x, y }) => ({ y: where(cond!, x!, y!) }),
  clamp: ({ x }, { min, max }: { min: number | null; max: number | null }) => ({ y: clip(x!, min, max) }),
};
