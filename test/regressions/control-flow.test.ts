// Faults found by reviews of control flow and of custom derivatives, each with the smallest program that showed it.
import { describe, expect, it } from 'vitest';
import {
  add,
  checkpoint,
  cond,
  cos,
  customJvp,
  customVjp,
  foriLoop,
  grad,
  greater,
  jit,
  mul,
  psum,
  scan,
  sin,
  sum,
  tensor,
  valueAndGrad,
  vmap,
} from '../../src/index.ts';
import type { Tensor } from '../../src/index.ts';

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
