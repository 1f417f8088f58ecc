// Ahead of time: lowering for shapes, compiling before the first call, what it costs, and what a compiled function takes.
import { describe, expect, test } from 'vitest';
import {
  add,
  ArgumentError,
  asStatic,
  cond,
  debug,
  evalShape,
  grad,
  greater,
  jit,
  makeJaxpr,
  matmul,
  mul,
  scan,
  sin,
  sum,
  tensor,
  TracerError,
  vmap,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { createReferenceDevice } from '../../src/reference/device.ts';

const described = (...shape: number[]): { readonly shape: readonly number[]; readonly dtype: 'float32' } => ({
  shape,
  dtype: 'float32',
});

describe('lower', () => {
  test('gives the program, from values or from shapes alone', () => {
    const f = (x: Tensor): Tensor => add(mul(x, x), 1);
    const text = makeJaxpr(f)(zeros([3])).toString();
    const lowered = jit(f).lower(described(3));
    expect(lowered.text).toBe(text);
    expect(`${lowered}`).toBe(text);
    expect(lowered.program.outs.map((v) => v.aval.shape)).toEqual([[3]]);
    expect(jit(f).lower(zeros([3])).text).toBe(text);
    expect(jit(f).lower(evalShape(f, zeros([3])) as Tensor).text).toBe(text);
  });

  test('takes trees, numbers and static values', () => {
    const f = (p: { readonly w: Tensor; readonly b: Tensor }, rate: number, n: number): Tensor =>
      mul(add(p.w, p.b), rate).reshape([n, -1]);
    const compiled = jit(f)
      .lower({ w: described(4), b: zeros([4]) }, 0.5, asStatic(2))
      .compile();
    expect(compiled({ w: tensor([1, 2, 3, 4]), b: zeros([4]) }, 2, asStatic(2)).arraySync()).toEqual([[2, 4], [6, 8]]); // prettier-ignore
  });

  test('refuses shapes that are none', () => {
    expect(() => jit((x: Tensor) => x).lower(described(-1))).toThrow(/lower.*-1/);
  });
});

describe('compile', () => {
  test('traces once, and shares its program with the jitted function', () => {
    let traces = 0;
    const f = jit((x: Tensor, y: Tensor) => {
      traces++;
      return { sum: add(x, y), n: 1 };
    });
    const compiled = f.lower(described(2), described(2)).compile();
    expect(compiled(tensor([1, 2]), tensor([3, 4])).sum.arraySync()).toEqual([4, 6]);
    expect(f(tensor([1, 2]), tensor([3, 4])).sum.arraySync()).toEqual([4, 6]);
    expect(traces).toBe(1);
  });

  test('other arguments are an error that shows both', () => {
    const compiled = jit((x: Tensor, n: number) => mul(x, n), { name: 'scaled' })
      .lower(described(2), 1)
      .compile();
    expect(() => compiled(zeros([3]), 1)).toThrow(ArgumentError);
    expect(() => compiled(zeros([3]), 1)).toThrow(/'scaled' was compiled for \(float32\[2\], number\) and called with \(float32\[3\], number\); against the compiled signature, argument \[0\] is float32\[3\], was float32\[2\]/); // prettier-ignore
    expect(() => compiled(zeros([2], { dtype: 'int32' }), 1)).toThrow(/int32\[2\]/);
    expect(() => compiled(zeros([2]), tensor(1) as never)).toThrow(/number/);
    expect(() => (compiled as (...args: unknown[]) => unknown)(zeros([2]))).toThrow(/structure/);
  });

  test('does not run inside of transforms', () => {
    const compiled = jit((x: Tensor) => sum(x))
      .lower(described(2))
      .compile();
    expect(() => grad(compiled)(zeros([2]))).toThrow(TracerError);
    expect(() => jit(compiled)(zeros([2]))).toThrow(/use the jitted function itself/);
  });

  test('donates as the jitted function does', () => {
    const step = jit((s: Tensor, x: Tensor) => add(s, x), { donate: 0 });
    const compiled = step.lower(described(2000), described(2000)).compile();
    const s = compiled(zeros([2000]), zeros([2000]));
    compiled(s, zeros([2000]));
    expect(() => s.dataSync()).toThrow(/donated/);
    // The result takes the place of what was donated.
    expect(compiled.cost.peakMemory).toBe(2 * 8000);
  });

  test('on a device that interprets it runs, and has no cost', () => {
    const device = createReferenceDevice();
    const compiled = jit((x: Tensor) => add(x, 1), { device })
      .lower(described(1))
      .compile();
    expect(compiled(zeros([1])).arraySync()).toEqual([1]);
    expect(() => compiled.cost).toThrow(/no kernels/);
  });
});

describe('cost', () => {
  test('counts operations, bytes, memory and kernels', () => {
    const compiled = jit((x: Tensor, y: Tensor) => add(matmul(x, y), 1)).lower(described(8, 16), described(16, 4)).compile(); // prettier-ignore
    const bytes = 4 * (8 * 16 + 16 * 4 + 8 * 4);
    expect(compiled.cost).toEqual({ flops: 8 * 4 * (2 * 16 + 1), bytes, peakMemory: bytes, kernels: 1 });
    expect(compiled.explain().kernels[0]).toMatchObject({ kind: 'contract', flops: 8 * 4 * 33 });
  });

  test('memory: inputs, outputs once, temporaries, those of loop bodies too', () => {
    const cost = (f: (...args: Tensor[]) => unknown, ...args: { readonly shape: readonly number[] }[]): number =>
      jit(f)
        .lower(...(args as unknown as Tensor[]))
        .compile().cost.peakMemory;
    expect(cost((x) => x!, described(100))).toBe(400);
    expect(cost((x) => { const y = add(x!, 1); return [y, y]; }, described(100))).toBe(800); // prettier-ignore
    const squared = (x: Tensor): Tensor => matmul(matmul(x, x), x);
    expect(cost((x) => squared(x!), described(16, 16))).toBe(3 * 1024);
    const looped = cost((x) => scan((c: Tensor) => [squared(c), null], x!, null, { length: 5 })[0], described(16, 16));
    expect(looped).toBeGreaterThanOrEqual(3 * 1024);
    const chosen = cost((x) => cond(greater(sum(x!), 0), squared, (c: Tensor) => mul(c, 2), x!), described(16, 16));
    expect(chosen).toBeGreaterThanOrEqual(3 * 1024);
    const longer = (length: number): number =>
      jit((x: Tensor) => scan((c: Tensor) => [sin(c), null], x, null, { length })[0])
        .lower(described(4))
        .compile().cost.flops;
    expect(longer(20)).toBe(2 * longer(10));
  });
});

describe('jit inside of', () => {
  const inner = jit((x: Tensor) => mul(sin(x), x));
  const plain = (x: Tensor): Tensor => mul(sin(x), x);
  const x = tensor([0.5, 1, 2]);

  test.each([
    ['jit', (f: typeof plain) => jit((v: Tensor) => add(f(v), f(v)))(x)],
    ['grad', (f: typeof plain) => grad((v: Tensor) => sum(f(v)))(x)],
    ['grad of grad', (f: typeof plain) => grad((v: Tensor) => sum(grad((w: Tensor) => sum(f(w)))(v)))(x)],
    ['vmap', (f: typeof plain) => vmap(f)(x)],
    ['jit of vmap of grad', (f: typeof plain) => jit(vmap(grad((v: Tensor) => f(v))))(x)],
    ['scan', (f: typeof plain) => scan((c: Tensor, v: Tensor) => [f(add(c, v)), c], tensor(1), x)[1]],
    ['grad of scan', (f: typeof plain) => grad((v: Tensor) => scan((c: Tensor, w: Tensor) => [f(add(c, w)), null], tensor(1), v)[0])(x)], // prettier-ignore
  ])('%s', (_, transform) => {
    const [a, b] = [transform(inner), transform(plain)].map((y) => [...y.dataSync()]);
    a!.forEach((v, i) => {
      expect(v).toBeCloseTo(b![i]!, 5);
    });
  });

  test('a lowered program keeps its effects', () => {
    const seen: number[] = [];
    const f = jit((v: Tensor) => {
      debug.callback((s: Tensor) => seen.push(s.dataSync()[0]!), sum(v));
      return v;
    });
    const compiled = f.lower(described(3)).compile();
    expect(seen).toEqual([]);
    compiled(x);
    expect(seen).toEqual([3.5]);
  });
});
