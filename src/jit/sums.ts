// Sums that a contraction can compute beside its result: those of one operand over the common dimension, as a layer's bias gradient is.
import { sizeOf } from '../core/aval.ts';
import { indexKey, newVar, provable, unlinearize, variable, type Guard, type Index } from '../core/index-expr.ts';
import type { Value } from '../core/program.ts';
import { sourceIndex, splitAxes } from './axes.ts';
import type { Graph, Node } from './graph.ts';
import type { Side } from './kernel.ts';
import { createBuilder, load } from './symbolic.ts';

/** A contraction, and the operand whose sum it is. */
export interface Beside {
  readonly node: Node;
  readonly side: Side;
}

/** Finds the contractions of a graph, in order, that have a reduced value at hand. */
export const sumsBeside = (graph: Graph): ((reduction: Node) => readonly Beside[]) => {
  const builder = createBuilder(graph, (n, position, guards) => load(n, n.order, position, guards));
  // Kept and common positions counted by one variable each, the same for all of an extent: what is read compares as text.
  const counters = new Map<string, Index>();
  const counter = (role: string, extent: number): Index => {
    const key = `${role}${extent}`;
    if (!counters.has(key)) counters.set(key, variable(newVar(extent)));
    return counters.get(key)!;
  };
  const split = (role: string, extents: readonly number[]): Index[] =>
    unlinearize(counter(role, sizeOf(extents)), extents);
  /** An element as it is in memory, without anything computed from it. */
  const keyOf = (
    v: Value,
    index: readonly Index[],
    guards: readonly Guard[],
    kept: readonly number[],
    common: readonly number[],
  ): string | undefined => {
    if (guards.some((g) => !provable(g))) return undefined;
    const e = builder.at(v, index);
    if (e.op !== 'load' || e.guards.some((g) => !provable(g))) return undefined;
    return `${e.buffer}[${indexKey(e.index)}] ${sizeOf(kept)},${sizeOf(common)}`;
  };

  let operands: Map<string, Beside[]> | undefined;
  const findOperands = (): Map<string, Beside[]> => {
    const found = new Map<string, Beside[]>();
    for (const node of graph.order) {
      const l = node.lowering;
      if (l?.tag !== 'contract' || node.value.aval.dtype !== 'float32' || sizeOf(l.batch) !== 1) continue;
      const batch = split('batch', l.batch);
      for (const side of ['a', 'b'] as const) {
        const kept = side === 'a' ? l.m : l.n;
        const access = (side === 'a' ? l.lhs : l.rhs)(batch, split('kept', kept), split('common', l.k));
        const operand = node.equation!.inputs[side === 'a' ? 0 : 1]!;
        const key = keyOf(operand, access.index, access.guards ?? [], kept, l.k);
        if (key !== undefined) found.set(key, [...(found.get(key) ?? []), { node, side }]);
      }
    }
    return found;
  };
  return (reduction) => {
    const l = reduction.lowering;
    if (l?.tag !== 'reduce' || l.op !== 'sum' || reduction.value.aval.dtype !== 'float32') return [];
    const source = reduction.equation!.inputs[0]!;
    if (source.aval.dtype !== 'float32') return [];
    const { shape } = source.aval;
    const { kept, reduced } = splitAxes(shape, l.axes);
    const index = sourceIndex(shape.length, l.axes, split('kept', kept), split('common', reduced));
    const key = keyOf(source, index, [], kept, reduced);
    return key === undefined ? [] : ((operands ??= findOperands()).get(key) ?? []);
  };
};
