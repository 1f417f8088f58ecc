// Gradients of reads, added up: what is scattered into zeros and then added to something is added to it at once.
import { sizeOf } from '../core/aval.ts';
import type { Equation, Program, Value } from '../core/program.ts';

// A window of which the rest is zero is worth adding by itself where it is this many times smaller than what it is added to.
const smaller = 4;

/** The scatter as an addition, if that into zeros is the same. */
const asAddition = (e: Equation): Equation | undefined => {
  const { op, unique, batch } = e.params as {
    readonly op: string;
    readonly unique: boolean;
    readonly batch: readonly [unknown, readonly number[]];
  };
  if (op === 'add') return e;
  const [x, first, u] = [e.inputs[0]!, e.inputs[1]!, e.inputs[e.inputs.length - 1]!];
  const once = unique || batch[1].length === first.aval.shape.length;
  const small = smaller * sizeOf(u.aval.shape) < sizeOf(x.aval.shape);
  return op === 'set' && once && small ? { ...e, params: { ...e.params, op: 'add', unique: true } } : undefined;
};

/**
 * a + scatter(zeros, indices, updates) becomes an addition of the updates into a, where nothing else reads the scattered zeros: then
 * planning can write it over a.
 */
export const accumulate = (p: Program): Program => {
  if (!p.equations.some((e) => e.primitive.name === 'scatter')) return p;
  const uses = new Map<Value, number>();
  const use = (v: Value, n: number): void => void uses.set(v, (uses.get(v) ?? 0) + n);
  for (const v of p.outs) use(v, 1);
  for (const e of p.equations) for (const v of e.inputs) use(v, 1);
  const maker = new Map<Value, Equation>();
  for (const e of p.equations) for (const v of e.outs) maker.set(v, e);
  const isZero = (v: Value): boolean => {
    const e = maker.get(v);
    return e?.primitive.name === 'full' && e.params['value'] === 0;
  };
  /** The addition that a value is, were it not for the zeros that it begins with. */
  const scattered = (v: Value): Equation | undefined => {
    const e = maker.get(v);
    return e?.primitive.name === 'scatter' && uses.get(v) === 1 && isZero(e.inputs[0]!) ? asAddition(e) : undefined;
  };
  const dropped = new Set<Value>();
  const equations = p.equations.map((e) => {
    if (e.primitive.name !== 'add') return e;
    const [a, b] = e.inputs as [Value, Value];
    const [right, left] = [scattered(b), scattered(a)];
    const s = right ?? left;
    if (s === undefined) return e;
    dropped.add(s.outs[0]!);
    use(s.inputs[0]!, -1);
    const sum: Equation = { ...s, inputs: [right === undefined ? b : a, ...s.inputs.slice(1)], outs: e.outs };
    maker.set(e.outs[0]!, sum);
    return sum;
  });
  if (dropped.size === 0) return p;
  const unused = (e: Equation): boolean =>
    dropped.has(e.outs[0]!) || (e.primitive.name === 'full' && uses.get(e.outs[0]!) === 0);
  return { ...p, equations: equations.filter((e) => !unused(e)) };
};
