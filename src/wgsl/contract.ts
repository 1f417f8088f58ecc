// Contractions in WGSL: which way a matrix product, a convolution or one of their gradients is computed.
import type { ContractKernel } from '../jit/kernel.ts';
import { renderBlocks } from './contract/block.ts';
import { chooseBlocks } from './contract/choose.ts';
import { chooseTile } from './contract/config.ts';
import { flatten } from './contract/problem.ts';
import { renderSecond } from './contract/second.ts';
import { sumKernel } from './contract/sums.ts';
import { renderTiles } from './contract/tile.ts';
import { renderUnrolled } from './contract/unrolled.ts';
import { renderLoops } from './loop.ts';
import type { Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

/** The dispatches of a contraction, in order; none where there is nothing to do. */
export const renderContract = (kernel: ContractKernel, target: Target): readonly Dispatch[] => {
  const p = flatten(kernel);
  const [batch, rows, columns] = [p.batch.extent, p.row.extent, p.column.extent];
  if (batch * rows * columns === 0)
    return (kernel.sums ?? []).flatMap((x) => renderLoops(sumKernel(kernel, x), target));
  const blocks = chooseBlocks(p, target);
  const tile =
    blocks === undefined ? chooseTile({ batch, rows, columns, common: p.common.extent }, target.limits) : undefined;
  const first =
    blocks === undefined
      ? renderTiles(p, tile!, target)
      : (blocks.unrolled === true ? renderUnrolled : renderBlocks)(p, blocks, target);
  const { parts } = blocks ?? tile!;
  return parts === 1 ? [first] : [first, renderSecond(p, parts, target)];
};
