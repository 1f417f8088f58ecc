// Contractions: read operands in place where they are matrices already, fill blocks by generated functions where they are not, and hand the rest to the matrix product.
import { byteSize, isFloat, type DType } from '../../core/dtype.ts';
import { isOp, rewrite, visit, type Expr } from '../../core/expr.ts';
import type { Index, Var } from '../../core/index-expr.ts';
import type { ContractKernel, LoopKernel } from '../../jit/kernel.ts';
import type { Emitter, FuncHandle, ValueType } from '../encode.ts';
import { emitGemm, type BlockContext, type GemmSpec, type OperandA, type OperandB } from '../gemm.ts';
import { canonical, coefficient, type Nest } from './canonical.ts';
import { BLOCK_BUFFER, gridFunction, withAcc } from './grid.ts';
import { lanesOf } from './loop.ts';
import { buffersOf, loopStep, planLoop, type Step, type Unit } from './unit.ts';

const size = (vs: readonly Var[]): number => vs.reduce((n, v) => n * v.extent, 1);

/** The same contraction as a reduction of products: for integers, and where a matrix product would not pay. */
const asLoop = (k: ContractKernel): LoopKernel => {
  const sum: Expr = { op: 'local', dtype: k.dtype, local: 0 };
  const value: Expr = { op: 'mul', dtype: k.dtype, args: [k.a, k.b] };
  const memo = new Map<Expr, Expr>();
  return {
    kind: 'loop',
    name: k.name,
    outer: [...k.batch, ...k.m, ...k.n],
    stages: [
      { axes: k.k, actions: [{ kind: 'reduce', op: 'sum', value, local: 0, dtype: k.dtype }] },
      { axes: [], actions: k.epilogue.map((s) => ({ ...s, value: rewrite(s.value, (e) => (e.op === 'acc' ? sum : e), memo) })) },
    ],
  };
};

// The contraction's axes and expressions in canonical form, by way of a nest with one stage a group of axes.
const simplified = (k: ContractKernel): ContractKernel => {
  const store = (value: Expr): { kind: 'reduce'; op: 'sum'; value: Expr; local: number; dtype: DType; position: Index } => ({
    kind: 'reduce', op: 'sum', value, local: 0, dtype: k.dtype, position: { offset: 0, terms: [] },
  });
  const long = (vs: readonly Var[]): readonly Var[] => vs.filter((v) => v.extent !== 1);
  const nest: Nest = {
    name: k.name, rows: new Map(), fixed: new Set(), outer: long(k.batch),
    stages: [
      { axes: long(k.m), actions: [store(k.a)] },
      { axes: long(k.n), actions: [store(k.b)] },
      { axes: long(k.k), actions: k.epilogue },
    ],
  };
  const c = canonical(nest);
  const [m, n, kk] = c.stages as [Nest['stages'][number], Nest['stages'][number], Nest['stages'][number]];
  const value = (s: Nest['stages'][number]): Expr => s.actions[0]!.value;
  return { ...k, batch: c.outer, m: m.axes, n: n.axes, k: kk.axes, a: value(m), b: value(n), epilogue: kk.actions as ContractKernel['epilogue'] };
};

/** The step of a group of axes in an index when they are walked through row-major as one; null if it is not one step. */
const stepOf = (i: Index, vs: readonly Var[]): number | null => {
  if (vs.length === 0) return 0;
  let step = coefficient(i, vs[vs.length - 1]!);
  const first = step;
  for (let j = vs.length - 1; j > 0; j--) {
    step *= vs[j]!.extent;
    if (coefficient(i, vs[j - 1]!) !== step) return null;
  }
  return first;
};
const isAffine = (i: Index): boolean => i.terms.every((t) => t.atom.kind === 'var');

interface Strided {
  readonly buffer: number;
  readonly offset: number;
  readonly row: number;
  readonly column: number;
  readonly batch: readonly number[];
}
const stridedLoad = (e: Expr, batch: readonly Var[], rows: readonly Var[], columns: readonly Var[]): Strided | null => {
  if (e.op !== 'load' || e.guards.length > 0 || !isAffine(e.index)) return null;
  const row = stepOf(e.index, rows);
  const column = stepOf(e.index, columns);
  const steps = batch.map((v) => coefficient(e.index, v));
  if (row === null || column === null || row < 0 || column < 0 || steps.some((s) => s < 0)) return null;
  return { buffer: e.buffer, offset: e.index.offset, row, column, batch: steps };
};

const orders = (vs: readonly Var[]): readonly (readonly Var[])[] =>
  vs.length > 4 ? [vs] : vs.length <= 1 ? [vs] : vs.flatMap((v) => orders(vs.filter((w) => w !== v)).map((rest) => [v, ...rest]));

/** How many of an expression's loads step by one along an axis. */
const unitLoads = (e: Expr, v: Var | undefined): number => {
  let n = 0;
  if (v !== undefined) visit(e, (x) => void (x.op === 'load' && coefficient(x.index, v) === 1 && (n += v.extent >= 4 ? 1 : 0.3)));
  return n;
};

interface Shape {
  readonly kernel: ContractKernel;
  readonly a: Strided | null;
  readonly b: Strided | null;
  readonly c: Strided | null;
}

const last = (vs: readonly Var[]): Var | undefined => vs[vs.length - 1];

const shapeOf = (kernel: ContractKernel): Shape => {
  const { batch, m, n, k, a, b, epilogue } = kernel;
  const only = epilogue.length === 1 && epilogue[0]!.value.op === 'acc' ? epilogue[0]! : null;
  let c: Strided | null = null;
  if (only !== null && isAffine(only.index)) {
    const row = stepOf(only.index, m);
    const column = stepOf(only.index, n);
    const steps = batch.map((v) => coefficient(only.index, v));
    if (row !== null && column !== null && row >= 0 && (column === 1 || n.length === 0) && steps.every((s) => s >= 0))
      c = { buffer: only.buffer, offset: only.index.offset, row, column, batch: steps };
  }
  return { kernel, a: stridedLoad(a, batch, m, k), b: stridedLoad(b, batch, k, n), c };
};

// Among the orders of each group's axes (and the exchange of the operands), the one with most operands in place and most contiguous runs.
const arrange = (given: ContractKernel): Shape => {
  let best: Shape | null = null;
  let bestScore = -1;
  for (const swap of [false, true]) {
    const base: ContractKernel = swap ? { ...given, m: given.n, n: given.m, a: given.b, b: given.a } : given;
    for (const m of orders(base.m)) {
      for (const n of orders(base.n)) {
        for (const k of orders(base.k)) {
          const s = shapeOf({ ...base, m, n, k });
          let score = swap ? 0 : 0.1;
          score += s.a !== null ? 8 : 3 * Math.min(1, Math.max(unitLoads(base.a, last(k)), unitLoads(base.a, last(m))));
          score += s.b !== null ? (s.b.column === 1 ? 8.5 : 8) : 3 * Math.min(1, unitLoads(base.b, last(n)));
          score += s.c !== null ? 4 : 0;
          const inner = last(n);
          if (inner !== undefined) score += 2 * base.epilogue.filter((e) => coefficient(e.index, inner) === 1).length;
          if (score > bestScore) [best, bestScore] = [s, score];
        }
      }
    }
  }
  return best!;
};

const countOps = (es: readonly Expr[]): number => {
  let n = 0;
  const seen = new Set<Expr>();
  for (const e of es) visit(e, (x) => void (isOp(x) && n++), seen);
  return n;
};

export const contractSteps = (u: Unit, given: ContractKernel): readonly Step[] => {
  const loop = (): readonly Step[] => {
    const step = loopStep(u, planLoop(asLoop(given), u.info));
    return step === null ? [] : [step];
  };
  const [M, N, K, B] = [size(given.m), size(given.n), size(given.k), size(given.batch)];
  if (M * N * B === 0) return [];
  if (!isFloat(given.dtype) || K <= 2 || M * N * K <= 512) return loop();
  const { kernel, a, b, c } = arrange(simplified(given));
  if ((M === 1 || N === 1) && (a === null || b === null)) return loop();
  // A matrix with a few columns or rows and a long sum: the lanes go along the sum.
  const { dtype, name } = kernel;
  const bytes = byteSize(dtype);
  const extras = buffersOf([...(a === null ? [kernel.a] : []), ...(b === null ? [kernel.b] : []), ...(c === null ? kernel.epilogue.map((s) => s.value) : [])]);
  if (c === null) for (const s of kernel.epilogue) if (!extras.includes(s.buffer)) extras.push(s.buffer);
  const dtypes = new Set<DType>([dtype, ...extras.map((id) => u.info(id).dtype)]);
  for (const e of [kernel.a, kernel.b, ...kernel.epilogue.map((s) => s.value)]) visit(e, (x) => dtypes.add(x.dtype));
  const lanes = lanesOf(dtypes);

  // Blocks are addressed as if they began at element (0, 0).
  const callGrid = (
    f: Emitter, func: FuncHandle, block: BlockContext, address: () => void,
    slow: readonly [() => void, () => void], fast: readonly [() => void, () => void],
  ): void => {
    for (const push of [...slow, ...fast]) push();
    f.get(block.batch);
    address();
    block.extra.forEach((e) => f.get(e));
    f.call(func);
  };
  const grid = (
    part: string, slow: readonly Var[], fast: readonly Var[], stride: number, whole: boolean, values: readonly Expr[],
    actions: Parameters<typeof gridFunction>[0]['actions'],
  ): FuncHandle =>
    gridFunction({
      unit: u, name: `${name}_${part}`, lanes, batch: kernel.batch, slow, fast, stride, whole, buffers: extras,
      block: { id: BLOCK_BUFFER, dtype, length: Infinity }, ops: countOps(values) + values.length, actions,
    });
  const fill = (value: Expr) => (position: Index): readonly { buffer: number; index: Index; value: Expr }[] => [{ buffer: BLOCK_BUFFER, index: position, value }];

  const operandA = (): OperandA => {
    if (a !== null) return { kind: 'strided', m: a.row, k: a.column };
    const order = unitLoads(kernel.a, last(kernel.k)) >= unitLoads(kernel.a, last(kernel.m)) ? 'mk' : 'km';
    const [slow, fast] = order === 'mk' ? [kernel.m, kernel.k] : [kernel.k, kernel.m];
    return {
      kind: 'filled', order,
      fill: (f, at) => {
        const stride = order === 'mk' ? at.mStride : at.kStride;
        const func = grid('fill_a', slow, fast, stride, false, [kernel.a], fill(kernel.a));
        const [s0, s1, f0, f1] = order === 'mk' ? [at.m0, at.m1, at.k0, at.k1] : [at.k0, at.k1, at.m0, at.m1];
        const address = (): void => void f.get(at.address).get(s0).i32(stride).op('i32.mul').get(f0).op('i32.add').i32(bytes).op('i32.mul').op('i32.sub');
        callGrid(f, func, at, address, [() => f.get(s0), () => f.get(s1)], [() => f.get(f0), () => f.get(f1)]);
      },
    };
  };
  const operandB = (): OperandB => {
    if (b !== null) return { kind: 'strided', k: b.row, n: b.column };
    return {
      kind: 'filled',
      fill: (f, at) => {
        const func = grid('fill_b', kernel.k, kernel.n, at.kStride, true, [kernel.b], fill(kernel.b));
        const address = (): void => void f.get(at.address).get(at.k0).i32(at.kStride * bytes).op('i32.mul').op('i32.sub');
        callGrid(f, func, at, address, [() => f.get(at.k0), () => f.get(at.k1)], [() => f.i32(0), () => f.i32(N2)]);
      },
    };
  };
  const [M2, N2] = [size(kernel.m), size(kernel.n)];
  const batch = kernel.batch.map((v, i) => ({ size: v.extent, a: a?.batch[i] ?? 0, b: b?.batch[i] ?? 0, c: c?.batch[i] ?? 0 }));
  const spec: GemmSpec = {
    name, type: dtype === 'float64' ? 'f64' : 'f32', m: M2, n: N2, k: K, a: operandA(), b: operandB(),
    c: c === null ? { kind: 'block' } : { kind: 'output', row: M2 === 1 ? N2 : c.row },
    ...(batch.length > 0 ? { batch } : {}),
    extra: extras.length,
    fma: u.relaxed,
    ...(c === null
      ? {
          epilogue: (f, at) => {
            const func = grid('epilogue', kernel.m, kernel.n, at.rowStride, true, kernel.epilogue.map((s) => s.value), (position) =>
              kernel.epilogue.map((s) => ({ buffer: s.buffer, index: s.index, value: withAcc(s.value, position) })),
            );
            const address = (): void => void f.get(at.address).get(at.m0).i32(at.rowStride * bytes).op('i32.mul').op('i32.sub');
            callGrid(f, func, at, address, [() => f.get(at.m0), () => f.get(at.m1)], [() => f.i32(0), () => f.i32(N2)]);
          },
        }
      : {}),
  };
  const gemm = emitGemm(u.m, spec);
  const direct = [a, b, c].flatMap((x) => (x === null ? [] : [x.buffer]));
  const buffers = [...new Set([...direct, ...extras])];
  const params = new Array<ValueType>(3 + buffers.length).fill('i32');
  const func = u.m.func(`${name}_product`, params, [], (f) => {
    const pointer = (x: Strided | null): void => void (x === null ? f.i32(0) : f.get(3 + buffers.indexOf(x.buffer)).i32(x.offset * bytes).op('i32.add'));
    pointer(a);
    pointer(b);
    pointer(c);
    f.get(2).get(0).get(1);
    for (const e of extras) f.get(3 + buffers.indexOf(e));
    f.call(gemm.func);
  });
  return [{ func, buffers, extent: gemm.rows, grain: gemm.rows, scratchBytes: gemm.scratchBytes }];
};
