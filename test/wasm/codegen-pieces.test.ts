// Large kernels, which `run` calls in several pieces: every element once, whatever the piece.
import { expect, test } from 'vitest';
import { call, type Expr } from '../../src/core/expr.ts';
import { linearize, newVar, variable, type Index, type Var } from '../../src/core/index-expr.ts';
import type { LoopKernel, Stage } from '../../src/jit/kernel.ts';
import { execute, random } from './kernels.ts';

const load = (buffer: number, index: Index): Expr => ({
  op: 'load',
  dtype: 'float32',
  buffer,
  index,
  guards: [],
  fill: 0,
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

/** The first place where an output differs, or -1. */
const differs = (n: number, got: ArrayLike<number>, want: (i: number) => number): number => {
  for (let i = 0; i < n; i++) if (got[i] !== want(i)) return i;
  return -1;
};

test('elements', () => {
  const n = 3_000_017;
  const v = newVar(n);
  const value = call('add', 'float32', load(0, variable(v)), load(1, variable(v)));
  const k = kernel([v], { axes: [], actions: [{ kind: 'store', buffer: 2, index: variable(v), value }] });
  const [x, y] = [random('float32', n, 1), random('float32', n, 2)];
  const sizes = {
    inputs: [
      ['float32', n],
      ['float32', n],
    ],
    outputs: [['float32', n]],
  } as const;
  expect(differs(n, execute(k, sizes, [x, y])[0]!, (i) => Math.fround(x[i]! + y[i]!))).toBe(-1);
});

test.each([
  [1500, 1100],
  [1022, 1601],
  [2048, 768],
])('a transposed matrix [%i, %i]', (rows, columns) => {
  const [r, c] = [newVar(rows), newVar(columns)];
  const n = rows * columns;
  const k = kernel([c, r], {
    axes: [],
    actions: [{ kind: 'store', buffer: 1, index: at(c, r), value: load(0, at(r, c)) }],
  });
  const x = random('float32', n);
  const out = execute(k, { inputs: [['float32', n]], outputs: [['float32', n]] }, [x])[0]!;
  expect(differs(n, out, (i) => x[(i % rows) * columns + Math.floor(i / rows)]!)).toBe(-1);
});

test('maxima of rows and of columns', () => {
  const [rows, columns] = [3001, 1003];
  const x = random('float32', rows * columns);
  const [r, c] = [newVar(rows), newVar(columns)];
  for (const [outer, axis] of [
    [r, c],
    [c, r],
  ] as const) {
    const k = kernel(
      [outer],
      { axes: [axis], actions: [{ kind: 'reduce', op: 'max', value: load(0, at(r, c)), local: 0, dtype: 'float32' }] },
      {
        axes: [],
        actions: [
          { kind: 'store', buffer: 1, index: variable(outer), value: { op: 'local', dtype: 'float32', local: 0 } },
        ],
      },
    );
    const want = new Float32Array(outer.extent).fill(-Infinity);
    x.forEach((v, i) => {
      const o = outer === r ? Math.floor(i / columns) : i % columns;
      want[o] = Math.max(want[o]!, v);
    });
    const sizes = { inputs: [['float32', rows * columns]], outputs: [['float32', outer.extent]] } as const;
    expect(differs(outer.extent, execute(k, sizes, [x])[0]!, (i) => want[i]!)).toBe(-1);
  }
});
