// Symbolic evaluation: one element of a program's value as a scalar expression over elements of computed values, everything between inlined.
import { isOp, lit, type Expr } from '../core/expr.ts';
import { indexKey, linearize, provable, range, valueIndex, type Guard, type Index } from '../core/index-expr.ts';
import type { Access } from '../core/lowering.ts';
import type { Value } from '../core/program.ts';
import { convert, make } from './fold.ts';
import type { Graph, Node } from './graph.ts';

/** What stands for the element of a computed value at a linear position; undefined asks for it to be inlined too. */
export type Leaf = (node: Node, position: Index, guards: readonly Guard[]) => Expr | undefined;

export interface Builder {
  /** The element of a value at a multi-index. `guards` hold wherever the result is used. */
  readonly at: (value: Value, index: readonly Index[], guards?: readonly Guard[]) => Expr;
  /** The same for a computed value, from its own equation instead of its leaf. */
  readonly define: (node: Node, index: readonly Index[]) => Expr;
}

const guardsKey = (guards: readonly Guard[]): string =>
  guards.map((g) => `${indexKey(g.index)}<${g.lo},${g.hi}`).join('&');
const neverHolds = (g: Guard): boolean => {
  const [lo, hi] = range(g.index);
  return hi < g.lo || lo >= g.hi;
};

export const load = (node: Node, buffer: number, index: Index, guards: readonly Guard[], fill = 0): Expr => ({
  op: 'load',
  dtype: node.value.aval.dtype,
  buffer,
  index,
  guards,
  fill,
});

export const createBuilder = (graph: Graph, leaf: Leaf): Builder => {
  const memo = new Map<string, Expr>();
  // Outputs of one equation share their inner expressions.
  const rewritten = new Map<string, Map<Expr, Expr>>();

  const baseOf = (n: Node): Node => (n.root || n.view === undefined ? n : baseOf(graph.nodes.get(n.view)!));
  const at = (value: Value, index: readonly Index[], guards: readonly Guard[] = []): Expr => {
    const node = graph.nodes.get(value)!;
    const key = `${node.order}|${index.map(indexKey).join(',')}|${guardsKey(guards)}`;
    const known = memo.get(key);
    if (known !== undefined) return known;
    // A view has its source's elements in the same order: no digit of a position is needed, which guards may be what bounds.
    const base = baseOf(node);
    const result =
      (base.root ? leaf(base, linearize(index, value.aval.shape), guards) : undefined) ?? expand(node, index, guards);
    memo.set(key, result);
    return result;
  };

  const expand = (node: Node, index: readonly Index[], guards: readonly Guard[]): Expr => {
    const { lowering, equation: e } = node;
    if (lowering === undefined || e === undefined) throw new Error('an input of the program has no equation to inline');
    if (lowering.tag === 'map') {
      const key = `${graph.nodes.get(e.outs[0]!)!.order}|${index.map(indexKey).join(',')}|${guardsKey(guards)}`;
      let shared = rewritten.get(key);
      if (shared === undefined) rewritten.set(key, (shared = new Map()));
      return inlineMap(lowering.outs[node.slot]!, (k) => at(e.inputs[k]!, index, guards), index, shared);
    }
    if (lowering.tag === 'move') {
      const pieces = lowering.at(index, (k, where) => valueIndex(at(e.inputs[k]!, where, guards)));
      return choose(pieces, e.inputs, lit(lowering.fill ?? 0, node.value.aval.dtype), guards);
    }
    throw new Error(`${e.primitive.name} (${lowering.tag}) cannot be inlined`);
  };

  const choose = (
    pieces: readonly Access[],
    inputs: readonly Value[],
    otherwise: Expr,
    guards: readonly Guard[],
  ): Expr => {
    let out = otherwise;
    for (let i = pieces.length - 1; i >= 0; i--) {
      const piece = pieces[i]!;
      const own = (piece.guards ?? []).filter((g) => !provable(g));
      if (own.some(neverHolds)) continue;
      const then = at(inputs[piece.input ?? 0]!, piece.index, own.length === 0 ? guards : [...guards, ...own]);
      if (own.length === 0) out = then;
      else if (then.op === 'load' && out.op === 'const' && then.guards.length === own.length)
        out = { ...then, fill: out.value };
      else if (then.op === 'const' && out.op === 'const' && then.value === out.value) continue;
      else out = { op: 'guarded', dtype: then.dtype, guards: own, then, otherwise: out };
    }
    return out;
  };

  return { at, define: (node, index) => expand(node, index, []) };
};

/** A map's scalar expression with its arguments and indices put in. */
const inlineMap = (e: Expr, argument: (k: number) => Expr, index: readonly Index[], memo: Map<Expr, Expr>): Expr => {
  const known = memo.get(e);
  if (known !== undefined) return known;
  let out: Expr;
  if (e.op === 'arg') out = argument(e.arg);
  else if (e.op === 'iota') {
    const i = index[e.axis]!;
    out = i.terms.length === 0 ? lit(i.offset, 'int32') : { op: 'index', dtype: 'int32', index: i };
  } else if (isOp(e)) {
    const args = e.args.map((a) => inlineMap(a, argument, index, memo));
    out = e.op === 'convert' ? convert(args[0]!, e.dtype) : make(e.op, e.dtype, args);
  } else out = e;
  memo.set(e, out);
  return out;
};
