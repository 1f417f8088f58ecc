// float64: the expansions against fdlibm (what JS has), and both they and the reference's own series against values of 500-bit arithmetic.
import { describe, expect, it } from 'vitest';
import { arg, call, type MathOp } from '../../src/core/expr.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { evaluator } from './evaluate.ts';
import { known64, knownPow64 } from './known.ts';
import { integers, ulps64 } from './ulp.ts';
import './specials.ts';

const chunk = 4096;
const run = (op: MathOp, ...inputs: readonly Float64Array[]): Float64Array => {
  const f = evaluator(expandMath(call(op, 'float64', ...inputs.map((_, i) => arg(i, 'float64')))), chunk);
  const out = new Float64Array(inputs[0]!.length);
  for (let i = 0; i < out.length; i += chunk) {
    const parts = inputs.map((x) => x.subarray(i, i + chunk));
    out.set(f(parts, parts[0]!.length).subarray(0, parts[0]!.length), i);
  }
  return out;
};

const next = integers(3);
const share = (): number => (next() >>> 0) / 2 ** 32;
const uniform = (from: number, to: number, count = 10_000): number[] =>
  Array.from({ length: count }, () => from + (to - from) * (share() + share() / 2 ** 32));
const decades = (from: number, to: number, count = 10_000): number[] => uniform(from, to, count).map((e) => 10 ** e);
const both = (xs: readonly number[]): number[] => xs.map((x, i) => (i % 2 === 0 ? x : -x));

// Where V8's own function is within an ulp of the truth, 5 ulp from it is 4 from the truth.
const against: Readonly<Partial<Record<MathOp, readonly number[]>>> = {
  exp: [...uniform(-745, 710), ...both(decades(-20, 2))],
  exp2: uniform(-1074, 1024),
  expm1: [...uniform(-50, 709), ...uniform(-2, 2), ...both(decades(-20, 0))],
  log: [...decades(-320, 308), ...uniform(0.5, 2)],
  log2: [...decades(-320, 308), ...uniform(0.5, 2)],
  log10: [...decades(-320, 308), ...uniform(0.5, 2)],
  log1p: [...uniform(-1, 3), ...both(decades(-18, -1)), ...decades(0, 300)],
  sin: [...uniform(-10, 10), ...both(decades(-10, 15.2))],
  cos: [...uniform(-10, 10), ...both(decades(-10, 15.2))],
  tan: [...uniform(-10, 10), ...both(decades(-10, 15.2))],
  asin: [...uniform(-1, 1), ...both(decades(-20, 0))],
  acos: [...uniform(-1, 1), ...both(decades(-16, 0))],
  atan: [...uniform(-4, 4), ...both(decades(-20, 20))],
  sinh: [...uniform(-710, 710), ...uniform(-3, 3), ...both(decades(-20, 0))],
  cosh: [...uniform(-710, 710), ...uniform(-3, 3)],
  tanh: [...uniform(-22, 22), ...both(decades(-20, 0))],
  asinh: [...uniform(-3, 3), ...both(decades(-20, 300))],
  acosh: [...uniform(1, 3), ...decades(0, 300)],
  atanh: [...uniform(-1, 1), ...both(decades(-20, -1))],
  cbrt: both(decades(-320, 308)),
};

describe('float64 against fdlibm', () => {
  for (const [op, xs] of Object.entries(against) as [MathOp, readonly number[]][])
    it(op, () => {
      const x = Float64Array.from(xs);
      run(op, x).forEach((got, i) => {
        const want = scalar(op, 'float64', ['float64'], [x[i]!]);
        if (!(ulps64(got, want) <= 5)) expect.fail(`${op}(${x[i]}) = ${got}, not ${want}: ${ulps64(got, want)} ulp`);
      });
    });

  it('sin, cos and tan are NaN beyond their reduction, not wrong', () => {
    for (const op of ['sin', 'cos', 'tan'] as const)
      expect([...run(op, Float64Array.of(1e16, -1e300))]).toEqual([NaN, NaN]);
  });
});

describe('float64 at known values', () => {
  for (const [op, rows] of Object.entries(known64) as [MathOp, readonly (readonly [number, number])[]][])
    it(op, () => {
      const got = run(
        op,
        Float64Array.from(rows, ([x]) => x),
      );
      rows.forEach(([x, want], i) =>
        expect(ulps64(got[i]!, want), `${op}(${x}) = ${got[i]}, not ${want}`).toBeLessThanOrEqual(4),
      );
      // The reference is an oracle for float32 first of all: 1e-14 of the size, and of 1/10 near a zero of the gamma functions.
      for (const [x, want] of rows) {
        const error = Math.abs(scalar(op, 'float64', ['float64'], [x]) - want);
        expect(error, `reference ${op}(${x})`).toBeLessThanOrEqual(
          1e-14 * Math.abs(want) + (op === 'digamma' || op === 'lgamma' ? 1e-15 : 0),
        );
      }
    });

  it('pow', () => {
    const got = run(
      'pow',
      Float64Array.from(knownPow64, (r) => r[0]),
      Float64Array.from(knownPow64, (r) => r[1]),
    );
    knownPow64.forEach(([x, y, want], i) => expect(ulps64(got[i]!, want), `${x} ** ${y}`).toBeLessThanOrEqual(4));
  });
});

describe('the reference', () => {
  it('integers wrap, and division by zero is XLA’s', () => {
    const i = (op: 'add' | 'mul' | 'div' | 'rem' | 'neg' | 'abs', ...args: readonly number[]): number =>
      scalar(
        op,
        'int32',
        args.map(() => 'int32'),
        args,
      );
    expect([
      i('add', 2147483647, 1),
      i('mul', 65536, 65536),
      i('div', 7, 0),
      i('rem', 7, 0),
      i('div', -2147483648, -1),
      i('rem', -7, 3),
    ]).toEqual([-2147483648, 0, -1, 7, -2147483648, -1]);
    expect(scalar('div', 'uint32', ['uint32', 'uint32'], [4294967295, 2])).toBe(2147483647);
    expect(scalar('div', 'uint32', ['uint32', 'uint32'], [5, 0])).toBe(4294967295);
    expect(scalar('mul', 'uint32', ['uint32', 'uint32'], [4294967295, 4294967295])).toBe(1);
  });
  it('converts as kernels do', () => {
    const to = (x: number, from: 'float32' | 'int32' | 'uint32', d: 'int32' | 'uint32' | 'bool'): number =>
      scalar('convert', d, [from], [x]);
    expect([
      to(3e9, 'float32', 'int32'),
      to(-1.5, 'float32', 'uint32'),
      to(NaN, 'float32', 'int32'),
      to(-1, 'int32', 'uint32'),
    ]).toEqual([2147483647, 0, 0, 4294967295]);
    expect([to(4294967295, 'uint32', 'int32'), to(0.25, 'float32', 'bool'), to(NaN, 'float32', 'bool')]).toEqual([
      -1, 1, 1,
    ]);
  });
  it('shifts by 32 and more, rounds half to even', () => {
    const s = (op: 'shl' | 'shr', x: number, n: number, d: 'int32' | 'uint32'): number => scalar(op, d, [d, d], [x, n]);
    expect([
      s('shl', 1, 32, 'int32'),
      s('shr', -8, 40, 'int32'),
      s('shr', 0x80000000, 31, 'uint32'),
      s('shr', 1, 32, 'uint32'),
    ]).toEqual([0, -1, 1, 0]);
    const r = (x: number): number => scalar('round', 'float64', ['float64'], [x]);
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 2 ** 52 + 1].map(r)).toEqual([
      0,
      2,
      2,
      -0,
      -2,
      0,
      2 ** 52 + 1,
    ]);
  });
});
