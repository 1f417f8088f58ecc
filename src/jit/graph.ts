// The graph of a program as scheduling sees it: every value with its lowering, cost and uses, and which values must be computed on their own.
import { sizeOf } from '../core/aval.ts';
import { visit, type Expr, type ScalarOp } from '../core/expr.ts';
import { indexKey, linearize, newVar, range, valueIndex, variable } from '../core/index-expr.ts';
import type { Access, Lowering } from '../core/lowering.ts';
import type { Equation, Program, Value } from '../core/program.ts';
import { updateForms } from './updates.ts';

export interface Node {
  readonly value: Value;
  /** Position in the order of computation. */
  readonly order: number;
  readonly size: number;
  /** Absent for the program's inputs. */
  readonly equation?: Equation;
  readonly lowering?: Lowering;
  /** Which output of its equation it is. */
  readonly slot: number;
  /** The same elements in the same order as another value (a reshape). */
  readonly view?: Value;
  /** What computing one element costs where it is inlined: about one per basic operation, ten per elementary function. */
  weight: number;
  /** The same, had it not been computed on its own. */
  cost: number;
  uses: number;
  /** Computed on its own by some kernel; others are inlined into every use. */
  root: boolean;
}

export interface Graph {
  readonly program: Program;
  readonly nodes: ReadonlyMap<Value, Node>;
  readonly order: readonly Node[];
}

/** The value whose elements a value shares: a view of a computed value is that value. */
export const baseOf = (nodes: Graph['nodes'], v: Value): Node => {
  const n = nodes.get(v)!;
  return n.view === undefined ? n : baseOf(nodes, n.view);
};

const cheap = new Set<ScalarOp>([
  'add',
  'sub',
  'mul',
  'neg',
  'abs',
  'min',
  'max',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'xor',
  'not',
  'shl',
  'shr',
  'select',
  'convert',
  'bitcast',
  'floor',
  'ceil',
  'trunc',
  'round',
  'sign',
]);
const middling = new Set<ScalarOp>(['div', 'sqrt', 'rem', 'rsqrt', 'ldexp', 'exponent', 'significand']);
const opWeight = (op: ScalarOp): number => (cheap.has(op) ? 1 : middling.has(op) ? 4 : 12);

const exprWeight = (exprs: readonly Expr[]): number => {
  let w = 0;
  const seen = new Set<Expr>();
  for (const e of exprs) visit(e, (x) => ('args' in x ? (w += opWeight(x.op)) : undefined), seen);
  return w;
};

/** A move as symbolic accesses over fresh variables. */
const moveAccesses = (
  lowering: Extract<Lowering, { tag: 'move' }>,
  shape: readonly number[],
): { readonly pieces: readonly Access[]; readonly out: string } => {
  const at = shape.map((n) => variable(newVar(n)));
  const placeholder: Expr = { op: 'local', dtype: 'int32', local: -1 };
  return { pieces: lowering.at(at, () => valueIndex(placeholder)), out: indexKey(linearize(at, shape)) };
};

const isView = (lowering: Lowering, e: Equation): boolean => {
  if (lowering.tag !== 'move') return false;
  const from = e.inputs[0]!.aval.shape;
  const to = e.outs[0]!.aval.shape;
  if (sizeOf(from) !== sizeOf(to)) return false;
  if (e.primitive.name === 'reshape') return true;
  const { pieces, out } = moveAccesses(lowering, to);
  const only = pieces.length === 1 ? pieces[0]! : undefined;
  if (only === undefined || (only.input ?? 0) !== 0 || (only.guards?.length ?? 0) > 0) return false;
  const linear = linearize(only.index, from);
  return indexKey(linear) === out && range(linear)[0] >= 0;
};

// What reads whole buffers, in an order of its own.
const dense: ReadonlySet<Lowering['tag']> = new Set([
  'sort',
  'cumulate',
  'callback',
  'scan',
  'cond',
  'while',
  'call',
] as const);
// Beyond this many operations an inlined expression is cut.
const maxWeight = 400;
const expensive = 8;

/** Analyses a simplified program. `buffers`: the most that one kernel may touch; `inPlace`: see Limits. */
export const analyse = (program: Program, buffers: number, inPlace = false): Graph => {
  const nodes = new Map<Value, Node>();
  const order: Node[] = [];
  const push = (n: Node): void => {
    nodes.set(n.value, n);
    order.push(n);
  };
  program.inputs.forEach((value) =>
    push({
      value,
      order: order.length,
      size: sizeOf(value.aval.shape),
      slot: 0,
      weight: 0,
      cost: 0,
      uses: 0,
      root: true,
    }),
  );
  const form = inPlace ? updateForms(program) : undefined;
  for (const e of program.equations) {
    const lowered = e.primitive.lower(
      e.inputs.map((v) => v.aval),
      e.params,
      e.outs.map((v) => v.aval),
    );
    const lowering = form?.(e, lowered) ?? lowered;
    for (const v of e.inputs) nodes.get(v)!.uses++;
    const inputs = e.inputs.map((v) => nodes.get(v)!);
    const below = inputs.reduce((w, n) => w + (n.root ? 0 : n.weight), 0);
    // What only has an effect still has its place in the order.
    const outs: readonly Value[] = e.outs.length > 0 ? e.outs : [{ aval: { shape: [0], dtype: 'bool', weak: false } }];
    outs.forEach((value, slot) => {
      const size = sizeOf(value.aval.shape);
      const anchor = lowering.tag !== 'map' && lowering.tag !== 'move';
      let weight = below;
      if (lowering.tag === 'map') weight += exprWeight(lowering.outs);
      push({
        value,
        order: order.length,
        size,
        equation: e,
        lowering,
        slot,
        ...(isView(lowering, e) ? { view: e.inputs[0]! } : {}),
        weight: anchor ? 0 : weight,
        cost: 0,
        uses: 0,
        root: anchor || weight > maxWeight,
      });
    });
  }
  for (const v of program.outs) nodes.get(v)!.uses++;
  chooseRoots(program, nodes, order, buffers);
  return { program, nodes, order };
};

const chooseRoots = (program: Program, nodes: Map<Value, Node>, order: readonly Node[], buffers: number): void => {
  const node = (v: Value): Node => nodes.get(v)!;
  const base = (n: Node): Node => baseOf(nodes, n.value);
  const makeRoot = (n: Node): void => {
    base(n).root = true;
  };
  for (const v of program.outs) makeRoot(node(v));
  // What the inlined expression of a value costs, now that more values are roots.
  const cost = (n: Node): number => {
    if (n.lowering === undefined) return 0;
    let w = n.lowering.tag === 'map' ? exprWeight(n.lowering.outs) : 0;
    for (const v of n.equation!.inputs) w += node(v).weight;
    return w;
  };
  // The roots that an inlined value reads. Where they and the result are more than a kernel may touch, the operand that reads most becomes a root.
  const leaves = new Map<Node, ReadonlySet<Node>>();
  const leavesOf = (n: Node): ReadonlySet<Node> => (base(n).root ? new Set([base(n)]) : leaves.get(n)!);
  const union = (inputs: readonly Node[]): ReadonlySet<Node> => new Set(inputs.flatMap((x) => [...leavesOf(x)]));
  const boundLeaves = (n: Node, inputs: readonly Node[]): void => {
    let all = union(inputs);
    while (all.size >= buffers) {
      const most = inputs.reduce((a, b) => (leavesOf(b).size > leavesOf(a).size ? b : a));
      if (leavesOf(most).size < 2) break;
      makeRoot(most);
      most.weight = 0;
      all = union(inputs);
    }
    leaves.set(n, all);
  };
  for (const n of order) {
    const { lowering, equation: e } = n;
    if (e !== undefined) boundLeaves(n, e.inputs.map(node));
    if (lowering === undefined || e === undefined) continue;
    if (n.slot === 0) {
      const inputs = e.inputs.map(node);
      if (lowering.tag === 'contract') inputs.filter((x) => !isMoved(x, node)).forEach(makeRoot);
      if (dense.has(lowering.tag)) inputs.forEach(makeRoot);
      if (lowering.tag === 'move') {
        const x = inputs[0]!;
        const expands = n.size > x.size && x.size > 1;
        const trailing =
          e.primitive.name === 'broadcast' &&
          (e.params['axes'] as readonly number[]).every((a) => a >= x.value.aval.shape.length);
        if (expands && !trailing && x.weight >= 4) makeRoot(x);
      }
    }
    n.weight = cost(n);
    // Whether used twice is known, but whether in two kernels is not: a root that stays in one kernel is not stored.
    if (!n.root && ((n.uses > 1 && n.weight >= expensive) || n.weight > maxWeight)) makeRoot(n);
    n.cost = n.weight;
    if (n.root) n.weight = 0;
  }
};

/** True for a value that moves or merely renames the elements of a root: a contraction can read it in place. */
const isMoved = (n: Node, node: (v: Value) => Node): boolean => {
  if (n.root) return true;
  return n.lowering?.tag === 'move' && n.equation!.inputs.every((v) => isMoved(node(v), node));
};
