// Texts that two kernels share exactly when their functions would be the same code, so that layers and parameters of one shape share functions.
import { isOp, type Expr } from '../../core/expr.ts';
import { range, type Guard, type Index, type Var } from '../../core/index-expr.ts';
import type { BufferInfo, ContractKernel } from '../../jit/kernel.ts';
import type { Load } from './guards.ts';
import type { LoopPlan } from './unit.ts';

interface Writer {
  readonly name: (v: Var) => string;
  readonly index: (i: Index) => string;
  /** The number of the line that says it. */
  readonly expr: (e: Expr) => number;
  readonly lines: string[];
}

interface Naming {
  readonly buffer: (b: number) => string;
  readonly length: (b: number) => number;
  /** Added where a load's bounds depend on more than its index. */
  readonly note: string;
}

const describer = ({ buffer, length, note }: Naming): Writer => {
  const names = new Map<number, string>();
  const name = (v: Var): string => {
    let n = names.get(v.id);
    if (n === undefined) names.set(v.id, (n = `v${names.size}`));
    return n;
  };
  const ids = new Map<Expr, number>();
  const lines: string[] = [];
  const index = (i: Index): string => {
    const terms = i.terms.map(({ coef, atom }) =>
      atom.kind === 'var'
        ? `${coef}${name(atom.var)}`
        : atom.kind === 'digit'
          ? `${coef}(${index(atom.of)})/${atom.div}%${atom.mod}`
          : `${coef}e${expr(atom.value)}`,
    );
    return `${i.offset}+${terms.sort().join('+')}`;
  };
  const guards = (gs: readonly Guard[]): string => gs.map((g) => `${index(g.index)}@${g.lo}:${g.hi}`).join('&');
  const bits = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
  const show = (e: Expr): string => {
    if (isOp(e)) return `${e.op}(${e.args.map(expr).join()})`;
    switch (e.op) {
      case 'const':
        return bits(e.value);
      case 'index':
        return `i[${index(e.index)}]`;
      case 'load': {
        const [lo, hi] = range(e.index);
        const inside = lo >= 0 && hi < length(e.buffer);
        return `${buffer(e.buffer)}[${index(e.index)}]${inside ? '' : `<${length(e.buffer)}/${note}`}?${guards(e.guards)}!${guards((e as Load).safety ?? [])}:${bits(e.fill)}`;
      }
      case 'guarded':
        return `${guards(e.guards)}?${expr(e.then)}:${expr(e.otherwise)}`;
      case 'local':
        return `l${e.local}`;
      default:
        return e.op;
    }
  };
  const expr = (e: Expr): number => {
    let id = ids.get(e);
    if (id === undefined) {
      const line = `${e.dtype} ${show(e)}`;
      id = lines.push(line) - 1;
      ids.set(e, id);
    }
    return id;
  };
  return { name, index, expr, lines };
};

export const structureKey = (plan: LoopPlan, info: (buffer: number) => BufferInfo): string => {
  const { nest, strategy: how, buffers } = plan;
  // The extent of a vector axis that the caller splits is a run-time value, but for its last lanes and whether there are whole rounds.
  const open = how.order[0] === how.vector ? how.vector : null;
  const extent = (v: Var): string => {
    if (v !== open) return String(v.extent);
    const step = how.unroll * how.lanes;
    return `~${v.extent % how.lanes}${v.extent >= step ? 'r' : v.extent >= how.lanes ? 'v' : ''}`;
  };
  const buffer = (b: number): string => (b < 0 ? `row${b}` : `b${buffers.indexOf(b)}`);
  const { name, index, expr, lines } = describer({
    buffer,
    length: (b) => nest.rows.get(b)?.length ?? info(b).length,
    note: String(open?.extent ?? 0),
  });
  const loops = (vs: readonly Var[]): string => vs.map((v) => `${name(v)}:${extent(v)}`).join();
  const head = [
    `${how.lanes} ${how.unroll} ${loops(how.order)} |${how.vector === null ? '' : name(how.vector)}|${how.tile === null ? '' : name(how.tile)}`,
  ];
  for (const b of buffers) head.push(info(b).dtype);
  for (const r of nest.rows.values()) head.push(`${buffer(r.id)} ${r.dtype} ${r.length}`);
  nest.stages.forEach((s, i) => {
    const p = how.stages[i]!;
    lines.push(`stage ${loops(s.axes)} ${loops(p.order)} ${p.unroll} ${p.vector === null ? '' : name(p.vector)}`);
    for (const a of s.actions) {
      const value = expr(a.value);
      lines.push(
        a.kind === 'store'
          ? `${buffer(a.buffer)}[${index(a.index)}] = ${value}`
          : `l${a.local} ${a.dtype} ${a.op} ${value} ${a.op.startsWith('arg') ? index(a.position) : ''}`,
      );
    }
  });
  return `${head.join('\n')}\n${lines.join('\n')}`;
};

/** The same for a contraction in canonical form, with the buffers that its functions take as they appear in it. */
export const contractKey = (
  k: ContractKernel,
  info: (buffer: number) => BufferInfo,
): { readonly key: string; readonly buffers: readonly number[] } => {
  const buffers: number[] = [];
  const buffer = (b: number): string => {
    if (!buffers.includes(b)) buffers.push(b);
    return `b${buffers.indexOf(b)}`;
  };
  const { name, index, expr, lines } = describer({ buffer, length: (b) => info(b).length, note: '' });
  const group = (vs: readonly Var[]): string => vs.map((v) => `${name(v)}:${v.extent}`).join();
  const head = `${k.dtype} ${group(k.batch)} m ${group(k.m)} n ${group(k.n)} k ${group(k.k)}`;
  lines.push(`${expr(k.a)} x ${expr(k.b)}`);
  for (const s of k.epilogue) {
    const value = expr(s.value);
    lines.push(`${buffer(s.buffer)}[${index(s.index)}] = ${value}`);
  }
  return { key: [head, ...lines, ...buffers.map((b) => info(b).dtype)].join('\n'), buffers };
};
