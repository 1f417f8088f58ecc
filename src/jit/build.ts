// Kernels out of clusters: what each computes at each point, as expressions over elements of buffers.
import { sizeOf } from '../core/aval.ts';
import type { Expr } from '../core/expr.ts';
import {
  add,
  linearize,
  newVar,
  provable,
  rowMajor,
  scale,
  unlinearize,
  valueIndex,
  variable,
  type Index,
  type Var,
} from '../core/index-expr.ts';
import type { Value } from '../core/program.ts';
import { sourceIndex, splitAxes } from './axes.ts';
import type { Cluster, Item, Limits } from './cluster.ts';
import { baseOf, type Graph, type Node } from './graph.ts';
import type { Action, ContractKernel, Kernel, LoopKernel, Stage } from './kernel.ts';
import { expandMath, mathExpander } from '../core/math/index.ts';
import { buildControl, type Parts } from './control.ts';
import { routineKernel } from './routines.ts';
import { createBuilder, load, type Leaf } from './symbolic.ts';

export type BufferOf = (n: Node) => number;

const nameOf = (c: Cluster): string => {
  const names = c.items.map((i) => i.node.equation!.primitive.name);
  return [...new Set(names)].slice(0, 4).join('_');
};

const reading =
  (buffer: BufferOf): Leaf =>
  (node, position, guards) =>
    load(
      node,
      buffer(node),
      position,
      guards.filter((g) => !provable(g)),
    );

export const buildLoop = (
  graph: Graph,
  c: Cluster,
  stored: ReadonlySet<Node>,
  buffer: BufferOf,
  limits: Limits,
): LoopKernel => {
  const reduction = c.items.find((i) => i.kind === 'reduce');
  const lowering = reduction?.node.lowering;
  const source = reduction?.node.equation!.inputs[0]!.aval.shape;
  const parts = lowering?.tag === 'reduce' ? splitAxes(source!, lowering.axes) : undefined;
  const outer: Var[] = (parts?.kept ?? c.items[0]!.node.value.aval.shape).map(newVar);
  const inner: Var[] = (parts?.reduced ?? []).map(newVar);
  const [row, column] = [rowMajor(outer), rowMajor(inner)];
  const point = c.flat ? row : add(scale(row, c.inner), column);

  const members = new Map<Node, Item>(c.items.map((i) => [i.node, i]));
  const onRow = (i: Item): boolean =>
    !c.flat && (i.kind === 'reduce' || (i.node.size === c.outer && (c.inner > 1 || !i.rows || !isInner(i))));
  const isInner = (i: Item): boolean => i.node.size === c.outer * c.inner;
  const levels = new Map<Node, number>();
  for (const i of c.items) {
    let level = 0;
    for (const n of i.reads.keys()) {
      const dep = members.get(n);
      if (dep !== undefined) level = Math.max(level, levels.get(n)! + (dep.kind === 'reduce' ? 1 : 0));
    }
    levels.set(i.node, level);
  }
  const top = Math.max(...levels.values());

  const locals = new Map<Node, number>();
  const rows = new Map<Node, number>();
  const stages: Stage[] = [];
  for (let level = 0; level <= top; level++) {
    const available = (n: Node): Expr | undefined => {
      const item = members.get(n)!;
      const { dtype } = n.value.aval;
      if (item.kind === 'reduce') return { op: 'local', dtype, local: locals.get(n)! };
      const kept = rows.get(n);
      return kept !== undefined && levels.get(n)! < level ? { op: 'row', dtype, row: kept } : undefined;
    };
    const builder = createBuilder(graph, (n, position, guards) =>
      members.has(n) ? available(n) : reading(buffer)(n, position, guards),
    );
    const here = c.items.filter((i) => levels.get(i.node) === level);
    const value = (i: Item, position: Index): Expr =>
      builder.define(i.node, unlinearize(position, i.node.value.aval.shape));
    const store = (n: Node, position: Index, e: Expr): Action => ({
      kind: 'store',
      buffer: buffer(n),
      index: position,
      value: e,
    });

    const before: Action[] = [];
    const during: Action[] = [];
    const after: Action[] = [];
    for (const i of here) {
      if (i.kind === 'reduce') {
        const l = i.node.lowering!;
        if (l.tag !== 'reduce') throw new Error('a reduction without its lowering');
        const shape = i.node.equation!.inputs[0]!.aval.shape;
        const p = splitAxes(shape, l.axes);
        const index = sourceIndex(shape.length, l.axes, unlinearize(row, p.kept), unlinearize(column, p.reduced));
        const e = builder.at(i.node.equation!.inputs[0]!, index);
        const local = locals.size;
        locals.set(i.node, local);
        const { dtype } = i.node.value.aval;
        during.push({ kind: 'reduce', op: l.op, value: e, local, dtype });
        if (stored.has(i.node)) after.push(store(i.node, row, { op: 'local', dtype, local }));
      } else if (onRow(i)) {
        if (stored.has(i.node)) before.push(store(i.node, row, value(i, row)));
      } else {
        const e = value(i, point);
        // Something a later stage needs again and is dear to compute is kept for the row.
        const later = c.items.some((x) => levels.get(x.node)! > level && x.reads.has(i.node));
        if (later && i.node.cost >= 4 && c.inner <= limits.row) {
          rows.set(i.node, rows.size);
          during.push({ kind: 'row', row: rows.get(i.node)!, dtype: i.node.value.aval.dtype, value: e });
        }
        if (stored.has(i.node)) during.push(store(i.node, point, e));
      }
    }
    if (before.length > 0) stages.push({ axes: [], actions: before });
    if (during.length > 0) stages.push({ axes: inner, actions: during });
    if (after.length > 0) stages.push({ axes: [], actions: after });
  }
  return { kind: 'loop', name: nameOf(c), outer, stages: expandStages(stages) };
};

// One expander for a kernel: what its values share is expanded once, and stays shared.
const expandStages = (stages: readonly Stage[]): Stage[] => {
  const { expr } = mathExpander();
  return stages.map((s) => ({ axes: s.axes, actions: s.actions.map((a) => ({ ...a, value: expr(a.value) })) }));
};

const vars = (extents: readonly number[]): { readonly list: Var[]; readonly at: Index[] } => {
  const list = extents.map(newVar);
  return { list, at: list.map(variable) };
};

/** Whether all elements of a value are float16 numbers: it is rounded to those (or fewer), or moves what is. */
const isHalf = (graph: Graph, v: Value): boolean => {
  const { lowering: l, equation: e } = graph.nodes.get(v)!;
  if (l?.tag === 'move') return !l.fill && e!.inputs.every((x) => isHalf(graph, x));
  const { exponentBits, mantissaBits } = (e?.params ?? {}) as { readonly [name: string]: number };
  return e?.primitive.name === 'reducePrecision' && exponentBits! <= 5 && mantissaBits! <= 10;
};

export const buildContract = (
  graph: Graph,
  c: Cluster,
  stored: ReadonlySet<Node>,
  buffer: BufferOf,
): ContractKernel => {
  const root = c.items[0]!.node;
  const l = root.lowering!;
  if (l.tag !== 'contract') throw new Error('a contraction without its lowering');
  const [batch, m, n, k] = [vars(l.batch), vars(l.m), vars(l.n), vars(l.k)];
  const lhs = l.lhs(batch.at, m.at, k.at);
  const rhs = l.rhs(batch.at, n.at, k.at);
  const operands = createBuilder(graph, reading(buffer));
  const operand = (v: Value, index: readonly Index[], guards: (typeof lhs)['guards']): Expr => {
    const own = (guards ?? []).filter((g) => !provable(g));
    const e = operands.at(v, index, own);
    return own.length === 0 || e.op === 'load'
      ? e
      : { op: 'guarded', dtype: e.dtype, guards: own, then: e, otherwise: { op: 'const', dtype: e.dtype, value: 0 } };
  };
  const [x, y] = root.equation!.inputs;
  const { shape, dtype } = root.value.aval;
  const position = linearize(l.out(batch.at, m.at, n.at), shape);
  const members = new Set(c.items.map((i) => i.node));
  const acc: Expr = { op: 'acc', dtype };
  const epilogue = createBuilder(graph, (node, at, guards) =>
    node === root ? acc : members.has(node) ? undefined : reading(buffer)(node, at, guards),
  );
  const stores = c.items
    .filter((i) => stored.has(i.node) && i.kind !== 'reduce')
    .map((i) => ({
      kind: 'store' as const,
      buffer: buffer(i.node),
      index: position,
      value:
        i.node === root ? acc : expandMath(epilogue.define(i.node, unlinearize(position, i.node.value.aval.shape))),
    }));
  const sums = c.items.flatMap((i) => {
    if (i.side === undefined || !stored.has(i.node)) return [];
    const kept = i.side === 'a' ? m : n;
    return [{ side: i.side, buffer: buffer(i.node), index: rowMajor(kept.list) }];
  });
  return {
    kind: 'contract',
    name: nameOf(c),
    dtype,
    batch: batch.list,
    m: m.list,
    n: n.list,
    k: k.list,
    a: expandMath(operand(x!, lhs.index, lhs.guards)),
    b: expandMath(operand(y!, rhs.index, rhs.guards)),
    epilogue: stores,
    ...(sums.length === 0 ? {} : { sums }),
    halves: (['a', 'b'] as const).filter((_, i) => isHalf(graph, root.equation!.inputs[i]!)),
  };
};

export const buildOther = (graph: Graph, c: Cluster, buffer: BufferOf, parts: Parts): Kernel => {
  const node = c.items[0]!.node;
  const e = node.equation!;
  const l = node.lowering!;
  const { shape, dtype } = node.value.aval;
  const dense = (v: Value): number => buffer(baseOf(graph.nodes, v));
  if (l.tag === 'scan' || l.tag === 'cond' || l.tag === 'while')
    return buildControl(
      l,
      e.inputs.map(dense),
      e.outs.map((v) => buffer(graph.nodes.get(v)!)),
      parts,
    );
  if (l.tag === 'cumulate')
    return {
      kind: 'cumulate',
      name: e.primitive.name,
      op: l.op,
      dtype,
      source: dense(e.inputs[0]!),
      target: buffer(node),
      outer: sizeOf(shape.slice(0, l.axis)),
      length: shape[l.axis]!,
      inner: sizeOf(shape.slice(l.axis + 1)),
      reverse: l.reverse,
    };
  if (l.tag === 'call')
    return routineKernel(
      l,
      e,
      e.inputs.map(dense),
      e.outs.map((v) => buffer(graph.nodes.get(v)!)),
    );
  if (l.tag === 'callback')
    return {
      kind: 'callback',
      name: l.name,
      sources: e.inputs.map(dense),
      targets: e.outs.map((v) => buffer(graph.nodes.get(v)!)),
      call: l.call,
    };
  if (l.tag === 'sort')
    return {
      kind: 'sort',
      name: e.primitive.name,
      sources: e.inputs.map(dense),
      targets: e.outs.map((v) => buffer(graph.nodes.get(v)!)),
      dtypes: e.outs.map((v) => v.aval.dtype),
      outer: sizeOf(shape.slice(0, l.axis)),
      length: shape[l.axis]!,
      inner: sizeOf(shape.slice(l.axis + 1)),
      descending: l.descending,
    };
  if (l.tag === 'scatter') {
    const builder = createBuilder(graph, reading(buffer));
    const all = vars(shape);
    const updates = e.inputs[e.inputs.length - 1]!;
    const u = vars(updates.aval.shape);
    const access = l.at(u.at, (input, at) => valueIndex(builder.at(e.inputs[input]!, at)));
    const expand = mathExpander();
    return {
      kind: 'scatter',
      name: e.primitive.name,
      op: l.op,
      dtype,
      target: buffer(node),
      init: { axes: all.list, index: linearize(all.at, shape), value: expandMath(builder.at(e.inputs[0]!, all.at)) },
      axes: u.list,
      index: expand.index(linearize(access.index, shape)),
      guards: expand.guards((access.guards ?? []).filter((g) => !provable(g))),
      value: expand.expr(builder.at(updates, u.at)),
    };
  }
  throw new Error(`${e.primitive.name}: no kernel for a lowering of kind ${l.tag}`);
};
