// All cases of the backends, by list. Nothing here needs Node: a page runs the same ones.
import type { Case } from './case.ts';
import { cases as contract } from './kernels/contract.ts';
import { cases as convolution } from './kernels/convolution.ts';
import { cases as cumulate } from './kernels/cumulate.ts';
import { cases as elementwise } from './kernels/elementwise.ts';
import { cases as moves } from './kernels/moves.ts';
import { cases as multi } from './kernels/multi.ts';
import { cases as pieces } from './kernels/pieces.ts';
import { cases as random } from './kernels/random.ts';
import { cases as reductions } from './kernels/reductions.ts';
import { cases as scatter } from './kernels/scatter.ts';
import { cases as sort } from './kernels/sort.ts';
import { cases as programs } from './programs.ts';
import { cases as rows } from './rows.ts';

export const lists: Readonly<Record<string, readonly Case[]>> = {
  'tables of primitives': rows,
  programs,
  'elementwise kernels': elementwise,
  'views, pads, joins, gathers': moves,
  'reductions and row programs': reductions,
  'products of matrices': contract,
  convolutions: convolution,
  scatters: scatter,
  'running reductions': cumulate,
  sorts: sort,
  'several kernels as one': multi,
  'large kernels': pieces,
  'random kernels': random,
};
