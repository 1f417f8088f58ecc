// Loop kernels in WGSL: elementwise ones, and rows or columns with reductions.
import { count, newVar } from '../core/index-expr.ts';
import type { LoopKernel } from '../jit/kernel.ts';
import { renderElementwise, storesOf } from './elementwise.ts';
import { joinAxes } from './row-axes.ts';
import { renderRows } from './row.ts';
import type { Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

/** A reduction over no axes as one over an axis of one element. */
const withAxes = (k: LoopKernel): LoopKernel => {
  const bare = k.stages.some((stage) => stage.axes.length === 0 && stage.actions.some((a) => a.kind !== 'store'));
  if (!bare) return k;
  const axes = k.stages.find((stage) => stage.axes.length > 0)?.axes ?? [newVar(1)];
  return {
    ...k,
    stages: k.stages.map((stage) => (stage.actions.every((a) => a.kind === 'store') ? stage : { ...stage, axes })),
  };
};

/** The dispatches of a loop kernel: none where there is nothing to do, two where few long rows are reduced. */
export const renderLoops = (kernel: LoopKernel, target: Target): readonly Dispatch[] => {
  if (count(kernel.outer) === 0) return [];
  const k = joinAxes(withAxes(kernel));
  const plain = storesOf(k);
  if (plain !== undefined)
    return count(plain.axes) === 0 ? [] : [renderElementwise(k.name, plain.axes, plain.stores, target)];
  const lines = k.stages.filter((stage) => stage.axes.length > 0);
  const [first] = lines;
  if (first === undefined || lines.some((stage) => stage.axes.some((v, i) => v !== first.axes[i])))
    throw new Error(`wgsl: ${k.name} has stages over different axes`);
  return renderRows(k, first.axes, target);
};

/** The dispatch of an elementwise kernel; undefined where there is nothing to do. */
export const renderLoop = (k: LoopKernel, target: Target): Dispatch | undefined => {
  const dispatches = renderLoops(k, target);
  if (dispatches.length > 1) throw new Error(`wgsl: ${k.name} takes several dispatches where one is asked for`);
  return dispatches[0];
};
