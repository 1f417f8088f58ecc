// Scheduling: turns the clusters of a graph into kernels over buffers.
import type { Expr } from '../core/expr.ts';
import { newVar, variable } from '../core/index-expr.ts';
import type { Program } from '../core/program.ts';
import { buffersOf } from './buffers.ts';
import { buildContract, buildLoop, buildOther, type BufferOf } from './build.ts';
import { cluster, type Cluster, type Limits } from './cluster.ts';
import type { Parts, PlanPart } from './control.ts';
import { analyse, baseOf, type Graph, type Node } from './graph.ts';
import type { Action, BufferInfo, ContractKernel, Kernel, LoopKernel } from './kernel.ts';
import { mergeAlike } from './multi.ts';

/** Kernels in order, the buffers they touch, and which buffers are the program's inputs and outputs. */
export interface Schedule {
  readonly buffers: ReadonlyMap<number, BufferInfo>;
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Schedules a simplified program; `planPart` plans the programs inside of it. With `own`, no output shares a buffer with another or an input. */
export const schedule = (program: Program, limits: Limits, planPart: PlanPart, own = false): Schedule => {
  const graph = analyse(program, limits.buffers, limits.inPlace);
  const clusters = cluster(graph, limits, own);
  const stored = storedNodes(graph, clusters);
  const buffers = new Map<number, BufferInfo>();
  const buffer = (n: Node): number => {
    if (!buffers.has(n.order)) buffers.set(n.order, { id: n.order, dtype: n.value.aval.dtype, length: n.size });
    return n.order;
  };
  const inputs = program.inputs.map((v) => buffer(graph.nodes.get(v)!));
  const extra = (like: number): number => {
    const id = graph.order.length + buffers.size;
    buffers.set(id, { ...buffers.get(like)!, id });
    return id;
  };
  const parts: Parts = { plan: planPart, extra };
  const kernels = clusters.flatMap((c) => buildCluster(graph, c, stored, buffer, limits, parts));
  const outputs = program.outs.map((v) => buffer(baseOf(graph.nodes, v)));
  if (own)
    outputs.forEach((id, j) => {
      if (!inputs.includes(id) && outputs.indexOf(id) === j) return;
      outputs[j] = extra(id);
      if (!storeTwice(kernels, id, outputs[j])) kernels.push(copyKernel(buffers.get(id)!, outputs[j]));
    });
  return { buffers, kernels: mergeAlike(kernels), inputs, outputs };
};

/** Lets the kernel that writes a buffer write another one too. */
const storeTwice = (kernels: Kernel[], from: number, to: number): boolean => {
  const again = (actions: readonly Action[]): readonly Action[] =>
    actions.flatMap((a) => (a.kind === 'store' && a.buffer === from ? [a, { ...a, buffer: to }] : [a]));
  for (const [i, k] of kernels.entries()) {
    if (k.kind !== 'loop' && k.kind !== 'contract') continue;
    if (!buffersOf(k).writes.includes(from)) continue;
    kernels[i] =
      k.kind === 'loop'
        ? { ...k, stages: k.stages.map((s) => ({ ...s, actions: again(s.actions) })) }
        : {
            ...k,
            epilogue: again(k.epilogue) as ContractKernel['epilogue'],
            ...(k.sums === undefined
              ? {}
              : { sums: k.sums.flatMap((x) => (x.buffer === from ? [x, { ...x, buffer: to }] : [x])) }),
          };
    return true;
  }
  return false;
};

const copyKernel = (from: BufferInfo, to: number): LoopKernel => {
  const v = newVar(from.length);
  const index = variable(v);
  const value: Expr = { op: 'load', dtype: from.dtype, buffer: from.id, index, guards: [], fill: 0 };
  return {
    kind: 'loop',
    name: 'copy',
    outer: [v],
    stages: [{ axes: [], actions: [{ kind: 'store', buffer: to, index, value }] }],
  };
};

/** Computed values that some other kernel or the caller reads. */
const storedNodes = (graph: Graph, clusters: readonly Cluster[]): Set<Node> => {
  const stored = new Set<Node>(graph.program.outs.map((v) => baseOf(graph.nodes, v)));
  const home = new Map<Node, Cluster>();
  for (const c of clusters) for (const i of c.items) home.set(i.node, c);
  for (const c of clusters)
    for (const i of c.items) for (const n of i.reads.keys()) if (home.get(n) !== c || c.kind === 'other') stored.add(n);
  return stored;
};

const buildCluster = (
  graph: Graph,
  c: Cluster,
  stored: ReadonlySet<Node>,
  buffer: BufferOf,
  limits: Limits,
  parts: Parts,
): Kernel[] => {
  if (c.kind === 'contract') return [buildContract(graph, c, stored, buffer)];
  if (c.kind === 'other') return [buildOther(graph, c, buffer, parts)];
  return [buildLoop(graph, c, stored, buffer, limits)];
};
