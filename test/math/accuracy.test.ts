// Every function at most 4 ulp from its float64 definition over the whole float32 range. MATH_TABLE=1 prints what was measured.
import { afterAll, describe, expect, it } from 'vitest';
import { arg, call, isOp, visit, type Expr, type MathOp } from '../../src/core/expr.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { evaluator } from './evaluate.ts';
import { unary } from './functions.ts';
import { gap32, integers, line32, sweep32, ulps32 } from './ulp.ts';
import './specials.ts';

const chunk = 4096;
const limit = 4;
const table: string[] = [];

interface Worst {
  readonly ulps: number;
  readonly input: readonly number[];
  readonly got: number;
  readonly want: number;
}

const sweep = (
  op: MathOp,
  inputs: readonly Float32Array[],
  contract: boolean,
  size?: (x: number, want: number) => number,
): Worst => {
  const e = expandMath(call(op, 'float32', ...inputs.map((_, i) => arg(i, 'float32'))));
  const f = evaluator(e, chunk, contract);
  const dtypes = inputs.map(() => 'float32' as const);
  let worst: Worst = { ulps: 0, input: [], got: 0, want: 0 };
  for (let start = 0; start < inputs[0]!.length; start += chunk) {
    const parts = inputs.map((a) => a.subarray(start, start + chunk));
    const out = f(parts, parts[0]!.length);
    for (let i = 0; i < parts[0]!.length; i++) {
      const input = parts.map((p) => p[i]!);
      const want = scalar(op, 'float32', dtypes, input);
      let ulps = ulps32(out[i]!, want);
      if (size !== undefined && ulps < Infinity && ulps > limit) ulps *= gap32(want) / gap32(size(input[0]!, want));
      if (!(ulps <= worst.ulps)) worst = { ulps, input, got: out[i]!, want };
    }
  }
  return worst;
};

const check = (
  op: MathOp,
  inputs: readonly Float32Array[],
  contract: boolean,
  size?: (x: number, want: number) => number,
): void => {
  const worst = sweep(op, inputs, contract, size);
  table.push(
    `${op.padEnd(10)} ${contract ? 'fused   ' : 'separate'} ${worst.ulps.toFixed(2)} ulp at ${worst.input.join(', ')}`,
  );
  expect(
    worst.ulps,
    JSON.stringify({ ...worst, got: String(worst.got), want: String(worst.want) }),
  ).toBeLessThanOrEqual(limit);
};

afterAll(() => {
  if (process.env['MATH_TABLE'] !== undefined) console.log(table.join('\n'));
});

const everywhere = sweep32(2000);
const coarse = sweep32(200);

describe('float32: at most 4 ulp', () => {
  for (const { op, dense, size } of unary) {
    it(op, () => {
      check(op, [everywhere], false, size);
      for (const [from, to] of dense) check(op, [line32(from, to, 50_001)], false, size);
    });
    it(`${op}, where a product and a sum are fused`, () => {
      check(op, [coarse], true, size);
      for (const [from, to] of dense) check(op, [line32(from, to, 20_001)], true, size);
    });
  }

  // Pairs whose power is finite, for the most part, and pairs of any bits.
  const pairs = (op: MathOp): readonly Float32Array[] => {
    const next = integers(2);
    const any = new Float32Array(new Int32Array(200_000).map(next).buffer);
    const half = any.length / 2;
    const xs = any.slice(0, half).map((x) => Math.abs(x));
    const share = (): number => next() / 2 ** 31;
    if (op !== 'pow') return [any.slice(0, half), any.slice(half)];
    const ys = xs.map((x) => (share() * 88.7) / Math.max(Math.abs(Math.log(x)), 1e-7));
    const near1 = xs.map((_, i) => 1 + share() * 2 ** -(i % 24));
    const large = near1.map((x) => (share() * 88.7) / Math.max(Math.abs(Math.log(x)), 1e-7));
    const joined = (...parts: readonly Float32Array[]): Float32Array => Float32Array.from(parts.flatMap((p) => [...p]));
    return [joined(any.slice(0, half), xs, near1), joined(any.slice(half), ys, large)];
  };
  for (const op of ['pow', 'atan2', 'nextafter'] as const)
    it(op, () => {
      for (const contract of [false, true]) check(op, pairs(op), contract);
    });

  it('near multiples of pi / 2, to 300,000 quadrants and at the closest float32 of all', () => {
    const close = new Float32Array(900_000);
    const words = new Int32Array(close.buffer);
    for (let n = 1; n <= 300_000; n++) {
      close[3 * n - 2] = n * (Math.PI / 2);
      words[3 * n - 3] = words[3 * n - 2]! - 1;
      words[3 * n - 1] = words[3 * n - 2]! + 1;
    }
    for (const op of ['sin', 'cos', 'tan'] as const) {
      check(op, [close.subarray(0, 150_000)], false);
      check(op, [close.filter((_, i) => i % 5 === 0)], false);
      check(op, [Float32Array.of(16367173 * 2 ** 72, -16367173 * 2 ** 72, 16367173 * 2 ** 71)], false);
    }
  });
});

const countOps = (
  e: Expr,
): { readonly count: number; readonly names: ReadonlySet<string>; readonly dtypes: ReadonlySet<string> } => {
  let count = 0;
  const [names, dtypes] = [new Set<string>(), new Set<string>()];
  visit(e, (node) => {
    dtypes.add(node.dtype);
    if (!isOp(node)) return;
    names.add(node.op);
    if (node.op !== 'bitcast') count++;
  });
  return { count, names, dtypes };
};

describe('expansion', () => {
  it('leaves no function behind, and no float64 in a float32 one', () => {
    const functions = new Set<string>([...unary.map((row) => row.op), 'pow', 'atan2', 'nextafter']);
    for (const op of functions) {
      for (const dtype of ['float32', 'float64'] as const) {
        const { names, dtypes } = countOps(expandMath(call(op as MathOp, dtype, arg(0, dtype), arg(1, dtype))));
        expect(
          [...names].filter((n) => functions.has(n)),
          op,
        ).toEqual([]);
        if (dtype === 'float32') expect([...dtypes], op).not.toContain('float64');
      }
    }
  });

  it('stays as short as it was', () => {
    const long = unary.flatMap(({ op, nodes }) =>
      (['float32', 'float64'] as const).flatMap((dtype, i) => {
        const { count } = countOps(expandMath(call(op, dtype, arg(0, dtype))));
        return count > nodes[i]! ? [`${op} ${dtype}: ${count} > ${nodes[i]}`] : [];
      }),
    );
    expect(long).toEqual([]);
  });

  it('shares one expansion between uses', () => {
    const x = arg(0, 'float32');
    const s = call('sigmoid', 'float32', x);
    const alone = countOps(expandMath(s)).count;
    expect(countOps(expandMath(call('mul', 'float32', s, s))).count).toBe(alone + 1);
  });
});
