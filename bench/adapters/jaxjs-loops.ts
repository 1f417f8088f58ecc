// jax-js's recurrences, samplers and per-example gradients: it has no loop inside of a program, so each step is a jitted call from JS.
import { blockUntilReady, grad, jit, numpy as np, tree, vmap, type JsTree } from '@jax-js/jax';
import { LOOPS, type Inputs } from '../workloads.ts';
import { concat, type Case, type Setup } from './adapter.ts';

const arrayOf = (data: ArrayLike<number>, shape: readonly number[]): np.Array =>
  np.array(Float32Array.from(data)).reshape([...shape]);
const input = (i: Inputs, name: string): np.Array => arrayOf(i[name]!.data, i[name]!.shape);
const rowsOf = (i: Inputs, name: string): np.Array[] => {
  const { data, shape } = i[name]!;
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  return Array.from({ length: shape[0]! }, (_, k) => arrayOf(data.slice(k * width, (k + 1) * width), shape.slice(1)));
};
const refs = <T extends JsTree<np.Array>>(t: T): T => tree.ref(t) as T;

const timed = (f: () => np.Array[] | Promise<np.Array[]>): Case => ({
  run: async () => {
    tree.dispose(await blockUntilReady((await f()) as never));
  },
  result: async () => {
    const values: Float32Array[] = [];
    for (const y of await f()) values.push((await y.data()) as Float32Array);
    return concat(values);
  },
});

const squaredError = (p: np.Array[], x: np.Array, y: np.Array): np.Array =>
  np
    .square(
      np
        .matmul(np.tanh(np.matmul(x, p[0]!).add(p[1]!)), p[2]!)
        .add(p[3]!)
        .sub(y),
    )
    .sum();
const weights = (i: Inputs): np.Array[] => ['w1', 'b1', 'w2', 'b2'].map((n) => input(i, n));
type Gradients = (p: np.Array[], x: np.Array, y: np.Array) => np.Array[];

export const loops: Readonly<Record<string, Setup | string>> = {
  rnn: 'has no loop inside of a program',
  rnnsteps: (i) => {
    const [w, u, b, xs] = [input(i, 'w'), input(i, 'u'), input(i, 'b'), rowsOf(i, 'xs')];
    const f = jit((w: np.Array, u: np.Array, b: np.Array, h: np.Array, x: np.Array): np.Array =>
      np.tanh(np.matmul(h, w).add(np.matmul(x, u)).add(b)),
    );
    // Waiting for each step: left to itself the chain of pending steps is read in quadratic time.
    return timed(async () => {
      let h = np.zeros([32]);
      for (const x of xs) h = await blockUntilReady(f(w.ref, u.ref, b.ref, h, x.ref));
      return [h];
    });
  },
  rnngrad: 'has no loop inside of a program, so its gradient would be one of 10,000 unrolled steps',
  hmc: (i) => {
    const precision = input(i, 'precision');
    const [momenta, logs, start] = [rowsOf(i, 'momenta'), rowsOf(i, 'logs'), input(i, 'start')];
    const energy = (q: np.Array, P: np.Array): np.Array => q.ref.mul(np.matmul(P, q)).sum().mul(0.5);
    const kinetic = (p: np.Array): np.Array => np.square(p).sum().mul(0.5);
    const half = LOOPS.stepSize / 2;
    const draw = jit((P: np.Array, q: np.Array, p: np.Array, log: np.Array): np.Array => {
      const force = (x: np.Array): np.Array => grad((y: np.Array) => energy(y, P.ref))(x) as unknown as np.Array;
      let [x, v] = [q.ref, p.ref];
      for (let k = 0; k < LOOPS.leapfrog; k++) {
        const middle = v.sub(force(x.ref).mul(half));
        x = x.add(middle.ref.mul(LOOPS.stepSize));
        v = middle.sub(force(x.ref).mul(half));
      }
      const change = energy(q.ref, P.ref)
        .add(kinetic(p))
        .sub(energy(x.ref, P).add(kinetic(v)));
      return np.where(np.less(log, change), x, q);
    });
    return timed(async () => {
      const out: np.Array[] = [];
      let q = start.ref;
      for (const [k, p] of momenta.entries()) {
        q = await blockUntilReady(draw(precision.ref, q, p.ref, logs[k]!.ref) as unknown as np.Array);
        out.push(q.ref);
      }
      q.dispose();
      return [np.stack(out)];
    });
  },
  vmapgrad256: (i) => {
    const [p, x, y] = [weights(i), input(i, 'x'), input(i, 'y')];
    const f = jit(vmap(grad(squaredError) as unknown as Gradients, [null, 0, 0]) as never) as unknown as Gradients;
    return timed(() => f(refs(p), x.ref, y.ref));
  },
  loopgrad256: (i) => {
    const [p, xs, ys] = [weights(i), rowsOf(i, 'x'), rowsOf(i, 'y')];
    const f = jit(grad(squaredError) as never) as unknown as Gradients;
    return timed(() => {
      const each = xs.map((x, k) => f(refs(p), x.ref, ys[k]!.ref));
      return p.map((_, n) => np.stack(each.map((g) => g[n]!)));
    });
  },
};
