// Faults found by reviews of control flow and of custom derivatives, each with the smallest program that showed it.
import { describe, expect, it } from 'vitest';
import {
  checkpoint,
  customJvp,
  customVjp,
  foriLoop,
  grad,
  jit,
  mul,
  psum,
  sum,
  tensor,
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
