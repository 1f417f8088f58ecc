// All rows of the tables.
import type { Row } from './row.ts';
import { rows as activations } from './rows-activations.ts';
import { rows as binary } from './rows-binary.ts';
import { rows as composed } from './rows-composed.ts';
import { rows as contract } from './rows-contract.ts';
import { rows as gather } from './rows-gather.ts';
import { rows as logic } from './rows-logic.ts';
import { rows as move } from './rows-move.ts';
import { rows as reductions } from './rows-reductions.ts';
import { rows as structure } from './rows-structure.ts';
import { rows as unary } from './rows-unary.ts';

/** Primitives that work element by element, or reduce. */
export const elementary: readonly Row[] = [...structure, ...unary, ...binary, ...logic, ...reductions];
/** Primitives that move elements, or contract. */
export const structural: readonly Row[] = [...contract, ...move, ...gather];
/** Functions composed of primitives. */
export const functions: readonly Row[] = [...composed, ...activations];
