// Contractions in WGSL: which way a matrix product, a convolution or one of their gradients is computed.
import type { ContractKernel } from '../jit/kernel.ts';
import { chooseTile } from './contract/config.ts';
import { flatten } from './contract/problem.ts';
import { renderSecond } from './contract/second.ts';
import { renderTiles } from './contract/tile.ts';
import type { Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

/** The dispatches of a contraction, in order; none where there is nothing to do. */
export const renderContract = (kernel: ContractKernel, target: Target): readonly Dispatch[] => {
  const p = flatten(kernel);
  if (p.batch.extent * p.row.extent * p.column.extent === 0) return [];
  const choice = chooseTile(
    { batch: p.batch.extent, rows: p.row.extent, columns: p.column.extent, common: p.common.extent },
    target.limits,
  );
  const tiles = renderTiles(p, choice, target);
  return choice.parts === 1 ? [tiles] : [tiles, renderSecond(p, choice.parts, target)];
};
