// Scatters in WGSL: the target's initial values, then the updates, in order wherever two of them could meet.
import { visit, type Expr } from '../core/expr.ts';
import { range, visitVars, type Guard, type Index, type Var } from '../core/index-expr.ts';
import type { ScatterKernel } from '../jit/kernel.ts';
import { renderExpr, renderGuards, renderIndex, type Names } from './expr.ts';
import { perPoint, renderLoop } from './loop.ts';
import { count, digits, loops } from './points.ts';
import { combine } from './reduce.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

/** The loop variables that an index or anything inside it depends on. */
const varsOf = (i: Index, into: Set<number>): void => {
  const inside = (e: Expr): void =>
    visit(e, (x) => {
      if (x.op === 'load' || x.op === 'index') varsOf(x.index, into);
      if (x.op === 'load' || x.op === 'guarded') x.guards.forEach((g) => varsOf(g.index, into));
    });
  visitVars(i, (v) => into.add(v.id), inside);
};

/** Greatest less smallest value of a term's atom, where that is known: from its range, or from a guard on it alone. */
const spanOf = (term: Index['terms'][number], guards: readonly Guard[]): number => {
  const only = guards.find(
    ({ index }) => index.terms.length === 1 && index.terms[0]!.coef === 1 && index.terms[0]!.atom.key === term.atom.key,
  );
  if (only !== undefined) return only.hi - 1 - only.lo;
  if (term.atom.kind === 'value') return Infinity;
  const [lo, hi] = range({ offset: 0, terms: [{ coef: 1, atom: term.atom }] });
  return hi - lo;
};

/**
 * Variables along which updates never meet, so that they can run in parallel: plain terms of an index whose terms are the
 * digits of a number, each coefficient greater than all that is below it.
 */
const independent = (k: ScatterKernel): readonly Var[] => {
  let below = 0;
  // What is the same for all updates moves them all.
  const varies = (t: Index['terms'][number]): boolean => {
    const vars = new Set<number>();
    varsOf({ offset: 0, terms: [t] }, vars);
    return vars.size > 0;
  };
  for (const t of k.index.terms.filter(varies).sort((a, b) => Math.abs(a.coef) - Math.abs(b.coef))) {
    if (Math.abs(t.coef) <= below) return [];
    below += Math.abs(t.coef) * spanOf(t, k.guards);
  }
  const elsewhere = new Set<number>();
  for (const t of k.index.terms) if (t.atom.kind !== 'var') varsOf({ offset: 0, terms: [t] }, elsewhere);
  const plain = new Set(k.index.terms.flatMap((t) => (t.atom.kind === 'var' ? [t.atom.var.id] : [])));
  return k.axes.filter((v) => plain.has(v.id) && !elsewhere.has(v.id));
};

const renderUpdates = (k: ScatterKernel, target: Target): Dispatch => {
  const s: Shader = createShader(target);
  const parallel = independent(k);
  const { head, workgroups } = perPoint(s, count(parallel));
  const vars = new Map<number, string>();
  const names: Names = { vars };
  digits(s, parallel, 'p', vars);
  const { close } = loops(
    s,
    k.axes.filter((v) => !parallel.includes(v)),
    vars,
  );
  const guards = renderGuards(s, names, k.guards);
  if (guards !== undefined) s.open(`if (${guards})`);
  const value = renderExpr(s, names, k.value);
  const at = s.fresh('t');
  s.line(`let ${at} = ${renderIndex(s, names, k.index)};`);
  const cell = s.element(k.target, at, true);
  const word = (text: string): string => (k.dtype === 'bool' ? `u32(${text})` : text);
  const old = k.dtype === 'bool' ? `(${cell} != 0u)` : cell;
  s.line(
    `${cell} = ${word(k.op === 'set' ? value : combine(s, k.op === 'add' ? 'sum' : k.op === 'mul' ? 'prod' : k.op, k.dtype, old, value))};`,
  );
  if (guards !== undefined) s.close();
  close();
  return s.finish(k.name, head, workgroups);
};

const renderInit = ({ init, name, target: buffer }: ScatterKernel, target: Target): Dispatch | undefined => {
  if (init === undefined) return undefined;
  const store = { kind: 'store', buffer, index: init.index, value: init.value } as const;
  return renderLoop(
    { kind: 'loop', name: `${name}_init`, outer: init.axes, stages: [{ axes: [], actions: [store] }] },
    target,
  );
};

/** Two dispatches: what the target begins with, unless it is there already, and the updates. */
export const renderScatter = (k: ScatterKernel, target: Target): readonly Dispatch[] => {
  const init = renderInit(k, target);
  return [...(init === undefined ? [] : [init]), ...(count(k.axes) === 0 ? [] : [renderUpdates(k, target)])];
};
