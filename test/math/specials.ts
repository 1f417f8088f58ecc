// Makes every less common function known to the expansion, as the operations that use them do.
import { arg, type MathOp } from '../../src/core/expr.ts';
import { i0e, i1e } from '../../src/core/math/bessel.ts';
import { erf, erfc, erfinv } from '../../src/core/math/erf.ts';
import { digamma, lgamma } from '../../src/core/math/gamma.ts';
import { special, type Expansion } from '../../src/core/math/index.ts';
import { acos, asin, atan, atan2 } from '../../src/core/math/inverse-trig.ts';

const all: Partial<Record<MathOp, Expansion>> = {
  acos,
  asin,
  atan,
  atan2,
  digamma,
  erf,
  erfc,
  erfinv,
  i0e,
  i1e,
  lgamma,
};
for (const [op, expansion] of Object.entries(all)) special(op as MathOp, expansion, arg(0, 'float32'));
