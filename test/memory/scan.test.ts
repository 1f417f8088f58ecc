// Memory of the reverse pass of a scan, read from the plan: linear in the steps, with the residuals of one step as its slope.
import { describe, expect, it } from 'vitest';
import {
  add,
  checkpoint,
  explain,
  grad,
  jit,
  matmul,
  mul,
  scan,
  square,
  sum,
  tanh,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import type { Plan } from '../../src/jit/kernel.ts';

const width = 32;
type Params = { readonly w: Tensor; readonly u: Tensor };

const last =
  (step: (p: Params, h: Tensor, x: Tensor) => Tensor) =>
  (p: Params, xs: Tensor): Tensor =>
    sum(square(scan((h, x) => [step(p, h, x), null], zeros([width]), xs)[0]));

const cell = (p: Params, h: Tensor, x: Tensor): Tensor => tanh(add(matmul(h, p.w), matmul(x, p.u)));

const planOf = (f: (p: Params, xs: Tensor) => Tensor, steps: number): Plan =>
  explain(jit(grad(f)))({ w: zeros([width, width]), u: zeros([width, width]) }, zeros([steps, width])).plan;

/** Bytes that the first loop of a plan stacks up in each step. */
const stackedBytes = (plan: Plan): number => {
  const forward = plan.kernels.find((k) => k.kind === 'scan')!;
  return forward.ys.reduce((n, _, j) => {
    const b = forward.body.buffers.get(forward.body.outputs[forward.carry.length + j]!)!;
    return n + 4 * b.length;
  }, 0);
};

describe('the reverse pass of a scan', () => {
  it('takes the residuals of a step more for each step', () => {
    const f = last(cell);
    // The carry that enters a step, and 1 - tanh^2.
    expect(stackedBytes(planOf(f, 500))).toBe(2 * width * 4);
    expect(planOf(f, 1000).arenaBytes - planOf(f, 500).arenaBytes).toBe(500 * 2 * width * 4);
  });

  it('keeps nothing of what every step reads alike', () => {
    const scaled = last((p, h, x) => tanh(add(matmul(h, tanh(p.w)), mul(matmul(x, p.u), 2))));
    const plan = planOf(scaled, 500);
    expect(stackedBytes(plan)).toBe(2 * width * 4);
    expect(plan.arenaBytes - planOf(scaled, 250).arenaBytes).toBe(250 * 2 * width * 4);
  });

  it('keeps the carry alone where the body is a checkpoint', () => {
    const deep = (p: Params, h: Tensor, x: Tensor): Tensor => tanh(add(matmul(tanh(tanh(cell(p, h, x))), p.u), x));
    const without = planOf(last(deep), 500);
    const within = planOf(last(checkpoint(deep)), 500);
    expect(stackedBytes(without)).toBeGreaterThan(4 * width * 4);
    expect(stackedBytes(within)).toBe(width * 4);
    expect(planOf(last(checkpoint(deep)), 1000).arenaBytes - within.arenaBytes).toBe(500 * width * 4);
  });

  it('is a number of kernels that does not depend on the steps', () => {
    expect(planOf(last(cell), 1000).kernels.length).toBe(planOf(last(cell), 10).kernels.length);
  });
});
