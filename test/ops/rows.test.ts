// Every row of contractions, moves, gathers and sorts: values, batching, first and second derivatives, on the reference.
import { describe, it } from 'vitest';
import { setEvaluator } from '../../src/core/interpreter.ts';
import { referenceEvaluate } from '../../src/reference/evaluate.ts';
import { checkBatching, checkDerivatives, checkForward } from '../tables/check.ts';
import { label } from '../tables/row.ts';
import { structural } from '../tables/rows.ts';

setEvaluator(referenceEvaluate);

for (const row of structural)
  describe(label(row), () => {
    for (const seed of [1, 2]) {
      it(`values, seed ${seed}`, () => checkForward(row, seed));
      it(`batching, seed ${seed}`, () => checkBatching(row, seed));
      it(`derivatives, seed ${seed}`, () => checkDerivatives(row, seed));
    }
  });
