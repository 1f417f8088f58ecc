// Counting of bytes that kernels move.
import { byteSize } from '../core/dtype.ts';
import { visit, type Expr } from '../core/expr.ts';
import { count, indexKey, visitVars, type Index } from '../core/index-expr.ts';
import { visitDeep } from '../core/rewrite.ts';
import { buffersOf } from './buffers.ts';
import type { Action, BufferInfo, CarrySlot, Kernel, Plan } from './kernel.ts';

const product = (ns: readonly number[]): number => ns.reduce((n, m) => n * m, 1);
const sum = (ns: readonly number[]): number => ns.reduce((n, m) => n + m, 0);

/** Elements that an index can name: no more than there are values of the loop variables it depends on. */
const places = (index: Index): number => {
  const vars = new Map<number, number>();
  const into = (i: Index): void => visitVars(i, (v) => void vars.set(v.id, v.extent), inside);
  const inside = (e: Expr): void =>
    visit(e, (x) => {
      if (x.op === 'load' || x.op === 'index') into(x.index);
    });
  into(index);
  return product([...vars.values()]);
};

/** Bytes that a kernel reads and writes at least: of each buffer the elements that it names, and those once. */
export const kernelBytes = (k: Kernel, buffers: ReadonlyMap<number, BufferInfo>): number => {
  const size = (id: number, elements = Infinity): number => {
    const b = buffers.get(id)!;
    return Math.min(elements, b.length) * byteSize(b.dtype);
  };
  const read = new Map<number, Map<string, number>>();
  const written = new Map<number, Map<string, number>>();
  const note = (into: typeof read, buffer: number, index: Index, elements: number): void => {
    if (!into.has(buffer)) into.set(buffer, new Map());
    into.get(buffer)!.set(indexKey(index), elements);
  };
  const seen = new Set<Expr>();
  const reads = (e: Expr): void =>
    visitDeep(
      e,
      (x) => {
        if (x.op === 'load') note(read, x.buffer, x.index, places(x.index));
      },
      seen,
    );
  const inIndex = (i: Index): void => visitVars(i, () => undefined, reads);
  const actions = (list: readonly Action[]): void =>
    list.forEach((a) => {
      reads(a.value);
      if (a.kind === 'store') {
        inIndex(a.index);
        note(written, a.buffer, a.index, places(a.index));
      }
    });
  const total = (m: typeof read): number => [...m].reduce((n, [id, at]) => n + size(id, sum([...at.values()])), 0);
  const whole = (ids: readonly number[]): number => ids.reduce((n, id) => n + size(id), 0);
  const carried = (slots: readonly CarrySlot[]): number =>
    whole(slots.flatMap((c) => (c.init === c.out ? [] : [c.init, c.out])));
  switch (k.kind) {
    case 'loop':
      k.stages.forEach((s) => actions(s.actions));
      return total(read) + total(written);
    case 'multi':
      return k.parts.reduce((n, p) => n + kernelBytes(p, buffers), 0);
    case 'contract':
      reads(k.a);
      reads(k.b);
      actions(k.epilogue);
      k.sums?.forEach((x) => note(written, x.buffer, x.index, places(x.index)));
      return total(read) + total(written);
    case 'scatter': {
      reads(k.value);
      inIndex(k.index);
      k.guards.forEach((g) => inIndex(g.index));
      if (k.init !== undefined) {
        actions([{ kind: 'store', buffer: k.target, index: k.init.index, value: k.init.value }]);
        return total(read) + total(written);
      }
      const updated = size(k.target, count(k.axes));
      return total(read) + (k.op === 'set' ? updated : 2 * updated);
    }
    case 'scan':
      return carried(k.carry) + k.length * planBytes(k.body);
    case 'cond':
      return size(k.index) + Math.max(...k.branches.map(planBytes));
    case 'while':
      return carried(k.carry) + planBytes(k.cond) + planBytes(k.body);
    default:
      return whole([...buffersOf(k).reads, ...buffersOf(k).writes]);
  }
};

/** The same of all kernels of a plan; of an open loop one round. */
export const planBytes = (p: Plan): number => p.kernels.reduce((n, k) => n + kernelBytes(k, p.buffers), 0);
