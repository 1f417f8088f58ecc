// Traps of tracing, caching, trees and compiled programs that others fell into: branches on values, cache keys, memory and vectors.
import { describe, expect, it } from 'vitest';
import {
  add,
  arange,
  asStatic,
  exp,
  explain,
  full,
  grad,
  jit,
  jvp,
  matmul,
  memory,
  mul,
  ones,
  sort,
  argsort,
  sum,
  take,
  tanh,
  tensor,
  tree,
  vmap,
  zeros,
  type Tensor,
} from '../../src/public.ts';
import '../../src/index.ts';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { emitModule } from '../../src/wasm/module.ts';

type F = (x: Tensor) => Tensor;

describe('a JS operator on a tensor never takes a branch silently', () => {
  const operators: Record<string, (x: never, y: never) => unknown> = {
    '<': (x, y) => x < y,
    '>': (x, y) => x > y,
    '<=': (x, y) => x <= y,
    '>=': (x, y) => x >= y,
    // eslint-disable-next-line eqeqeq
    '==': (x) => x == (1 as never),
    '+': (x, y) => x + y,
    '-': (x, y) => x - y,
    '*': (x, y) => x * y,
    '/': (x, y) => x / y,
    '**': (x, y) => x ** y,
    '%': (x, y) => x % y,
    'unary -': (x) => -x,
    'unary +': (x) => +x,
    '&': (x, y) => x & y,
    'Math.max': (x, y) => Math.max(x, y),
    Number: (x) => Number(x),
    isNaN: (x) => isNaN(x),
  };
  describe.each(Object.entries(operators))('%s', (_, use) => {
    const attempt = (x: Tensor): Tensor => {
      use(x as never, 2 as never);
      return x;
    };
    const scalar = tensor(1);
    it('of a value', () => expect(() => attempt(scalar)).toThrow(/operator/));
    it('under jit', () => expect(() => jit(attempt)(scalar)).toThrow(/operator/));
    it('under grad', () => expect(() => (grad(attempt) as F)(scalar)).toThrow(/operator/));
    it('under vmap', () => expect(() => vmap(attempt)(tensor([1, 2]))).toThrow(/operator/));
    it('under jvp', () => expect(() => jvp(attempt, [scalar], [scalar])).toThrow(/operator/));
  });
  it('a tensor is no index of an array either, but a text', () =>
    expect(String(tensor(1))).toMatch(/^Tensor float32\[\]/));
  it('JSON.stringify refuses one by name', () => expect(() => JSON.stringify({ x: tensor(1) })).toThrow(/JSON/));
});

describe('cache keys', () => {
  it('two static functions of one text are two signatures', () => {
    const make = (k: number) => (x: Tensor) => mul(x, k);
    const apply = jit((f: F, x: Tensor) => f(x));
    expect([apply(make(2), tensor(3)).itemSync(), apply(make(5), tensor(3)).itemSync()]).toEqual([6, 15]);
  });
  it('NaN, null, a text and a function are told apart', () => {
    const f = jit((mode: unknown, x: Tensor) =>
      add(x, typeof mode === 'function' ? 1 : mode === null ? 2 : typeof mode === 'string' ? 3 : 4),
    );
    const ways = [asStatic(NaN), null, 'null', 'NaN', () => 1];
    const want = [4, 2, 3, 3, 1];
    for (const _ of [1, 2]) ways.forEach((m, i) => expect(f(m, tensor(0)).itemSync()).toBe(want[i]));
  });
  it('static NaN, -0, 0 and Infinity are told apart', () => {
    const f = jit((n: number, x: Tensor) => add(x, 1 / n));
    for (const n of [0, -0, Infinity, 4]) expect(f(asStatic(n), tensor(0)).itemSync()).toBe(1 / n);
    expect(f(asStatic(NaN), tensor(0)).itemSync()).toBeNaN();
  });
  it('a changing number never retraces', () => {
    const f = jit((x: Tensor, k: number) => mul(x, k), { maxTraces: 1 });
    expect([1, 2.5, -3, 0].map((k) => f(tensor(2), k).itemSync())).toEqual([2, 5, -6, 0]);
  });
  it('a cached program does not ignore the dtype', () => {
    const f = jit((x: Tensor) => add(x, 1));
    for (const dtype of ['float32', 'int32', 'float64', 'uint32'] as const)
      expect(f(tensor([1, 2], dtype)).dtype).toBe(dtype);
  });
  it('a cached eager program does not ignore the type or value of a literal', () => {
    const x = tensor([1, 2], 'int32');
    expect([add(x, 1).dtype, add(x, 0.5).dtype, add(x, 2).dtype]).toEqual(['int32', 'float32', 'int32']);
    expect([add(x, 0.25), add(x, 0.5), add(x, 3)].map((y) => y.arraySync())).toEqual([
      [1.25, 2.25],
      [1.5, 2.5],
      [4, 5],
    ]);
    expect([0, -0].map((zero) => 1 / (mul(tensor(1), zero).itemSync() as number))).toEqual([Infinity, -Infinity]);
  });
  it('a cached program does not ignore the shape', () => {
    const f = jit((x: Tensor) => sum(x));
    expect([f(ones([4])), f(ones([2, 3])), f(ones([]))].map((y) => y.itemSync())).toEqual([4, 6, 1]);
  });
});

describe('trees', () => {
  it('are paired by name, never by position', () => {
    const sums = tree.map((x, y) => add(x, y), { a: tensor(1), b: tensor(2) }, { b: tensor(20), a: tensor(10) });
    expect([sums.a.itemSync(), sums.b.itemSync()]).toEqual([11, 22]);
    const f = jit((p: { a: Tensor; b: Tensor }) => p.a.sub(p.b), { maxTraces: 1 });
    expect([f({ a: tensor(5), b: tensor(3) }), f({ b: tensor(3), a: tensor(5) })].map((x) => x.itemSync())).toEqual([
      2, 2,
    ]);
    const g = grad((p: { a: Tensor; b: Tensor }) => p.a.mul(2).add(p.b.mul(3)))({ b: tensor(1), a: tensor(1) });
    expect([g.a.itemSync(), g.b.itemSync()]).toEqual([2, 3]);
  });
  it('that do not match are an error that names the place', () =>
    expect(() => tree.map((x, y) => add(x, y), { a: tensor(1) }, { b: tensor(1) })).toThrow(/[ab]/));
});

describe('gradients under jit', () => {
  const x = tensor([3, 1, 2]);
  const weights = tensor([1, 10, 100]);
  const cases: Record<string, readonly [F, number[]]> = {
    'of sort': [(v) => sum(mul(sort(v), weights)), [100, 1, 10]],
    'of a gather by argsort': [(v) => sum(mul(take(v, argsort(v)), weights)), [100, 1, 10]],
    'of x[0]': [(v) => v.slice(0), [1, 0, 0]],
    'of x[-1]': [(v) => v.slice(-1), [0, 0, 1]],
  };
  it.each(Object.entries(cases))('%s is that of eager evaluation', (_, [f, want]) => {
    expect((grad(f) as F)(x).arraySync()).toEqual(want);
    expect(jit(grad(f) as F)(x).arraySync()).toEqual(want);
  });
});

describe('compiled programs', () => {
  it('two hundred kernels share the memory of two or three values', () => {
    const w = full([64, 64], 1 / 64);
    const chain: F = (x) => Array.from({ length: 200 }).reduce<Tensor>((y) => matmul(y, w), x);
    const e = explain(chain)(zeros([64, 64]));
    expect(e.kernels.length).toBe(200);
    expect(e.arenaBytes).toBeLessThanOrEqual(3 * 64 * 64 * 4 + 1024);
    expect(
      Math.abs(
        (jit(chain)(ones([64, 64]))
          .slice(5, 7)
          .itemSync() as number) - 1,
      ),
    ).toBeLessThan(1e-4);
  });

  it('exp, tanh or a division leaves no loop scalar', () => {
    for (const f of [
      (x: Tensor) => exp(x),
      (x: Tensor) => exp(mul(x, x)),
      (x: Tensor) => tanh(exp(x)).div(x),
      (x: Tensor) => sum(exp(x)),
    ]) {
      const { bytes } = emitModule(explain(f)(zeros([1000])).plan, { relaxed: false });
      const loops = disassemble(bytes).flatMap((fn) => fn.innerLoops);
      expect(loops.length).toBeGreaterThan(0);
      // A loop without vectors may only call others.
      for (const ops of loops) expect(ops.some((op) => /^(v128|f32x4)/.test(op) || op === 'call')).toBe(true);
    }
  });

  it('calls of one signature take the same program, not a longer one', () => {
    const f = jit((x: Tensor) => add(x, 1), { maxTraces: 1 });
    let x = zeros([4]);
    for (let i = 0; i < 1000; i++) x = f(x);
    expect(x.arraySync()).toEqual([1000, 1000, 1000, 1000]);
  });
});

describe('eager operations in a long chain', () => {
  const seconds = (f: () => void): number => {
    const from = performance.now();
    f();
    return performance.now() - from;
  };
  it('cost the same at the end as at the start: a value does not hold the operations it came from', () => {
    let x = arange(16).astype('float32');
    const thousand = (): void => {
      for (let i = 0; i < 1000; i++) x = add(mul(x, 0.5), 1);
    };
    thousand();
    const parts = Array.from({ length: 12 }, () => seconds(thousand));
    // Quadratic growth would make the last parts about ten times the first; the best of four keeps a busy machine out.
    expect(Math.min(...parts.slice(8))).toBeLessThan(3 * Math.min(...parts.slice(0, 4)) + 5);
  });
  it('hold a few values, not thousands', () => {
    let x = ones([65_536]);
    for (let i = 0; i < 3000; i++) x = mul(x, 1.0001);
    expect(memory().used).toBeLessThan(1.05 * memory().budget);
    expect(Math.abs((x.slice(9).itemSync() as number) / 1.0001 ** 3000 - 1)).toBeLessThan(1e-3);
  });
});
