// Custom derivatives: with the true rule they are the plain function under every transform; what they change, and their errors.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../../src/index.ts';
import {
  add,
  asStatic,
  clip,
  cos,
  customJvp,
  customVjp,
  div,
  exp,
  grad,
  jacfwd,
  jit,
  jvp,
  linearTranspose,
  linearize,
  log1p,
  matmul,
  mul,
  neg,
  round,
  scan,
  sin,
  stack,
  stopGradient,
  sub,
  sum,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  zeros,
  type Tensor,
} from '../../src/public.ts';

type F = (x: Tensor, y: Tensor) => Tensor;

const plain: F = (x, y) => mul(sin(x), y);
const dx = (x: Tensor, y: Tensor): Tensor => mul(cos(x), y);
const forward: F = customJvp({
  call: plain,
  jvp: ([x, y], [tx, ty]) => [plain(x, y), add(mul(dx(x, y), tx), mul(sin(x), ty))],
});
const reverse: F = customVjp({
  call: plain,
  fwd: (x, y) => [plain(x, y), { x, y, mode: 'true', n: asStatic(1) }],
  bwd: ({ x, y, mode, n }, ct) => {
    expect([mode, n]).toEqual(['true', 1]);
    return [mul(dx(x, y), ct), mul(sin(x), ct)];
  },
});

const near = (a: unknown, b: unknown): void => {
  const flat = (v: unknown): number[] => (Array.isArray(v) ? v.flatMap(flat) : [v as number]);
  const read = (v: unknown): number[] => (Array.isArray(v) ? v.flatMap(read) : flat((v as Tensor).arraySync()));
  const [p, q] = [read(a), read(b)];
  expect(p.length).toBe(q.length);
  p.forEach((v, i) => expect(Math.abs(v - q[i]!)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(q[i]!))));
};

const row = (size: number, from: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(from, { minLength: size, maxLength: size });
const element = fc.integer({ min: -200, max: 200 }).map((n) => n / 100);
const pair = fc.constantFrom(1, 3, 4, 8).chain((n) => fc.tuple(row(n, element), row(n, element)));

const total =
  (f: F): F =>
  (x, y) =>
    sum(f(x, y));
const second = (f: F): F => grad((x: Tensor, y: Tensor) => sum(mul(grad(total(f))(x, y), sin(y)))) as F;
const loop =
  (f: F): F =>
  (x, y) =>
    sum(scan((c: Tensor, z: Tensor) => [f(c, z), c], x, stack([y, x, y]))[0]);

const transforms: Record<string, (f: F) => (x: Tensor, y: Tensor) => unknown> = {
  value: (f) => f,
  jit: (f) => jit(f),
  'grad by the first': (f) => grad(total(f)),
  'grad by the second': (f) => grad(total(f), { argnums: 1 }),
  'vjp of jit': (f) => (x, y) => vjp(jit(f), x, y)[1](y),
  'jit of grad': (f) => jit(valueAndGrad(total(f), { argnums: [0, 1] })),
  'grad of grad': second,
  'grad of grad of jit': (f) => second(jit(f)),
  'jit of grad of grad': (f) => jit(second(f)),
  'vmap of grad': (f) => vmap(grad(f)),
  'jit of vmap of grad': (f) => jit(vmap(grad(f, { argnums: [0, 1] }))),
  'grad of vmap': (f) => grad(total(vmap(f) as F)),
  'grad of vmap by what all slices share': (f) => (x, y) =>
    grad((b: Tensor) => sum(vmap((a: Tensor) => f(a, b))(x)))(y.slice(0)),
  'grad of vmap over the second alone': (f) => (x, y) =>
    grad((a: Tensor) => sum(vmap((b: Tensor) => f(a, b))(y)))(x.slice(0)),
  'grad of vmap of grad': (f) => grad((x: Tensor, y: Tensor) => sum(vmap(grad(f))(x, y))),
  'grad of scan': (f) => grad(loop(f)),
  'jit of grad of scan': (f) => jit(grad(loop(f), { argnums: 1 })),
  'vmap of grad of scan': (f) => (x, y) => vmap(grad(loop(f)))(stack([x, y]), stack([y, x])),
};

describe('with the true rule they are the plain function', () => {
  describe.each(Object.entries(transforms))('%s', (_, transform) => {
    it.each([
      ['customJvp', forward],
      ['customVjp', reverse],
    ] as const)('%s', (__, f) => {
      fc.assert(
        fc.property(pair, ([a, b]) => near(transform(f)(tensor(a), tensor(b)), transform(plain)(tensor(a), tensor(b)))),
        { numRuns: 4 },
      );
    });
  });
  it.each([
    [
      'jvp',
      (f: F): F =>
        (x, y) =>
          jvp(f, [x, y], [y, x])[1],
    ],
    [
      'jvp of jit',
      (f: F): F =>
        (x, y) =>
          jvp(jit(f), [x, y], [y, x])[1],
    ],
    [
      'jvp of grad',
      (f: F): F =>
        (x, y) =>
          jvp((z: Tensor) => grad(total(f))(z, y), [x], [y])[1],
    ],
    [
      'linearize',
      (f: F): F =>
        (x, y) =>
          linearize(f, x, y)[1](y, x),
    ],
  ] as const)('customJvp: %s', (_, transform) => {
    const [x, y] = [tensor([0.5, -1]), tensor([2, 3])];
    near(transform(forward)(x, y), transform(plain)(x, y));
  });
  it('customVjp: the forward derivative of its pullback', () => {
    const [x, y] = [tensor([0.5, -1]), tensor([2, 3])];
    const push = (f: F): Tensor => jvp((z: Tensor) => grad(total(f))(z, y), [x], [y])[1];
    near(push(reverse), push(plain));
  });
});

describe('customJvp', () => {
  it('keeps log(1 + exp(x)) and its derivatives finite', () => {
    const f: (x: Tensor) => Tensor = customJvp({
      call: (x: Tensor) => log1p(exp(x)),
      jvp: ([x], [t]) => [f(x), mul(sub(1, div(1, add(1, exp(x)))), t)],
    });
    expect(grad(f)(tensor(100)).itemSync()).toBe(1);
    expect(jit(grad(f))(tensor(100)).itemSync()).toBe(1);
    expect(grad(grad(f))(tensor(0)).itemSync()).toBeCloseTo(0.25, 6);
  });
  it('passes gradients straight through', () => {
    const f = customJvp({ call: (x: Tensor) => round(x), jvp: ([x], [t]) => [round(x), t] });
    expect(f(tensor([0.3, 1.7])).arraySync()).toEqual([0, 2]);
    expect(grad((x: Tensor) => sum(mul(f(x), tensor([1, 2]))))(tensor([0.3, 1.7])).arraySync()).toEqual([1, 2]);
  });
  it('takes trees, numbers and nondifferentiable arguments, and null for zero', () => {
    const f = customJvp({
      call: (n: number, p: { a: Tensor; b: Tensor }, k: Tensor) => ({ y: mul(p.a, n), z: add(p.b, k) }),
      jvp: (n, [p, k], [dp]) => {
        expect(n).toBe(3);
        return [
          { y: mul(p.a, n), z: add(p.b, k) },
          { y: mul(dp.a, 7), z: null as never },
        ];
      },
      nondiffArgnums: [0],
    });
    const g = grad((p: { a: Tensor; b: Tensor }) => {
      const { y, z } = f(3, p, tensor(1));
      return add(y, z);
    })({ a: tensor(2), b: tensor(5) });
    expect([g.a.itemSync(), g.b.itemSync()]).toEqual([7, 0]);
  });
  it('has a rule that may call compiled functions on values and tangents together', () => {
    const both = jit((x: Tensor, t: Tensor): [Tensor, Tensor] => [sin(x), mul(cos(x), t)]);
    const f = customJvp({ call: (x: Tensor) => sin(x), jvp: ([x], [t]) => both(x, t) });
    near(grad(f)(tensor(0.3)), cos(tensor(0.3)));
    near(jit(grad(grad(f)))(tensor(0.3)), neg(sin(tensor(0.3))));
  });
  it('runs its rule a slice at a time under vmap', () => {
    const shapes: (readonly number[])[] = [];
    const f = customJvp({
      call: (x: Tensor) => sin(x),
      jvp: ([x], [t]) => {
        shapes.push(x.shape, t.shape);
        return [sin(x), mul(cos(x), t)];
      },
    });
    jvp(vmap(f), [tensor([[1, 2, 3]])], [tensor([[1, 1, 1]])]);
    expect(shapes).toEqual([[3], [3]]);
  });
});

describe('customVjp', () => {
  const clipped = customVjp({
    call: (_: number, x: Tensor) => x,
    fwd: (_, x) => [x, null],
    bwd: (limit, _, ct) => [clip(ct, -limit, limit)],
    nondiffArgnums: [0],
  });
  it('clips gradients, also a slice at a time', () => {
    const f = (x: Tensor): Tensor => sum(mul(clipped(1, x), tensor([0.5, 100])));
    expect(grad(f)(tensor([1, 2])).arraySync()).toEqual([0.5, 1]);
    expect(jit(vmap(grad(f)))(zeros([2, 2])).arraySync()).toEqual([
      [0.5, 1],
      [0.5, 1],
    ]);
  });
  it('adds up what every slice gives to what they share, also where bwd gives the same to all', () => {
    const f = customVjp({ call: (x: Tensor) => x, fwd: (x) => [x, null], bwd: () => [tensor(1)] });
    expect(grad((w: Tensor) => sum(vmap((x: Tensor) => mul(f(w), x))(tensor([1, 2, 3]))))(tensor(1)).itemSync()).toBe(
      1,
    );
    const g = customVjp({
      call: (w: Tensor, x: Tensor) => mul(w, x),
      fwd: (w, x) => [mul(w, x), null],
      bwd: () => [tensor(1), null],
    });
    expect(grad((w: Tensor) => sum(vmap((x: Tensor) => g(w, x))(tensor([1, 2, 3]))))(tensor(1)).itemSync()).toBe(3);
  });
});

describe('errors', () => {
  const one = tensor([1, 2]);
  const badJvp = (jvpRule: (...args: never[]) => unknown): (() => unknown) => {
    const f = customJvp({ call: (x: Tensor) => ({ y: sin(x) }), jvp: jvpRule as never });
    return () => grad((x: Tensor) => sum(f(x).y))(one);
  };
  const badVjp = (bwd: (...args: never[]) => unknown): (() => unknown) => {
    const f = customVjp({ call: (p: { w: Tensor }) => sin(p.w), fwd: (p) => [sin(p.w), p], bwd: bwd as never });
    return () => grad((x: Tensor) => sum(f({ w: x })))(one);
  };
  it.each([
    ['jvp returns no pair', badJvp(([x]: Tensor[]) => sin(x!)), /jvp must return the pair \[value, tangent\]/],
    ['another structure', badJvp(([x]: Tensor[]) => [sin(x!), x]), /result of call.*value that jvp returns.*structure/],
    [
      'another shape',
      badJvp(([x]: Tensor[]) => [{ y: sum(x!) }, { y: x }]),
      /jvp returns has shape \[\] at y, the result of call has \[2\]/,
    ],
    [
      'another dtype',
      badJvp(([x]: Tensor[]) => [{ y: x!.astype('float64') }, { y: x }]),
      /is float64 at y, the result of call is float32/,
    ],
    [
      'a tangent of another shape',
      badJvp(([x]: Tensor[]) => [{ y: sin(x!) }, { y: sum(x!) }]),
      /tangent that jvp returns has shape \[\] at y.*\[2\]/,
    ],
    [
      'bwd returns one tensor',
      badVjp((_: never, ct: Tensor) => ct),
      /bwd must return an array with one cotangent for each of the 1 /,
    ],
    ['bwd returns too many', badVjp((_: never, ct: Tensor) => [{ w: ct }, ct]), /got 2 entries/],
    ['bwd returns another structure', badVjp((_: never, ct: Tensor) => [{ v: ct }]), /structure.*w/],
    [
      'bwd returns another shape',
      badVjp((_: never, ct: Tensor) => [{ w: sum(ct) }]),
      /cotangent that bwd returns has shape \[\] at \[0\]\.w, the argument has \[2\]/,
    ],
  ] as const)('%s', (_, run, message) => expect(run).toThrow(message));

  it('forward mode of customVjp names both', () => {
    for (const run of [
      () => jvp(reverse, [one, one], [one, one]),
      () => jacfwd(reverse)(one, one),
      () => jit(() => jvp(jit(reverse), [one, one], [one, one]))(),
      () => linearize(reverse, one, one)[1](one, one),
    ])
      expect(run).toThrow(/customVjp: .*use customJvp/s);
  });
  it('a value that is differentiated by must be an argument', () => {
    const inside =
      (make: (w: Tensor) => (x: Tensor) => Tensor): (() => unknown) =>
      () =>
        grad((w: Tensor) => sum(make(w)(one)))(one);
    const closed = inside((w) =>
      customJvp({ call: (x: Tensor) => mul(w, x), jvp: ([x], [t]) => [mul(w, x), mul(w, t)] }),
    );
    expect(closed).toThrow(/closes over .* pass the value as an argument/);
    const closedVjp = inside((w) =>
      customVjp({ call: (x: Tensor) => mul(w, x), fwd: (x) => [mul(w, x), null], bwd: (_, ct) => [ct] }),
    );
    expect(closedVjp).toThrow(/closes over .* pass the value as an argument/);
    const f = customJvp({
      call: (x: Tensor, y: Tensor) => mul(x, y),
      jvp: (y, [x], [t]) => [mul(x, y), mul(t, y)],
      nondiffArgnums: [1],
    });
    expect(() => grad((x: Tensor) => sum(f(x, x)))(one)).toThrow(
      /nondiffArgnums is being differentiated by.*stopGradient/,
    );
    expect(grad((x: Tensor) => sum(f(x, stopGradient(x))))(one).arraySync()).toEqual([1, 2]);
  });
  it('missing functions, unknown options, positions that are none', () => {
    expect(() => customJvp({ call: sin } as never)).toThrow(/\{ call, jvp \}/);
    expect(() => customVjp({ call: sin, fwd: sin } as never)).toThrow(/\{ call, fwd, bwd \}/);
    expect(() => customJvp({ call: sin, jvp: sin, rule: sin } as never)).toThrow(/no option 'rule'/);
    const f = customJvp({ call: (x: Tensor) => x, jvp: (() => null) as never, nondiffArgnums: [3] });
    expect(() => grad(f)(tensor(1))).toThrow(/3 does not name one of the 1 argument/);
  });
});

describe('linearTranspose', () => {
  const a = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  it('is the transpose, in the structure of the arguments', () => {
    const f = (p: { x: Tensor; y: Tensor }): Tensor => add(matmul(a, p.x), mul(p.y, 2));
    const [ct] = linearTranspose(f, { x: zeros([2]), y: zeros([3]) })(tensor([1, 0, 1]));
    expect([ct.x.arraySync(), ct.y.arraySync()]).toEqual([
      [6, 8],
      [2, 0, 2],
    ]);
    const push = linearize((x: Tensor) => sin(x), tensor([0, 1]))[1];
    near(linearTranspose(push, zeros([2]))(tensor([1, 1])), [cos(tensor([0, 1]))]);
  });
  it('works under jit, vmap and grad', () => {
    const back = (ct: Tensor): Tensor => linearTranspose((x: Tensor) => matmul(a, x), zeros([2]))(ct)[0];
    const want = [6, 8];
    expect(jit(back)(tensor([1, 0, 1])).arraySync()).toEqual(want);
    expect(vmap(back)(tensor([[1, 0, 1]])).arraySync()).toEqual([want]);
    expect(grad((ct: Tensor) => sum(back(ct)))(zeros([3])).arraySync()).toEqual([3, 7, 11]);
  });
  it.each([
    ['sin', (x: Tensor) => sin(x), /not linear.*cos/s],
    ['a product of arguments', (x: Tensor) => mul(x, x), /not linear.*argument/s],
    ['a constant added', (x: Tensor) => add(x, 1), /of zeros it is 1, not 0/],
  ] as const)('refuses %s', (_, f, message) => expect(() => linearTranspose(f, zeros([2]))).toThrow(message));
});
