// Every row of contractions, moves, gathers and sorts: values, batching, first and second derivatives, on the reference.
import { describe, it } from 'vitest';
import { setEvaluator } from '../../src/core/interpreter.ts';
import { referenceEvaluate } from '../../src/reference/evaluate.ts';
import { checkBatching, checkDerivatives, checkForward } from '../tables/check.ts';
import { rows as contract } from '../tables/rows-contract.ts';
import { rows as gather } from '../tables/rows-gather.ts';
import { rows as move } from '../tables/rows-move.ts';

setEvaluator(referenceEvaluate);

for (const row of [...contract, ...move, ...gather])
  describe(`${row.primitive}${row.name === undefined ? '' : ` (${row.name})`}`, () => {
    for (const seed of [1, 2]) {
      it(`values, seed ${seed}`, () => checkForward(row, seed));
      it(`batching, seed ${seed}`, () => checkBatching(row, seed));
      it(`derivatives, seed ${seed}`, () => checkDerivatives(row, seed));
    }
  });
