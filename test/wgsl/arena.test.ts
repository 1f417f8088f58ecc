// Leaves that share a buffer of the GPU are values like any others: donated or not, together or one by one, freed in any order.
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { add, devicePut, grad, jit, mean, mul, sub, sum, tanh, tensor, tree, type Tensor } from '../../src/index.ts';
import type { Backend } from '../../src/jit/backend.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import type { WebGpuStorage } from '../../src/wgsl/storage.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { expectClose } from './device.ts';

const real = await testGpuDevice();
afterAll(() => real.destroy());
const gpu = createWebGpuDevice(real as never);
const patience = 240_000;

type Leaves = readonly Tensor[];
type State = readonly [Leaves, Leaves];

const sizes = [6, 5, 65, 3];
const shapes = sizes.slice(1).flatMap((n, i) => [[sizes[i]!, n], [n]]);
const ramp = (shape: readonly number[], seed: number): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return tensor(Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.7 + seed))).reshape(shape) as Tensor;
};
const x = ramp([4, 6], 100);
const start = (): State => [shapes.map((s, i) => ramp(s, i)), shapes.map((s, i) => mul(ramp(s, i + 50), 0.1))];

const loss = (p: Leaves, input: Tensor): Tensor => {
  let h = input;
  for (let i = 0; i < p.length; i += 2) h = tanh(h.matmul(p[i]!).add(p[i + 1]!));
  return sum(mul(h, h));
};

/** What may be done with a state, compiled for a device. */
const programs = (device: Backend) => {
  const momentum = ([p, m]: State, input: Tensor): State => {
    const g = grad((q: Leaves) => loss(q, input))(p);
    const next = m.map((a, i) => add(mul(a, 0.9), g[i]!));
    return [p.map((a, i) => sub(a, mul(next[i]!, 0.01))), next];
  };
  // Roles change places: what was a moment becomes a parameter.
  const swap = ([p, m]: State): State => [m.map((a) => mul(a, 0.5)), p.map((a) => mul(a, 1.5))];
  const crossed = ([p, m]: State): State => [p.map((a, i) => add(a, mul(m[i]!, 0.1))), m.map((a, i) => sub(a, mul(p[i]!, 0.1)))]; // prettier-ignore
  const partial = (ps: Leaves, others: Leaves): Leaves => ps.map((a, i) => add(mul(a, 0.5), mean(others[i]!)));
  return {
    step: jit(momentum, { donate: 0, device }),
    pure: jit(momentum, { device }),
    swap: jit(swap, { donate: 0, device }),
    crossed: jit(crossed, { donate: 0, device }),
    partial: jit(partial, { donate: 0, device }),
    double: jit((a: Tensor) => add(a, a), { device }),
    loss: jit(loss, { device }),
  };
};
type Programs = ReturnType<typeof programs>;

const actions: readonly ((s: State, f: Programs, n: number, input: Tensor) => State)[] = [
  (s, f, _, input) => f.step(s, input),
  (s, f, _, input) => f.pure(s, input),
  (s, f) => f.swap(s),
  (s, f) => f.crossed(s),
  // Some leaves go to another program, beside others of the same arena.
  ([p, m], f, n) => {
    const k = 1 + (n % 3);
    const next = f.partial(p.slice(0, k), p.slice(3, 3 + k));
    return [[...next, ...p.slice(k)], m];
  },
  // A leaf is replaced; the one that was there is freed.
  ([p, m], f, n) => {
    const at = n % p.length;
    const next = p.map((a, i) => (i === at ? f.double(a) : a));
    p[at]!.dispose();
    return [next, m];
  },
  ([p, m], f, n, input) => {
    const l = f.loss(p, input);
    const at = n % m.length;
    return [p, m.map((a, i) => (i === at ? add(a, l) : a))];
  },
];

const wasm = programs((await import('../../src/index.ts')).defaultDevice() as Backend);
const there = programs(gpu);
const leaves = (s: State): Leaves => tree.leaves(s) as Leaves;
const blocks = (s: Leaves): number => new Set(s.map((t) => (t as unknown as { storage: WebGpuStorage }).storage.block)).size; // prettier-ignore

const same = async (got: State, want: State): Promise<void> => {
  const [g, w] = [leaves(got), leaves(want)];
  for (let i = 0; i < w.length; i++) expectClose(await g[i]!.data(), await w[i]!.data(), 1e-2, `leaf ${i}`);
};

describe('a state whose leaves share buffers', () => {
  test(
    'is in one buffer for each of its roles after a step, and stays there',
    async () => {
      const input = devicePut(x, gpu);
      let s = there.step(devicePut(start(), gpu) as State, input);
      const home = (t: Tensor): unknown => (t as unknown as { storage: WebGpuStorage }).storage.block;
      expect([blocks(s[0]), blocks(s[1]), blocks(leaves(s))]).toEqual([1, 1, 2]);
      const before = leaves(s).map(home);
      s = there.step(s, input);
      expect(leaves(s).map(home)).toEqual(before);
      await s[0][0]!.ready();
    },
    patience,
  );

  test(
    'is what WebAssembly makes of it, whatever is done with it',
    async () => {
      const input = devicePut(x, gpu);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(actions.length - 1), fc.nat(11)), { minLength: 2, maxLength: 8 }),
          async (list) => {
            let want = start();
            let got = devicePut(start(), gpu) as State;
            for (const [kind, n] of list) {
              want = actions[kind]!(want, wasm, n, x);
              got = actions[kind]!(got, there, n, input);
            }
            await same(got, want);
          },
        ),
        { numRuns: 25 },
      );
    },
    patience,
  );

  test(
    'is the same to the last bit, donated or not',
    async () => {
      const input = devicePut(x, gpu);
      let a = devicePut(start(), gpu) as State;
      let b = devicePut(start(), gpu) as State;
      for (let i = 0; i < 4; i++) {
        a = there.step(a, input);
        b = there.pure(b, input);
      }
      for (const [i, leaf] of leaves(a).entries()) expect(await leaf.data()).toEqual(await leaves(b)[i]!.data());
    },
    patience,
  );

  test(
    'gives its memory back leaf by leaf, and only the last one frees it',
    async () => {
      const own = createWebGpuDevice(real as never);
      const f = programs(own);
      const input = devicePut(x, own);
      let s = devicePut(start(), own) as State;
      s = f.step(s, input);
      await s[0][0]!.ready();
      const full = own.memory().used;
      s = f.step(s, input);
      expect(own.memory().used).toBe(full);
      const [last, ...others] = leaves(s);
      others.forEach((t) => t.dispose());
      const want = start();
      expectClose(await last!.data(), await wasm.step(wasm.step(want, x), x)[0][0]!.data(), 2e-4);
      const one = own.memory().used;
      expect(one).toBeLessThan(full);
      last!.dispose();
      input.dispose();
      expect(own.memory().used).toBeLessThan(one);
    },
    patience,
  );

  test(
    'is there as it was after a call that failed',
    async () => {
      const own = createWebGpuDevice(real as never, { budget: 2 ** 20 });
      const f = programs(own);
      const input = devicePut(x, own);
      const s = f.step(devicePut(start(), own) as State, input);
      const greedy = jit(([p, m]: State, v: Tensor): unknown => [p.map((a) => mul(a, 2)), m.map((a) => mul(a, 2)), v.reshape([-1, 1]).add(v)], { donate: 0, device: own }); // prettier-ignore
      expect(() => greedy(s, ramp([1000], 3))).toThrow(/budget/);
      await same(s, wasm.step(start(), x));
      await same(f.step(s, input), wasm.step(wasm.step(start(), x), x));
    },
    patience,
  );
});
