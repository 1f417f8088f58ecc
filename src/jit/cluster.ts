// Fusion: which computed values share a kernel. Decided by where each is read: at its own position, or once a row.
import { sizeOf } from '../core/aval.ts';
import { add, div, indexKey, newVar, scale, unlinearize, variable, type Index, type Var } from '../core/index-expr.ts';
import type { Routine } from '../core/lowering.ts';
import type { Program, Value } from '../core/program.ts';
import { sourceIndex, splitAxes } from './axes.ts';
import type { Graph, Node } from './graph.ts';
import type { Side } from './kernel.ts';
import { sumsBeside } from './sums.ts';
import { createBuilder, load } from './symbolic.ts';

/** A computed value, how it is computed, and where it reads other computed values. */
export interface Item {
  readonly node: Node;
  readonly kind: 'map' | 'reduce' | 'other';
  /** Positions (as index keys) at which each computed value is read, over the canonical variables below. */
  readonly reads: ReadonlyMap<Node, ReadonlySet<string>>;
  /** reduce: sizes of the kept and the reduced part, and whether the reduced axes are the last ones. */
  readonly outer: number;
  readonly inner: number;
  readonly rows: boolean;
  readonly layout: string;
  /** Of a sum beside a contraction: the operand that is summed. */
  readonly side?: Side;
}

export interface Cluster {
  readonly kind: 'loop' | 'contract' | 'other';
  /** flat: all items elementwise of `outer` positions (inner is 1). Otherwise rows (or columns) of `inner` elements. */
  flat: boolean;
  outer: number;
  inner: number;
  rows: boolean;
  layout: string;
  readonly items: Item[];
  readonly reads: Set<Node>;
  weight: number;
}

export interface Limits {
  /** Most buffers a kernel may touch. */
  readonly buffers: number;
  /** Longest row that several stages may share. */
  readonly row: number;
  /** Whether there is a kernel for a routine over such inputs. Absent: for none. */
  readonly routine?: (r: Routine, inputs: readonly Value[]) => boolean;
  /** Makes a program fit the backend before it is scheduled. */
  readonly rewrite?: (program: Program) => Program;
  /** Updates of a tensor may be written over it: small windows are lowered as updates, and planning leaves out copies. */
  readonly inPlace?: boolean;
  /** Contractions may sum up an operand beside their result: see ContractKernel. */
  readonly sums?: boolean;
}

// Canonical variables: one for each extent and role, so that positions compare as text.
const canonical = new Map<string, Var>();
const roleVar = (role: 'p' | 'o' | 'i', extent: number): Index => {
  const key = `${role}${extent}`;
  let v = canonical.get(key);
  if (v === undefined) canonical.set(key, (v = newVar(extent)));
  return variable(v);
};
const positionKey = (size: number): string => indexKey(roleVar('p', size));
const rowKey = (size: number, inner: number): string => indexKey(div(roleVar('p', size), inner));
const outerKey = (outer: number): string => indexKey(roleVar('o', outer));
const pointKey = (outer: number, inner: number): string =>
  indexKey(add(scale(roleVar('o', outer), inner), roleVar('i', inner)));

const describe = (graph: Graph, node: Node): Item => {
  const reads = new Map<Node, Set<string>>();
  const builder = createBuilder(graph, (n, position, guards) => {
    let keys = reads.get(n);
    if (keys === undefined) reads.set(n, (keys = new Set()));
    // A guarded read does not have the value at every point.
    keys.add(guards.length === 0 ? indexKey(position) : `guarded ${indexKey(position)}`);
    return load(n, n.order, position, guards);
  });
  const { lowering, equation: e } = node;
  const plain = { node, reads, outer: node.size, inner: 1, rows: true, layout: '' };
  if (lowering!.tag === 'map' || lowering!.tag === 'move') {
    builder.define(node, unlinearize(roleVar('p', node.size), node.value.aval.shape));
    return { ...plain, kind: 'map' };
  }
  if (lowering!.tag === 'reduce') {
    const { shape } = e!.inputs[0]!.aval;
    const { kept, reduced } = splitAxes(shape, lowering!.axes);
    const [outer, inner] = [sizeOf(kept), sizeOf(reduced)];
    const index = sourceIndex(
      shape.length,
      lowering!.axes,
      unlinearize(roleVar('o', outer), kept),
      unlinearize(roleVar('i', inner), reduced),
    );
    builder.at(e!.inputs[0]!, index);
    const rows = lowering!.axes.every((a, i) => a === shape.length - lowering!.axes.length + i);
    return {
      ...plain,
      kind: 'reduce',
      outer,
      inner,
      rows,
      layout: rows ? '' : `${shape.join(',')}|${lowering!.axes.join(',')}`,
    };
  }
  // The rest read their operands as they please: only that they do counts.
  const seen = new Set<Value>();
  const touch = (v: Value): void => {
    if (seen.has(v)) return;
    seen.add(v);
    const n = graph.nodes.get(v)!;
    if (n.root) reads.set(n, new Set(['any']));
    else n.equation!.inputs.forEach(touch);
  };
  e!.inputs.forEach(touch);
  return { ...plain, kind: 'other' };
};

const only = (keys: ReadonlySet<string>, key: string): boolean => keys.size === 1 && keys.has(key);

/**
 * Groups the computed values of a graph into kernels, in an order in which they can run. `inside`: of a program inside of
 * another, whose outputs are a loop's carry: what is added up there is best added where it is computed.
 */
export const cluster = (graph: Graph, limits: Limits, inside = false): Cluster[] => {
  const clusters: Cluster[] = [];
  const home = new Map<Node, number>();

  const readsOf = (item: Item): Node[] => [...item.reads.keys()];

  const open = (item: Item): number => {
    const { lowering } = item.node;
    const kind = item.kind !== 'other' ? 'loop' : lowering!.tag === 'contract' ? 'contract' : 'other';
    clusters.push({
      kind,
      flat: item.kind !== 'reduce',
      outer: item.outer,
      inner: item.inner,
      rows: item.rows,
      layout: item.layout,
      items: [item],
      reads: new Set(readsOf(item)),
      weight: item.node.cost,
    });
    return clusters.length - 1;
  };

  /** How an item would sit in a cluster: every value of the cluster it reads must be at hand where it is read. */
  const fits = (c: Cluster, item: Item): boolean => {
    const read = c.items.filter((x) => item.reads.has(x.node));
    const keys = (x: Item): ReadonlySet<string> => item.reads.get(x.node)!;
    const size = item.node.size;
    if (c.kind === 'other' || item.kind === 'other') return false;
    if (!c.flat && size === c.outer && updatesState(item)) return false;
    if (c.kind === 'contract')
      return (
        item.kind === 'map' &&
        !updatesState(item) &&
        size === c.items[0]!.node.size &&
        read.every((x) => x.kind !== 'reduce' && only(keys(x), positionKey(size)))
      );
    if (item.kind === 'map') {
      if (c.flat) return size === c.outer && read.every((x) => only(keys(x), positionKey(size)));
      const onRow = (x: Item): boolean => x.kind === 'reduce' || x.node.size === c.outer;
      const asOuter = size === c.outer && read.every((x) => onRow(x) && only(keys(x), positionKey(size)));
      if (asOuter) return true;
      return (
        c.rows &&
        size === c.outer * c.inner &&
        (read.every((x) => x.kind === 'map') || c.inner <= limits.row) &&
        read.every((x) => only(keys(x), onRow(x) && c.inner > 1 ? rowKey(size, c.inner) : positionKey(size)))
      );
    }
    const point = pointKey(item.outer, item.inner);
    if (c.flat)
      return (
        item.rows && c.outer === item.outer * item.inner && read.length > 0 && read.every((x) => only(keys(x), point))
      );
    return (
      c.outer === item.outer &&
      c.inner === item.inner &&
      c.rows === item.rows &&
      c.layout === item.layout &&
      (read.every((x) => x.kind === 'map') || c.inner <= limits.row) &&
      read.every((x) =>
        only(keys(x), x.kind === 'reduce' || (x.node.size === c.outer && c.inner > 1) ? outerKey(item.outer) : point),
      )
    );
  };

  const related = (c: Cluster, at: number, item: Item): boolean =>
    readsOf(item).some((n) => c.reads.has(n) || home.get(n) === at) ||
    (item.node.size === 1 && c.outer === 1 && c.kind === 'loop');

  // State that a step updates is read and written once, whatever computes its gradient: such updates run together.
  const updatesState = (item: Item): boolean =>
    !inside &&
    outputs.has(item.node) &&
    readsOf(item).some((n) => n.equation === undefined && n.size === item.node.size && n.size > 1);
  const outputs = new Set(graph.program.outs.map((v) => graph.nodes.get(v)!));

  const join = (c: Cluster, item: Item): void => {
    if (item.kind === 'reduce' && c.flat && c.kind === 'loop') {
      c.flat = false;
      c.outer = item.outer;
      c.inner = item.inner;
      c.rows = item.rows;
      c.layout = item.layout;
    }
    c.items.push(item);
    readsOf(item).forEach((n) => c.reads.add(n));
    c.weight += item.node.cost;
  };

  const affordable = (c: Cluster, item: Item): boolean => {
    const touched = new Set([...c.reads, ...item.reads.keys(), ...c.items.map((x) => x.node), item.node]);
    return touched.size <= limits.buffers && c.weight + item.node.cost <= 2000;
  };

  // What is computed behind a barrier joins no kernel that was there when the barrier was reached; a computed value keeps
  // what reads it behind it anyway.
  const floors = new Map<Node, number>();
  const floorOf = (node: Node): number => {
    let floor = node.equation?.primitive.name === 'barrier' ? clusters.length : 0;
    for (const v of node.equation?.inputs ?? []) floor = Math.max(floor, floors.get(graph.nodes.get(v)!) ?? 0);
    if (floor > 0 && !node.root) floors.set(node, floor);
    return floor;
  };

  // A sum of columns goes to a contraction that reads the same operand, which may come only now, if all that it reads is there.
  const beside = limits.sums === true ? sumsBeside(graph) : undefined;
  const known = (v: Value, by: Node): boolean => {
    const n = graph.nodes.get(v)!;
    if (n.order < by.order) return true;
    return !n.root && n.equation!.primitive.name !== 'barrier' && n.equation!.inputs.every((x) => known(x, by));
  };
  const contraction = (item: Item, floor: number): readonly [cluster: number, side: Side] | undefined => {
    if (beside === undefined || item.kind !== 'reduce' || item.rows) return undefined;
    for (const { node, side } of beside(item.node)) {
      if (!home.has(node) && node.equation!.inputs.every((v) => known(v, item.node)))
        home.set(node, open(describe(graph, node)));
      const at = home.get(node);
      if (at !== undefined && at >= floor && affordable(clusters[at]!, item)) return [at, side];
    }
    return undefined;
  };

  for (const node of graph.order) {
    const floor = floorOf(node);
    if (!node.root || node.equation === undefined || home.has(node)) continue;
    // Several outputs of one sort or one multi-output routine come from one kernel.
    const first = graph.nodes.get(node.equation.outs[0] ?? node.value)!;
    if (first !== node && home.has(first) && clusters[home.get(first)!]!.kind === 'other') {
      const c = home.get(first)!;
      clusters[c]!.items.push({ ...describe(graph, node), kind: 'other' });
      home.set(node, c);
      continue;
    }
    const item = describe(graph, node);
    const latest = readsOf(item).reduce((m, n) => Math.max(m, home.get(n) ?? -1), -1);
    let chosen = -1;
    if (item.kind !== 'other') {
      for (let i = Math.max(latest, floor, 0); i < clusters.length && chosen < 0; i++) {
        const c = clusters[i]!;
        if (related(c, i, item) && fits(c, item) && affordable(c, item)) chosen = i;
      }
    }
    const sum = chosen < 0 ? contraction(item, Math.max(latest, floor)) : undefined;
    if (chosen >= 0) join(clusters[chosen]!, item);
    else if (sum !== undefined) join(clusters[(chosen = sum[0])]!, { ...item, side: sum[1] });
    else chosen = open(item);
    home.set(node, chosen);
  }
  return clusters;
};
