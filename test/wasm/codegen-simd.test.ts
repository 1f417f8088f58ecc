// What the innermost loops of generated functions consist of: SIMD everywhere but in the kinds of loop that are listed here.
import { describe, expect, test } from 'vitest';
import type { DType } from '../../src/core/dtype.ts';
import { call, compare, convert, select, type Expr, type MathOp, type ScalarOp } from '../../src/core/expr.ts';
import {
  linearize,
  newVar,
  sub,
  constant,
  valueIndex,
  variable,
  type Index,
  type Var,
} from '../../src/core/index-expr.ts';
import type { ReduceOp } from '../../src/core/lowering.ts';
import type { Action, Kernel, LoopKernel, Stage } from '../../src/jit/kernel.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { emitModule } from '../../src/wasm/module.ts';
import { planOf, type Buffers } from './kernels.ts';
import '../math/specials.ts';

const load = (buffer: number, index: Index, dtype: DType = 'float32'): Expr => ({
  op: 'load',
  dtype,
  buffer,
  index,
  guards: [],
  fill: 0,
});
const store = (buffer: number, index: Index, value: Expr): Action => ({
  kind: 'store',
  buffer,
  index,
  value: expandMath(value),
});
const kernel = (outer: readonly Var[], ...stages: readonly Stage[]): LoopKernel => ({
  kind: 'loop',
  name: 'k',
  outer,
  stages,
});
const at = (...vs: readonly Var[]): Index =>
  linearize(
    vs.map(variable),
    vs.map((v) => v.extent),
  );

const loops = (k: Kernel, b: Buffers): readonly (readonly string[])[] =>
  disassemble(emitModule(planOf([k], b), { relaxed: false }).bytes)
    .filter((f) => f.name !== 'run')
    .flatMap((f) => f.innerLoops);

// Arithmetic, loads and stores of single floats or bytes; counters and addresses are integers anyway.
const isScalar = (op: string): boolean =>
  /^(f32|f64)\./.test(op) ||
  /^i32\.(load|store)/.test(op) ||
  /(extract|replace)_lane|load(8|16|32|64)_lane|store(8|16|32)_lane/.test(op);
const isVector = (op: string): boolean => /x\d+\.|^v128\./.test(op);
const expectSimd = (ls: readonly (readonly string[])[]): void => {
  expect(ls.length).toBeGreaterThan(0);
  for (const l of ls) {
    expect(l.filter(isScalar)).toEqual([]);
    expect(l.some(isVector)).toBe(true);
  }
};

const math: readonly MathOp[] = [
  'exp',
  'exp2',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'tanh',
  'sigmoid',
  'softplus',
  'erf',
  'erfc',
  'sinh',
  'cosh',
  'asin',
  'acos',
  'atan',
  'asinh',
  'acosh',
  'atanh',
  'rsqrt',
  'cbrt',
  'sign',
];
const basic: readonly ScalarOp[] = ['neg', 'abs', 'sqrt', 'floor', 'ceil', 'trunc', 'round'];

describe('elementwise loops are SIMD', () => {
  test.each([...math, ...basic])('%s', (op) => {
    for (const d of ['float32', 'float64'] as const) {
      const i = newVar(1000);
      expectSimd(
        loops(kernel([i], { axes: [], actions: [store(1, variable(i), call(op, d, load(0, variable(i), d)))] }), {
          inputs: [[d, 1000]],
          outputs: [[d, 1000]],
        }),
      );
    }
  });

  test('comparisons, choices, conversions and integer division', () => {
    const i = newVar(1000);
    const [x, y] = [load(0, variable(i)), load(1, variable(i))];
    const n = convert(x, 'int32');
    const value = select(compare('lt', x, y), convert(call('div', 'int32', n, convert(y, 'int32')), 'float32'), y);
    expectSimd(
      loops(kernel([i], { axes: [], actions: [store(2, variable(i), value)] }), {
        inputs: [
          ['float32', 1000],
          ['float32', 1000],
        ],
        outputs: [['float32', 1000]],
      }),
    );
  });

  test('flips and transpositions of float32', () => {
    const [i, j] = [newVar(64), newVar(128)] as [Var, Var];
    const b: Buffers = { inputs: [['float32', 8192]], outputs: [['float32', 8192]] };
    expectSimd(
      loops(
        kernel([i, j], {
          axes: [],
          actions: [store(1, at(i, j), load(0, linearize([variable(i), sub(constant(127), variable(j))], [64, 128])))],
        }),
        b,
      ),
    );
    expectSimd(loops(kernel([i, j], { axes: [], actions: [store(1, at(i, j), load(0, at(j, i)))] }), b));
  });
});

describe('reductions are SIMD', () => {
  test.each(['sum', 'prod', 'max', 'min', 'argmax', 'argmin'] as const)('%s along either axis', (op: ReduceOp) => {
    for (const d of ['float32', 'float64', 'int32'] as const) {
      const [i, j] = [newVar(64), newVar(256)] as [Var, Var];
      const to: DType = op.startsWith('arg') ? 'int32' : d;
      for (const [outer, axis] of [
        [i, j],
        [j, i],
      ] as const) {
        const k = kernel(
          [outer],
          { axes: [axis], actions: [{ kind: 'reduce', op, value: load(0, at(i, j), d), local: 0, dtype: to }] },
          { axes: [], actions: [store(1, variable(outer), { op: 'local', dtype: to, local: 0 })] },
        );
        expectSimd(loops(k, { inputs: [[d, 64 * 256]], outputs: [[to, outer.extent]] }));
      }
    }
  });
});

describe('loops that stay scalar, or gather lane by lane', () => {
  test('elements picked by an index tensor; every second element; running sums along the last axis', () => {
    const i = newVar(1000);
    const picked = loops(
      kernel([i], { axes: [], actions: [store(2, variable(i), load(0, valueIndex(load(1, variable(i), 'int32'))))] }),
      {
        inputs: [
          ['float32', 10],
          ['int32', 1000],
        ],
        outputs: [['float32', 1000]],
      },
    );
    expect(picked.every((l) => l.filter((op) => op === 'v128.load32_lane').length % 3 === 0)).toBe(true);
    const rows = loops(
      {
        kind: 'cumulate',
        name: 'c',
        op: 'sum',
        dtype: 'float32',
        source: 0,
        target: 1,
        outer: 2,
        length: 100,
        inner: 1,
        reverse: false,
      },
      { inputs: [['float32', 200]], outputs: [['float32', 200]] },
    );
    expect(rows.flat().some((op) => op === 'f64x2.add')).toBe(true);
  });
});

describe('relaxed SIMD', () => {
  const code = (value: (x: Expr, y: Expr) => Expr, relaxed: boolean): readonly string[] => {
    const i = newVar(1000);
    const k = kernel([i], {
      axes: [],
      actions: [store(2, variable(i), value(load(0, variable(i)), load(1, variable(i))))],
    });
    const sizes: Buffers = {
      inputs: [
        ['float32', 1000],
        ['float32', 1000],
      ],
      outputs: [['float32', 1000]],
    };
    return disassemble(emitModule(planOf([k], sizes), { relaxed }).bytes).flatMap((f) => f.ops);
  };
  const f = (op: ScalarOp, ...args: readonly Expr[]): Expr => call(op, 'float32', ...args);

  test('products are fused into sums where the engine can, and nowhere else', () => {
    const value = (x: Expr, y: Expr): Expr => f('add', f('mul', x, y), x);
    expect(code(value, true)).toContain('f32x4.relaxed_madd');
    expect(code(value, false)).toContain('f32x4.mul');
    expect(code(value, false).some((op) => op.includes('relaxed'))).toBe(false);
  });

  test('the difference of two equal products is zero: neither of them is fused', () => {
    expect(code((x, y) => f('sub', f('mul', x, x), f('mul', y, y)), true)).not.toContain('f32x4.relaxed_nmadd');
    expect(code((x, y) => f('add', f('mul', x, x), f('mul', y, y)), true)).not.toContain('f32x4.relaxed_madd');
  });
});
