// The oracle of kernels: a plain interpreter of loops and contractions, one point after the other, sums in float64.
import { castScalar, hostArray, hostView, type DType, type TypedArray } from '../../../src/core/dtype.ts';
import type { Expr } from '../../../src/core/expr.ts';
import { evaluateIndex, type Guard, type Index, type Var } from '../../../src/core/index-expr.ts';
import type { ContractKernel, LoopKernel } from '../../../src/jit/kernel.ts';

/** Elements of buffers, by their numbers. */
export type Memory = ReadonlyMap<number, TypedArray>;

const round = (x: number, d: DType): number => castScalar(x, d);

const scalar = (op: string, d: DType, from: DType, a: number, b: number, c: number): number => {
  const float = d === 'float32' || d === 'float64';
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return float ? a * b : Math.imul(a, b);
    case 'div':
      return float ? a / b : b === 0 ? -1 : Math.trunc(a / b);
    case 'rem':
      return float ? a % b : b === 0 ? a : a % b;
    case 'neg':
      return -a;
    case 'abs':
      return Math.abs(a);
    case 'sqrt':
      return Math.sqrt(a);
    case 'floor':
      return Math.floor(a);
    case 'ceil':
      return Math.ceil(a);
    case 'trunc':
      return Math.trunc(a);
    case 'round': {
      const r = Math.round(a);
      return Math.abs(a - Math.trunc(a)) === 0.5 ? 2 * Math.round(a / 2) : r;
    }
    case 'min':
      return Math.min(a, b);
    case 'max':
      return Math.max(a, b);
    case 'eq':
      return Number(a === b);
    case 'ne':
      return Number(a !== b);
    case 'lt':
      return Number(a < b);
    case 'le':
      return Number(a <= b);
    case 'gt':
      return Number(a > b);
    case 'ge':
      return Number(a >= b);
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'not':
      return d === 'bool' ? 1 - a : ~a;
    case 'shl':
      return b >>> 0 >= 32 ? 0 : a << b;
    case 'shr':
      return d === 'uint32' ? (b >>> 0 >= 32 ? 0 : a >>> b) : b >>> 0 >= 32 ? a >> 31 : a >> b;
    case 'select':
      return a !== 0 ? b : c;
    case 'convert':
      return d === 'uint32' && (from === 'float32' || from === 'float64') ? Math.max(0, a) : a;
    case 'ldexp':
      return a * 2 ** b;
    case 'exponent':
      return Math.floor(Math.log2(Math.abs(a)));
    case 'significand':
      return a / 2 ** Math.floor(Math.log2(Math.abs(a)));
    default:
      throw new Error(op);
  }
};

const wrap = (x: number, d: DType): number =>
  d === 'int32'
    ? Math.abs(x) > 2 ** 31
      ? x | 0
      : x === 2 ** 31
        ? -(2 ** 31)
        : x
    : d === 'uint32' && Number.isFinite(x)
      ? x >>> 0
      : x;
const CONVERTING = new Set(['convert']);

interface At {
  readonly at: (v: Var) => number;
  readonly memory: Memory;
  readonly local?: (l: number) => number;
  readonly row?: (r: number) => number;
  readonly acc?: number;
}

const evaluate = (e: Expr, c: At): number => {
  const index = (i: Index): number => evaluateIndex(i, c.at, (x) => evaluate(x, c));
  const holds = (gs: readonly Guard[]): boolean => gs.every((g) => index(g.index) >= g.lo && index(g.index) < g.hi);
  switch (e.op) {
    case 'const':
      return round(e.value, e.dtype);
    case 'index':
      return index(e.index);
    case 'load': {
      if (!holds(e.guards)) return e.fill;
      const m = c.memory.get(e.buffer)!;
      const i = index(e.index);
      if (!(i >= 0 && i < m.length)) throw new Error(`the test itself reads ${i} of ${m.length}`);
      return m[i]!;
    }
    case 'guarded':
      return evaluate(holds(e.guards) ? e.then : e.otherwise, c);
    case 'local':
      return c.local!(e.local);
    case 'row':
      return c.row!(e.row);
    case 'acc':
      return c.acc!;
    case 'bitcast': {
      const from = (e as Extract<Expr, { args: readonly Expr[] }>).args[0]!;
      const a = hostArray(from.dtype, 1);
      a[0] = evaluate(from, c);
      return hostView(e.dtype, a.buffer, 0, 1)[0]!;
    }
    default: {
      const { args, op, dtype } = e as Extract<Expr, { args: readonly Expr[] }>;
      if (op === 'select') return evaluate(args[0]!, c) !== 0 ? evaluate(args[1]!, c) : evaluate(args[2]!, c);
      const [a, b, d] = args.map((x) => evaluate(x, c));
      const value = scalar(op, dtype, args[0]!.dtype, a!, b!, d!);
      return round(CONVERTING.has(op) && args[0]!.dtype.startsWith('float') ? value : wrap(value, dtype), dtype);
    }
  }
};

/** Every point of some axes in order. The map is one and the same, changed from point to point. */
const forEach = (axes: readonly Var[], f: (at: ReadonlyMap<number, number>, position: number) => void): void => {
  const total = axes.reduce((n, v) => n * v.extent, 1);
  const at = new Map(axes.map((v) => [v.id, 0]));
  for (let p = 0; p < total; p++) {
    f(at, p);
    for (let i = axes.length - 1; i >= 0; i--) {
      const { id, extent } = axes[i]!;
      const next = at.get(id)! + 1;
      at.set(id, next < extent ? next : 0);
      if (next < extent) break;
    }
  }
};

/** Runs a loop kernel as its contract says, one point after the other, sums in float64. */
export const interpret = (k: LoopKernel, memory: Memory): void => {
  forEach(k.outer, (outer) => {
    const locals = new Map<number, number>();
    const rows = new Map<number, number[]>();
    for (const s of k.stages) {
      const sums = new Map<number, number>();
      const best = new Map<number, number>();
      for (const a of s.actions) {
        if (a.kind !== 'reduce') continue;
        sums.set(
          a.local,
          a.op === 'prod' || a.op === 'all'
            ? 1
            : a.op === 'max'
              ? a.dtype === 'int32'
                ? -(2 ** 31)
                : a.dtype === 'uint32'
                  ? 0
                  : -Infinity
              : a.op === 'min'
                ? a.dtype === 'int32'
                  ? 2 ** 31 - 1
                  : a.dtype === 'uint32'
                    ? 2 ** 32 - 1
                    : Infinity
                : 0,
        );
      }
      const stores: [TypedArray, number, number][] = [];
      forEach(s.axes, (inner, position) => {
        const context: At = {
          at: (v) => inner.get(v.id) ?? outer.get(v.id) ?? 0,
          memory,
          local: (l) => locals.get(l)!,
          row: (r) => rows.get(r)![position]!,
        };
        for (const a of s.actions) {
          const x = evaluate(a.value, context);
          if (a.kind === 'store')
            stores.push([memory.get(a.buffer)!, evaluateIndex(a.index, context.at, (e) => evaluate(e, context)), x]);
          else if (a.kind === 'row') {
            const r = rows.get(a.row) ?? [];
            rows.set(a.row, r);
            r[position] = x;
          } else {
            const y = sums.get(a.local)!;
            if (a.op === 'argmax' || a.op === 'argmin') {
              const z = best.get(a.local);
              if (z === undefined || (Number.isNaN(x) && !Number.isNaN(z)) || (a.op === 'argmax' ? x > z : x < z)) {
                best.set(a.local, x);
                sums.set(a.local, position);
              }
            } else
              sums.set(
                a.local,
                a.op === 'sum'
                  ? y + x
                  : a.op === 'prod'
                    ? a.dtype === 'int32' || a.dtype === 'uint32'
                      ? Math.imul(y, x)
                      : y * x
                    : a.op === 'max'
                      ? Math.max(y, x)
                      : a.op === 'min'
                        ? Math.min(y, x)
                        : a.op === 'any'
                          ? Number(y !== 0 || x !== 0)
                          : Number(y !== 0 && x !== 0),
              );
          }
        }
      });
      for (const [m, i, x] of stores) m[i] = x;
      for (const [l, x] of sums) {
        const d = (s.actions.find((a) => a.kind === 'reduce' && a.local === l) as { dtype: DType }).dtype;
        locals.set(l, round(wrap(x, d), d));
      }
    }
  });
};

/** The same for a contraction: its operands are evaluated once each, then multiplied. */
export const interpretContract = (k: ContractKernel, memory: Memory): void => {
  forEach(k.batch, (batch) => {
    const operand = (e: Expr, axes: readonly Var[]): readonly (readonly number[])[] => {
      const lines: number[][] = [];
      forEach(axes, (point) => {
        const line: number[] = [];
        forEach(k.k, (term) => {
          const at = (v: Var): number => term.get(v.id) ?? point.get(v.id) ?? batch.get(v.id) ?? 0;
          line.push(evaluate(e, { at, memory }));
        });
        lines.push(line);
      });
      return lines;
    };
    const [rows, columns] = [operand(k.a, k.m), operand(k.b, k.n)];
    forEach(k.m, (row, i) => {
      forEach(k.n, (column, j) => {
        const acc = rows[i]!.reduce((sum, x, p) => sum + x * columns[j]![p]!, 0);
        const at = (v: Var): number => row.get(v.id) ?? column.get(v.id) ?? batch.get(v.id) ?? 0;
        for (const s of k.epilogue)
          memory.get(s.buffer)![evaluateIndex(s.index, at, (e) => evaluate(e, { at, memory }))] = evaluate(s.value, { at, memory, acc }); // prettier-ignore
      });
    });
  });
};
