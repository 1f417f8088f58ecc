// Merging of elementwise kernels that differ only in their buffers and extents: the update of every parameter becomes one kernel.
import { isOp, type Expr } from '../core/expr.ts';
import { count, indexKey, newVar, substitute, unlinearize, variable, type Index } from '../core/index-expr.ts';
import { reindexed } from '../core/rewrite.ts';
import type { Kernel, LoopKernel } from './kernel.ts';
import { buffersOf } from './buffers.ts';

/** A one-stage elementwise kernel as a loop over one variable; undefined where it is not that simple. */
const flatten = (k: LoopKernel): LoopKernel | undefined => {
  if (k.stages.length !== 1 || k.stages[0]!.axes.length > 0) return undefined;
  const size = count(k.outer);
  if (size <= 1) return undefined;
  if (k.outer.length === 1) return k;
  const v = newVar(size);
  const parts = unlinearize(
    variable(v),
    k.outer.map((o) => o.extent),
  );
  const to = (i: Index): Index => substitute(i, (o) => parts[k.outer.indexOf(o)]);
  const memo = new Map<Expr, Expr>();
  const move = (e: Expr): Expr => reindexed(e, to, memo);
  return {
    ...k,
    outer: [v],
    stages: [
      {
        axes: [],
        actions: k.stages[0]!.actions.map((a) =>
          a.kind === 'store' ? { ...a, index: to(a.index), value: move(a.value) } : a,
        ),
      },
    ],
  };
};

/** The kernel as text with buffers numbered by first use; undefined unless every access is at the point itself or at a fixed place. */
const pattern = (k: LoopKernel): string | undefined => {
  const point = indexKey(variable(k.outer[0]!));
  const numbers = new Map<number, number>();
  const number = (b: number): number => {
    if (!numbers.has(b)) numbers.set(b, numbers.size);
    return numbers.get(b)!;
  };
  const place = (i: Index): string | undefined =>
    indexKey(i) === point ? '.' : i.terms.length === 0 ? String(i.offset) : undefined;
  const ids = new Map<Expr, number>();
  const lines: string[] = [];
  let ok = true;
  const text = (e: Expr): number => {
    const known = ids.get(e);
    if (known !== undefined) return known;
    let line: string;
    if (isOp(e)) line = `${e.op}:${e.dtype}(${e.args.map(text).join(',')})`;
    else if (e.op === 'const') line = `${Object.is(e.value, -0) ? '-0' : e.value}:${e.dtype}`;
    else if (e.op === 'load' && e.guards.length === 0 && place(e.index) !== undefined)
      line = `b${number(e.buffer)}:${e.dtype}[${place(e.index)!}]`;
    else {
      ok = false;
      line = '';
    }
    ids.set(e, ids.size);
    lines.push(line);
    return ids.get(e)!;
  };
  for (const a of k.stages[0]!.actions) {
    if (a.kind !== 'store' || place(a.index) !== '.') return undefined;
    lines.push(`b${number(a.buffer)}=${text(a.value)}`);
  }
  return ok ? lines.join(';') : undefined;
};

/** Kernels with alike elementwise ones merged at the place of the last of them, where nothing in between needs the earlier. */
export const mergeAlike = (kernels: readonly Kernel[]): Kernel[] => {
  const groups = new Map<string, { readonly at: number; readonly kernel: LoopKernel }[]>();
  const flat = new Map<number, LoopKernel>();
  kernels.forEach((k, at) => {
    if (k.kind !== 'loop') return;
    const one = flatten(k);
    const key = one === undefined ? undefined : pattern(one);
    if (one === undefined || key === undefined) return;
    flat.set(at, one);
    groups.set(key, [...(groups.get(key) ?? []), { at, kernel: one }]);
  });
  const out: (Kernel | null)[] = [...kernels];
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const last = group[group.length - 1]!;
    const moved = group.filter((g) => {
      const { writes, reads } = buffersOf(g.kernel);
      for (let i = g.at + 1; i <= last.at; i++) {
        if (g.at === last.at) break;
        const between = buffersOf(kernels[i]!);
        if (
          between.reads.some((b) => writes.includes(b)) ||
          between.writes.some((b) => writes.includes(b) || reads.includes(b))
        )
          return false;
      }
      return true;
    });
    if (moved.length < 2) continue;
    moved.forEach((g) => (out[g.at] = null));
    out[last.at] = { kind: 'multi', name: last.kernel.name, parts: moved.map((g) => g.kernel) };
  }
  return out.filter((k): k is Kernel => k !== null);
};
