// For tests of the code generator: plans made of single kernels, a plain interpreter of kernels as the oracle, and a runner of emitted modules.
import { castScalar, hostArray, hostView, byteSize, type DType, type TypedArray } from '../../src/core/dtype.ts';
import type { Expr } from '../../src/core/expr.ts';
import { evaluateIndex, type Guard, type Index, type Var } from '../../src/core/index-expr.ts';
import type { BufferInfo, ContractKernel, Kernel, LoopKernel, Place, Plan } from '../../src/jit/kernel.ts';
import { emitModule } from '../../src/wasm/module.ts';
import { features } from '../../src/wasm/features.ts';

export interface Buffers {
  readonly inputs: readonly (readonly [DType, number])[];
  readonly outputs: readonly (readonly [DType, number])[];
}

/** Inputs are buffers 0.., outputs follow, then temporaries. */
export const planOf = (
  kernels: readonly Kernel[],
  b: Buffers,
  temporaries: readonly (readonly [DType, number])[] = [],
  aliases: ReadonlyMap<number, number> = new Map(),
): Plan => {
  const buffers = new Map<number, BufferInfo>();
  const places = new Map<number, Place>();
  let id = 0;
  let arena = 0;
  const inputs = b.inputs.map(([dtype, length], position) => {
    buffers.set(id, { id, dtype, length });
    places.set(id, { kind: 'input', position });
    return id++;
  });
  const outputs = b.outputs.map(([dtype, length], position) => {
    buffers.set(id, { id, dtype, length });
    places.set(id, { kind: 'output', position });
    return id++;
  });
  for (const [dtype, length] of temporaries) {
    buffers.set(id, { id, dtype, length });
    places.set(id, { kind: 'arena', offset: arena });
    arena += Math.ceil((length * byteSize(dtype)) / 64) * 64;
    id++;
  }
  return { buffers, places, kernels, inputs, outputs, aliases, arenaBytes: arena };
};

export interface Runner {
  readonly bytes: Uint8Array;
  readonly run: () => void;
  readonly inputs: readonly TypedArray[];
  readonly outputs: readonly TypedArray[];
}

/** Compiles a plan over a memory of its own; guard bytes around every buffer are checked after each run. */
export const prepare = (
  plan: Plan,
  inputs: readonly TypedArray[],
  relaxed: boolean = process.env['RELAXED'] === '1',
): Runner => {
  const { bytes, scratchBytes } = emitModule(plan, { relaxed: relaxed && features().relaxedSimd });
  let at = 1024;
  const take = (size: number): number => {
    const address = at;
    at = Math.ceil((at + size + 64) / 64) * 64;
    return address;
  };
  const sizes = (id: number): number => plan.buffers.get(id)!.length * byteSize(plan.buffers.get(id)!.dtype);
  const inputAt = plan.inputs.map((id) => take(sizes(id)));
  const outputAt = plan.outputs.map((id, j) =>
    plan.aliases.has(j) ? inputAt[plan.aliases.get(j)!]! : take(sizes(id)),
  );
  const arena = take(plan.arenaBytes + scratchBytes);
  const arenaEnd = at;
  const table = take(4 * (1 + inputAt.length + outputAt.length));
  const memory = new WebAssembly.Memory({ initial: Math.ceil((at + 4096) / 65536) });
  const all = new Uint8Array(memory.buffer);
  all.fill(0xa5);
  const view = (id: number, address: number): TypedArray => {
    const { dtype, length } = plan.buffers.get(id)!;
    return hostView(dtype, memory.buffer, address, length);
  };
  const ins = plan.inputs.map((id, i) => view(id, inputAt[i]!));
  ins.forEach((v, i) => v.set(inputs[i]! as never));
  new Int32Array(memory.buffer, table, 1 + inputAt.length + outputAt.length).set([arena, ...inputAt, ...outputAt]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), { env: { memory } });
  const go = instance.exports['run'] as (table: number) => void;
  const spans: [number, number][] = [
    ...plan.outputs.map((id, j): [number, number] => [outputAt[j]!, sizes(id)]),
    ...plan.inputs.map((id, j): [number, number] => [inputAt[j]!, sizes(id)]),
    [arena, plan.arenaBytes + scratchBytes],
  ];
  const run = (): void => {
    go(table);
    for (const [start, size] of spans) {
      const end = Math.ceil((start + size + 64) / 64) * 64;
      for (let i = start + size; i < end; i++)
        if (all[i] !== 0xa5) throw new Error(`a store beyond the end of a buffer, at +${i - start - size}`);
    }
    void arenaEnd;
  };
  return { bytes, run, inputs: ins, outputs: plan.outputs.map((id, j) => view(id, outputAt[j]!)) };
};

type Memory = ReadonlyMap<number, TypedArray>;

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

export interface At {
  readonly at: (v: Var) => number;
  readonly memory: Memory;
  readonly local?: (l: number) => number;
  readonly row?: (r: number) => number;
  readonly acc?: number;
}

export const evaluate = (e: Expr, c: At): number => {
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

export const forEach = (axes: readonly Var[], f: (at: Map<number, number>, position: number) => void): void => {
  const total = axes.reduce((n, v) => n * v.extent, 1);
  for (let p = 0; p < total; p++) {
    const at = new Map<number, number>();
    let rest = p;
    for (let i = axes.length - 1; i >= 0; i--) {
      at.set(axes[i]!.id, rest % axes[i]!.extent);
      rest = Math.floor(rest / axes[i]!.extent);
    }
    f(at, p);
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

/** Random numbers of a dtype: small integers for integers, bits for bool. */
export const random = (dtype: DType, length: number, seed = 1): TypedArray => {
  let s = seed * 2654435761 + 12345;
  const next = (): number => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
  const a = hostArray(dtype, length);
  for (let i = 0; i < length; i++)
    a[i] =
      dtype === 'bool'
        ? Number(next() > 0.5)
        : dtype === 'int32'
          ? Math.floor(next() * 201) - 100
          : dtype === 'uint32'
            ? Math.floor(next() * 200)
            : next() * 4 - 2;
  return a;
};

/** The outputs of a kernel. */
export const execute = (k: Kernel, b: Buffers, inputs: readonly TypedArray[]): readonly TypedArray[] => {
  const r = prepare(planOf([k], b), inputs);
  r.run();
  return r.outputs;
};

/** The same for a contraction. */
export const checkContract = (
  kernel: ContractKernel,
  b: Buffers,
  inputs: readonly TypedArray[],
  tolerance: number,
  relaxed = false,
): void => {
  const k = kernel;
  const plan = planOf([kernel], b);
  const r = prepare(plan, inputs, relaxed);
  r.run();
  const memory = new Map<number, TypedArray>();
  plan.inputs.forEach((id, i) => memory.set(id, inputs[i]!));
  plan.outputs.forEach((id) => memory.set(id, hostArray(plan.buffers.get(id)!.dtype, plan.buffers.get(id)!.length)));
  forEach([...k.batch, ...k.m, ...k.n], (outer) => {
    let sum = 0;
    forEach(k.k, (inner) => {
      const c = { at: (v: Var): number => inner.get(v.id) ?? outer.get(v.id) ?? 0, memory };
      sum += evaluate(k.a, c) * evaluate(k.b, c);
    });
    const c = { at: (v: Var): number => outer.get(v.id) ?? 0, memory, acc: sum };
    for (const s of k.epilogue)
      memory.get(s.buffer)![evaluateIndex(s.index, c.at, (e) => evaluate(e, c))] = evaluate(s.value, c);
  });
  plan.outputs.forEach((id, j) => compare(`output ${j}`, r.outputs[j]!, memory.get(id)!, tolerance));
};

/** Emitted code against the interpreter; returns the emitted outputs. */
export const check = (
  k: LoopKernel,
  b: Buffers,
  inputs: readonly TypedArray[],
  tolerance = 0,
  aliases?: ReadonlyMap<number, number>,
): readonly TypedArray[] => {
  const plan = planOf([k], b, [], aliases);
  const r = prepare(plan, inputs);
  r.run();
  const memory = new Map<number, TypedArray>();
  plan.inputs.forEach((id, i) => memory.set(id, inputs[i]!));
  plan.outputs.forEach((id) => memory.set(id, hostArray(plan.buffers.get(id)!.dtype, plan.buffers.get(id)!.length)));
  interpret(k, memory);
  plan.outputs.forEach((id, j) => compare(`${k.name} output ${j}`, r.outputs[j]!, memory.get(id)!, tolerance));
  return r.outputs;
};

export const compare = (name: string, got: TypedArray, want: TypedArray, tolerance: number): void => {
  for (let i = 0; i < want.length; i++) {
    const [x, y] = [got[i]!, want[i]!];
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y))))
      throw new Error(`${name}[${i}] of ${want.length}: got ${x}, want ${y}`);
  }
};
