// What the innermost loops of generated functions consist of: SIMD everywhere but in the kinds of loop that are listed here.
import { describe, expect, test } from 'vitest';
import type { DType } from '../../src/core/dtype.ts';
import { call, compare, convert, select, type Expr, type MathOp, type ScalarOp } from '../../src/core/expr.ts';
import { linearize, newVar, sub, constant, valueIndex, variable, type Index } from '../../src/core/index-expr.ts';
import type { ReduceOp } from '../../src/core/lowering.ts';
import type { Action, Kernel } from '../../src/jit/kernel.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { emitModule } from '../../src/wasm/module.ts';
import {
  at,
  elementwise,
  kernel,
  load,
  local,
  of,
  once,
  over,
  reduce,
  store as storeOf,
  vars,
} from '../backends/kernels/build.ts';
import { planOf, type Buffers } from './kernels.ts';
import '../math/specials.ts';

const store = (buffer: number, index: Index, value: Expr): Action => storeOf(buffer, index, expandMath(value));

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
        loops(elementwise([i], store(1, variable(i), call(op, d, load(0, variable(i), d)))), {
          inputs: of(d, 1000),
          outputs: of(d, 1000),
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
      loops(elementwise([i], store(2, variable(i), value)), {
        inputs: of('float32', 1000, 1000),
        outputs: of('float32', 1000),
      }),
    );
  });

  test('flips and transpositions of float32', () => {
    const [i, j] = vars(64, 128);
    const b: Buffers = { inputs: of('float32', 8192), outputs: of('float32', 8192) };
    expectSimd(
      loops(
        elementwise(
          [i, j],
          store(1, at(i, j), load(0, linearize([variable(i), sub(constant(127), variable(j))], [64, 128]))),
        ),
        b,
      ),
    );
    expectSimd(loops(elementwise([i, j], store(1, at(i, j), load(0, at(j, i)))), b));
  });
});

describe('reductions are SIMD', () => {
  test.each(['sum', 'prod', 'max', 'min', 'argmax', 'argmin'] as const)('%s along either axis', (op: ReduceOp) => {
    for (const d of ['float32', 'float64', 'int32'] as const) {
      const [i, j] = vars(64, 256);
      const to: DType = op.startsWith('arg') ? 'int32' : d;
      for (const [outer, axis] of [
        [i, j],
        [j, i],
      ] as const) {
        const k = kernel(
          [outer],
          over([axis], reduce(op, load(0, at(i, j), d), 0, to)),
          once(store(1, variable(outer), local(0, to))),
        );
        expectSimd(loops(k, { inputs: of(d, 64 * 256), outputs: of(to, outer.extent) }));
      }
    }
  });
});

describe('loops that stay scalar, or gather lane by lane', () => {
  test('elements picked by an index tensor; running sums along the last axis', () => {
    const i = newVar(1000);
    const picked = loops(elementwise([i], store(2, variable(i), load(0, valueIndex(load(1, variable(i), 'int32'))))), {
      inputs: [
        ['float32', 10],
        ['int32', 1000],
      ],
      outputs: of('float32', 1000),
    });
    // Four elements a vector: one begins it, three follow.
    const lanes = (l: readonly string[], op: string): number => l.filter((o) => o === op).length;
    expect(picked.length).toBeGreaterThan(0);
    for (const l of picked) {
      expect(lanes(l, 'v128.load32_zero')).toBeGreaterThan(0);
      expect(lanes(l, 'v128.load32_lane')).toBe(3 * lanes(l, 'v128.load32_zero'));
    }
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
      { inputs: of('float32', 200), outputs: of('float32', 200) },
    );
    expect(rows.flat().some((op) => op === 'f64x2.add')).toBe(true);
  });
});

describe('relaxed SIMD', () => {
  const code = (value: (x: Expr, y: Expr) => Expr, relaxed: boolean): readonly string[] => {
    const i = newVar(1000);
    const k = elementwise([i], store(2, variable(i), value(load(0, variable(i)), load(1, variable(i)))));
    const sizes: Buffers = { inputs: of('float32', 1000, 1000), outputs: of('float32', 1000) };
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
