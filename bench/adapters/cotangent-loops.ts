// cotangent's recurrences, samplers and per-example gradients: loops inside of one program, and the same from JS.
import {
  add,
  foriLoop,
  fromTypedArray,
  grad,
  jit,
  less,
  matmul,
  mul,
  scan,
  square,
  stack,
  sub,
  sum,
  take,
  tanh,
  tree,
  vmap,
  where,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { LOOPS, type Inputs } from '../workloads.ts';
import { concat, type Case, type Setup } from './adapter.ts';

const input = (inputs: Inputs, name: string): Tensor => fromTypedArray(inputs[name]!.data, inputs[name]!.shape);

const timed = (f: () => readonly Tensor[]): Case => ({
  run: async () => {
    const leaves = f();
    await leaves.at(-1)!.ready();
    for (const y of leaves) y.dispose();
  },
  result: async () => concat(await Promise.all(f().map((y) => y.data()))),
});

interface Cell {
  readonly w: Tensor;
  readonly u: Tensor;
  readonly b: Tensor;
}
const cell = ({ w, u, b }: Cell, h: Tensor, x: Tensor): Tensor => tanh(add(add(matmul(h, w), matmul(x, u)), b));
const cellOf = (i: Inputs): Cell => ({ w: input(i, 'w'), u: input(i, 'u'), b: input(i, 'b') });
const last = (p: Cell, xs: Tensor): Tensor => scan((h, x) => [cell(p, h, x), null], zeros([32]), xs)[0];

const hmc = (precision: Tensor, start: Tensor, momenta: Tensor, logs: Tensor): Tensor => {
  const energy = (q: Tensor): Tensor => mul(0.5, sum(mul(q, matmul(precision, q))));
  const kinetic = (p: Tensor): Tensor => mul(0.5, sum(square(p)));
  const force = grad(energy);
  const half = LOOPS.stepSize / 2;
  const draw = (q: Tensor, { p, log }: { readonly p: Tensor; readonly log: Tensor }): readonly [Tensor, Tensor] => {
    const [q1, p1] = foriLoop(
      0,
      LOOPS.leapfrog,
      (_, [x, v]) => {
        const middle = sub(v, mul(half, force(x)));
        const moved = add(x, mul(LOOPS.stepSize, middle));
        return [moved, sub(middle, mul(half, force(moved)))];
      },
      [q, p] as const,
    );
    const change = sub(add(energy(q), kinetic(p)), add(energy(q1), kinetic(p1)));
    const next = where(less(log, change), q1, q);
    return [next, next];
  };
  return scan(draw, start, { p: momenta, log: logs })[1];
};

const squaredError = (p: readonly Tensor[], x: Tensor, y: Tensor): Tensor =>
  sum(square(sub(add(matmul(tanh(add(matmul(x, p[0]!), p[1]!)), p[2]!), p[3]!), y)));
const weights = (i: Inputs): Tensor[] => ['w1', 'b1', 'w2', 'b2'].map((n) => input(i, n));

export const loops: Readonly<Record<string, Setup>> = {
  rnn: (i) => {
    const [p, xs, f] = [cellOf(i), input(i, 'xs'), jit(last)];
    return timed(() => [f(p, xs)]);
  },
  rnnsteps: (i) => {
    const [p, xs, f] = [cellOf(i), input(i, 'xs'), jit(cell)];
    const rows = Array.from({ length: LOOPS.steps }, (_, t) => take(xs, t, { axis: 0 }));
    return timed(() => [rows.reduce((h, x) => f(p, h, x), zeros([32]) as Tensor)]);
  },
  rnngrad: (i) => {
    const [p, xs, f] = [cellOf(i), input(i, 'xs'), jit(grad((q: Cell, x: Tensor) => sum(square(last(q, x)))))];
    return timed(() => tree.leaves(f(p, xs)) as Tensor[]);
  },
  hmc: (i) => {
    const args = ['precision', 'start', 'momenta', 'logs'].map((n) => input(i, n)) as [Tensor, Tensor, Tensor, Tensor];
    const f = jit(hmc);
    return timed(() => [f(...args)]);
  },
  vmapgrad256: (i) => {
    const [p, x, y] = [weights(i), input(i, 'x'), input(i, 'y')];
    const f = jit(vmap(grad(squaredError), { inAxes: [null, 0, 0] }));
    return timed(() => f(p, x, y) as Tensor[]);
  },
  loopgrad256: (i) => {
    const p = weights(i);
    const rows = (name: string): Tensor[] =>
      Array.from({ length: 256 }, (_, k) => take(input(i, name), k, { axis: 0 }));
    const [xs, ys, f] = [rows('x'), rows('y'), jit(grad(squaredError))];
    return timed(() => {
      const each = xs.map((x, k) => f(p, x, ys[k]!));
      return p.map((_, n) => stack(each.map((g) => g[n]!)));
    });
  },
};
