// Faults found by reviews of control flow and of custom derivatives, each with the smallest program that showed it.
import { describe, expect, it } from 'vitest';
import {
  add,
  asStatic,
  checkpoint,
  concatenate,
  cond,
  cos,
  customJvp,
  customVjp,
  debug,
  disableJit,
  div,
  dot,
  foriLoop,
  grad,
  greater,
  jit,
  linearTranspose,
  mul,
  psum,
  pureCallback,
  round,
  scan,
  sin,
  stopGradient,
  sum,
  tensor,
  valueAndGrad,
  vmap,
  where,
  whileLoop,
} from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';
import { checkGrads } from '../../src/testing/index.ts';

const numbers = (x: Tensor): number[] => Array.from(x.dataSync());

describe('rules of custom derivatives that speak of a named axis', () => {
  // The axis was not in scope any more where the rule ran: in the backward pass, or when a staged program was differentiated.
  const square = (x: Tensor): Tensor => psum(mul(x, x), 'i');
  const rules = {
    customJvp: customJvp({
      call: square,
      jvp: ([x], [dx]) => [square(x), psum(mul(mul(2, x), dx), 'i')],
    }),
    customVjp: customVjp({
      call: square,
      fwd: (x: Tensor) => [square(x), x],
      bwd: (x: Tensor, ct: Tensor) => [mul(psum(ct, 'i'), mul(2, x))],
    }),
  };
  for (const [name, f] of Object.entries(rules)) {
    const total = (x: Tensor): Tensor => sum(vmap(f, { axisName: 'i' })(x));
    const looped = (x: Tensor): Tensor =>
      sum(vmap((y: Tensor) => foriLoop(0, 1, (_, a) => f(a), y), { axisName: 'i' })(x));
    it.each([
      ['grad', grad(total)],
      ['grad of jit', grad(jit(total))],
      ['jit of grad', jit(grad(total))],
      ['a loop', jit(grad(looped))],
      ['checkpoint', grad(checkpoint(total))],
    ] as const)(`${name} under %s`, (_, gradient) => {
      expect(numbers(gradient(tensor([1, 2])))).toEqual([4, 8]);
    });
  }
});

describe('a customJvp rule that computes values and tangents together', () => {
  // The values ended on the tape of reverse mode: a loop could not be transposed, a branch gave a value that was not there.
  const f = (x: Tensor): Tensor => sin(sin(x));
  const pair = (x: Tensor, dx: Tensor): [Tensor, Tensor] => [sin(x), mul(cos(x), dx)];
  const twice = (x: Tensor, dx: Tensor): [Tensor, Tensor] => pair(...pair(x, dx));
  const rules: Record<string, (x: Tensor, dx: Tensor) => readonly [Tensor, Tensor]> = {
    'in a loop': (x, dx) => foriLoop(0, 2, (_, [y, dy]) => pair(y, dy), [x, dx] as const),
    'in a branch': (x, dx) => cond(greater(x, 0), twice, pair, x, dx),
    'under checkpoint': (x, dx) => checkpoint(twice)(x, dx),
    'under jit': (x, dx) => jit(twice)(x, dx),
  };
  for (const [name, rule] of Object.entries(rules)) {
    const custom = customJvp({ call: f, jvp: ([x], [dx]) => rule(x, dx) });
    const used =
      (g: typeof f) =>
      (x: Tensor): Tensor =>
        mul(g(x), g(add(x, 0.5)));
    it(name, () => {
      const x = tensor(0.7, 'float64');
      const [value, slope] = valueAndGrad(used(f))(x);
      for (const both of [valueAndGrad(used(custom)), jit(valueAndGrad(used(custom)))]) {
        const [y, dy] = both(x);
        expect(y.itemSync()).toBeCloseTo(Number(value.itemSync()), 12);
        expect(dy.itemSync()).toBeCloseTo(Number(slope.itemSync()), 12);
      }
      const total =
        (g: typeof f) =>
        (xs: Tensor): Tensor =>
          sum(vmap(used(g))(xs));
      const xs = tensor([0.2, 0.9], 'float64');
      numbers(jit(grad(total(custom)))(xs)).forEach((d, i) =>
        expect(d).toBeCloseTo(numbers(grad(total(f))(xs))[i]!, 12),
      );
    });
  }
  it('runs the effects on values once, in order', () => {
    const seen: number[] = [];
    const see = (x: Tensor): void => debug.callback((v) => seen.push(Number(v.itemSync())), x);
    const f = customJvp({
      call: (x: Tensor) => x,
      jvp: ([x], [dx]) =>
        foriLoop(
          0,
          3,
          (_, [y, dy]) => {
            see(y);
            return [add(y, 1), mul(dy, 2)] as const;
          },
          [x, dx] as const,
        ),
    });
    expect(numbers(jit(grad(f))(tensor(5)))).toEqual([8]);
    expect(seen).toEqual([5, 6, 7]);
  });
  it('in a loop with xs, a counter, and a result of each step', () => {
    const ref = (x: Tensor): Tensor => {
      const [last, ys] = scan((c, w) => [sin(mul(c, w)), mul(c, c)], x, tensor([1, 2, 3], 'float64'), {
        reverse: true,
      });
      return add(last, sum(ys));
    };
    const custom = customJvp({
      call: ref,
      jvp: ([x], [dx]) => {
        const [last, ys] = scan(
          ({ c, dc, n }, w) => [
            { c: sin(mul(c, w)), dc: mul(mul(cos(mul(c, w)), w), dc), n: add(n, 1) },
            [mul(c, c), mul(mul(2, c), dc), n] as const,
          ],
          { c: x, dc: dx, n: tensor(0, 'int32') },
          tensor([1, 2, 3], 'float64'),
          { reverse: true },
        );
        return [add(last.c, sum(ys[0])), add(last.dc, sum(ys[1]))];
      },
    });
    const at = tensor(0.4, 'float64');
    const want = valueAndGrad(ref)(at).map((y) => Number(y.itemSync()));
    for (const both of [valueAndGrad(custom), jit(valueAndGrad(custom))])
      both(at).forEach((y, i) => expect(y.itemSync()).toBeCloseTo(want[i]!, 12));
  });
});

describe('rules that are not linear in their tangents', () => {
  // They ended in a TypeError about something inside.
  it.each([
    ['a product', (_: Tensor, t: Tensor) => mul(t, t), /mul: is not linear/],
    ['a quotient', (x: Tensor, t: Tensor) => div(x, t), /div: is not linear/],
    ['a choice', (_: Tensor, t: Tensor) => where(greater(t, 0), t, 0), /where: is not linear/],
    ['a matrix product', (_: Tensor, t: Tensor) => dot(t, t), /is not linear/],
  ] as const)('%s of tangents names the operation', (_, rule, message) => {
    const f = customJvp({ call: (x: Tensor) => sum(x), jvp: ([x], [t]) => [sum(x), sum(rule(x, t))] });
    expect(() => grad(f)(tensor([1, 2]))).toThrow(message);
    expect(() => jit(grad(f))(tensor([1, 2]))).toThrow(message);
  });
});

it('a product into one place needs no promise that places differ', () => {
  const f = (v: Tensor, i: Tensor): Tensor => tensor([2, 3]).at(i).mul(v).at(0).get();
  expect(numbers(grad(f)(tensor(5), tensor(0, 'int32')))).toEqual([2]);
  const g = vmap(grad(f), { inAxes: [null, 0] });
  expect(numbers(jit(g)(tensor(5), tensor([0, 1], 'int32')) as Tensor)).toEqual([2, 0]);
});

describe('loops without jit find the same faults as compiled ones', () => {
  const one = tensor([1]);
  const loose = { scan, whileLoop } as unknown as Record<'scan' | 'whileLoop', (...args: unknown[]) => unknown>;
  const faulty: Record<string, () => unknown> = {
    'no pair': () => loose.scan((c: Tensor) => c, tensor(0), one),
    nothing: () => loose.scan(() => undefined, tensor(0), one),
    'another shape': () => loose.scan((c: Tensor) => [concatenate([c, c]), null], one, one),
    'another dtype': () => loose.scan((c: Tensor) => [c.astype('int32'), null], one, one),
    'another structure': () => loose.scan((c: Tensor) => [[c], null], one, one),
    'an answer that is no tensor': () =>
      loose.whileLoop(
        () => true,
        (c: Tensor) => c,
        one,
      ),
    'an answer that is no scalar': () =>
      loose.whileLoop(
        (c: Tensor) => greater(c, 0),
        (c: Tensor) => c,
        one,
      ),
    'a carry that grows': () =>
      loose.whileLoop(
        (c: Tensor) => greater(sum(c), 0),
        (c: Tensor) => concatenate([c, c]),
        one,
      ),
  };
  const messageOf = (f: () => unknown): string => {
    try {
      f();
    } catch (e) {
      return (e as Error).message.split('\n')[0]!;
    }
    return 'no error';
  };
  it.each(Object.entries(faulty))('%s', (_, f) => {
    expect(messageOf(f)).toMatch(/^(scan|whileLoop): /);
    expect(messageOf(() => disableJit(f))).toBe(messageOf(f));
  });
});

it('a dtype that does not exist is an error where shapes are described', () => {
  const wrong = { shape: [2], dtype: 'float23' } as never;
  expect(() => jit((x: Tensor) => x).lower(wrong)).toThrow("unknown dtype float23; use 'float32'");
  expect(() => pureCallback((x: Tensor) => x, wrong, [tensor([1, 2])])).toThrow("unknown dtype float23; use 'float32'");
});

describe('linearTranspose', () => {
  const i = (x: Tensor): Tensor => x.astype('float32');
  // The coefficients come from a loop or a branch that computes with the argument too: that made them look dependent on it.
  it.each([
    ['a coefficient that counts', (x: Tensor) => foriLoop(0, 3, (k, a) => mul(a, add(i(k), 1)), x), 6],
    [
      'a branch by a value',
      (x: Tensor) =>
        cond(
          tensor(true),
          (y: Tensor) => mul(y, 2),
          (y: Tensor) => y,
          x,
        ),
      2,
    ],
  ] as const)('of %s', (_, f, slope) => {
    expect(numbers(linearTranspose(f, tensor(0))(tensor(1))[0])).toEqual([slope]);
  });
  // They were taken for the function that is zero everywhere.
  it.each([
    ['round', (x: Tensor) => round(x)],
    ['stopGradient', (x: Tensor) => add(x, stopGradient(x))],
    ['convert', (x: Tensor) => i(x.astype('int32'))],
  ] as const)('of %s is an error', (name, f) => {
    expect(() => linearTranspose(f, tensor(0))).toThrow(`depends on the result of ${name}`);
  });
});

describe('found by a first user', () => {
  it('checkGrads in reverse mode alone needs no forward rule', () => {
    const triple = customVjp({
      call: (x: Tensor) => mul(x, 3),
      fwd: (x: Tensor) => [mul(x, 3), null],
      bwd: (_: null, ct: Tensor) => [mul(ct, 3)],
    });
    const wrong = customVjp({
      call: (x: Tensor) => mul(x, 3),
      fwd: (x: Tensor) => [mul(x, 3), null],
      bwd: (_: null, ct: Tensor) => [mul(ct, 2)],
    });
    const x = [tensor([1, 2], { dtype: 'float64' })] as const;
    checkGrads(triple, [...x], { modes: ['reverse'], order: 2 });
    expect(() => checkGrads(wrong, [...x], { modes: ['reverse'] })).toThrow(/the reverse derivative along/);
  });

  it('a number that vmap does not map stays a number, in jit too', () => {
    const power = (x: Tensor, n: number): Tensor => {
      let y = x;
      for (let i = 1; i < n; i++) y = mul(y, x);
      return y;
    };
    const f = vmap(power, { inAxes: [0, null] });
    expect(f(tensor([1, 2]), 3).arraySync()).toEqual([1, 8]);
    expect(jit(f)(tensor([1, 2]), asStatic(3)).arraySync()).toEqual([1, 8]);
  });

  it('debug.nans lets an infinity pass that is written down', () => {
    const f = debug.nans((x: Tensor) => where(greater(x, 1.5), x, -Infinity));
    expect(f(tensor([1, 2])).arraySync()).toEqual([-Infinity, 2]);
  });
});
