// Innermost loops are SIMD: the emitted opcodes of kernels are scanned, and the few kinds of loop that may stay scalar are listed here.
import { describe, expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import type { DType, Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { emitModule } from '../../src/wasm/module.ts';

const z = (shape: readonly number[], dtype: DType = 'float32'): Tensor => ct.zeros(shape, { dtype });
const vector = /^(v128|f32x4|f64x2|i32x4|i16x8|i8x16|i64x2)/;

/** Functions with an innermost loop that has no vector instruction and does not just call kernels. */
const scalarLoops = (f: (...xs: Tensor[]) => unknown, ...xs: Tensor[]): string[] => {
  const { bytes } = emitModule(ct.explain(f)(...xs).plan, { relaxed: false });
  const scalar = disassemble(bytes).filter((fn) =>
    fn.innerLoops.some((ops) => !ops.some((op) => vector.test(op) || op === 'call' || op === 'memory.copy')),
  );
  return [...new Set(scalar.map((fn) => fn.name ?? '?'))];
};

/** The kinds of loop that may stay scalar, as ARCHITECTURE.md lists them. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  // An exact remainder of floats takes as many steps as the quotient has bits, different in every lane.
  fmod: ['fmod'],
  remainder: ['fmod'],
  floorDivide: ['fmod'],
  // Merging moves one element at a time.
  sort: ['sort'],
};

const unary = [
  'abs',
  'exp',
  'exp2',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'sigmoid',
  'sqrt',
  'rsqrt',
  'cbrt',
  'erf',
  'erfc',
  'erfinv',
  'lgamma',
  'digamma',
  'floor',
  'ceil',
  'round',
  'trunc',
  'sign',
  'isnan',
  'square',
  'reciprocal',
] as const;
const binary = [
  'add',
  'sub',
  'mul',
  'div',
  'pow',
  'atan2',
  'maximum',
  'minimum',
  'fmod',
  'remainder',
  'floorDivide',
  'hypot',
  'logaddexp',
  'less',
  'equal',
  'copysign',
  'nextafter',
] as const;
const reductions = ['sum', 'prod', 'max', 'min', 'mean', 'argmax', 'logsumexp'] as const;

describe.each(['float32', 'float64'] as const)('%s', (d) => {
  test.each(unary)('%s', (name) => expect(scalarLoops((x) => ct[name](x!), z([1003], d))).toEqual(allowed[name] ?? []));
  test.each(binary)('%s', (name) =>
    expect(scalarLoops((x, y) => ct[name](x!, y!), z([1003], d), z([1003], d))).toEqual(allowed[name] ?? []),
  );
  test.each(
    reductions.flatMap(
      (name) =>
        [
          [name, 0],
          [name, 1],
        ] as const,
    ),
  )('%s over axis %i', (name, axis) => expect(scalarLoops((x) => ct[name](x!, { axis }), z([64, 67], d))).toEqual([]));
  test.each<[string, (x: Tensor) => unknown]>([
    ['softmax', (x) => nn.softmax(x)],
    ['a transpose', (x) => x.transpose().add(1)],
    ['flip', (x) => ct.flip(x, 1)],
    ['reducePrecision', (x) => ct.reducePrecision(x, { exponentBits: 5, mantissaBits: 10 })],
    [
      'pad',
      (x) =>
        ct.pad(x, [
          [1, 1],
          [2, 3],
        ]),
    ],
    ['concatenate', (x) => ct.concatenate([x, x], { axis: 1 })],
    ['cumsum along columns', (x) => ct.cumsum(x, 0)],
    ['a matrix product', (x) => ct.matmul(x, x.transpose())],
    ['the gradient of a matrix product', ct.grad((x: Tensor) => ct.sum(ct.matmul(x, x.transpose()).tanh()))],
    ['sort', (x) => ct.sort(x)],
  ])('%s', (name, f) => expect(scalarLoops((x) => f(x!), z([64, 67], d))).toEqual(allowed[name] ?? []));
  test('convolution and pooling, forward and backward', () => {
    const f = (x: Tensor, w: Tensor): Tensor =>
      ct.sum(ct.maxPool(nn.relu(ct.conv2d(x, w, { padding: 1 })), { size: 2 }));
    expect(
      scalarLoops((x, w) => ct.grad(f, { argnums: [0, 1] })(x!, w!), z([2, 8, 8, 8], d), z([3, 3, 8, 16], d)),
    ).toEqual([]);
  });
});

describe('integers and bools', () => {
  test.each(['add', 'mul', 'floorDivide', 'remainder', 'maximum', 'leftShift', 'bitwiseAnd'] as const)(
    'int32 %s',
    (name) => expect(scalarLoops((x, y) => ct[name](x!, y!), z([1003], 'int32'), z([1003], 'int32'))).toEqual([]),
  );
  test('logicalAnd', () =>
    expect(scalarLoops((x, y) => ct.logicalAnd(x!, y!), z([1003], 'bool'), z([1003], 'bool'))).toEqual([]));
});
