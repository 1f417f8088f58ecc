// Renders expressions at a vector's worth of points.
import { isOp, visit, type Expr } from '../../core/expr.ts';
import type { Var } from '../../core/index-expr.ts';
import { lowerLoad } from './access.ts';
import { condition, indexValue, maskOf, type Memory, type Points } from './index-code.ts';
import type { Load } from './guards.ts';
import type { Graph, Node } from './node.ts';
import { literal, lowerOp, select, type OpContext } from './ops.ts';

export interface PointsSpec {
  readonly g: Graph;
  readonly ops: OpContext;
  readonly lanes: 2 | 4;
  readonly valid: number;
  readonly vector: Var | null;
  readonly tile?: { readonly axis: Var; readonly row: number };
  readonly at: (v: Var) => { readonly node: Node; readonly offset: number };
  readonly memory: (buffer: number) => Memory;
  readonly local: (local: number) => Node;
  readonly varsOf: (e: Expr) => ReadonlySet<number>;
}

// An arm is worth a branch when it does more than a few operations.
const isHeavy = (e: Expr): boolean => {
  let ops = 0;
  visit(e, (x) => {
    if (isOp(x)) ops++;
  });
  return ops >= 6;
};

export const pointsOf = (spec: PointsSpec): Points => {
  const { g } = spec;
  const memo = new Map<Expr, Node>();
  const render = (e: Expr): Node => {
    if (isOp(e)) return lowerOp(spec.ops, e, e.args.map(expr));
    switch (e.op) {
      case 'const':
        return literal(g, e.value, e.dtype);
      case 'index':
        return indexValue(points, e.index);
      case 'load':
        return lowerLoad(points, e as Load);
      case 'local':
        return spec.local(e.local);
      case 'guarded': {
        const c = condition(points, e.guards);
        const [then, otherwise] = [expr(e.then), expr(e.otherwise)];
        if (c.lanes === null && c.uniform !== null && (isHeavy(e.then) || isHeavy(e.otherwise)))
          return g.choose(c.uniform, then, otherwise);
        const mask = maskOf(g, c);
        return mask === null ? then : select(g, mask, then, otherwise, e.dtype);
      }
      default:
        throw new Error(`wasm: the expression ${e.op} has no place in a loop kernel`);
    }
  };
  const expr = (e: Expr): Node => {
    let n = memo.get(e);
    if (n === undefined) memo.set(e, (n = render(e)));
    return n;
  };
  const points: Points = { ...spec, expr };
  return points;
};
