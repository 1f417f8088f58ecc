// Contractions: read operands in place where they are matrices already, fill blocks by generated functions where they are not, and hand the rest to the matrix product.
import { byteSize, isFloat, type DType } from '../../core/dtype.ts';
import { isOp, visit, type Expr } from '../../core/expr.ts';
import { count, type Index, type Var } from '../../core/index-expr.ts';
import type { ContractKernel } from '../../jit/kernel.ts';
import type { Emitter, FuncHandle, ValueType } from '../encode.ts';
import { emitGemm, type BlockContext, type GemmSpec, type OperandA, type OperandB } from '../gemm.ts';
import { arrange, last, simplified, unitLoads, type Strided } from './arrange.ts';
import { contractAsLoop } from './contract-loop.ts';
import { BLOCK_BUFFER, gridFunction, withAcc } from './grid.ts';
import { lanesOf } from './loop.ts';
import { contractKey } from './structure.ts';
import { buffersOf, loopStep, planLoop, type Product, type Step, type Unit } from './unit.ts';

const countOps = (es: readonly Expr[]): number => {
  let n = 0;
  const seen = new Set<Expr>();
  for (const e of es) visit(e, (x) => void (isOp(x) && n++), seen);
  return n;
};

export const contractSteps = (u: Unit, given: ContractKernel): readonly Step[] => {
  const loop = (): readonly Step[] => {
    const step = loopStep(u, planLoop(contractAsLoop(given), u.info));
    return step === null ? [] : [step];
  };
  const [M, N, K, B] = [count(given.m), count(given.n), count(given.k), count(given.batch)];
  if (M * N * B === 0) return [];
  if (!isFloat(given.dtype) || K <= 2 || M * N * K <= 512) return loop();
  const simple = simplified(given);
  const { key, buffers } = contractKey(simple, u.info);
  let known = u.products.get(key);
  if (known === undefined) u.products.set(key, (known = product(u, simple, buffers)));
  if (known === 'loop') return loop();
  return [{ func: known.func, buffers, extent: known.rows, grain: known.rows, scratchBytes: known.scratchBytes }];
};

const product = (u: Unit, simple: ContractKernel, buffers: readonly number[]): Product => {
  const { kernel, a, b, c } = arrange(simple);
  const [M, N, K] = [count(kernel.m), count(kernel.n), count(kernel.k)];
  if ((M === 1 || N === 1) && (a === null || b === null)) return 'loop';
  const { dtype, name } = kernel;
  const bytes = byteSize(dtype);
  const extras = buffersOf([
    ...(a === null ? [kernel.a] : []),
    ...(b === null ? [kernel.b] : []),
    ...(c === null ? kernel.epilogue.map((s) => s.value) : []),
  ]);
  if (c === null) for (const s of kernel.epilogue) if (!extras.includes(s.buffer)) extras.push(s.buffer);
  const dtypes = new Set<DType>([dtype, ...extras.map((id) => u.info(id).dtype)]);
  for (const e of [kernel.a, kernel.b, ...kernel.epilogue.map((s) => s.value)]) visit(e, (x) => dtypes.add(x.dtype));
  const lanes = lanesOf(dtypes);

  // Blocks are addressed as if they began at element (0, 0).
  const callGrid = (
    f: Emitter,
    func: FuncHandle,
    block: BlockContext,
    address: () => void,
    slow: readonly [() => void, () => void],
    fast: readonly [() => void, () => void],
  ): void => {
    for (const push of [...slow, ...fast]) push();
    f.get(block.batch);
    address();
    block.extra.forEach((e) => f.get(e));
    f.call(func);
  };
  const grid = (
    part: string,
    slow: readonly Var[],
    fast: readonly Var[],
    stride: number,
    whole: boolean,
    values: readonly Expr[],
    actions: Parameters<typeof gridFunction>[0]['actions'],
  ): FuncHandle =>
    gridFunction({
      unit: u,
      name: `${name}_${part}`,
      lanes,
      batch: kernel.batch,
      slow,
      fast,
      stride,
      whole,
      buffers: extras,
      block: { id: BLOCK_BUFFER, dtype, length: Infinity },
      ops: countOps(values) + values.length,
      actions,
    });
  const fill =
    (value: Expr) =>
    (position: Index): readonly { buffer: number; index: Index; value: Expr }[] => [
      { buffer: BLOCK_BUFFER, index: position, value },
    ];

  const operandA = (): OperandA => {
    if (a !== null) return { kind: 'strided', m: a.row, k: a.column };
    const order = unitLoads(kernel.a, last(kernel.k)) >= unitLoads(kernel.a, last(kernel.m)) ? 'mk' : 'km';
    const [slow, fast] = order === 'mk' ? [kernel.m, kernel.k] : [kernel.k, kernel.m];
    return {
      kind: 'filled',
      order,
      fill: (f, at) => {
        const stride = order === 'mk' ? at.mStride : at.kStride;
        const func = grid('fill_a', slow, fast, stride, false, [kernel.a], fill(kernel.a));
        const [s0, s1, f0, f1] = order === 'mk' ? [at.m0, at.m1, at.k0, at.k1] : [at.k0, at.k1, at.m0, at.m1];
        const address = (): void =>
          void f
            .get(at.address)
            .get(s0)
            .i32(stride)
            .op('i32.mul')
            .get(f0)
            .op('i32.add')
            .i32(bytes)
            .op('i32.mul')
            .op('i32.sub');
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
        const address = (): void =>
          void f
            .get(at.address)
            .get(at.k0)
            .i32(at.kStride * bytes)
            .op('i32.mul')
            .op('i32.sub');
        callGrid(f, func, at, address, [() => f.get(at.k0), () => f.get(at.k1)], [() => f.i32(0), () => f.i32(N)]);
      },
    };
  };
  const batch = kernel.batch.map((v, i) => ({
    size: v.extent,
    a: a?.batch[i] ?? 0,
    b: b?.batch[i] ?? 0,
    c: c?.batch[i] ?? 0,
  }));
  const spec: GemmSpec = {
    name,
    type: dtype === 'float64' ? 'f64' : 'f32',
    m: M,
    n: N,
    k: K,
    a: operandA(),
    b: operandB(),
    c: c === null ? { kind: 'block' } : { kind: 'output', row: M === 1 ? N : c.row },
    ...(batch.length > 0 ? { batch } : {}),
    extra: extras.length,
    fma: u.relaxed,
    ...(c === null
      ? {
          epilogue: (f, at) => {
            const func = grid(
              'epilogue',
              kernel.m,
              kernel.n,
              at.rowStride,
              true,
              kernel.epilogue.map((s) => s.value),
              (position) =>
                kernel.epilogue.map((s) => ({ buffer: s.buffer, index: s.index, value: withAcc(s.value, position) })),
            );
            const address = (): void =>
              void f
                .get(at.address)
                .get(at.m0)
                .i32(at.rowStride * bytes)
                .op('i32.mul')
                .op('i32.sub');
            callGrid(f, func, at, address, [() => f.get(at.m0), () => f.get(at.m1)], [() => f.i32(0), () => f.i32(N)]);
          },
        }
      : {}),
  };
  const gemm = emitGemm(u.m, spec);
  const params = new Array<ValueType>(3 + buffers.length).fill('i32');
  const func = u.m.func(`${name}_product`, params, [], (f) => {
    const pointer = (x: Strided | null): void =>
      void (x === null
        ? f.i32(0)
        : f
            .get(3 + buffers.indexOf(x.buffer))
            .i32(x.offset * bytes)
            .op('i32.add'));
    pointer(a);
    pointer(b);
    pointer(c);
    f.get(2).get(0).get(1);
    for (const e of extras) f.get(3 + buffers.indexOf(e));
    f.call(gemm.func);
  });
  return { func, rows: gemm.rows, scratchBytes: gemm.scratchBytes };
};
