// The same rows compiled: under jit on the default device, value and gradient agree with the reference, in float32.
import { describe, it } from 'vitest';
import { jit } from '../../src/index.ts';
import { checkCompiled } from '../tables/check.ts';
import { rows as contract } from '../tables/rows-contract.ts';
import { rows as gather } from '../tables/rows-gather.ts';
import { rows as move } from '../tables/rows-move.ts';

for (const row of [...contract, ...move, ...gather])
  describe(`${row.primitive}${row.name === undefined ? '' : ` (${row.name})`}`, () => {
    for (const seed of [1, 2]) it(`under jit, seed ${seed}`, () => checkCompiled(row, seed, jit));
  });
