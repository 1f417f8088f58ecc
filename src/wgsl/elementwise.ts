// Elementwise kernels in WGSL: an invocation for every four neighbours where memory allows it, else one for every point.
import { count, type Var } from '../core/index-expr.ts';
import type { Action, LoopKernel } from '../jit/kernel.ts';
import type { Names } from './expr.ts';
import { digits, perPoint } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
import { renderStores } from './vector-expr.ts';
import { isQuad, laneOf, packFor, varies, vectorizable, visitAll, type Lane } from './vector.ts';

type Store = Extract<Action, { readonly kind: 'store' }>;

/** The stores of a kernel that has nothing else, and its whole space. */
export const storesOf = (
  k: LoopKernel,
): { readonly axes: readonly Var[]; readonly stores: readonly Store[] } | undefined => {
  const [stage] = k.stages;
  if (k.stages.length !== 1 || stage === undefined) return undefined;
  const stores = stage.actions.flatMap((a) => (a.kind === 'store' ? [a] : []));
  return stores.length === stage.actions.length ? { axes: [...k.outer, ...stage.axes], stores } : undefined;
};

/** Whether four neighbours at once can be computed and pay. */
const laneFor = (s: Shader, axes: readonly Var[], stores: readonly Store[]): Lane | undefined => {
  const last = axes.at(-1);
  if (last === undefined || last.extent < 4) return undefined;
  const even = last.extent % 4 === 0;
  // Memory ends on whole vectors: what is left of the last one is nobody's.
  if (!even && axes.length > 1) return undefined;
  const lane = laneOf(last);
  const values = stores.map((a) => a.value);
  const quads = stores.every((a) => isQuad(s, lane, a.buffer, a.index));
  if (!quads || !vectorizable(lane, values)) return undefined;
  let plain = true;
  visitAll(values, (e) => {
    if (e.op === 'load' && varies(lane, e) && !isQuad(s, lane, e.buffer, e.index)) plain = false;
  });
  return even || plain ? lane : undefined;
};

export const renderElementwise = (
  name: string,
  axes: readonly Var[],
  stores: readonly Store[],
  target: Target,
): Dispatch => {
  const s = createShader(target);
  const lane = laneFor(s, axes, stores);
  const values = stores.map((a) => a.value);
  const vars = new Map<number, string>();
  const names: Names = { vars };
  if (lane === undefined) {
    const { head, workgroups } = perPoint(s, count(axes));
    digits(s, axes, 'p', vars);
    renderStores(s, names, lane, stores);
    return s.finish(name, head, workgroups);
  }
  packFor(s, [{ lane, values, stores }]);
  const quads: Var = { id: lane.axis.id, extent: Math.ceil(lane.axis.extent / 4) };
  const space = [...axes.slice(0, -1), quads];
  const { head, workgroups } = perPoint(s, count(space));
  digits(s, space, 'p', vars);
  if (quads.extent > 1) {
    const first = s.fresh('q');
    s.line(`let ${first} = ${vars.get(quads.id)!} * 4;`);
    vars.set(quads.id, first);
  } else vars.set(quads.id, '0');
  renderStores(s, names, lane, stores);
  return s.finish(name, head, workgroups);
};
