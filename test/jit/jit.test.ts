// What jit promises about traces: when it traces anew, what it captures, what it says, and what donation does.
import { describe, expect, test } from 'vitest';
import {
  add,
  asStatic,
  evalShape,
  explain,
  grad,
  jit,
  makeJaxpr,
  mul,
  sum,
  tensor,
  vmap,
  zeros,
  type Tensor,
} from '../../src/index.ts';

const counted = <A extends unknown[], R>(
  f: (...args: A) => R,
): { readonly f: (...args: A) => R; readonly count: () => number } => {
  let n = 0;
  return {
    f: (...args) => {
      n++;
      return f(...args);
    },
    count: () => n,
  };
};

describe('tracing', () => {
  test('happens once for a signature, and not again for other values or numbers', () => {
    const { f, count } = counted((x: Tensor, rate: number) => mul(x, rate));
    const g = jit(f);
    expect(g(tensor([1, 2]), 0.5).arraySync()).toEqual([0.5, 1]);
    expect(g(tensor([3, 4]), 2).arraySync()).toEqual([6, 8]);
    expect(count()).toBe(1);
    g(tensor([1, 2, 3]), 2);
    g(tensor([1, 2], { dtype: 'int32' }), 2);
    expect(count()).toBe(3);
    expect(g.cache()).toEqual(['float32[2], number', 'float32[3], number', 'int32[2], number']);
  });

  test('static values are part of the signature, by value; functions by identity; NaN is not a function', () => {
    const { f, count } = counted((x: Tensor, n: number) => x.reshape([n, -1]));
    const g = jit(f);
    expect(g(zeros([6]), asStatic(2)).shape).toEqual([2, 3]);
    expect(g(zeros([6]), asStatic(3)).shape).toEqual([3, 2]);
    expect(g(zeros([6]), asStatic(2)).shape).toEqual([2, 3]);
    expect(count()).toBe(2);
    const h = counted((x: Tensor, mode: string | boolean | ((y: Tensor) => Tensor) | null) =>
      typeof mode === 'function' ? mode(x) : x,
    );
    const k = jit(h.f);
    const double = (y: Tensor): Tensor => mul(y, 2);
    for (const mode of ['a', 'b', true, false, null, double, 'a', double] as const) k(tensor([1]), mode);
    expect(h.count()).toBe(6);
    expect(k(tensor([1]), double).arraySync()).toEqual([2]);
  });

  test('reads JS variables when tracing, and tensors it captures at every call', () => {
    let scale = 2;
    const shift = tensor([10, 20]);
    const f = jit((x: Tensor) => add(mul(x, scale), shift));
    expect(f(tensor([1, 1])).arraySync()).toEqual([12, 22]);
    scale = 3;
    expect(f(tensor([1, 1])).arraySync()).toEqual([12, 22]);
    expect(f.trace(tensor([1, 1])).captured[0]).toBe(shift);
  });

  test('maxTraces says what changed against the nearest signature', () => {
    const f = jit((p: { w: Tensor; b: Tensor }) => add(p.w, p.b), { maxTraces: 1, name: 'layer' });
    f({ w: zeros([3]), b: zeros([3]) });
    expect(() => f({ w: zeros([3]), b: zeros([1]) })).toThrow(
      /'layer' was traced more than maxTraces = 1 times; against the nearest earlier signature, argument \[0\]\.b is float32\[1\], was float32\[3\]/,
    );
  });

  test('a trace made under a transform is not kept', () => {
    const outer = tensor([1, 2, 3]);
    const f = (x: Tensor): Tensor => sum(jit((y: Tensor) => mul(x, y))(outer));
    expect(grad(f)(outer).arraySync()).toEqual([1, 2, 3]);
    expect(vmap((x: Tensor) => jit((y: Tensor) => mul(x, y))(outer))(tensor([1, 2])).arraySync()).toEqual([
      [1, 2, 3],
      [2, 4, 6],
    ]);
  });

  test('a function that returns a Promise, or nothing, is refused by name', () => {
    expect(() =>
      jit(async function later(x: Tensor) {
        return Promise.resolve(x);
      })(tensor([1])),
    ).toThrow(/function 'later' returned a Promise/);
    expect(() => jit(function forgot(): void {})()).toThrow(/'forgot' returned undefined/);
  });

  test('a traced value that escapes is caught where it is used', () => {
    let kept: Tensor | undefined;
    jit((x: Tensor) => (kept = mul(x, 2)))(tensor([1]));
    expect(() => add(kept!, 1)).toThrow(/traced by jit .* outside of the transform/);
    expect(() => kept!.dataSync()).toThrow(/traced by jit/);
  });
});

describe('donation', () => {
  test('a donated value says where it went', () => {
    const f = jit((x: Tensor) => add(x, 1), { donate: 0, name: 'bump' });
    const x = mul(tensor([1, 2]), 1);
    f(x);
    expect(() => add(x, 1)).toThrow(/is gone: it was donated to 'bump' at .*jit\.test\.ts/);
  });
  test('the same tensor twice, or donated and captured, is an error', () => {
    const x = mul(tensor([1, 2]), 1);
    expect(() => jit((a: Tensor, b: Tensor) => add(a, b), { donate: 0 })(x, x)).toThrow(
      /the same tensor is argument \[0\] and argument \[1\], and donated/,
    );
    expect(() => jit((a: Tensor) => add(a, x), { donate: 0 })(x)).toThrow(/donated and also captured/);
    expect(x.arraySync()).toEqual([1, 2]);
  });
  test('a call that fails consumes nothing', () => {
    const x = mul(tensor([1, 2]), 1);
    const f = jit((a: Tensor, b: Tensor) => add(a, b), { donate: 0 });
    expect(() => f(x, zeros([3]))).toThrow(/do not broadcast/);
    expect(x.arraySync()).toEqual([1, 2]);
  });
  test('under an outer transform it is ignored', () => {
    const f = jit((a: Tensor) => mul(a, a), { donate: 0 });
    const x = tensor([3]);
    expect(grad((y: Tensor) => sum(f(y)))(x).arraySync()).toEqual([6]);
    expect(x.arraySync()).toEqual([3]);
  });
});

describe('looking inside', () => {
  test('makeJaxpr prints a program', () => {
    expect(makeJaxpr((x: Tensor) => sum(mul(x, x)))(zeros([3])).toString()).toMatchInlineSnapshot(`
      "{ lambda a:float32[3] . let
          b:float32[3] = mul a a
          c:float32[] = sum[axes=[0]] b
        in (c) }"
    `);
    expect(makeJaxpr(grad((x: Tensor) => sum(mul(x, x))))(zeros([3])).toString()).toMatchInlineSnapshot(`
      "{ lambda a:float32[3] . let
          b:float32[3] = mul a a
          c:float32[] = sum[axes=[0]] b
          d:float32[] = full[shape=[] value=1 dtype=float32]
          e:float32[3] = broadcast[shape=[3] axes=[0]] d
          f:float32[3] = mul a e
          g:float32[3] = mul e a
          h:float32[3] = add f g
        in (h) }"
    `);
  });
  test('evalShape computes nothing', () => {
    expect(evalShape((x: Tensor) => ({ y: x.matmul(x), n: x.argmax(0) }), zeros([3, 3]))).toEqual({
      n: { shape: [3], dtype: 'int32' },
      y: { shape: [3, 3], dtype: 'float32' },
    });
  });
  test('explain counts kernels, bytes and operations', () => {
    const e = explain((x: Tensor, y: Tensor) => x.matmul(y).add(1))(zeros([32, 16]), zeros([16, 8]));
    expect(
      e.kernels.map(({ kind, inputs, outputs, bytes, flops }) => ({ kind, inputs, outputs, bytes, flops })),
    ).toEqual([
      { kind: 'contract', inputs: 2, outputs: 1, bytes: 4 * (32 * 16 + 16 * 8 + 32 * 8), flops: 32 * 8 * (2 * 16 + 1) },
    ]);
    expect(String(e)).toMatch(/1 kernels, /);
  });
});
