// What training steps ask of the GPU: how many dispatches, and that a step in steady state makes no buffer and no bind group.
import { afterAll, describe, expect, test } from 'vitest';
import { devicePut, explain, jit, maxPool, tensor, tree, valueAndGrad, zeros, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { adam, adamw, applyUpdates, sgd, warmupCosine, type Optimizer } from '../../src/optim/index.ts';
import { foldIn, key, normal, uniform, type Key } from '../../src/random/index.ts';
import { donatedLeaves } from '../../src/jit/donation.ts';
import type { Jitted } from '../../src/jit/jit.ts';
import { planProgram } from '../../src/jit/plan.ts';
import { simplify } from '../../src/jit/simplify.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { leastLimits, limitsOf, type GpuLimits } from '../../src/wgsl/limits.ts';
import { renderModule } from '../../src/wgsl/module.ts';
import { narrowFloats } from '../../src/wgsl/narrow.ts';
import { dispatchesOf, type Dispatch } from '../../src/wgsl/steps.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { counting, noCounts, type Counts } from './device.ts';

const real = await testGpuDevice();
afterAll(() => real.destroy());
const counts: Counts = { ...noCounts };
const gpu = createWebGpuDevice(counting(real, counts));
const here = limitsOf(counting(real, { ...noCounts }));
const patience = 240_000;

/** The dispatches of a jitted function on a GPU with certain limits. */
const dispatches = <A extends readonly unknown[]>(
  f: Jitted<A, unknown>,
  args: A,
  limits: GpuLimits,
): readonly Dispatch[] => {
  const { program, captured } = f.trace(...args);
  const donated = donatedLeaves(f.options.donate, args, tree.leaves(args) as readonly Tensor[]);
  const plan = planProgram(
    narrowFloats(simplify(program)),
    { buffers: limits.buffers - 1, row: 65536, inPlace: true, sums: true },
    { donated: new Set([...donated].map((i) => i + captured.length)) },
  );
  return dispatchesOf(renderModule(plan, limits).steps);
};

/** What each call of a step asks the GPU for, uploads and read-backs apart. */
const callsOf = async (
  steps: number,
  step: (i: number) => { readonly wait: () => Promise<unknown> },
): Promise<readonly Counts[]> => {
  const out: Counts[] = [];
  for (let i = 0; i < steps; i++) {
    const { wait } = step(i);
    out.push({ ...counts });
    await wait();
  }
  return out;
};

const steady = (calls: readonly Counts[], dispatches: number): void => {
  for (const c of calls.slice(3)) expect(c).toEqual({ submits: 1, groups: 0, buffers: 0, dispatches });
};

/** A value as data comes from elsewhere: on no device. */
const onHost = (x: Tensor): Tensor => tensor(x.arraySync() as number[], { dtype: x.dtype });
const labels = (n: number): Tensor => tensor(Array.from({ length: n }, (_, i) => i % 10), { dtype: 'int32' }); // prettier-ignore

type Dense = readonly { readonly w: Tensor; readonly b: Tensor }[];
const denseParams = (sizes: readonly number[]): Dense =>
  sizes.slice(1).map((n, i) => ({ w: normal(key(i), [sizes[i]!, n]).mul(0.05), b: zeros([n]) }));
const model = (p: Dense, x: Tensor): Tensor =>
  p.reduce((h, { w, b }, i) => (i < p.length - 1 ? nn.relu(h.matmul(w).add(b)) : h.matmul(w).add(b)), x);

describe('an optimizer over all parameters', () => {
  const rows: readonly (readonly [string, Optimizer<never>, number])[] = [
    ['Adam', adam(1e-3) as never, 2],
    ['AdamW', adamw(1e-3) as never, 2],
    ['SGD with momentum', sgd(0.1, { momentum: 0.9 }) as never, 2],
  ];
  const update = (optimizer: Optimizer<never>) =>
    jit(
      (p: Dense, s: never, g: Dense) => {
        const [u, next] = optimizer.update(g as never, s, p as never);
        return [applyUpdates(p as never, u), next] as const;
      },
      { donate: [0, 1], device: gpu },
    );

  test.each(rows)(
    '%s: one dispatch, and one for its counts',
    async (_, optimizer, most) => {
      const params = denseParams([30, 20, 10, 5]);
      const step = update(optimizer);
      let state = devicePut([params, optimizer.init(params as never)], gpu) as unknown as readonly [Dense, never];
      const g = devicePut(
        params.map(({ w, b }) => ({ w: w.mul(0.1), b: b.add(0.01) })),
        gpu,
      );
      const calls = await callsOf(6, () => {
        Object.assign(counts, noCounts);
        state = step(state[0], state[1], g) as never;
        return { wait: () => state[0][0]!.w.ready() };
      });
      steady(calls, most);
      // What is collected later would come in between.
      tree.leaves(state).forEach((t) => (t as Tensor).dispose());
    },
    patience,
  );

  test('of 40 layers, gradients in the same program', () => {
    const optimizer = adam(1e-3);
    const sizes = Array.from({ length: 41 }, () => 8);
    const params = denseParams(sizes);
    const step = jit(
      (p: Dense, s: ReturnType<typeof optimizer.init>, x: Tensor) => {
        const [, g] = valueAndGrad((q: Dense) => model(q, x).sum())(p);
        const [u, next] = optimizer.update(g, s, p);
        return [applyUpdates(p, u), next] as const;
      },
      { donate: [0, 1] },
    );
    const all = dispatches(step, [params, optimizer.init(params), zeros([4, 8])], here);
    const updates = (ds: readonly Dispatch[]): readonly Dispatch[] =>
      ds.filter((d) => d.bindings.some((b) => b.place.kind === 'arena' && b.write));
    expect(updates(all).length).toBe(1);
    // 80 leaves of 256 bytes each; a shader that may see 4096 bytes of a buffer sees 16 of them.
    const small = dispatches(step, [params, optimizer.init(params), zeros([4, 8])], { ...here, bindingBytes: 4096 });
    expect(updates(small).length).toBe(5);
  });
});

const mlp = (sizes: readonly number[]) => {
  const optimizer = adam(1e-3);
  const step = jit(
    (p: Dense, s: ReturnType<typeof optimizer.init>, x: Tensor, y: Tensor) => {
      const [loss, g] = valueAndGrad((q: Dense) => nn.softmaxCrossEntropy(model(q, x), y))(p);
      const [u, next] = optimizer.update(g, s, p);
      return [applyUpdates(p, u) as Dense, next, loss] as const;
    },
    { donate: [0, 1], device: gpu },
  );
  const params = denseParams(sizes);
  return { step, params, state: optimizer.init(params) };
};

/** Two convolutions, each with pooling, and two dense layers, for images of a size. */
const cnn = (size: number, width: number) => {
  const conv1 = nn.conv(1, width, [3, 3]);
  const conv2 = nn.conv(width, 2 * width, [3, 3]);
  const dense1 = nn.dense((size / 4) ** 2 * 2 * width, 4 * width);
  const dense2 = nn.dense(4 * width, 10);
  const init = nn.struct({ conv1: conv1.init, conv2: conv2.init, dense1: dense1.init, dense2: dense2.init });
  type Params = ReturnType<typeof init>;
  const net = (p: Params, x: Tensor, dropoutKey: Key): Tensor => {
    const a = maxPool(nn.relu(conv1.apply(p.conv1, x)), { size: 2 });
    const b = maxPool(nn.relu(conv2.apply(p.conv2, a)), { size: 2 });
    const c = nn.relu(dense1.apply(p.dense1, b.reshape([x.shape[0]!, -1])));
    return dense2.apply(p.dense2, nn.dropout(dropoutKey, 0.4, c));
  };
  const optimizer = adam(warmupCosine(2e-3, 10, 100, { end: 1e-5 }));
  type State = { readonly params: Params; readonly opt: ReturnType<typeof optimizer.init> };
  const step = jit(
    (state: State, x: Tensor, y: Tensor, k: Key): readonly [State, Tensor] => {
      const [value, g] = valueAndGrad((p: Params) => nn.softmaxCrossEntropy(net(p, x, k), y))(state.params);
      const [u, opt] = optimizer.update(g, state.opt, state.params);
      return [{ params: applyUpdates(state.params, u), opt }, value];
    },
    { donate: 0, device: gpu },
  );
  const params = init(key(0));
  return { step, state: { params, opt: optimizer.init(params) } as State };
};

describe('a training step has few dispatches', () => {
  const limits: readonly (readonly [string, GpuLimits])[] = [
    ['this device', here],
    ['the least that WebGPU guarantees', leastLimits],
  ];
  // Beside the kernels, those that add up the parts of sums which would leave a GPU too little to do.
  const rows = limits.map(([name, l], i) => [name, l, [11, 20][i]!] as const);
  test.each(rows)('MLP 784-512-512-10, batch 128, Adam, on %s', (_, l, most) => {
    const { step, params, state } = mlp([784, 512, 512, 10]);
    const all = dispatches(step, [params, state, zeros([128, 784]), labels(128)], l);
    expect(all.length).toBeLessThanOrEqual(most);
  });
  test.each(limits)('a convolutional network for digits, batch 64, Adam, dropout, on %s', (_, l) => {
    const { step, state } = cnn(28, 32);
    const args: Parameters<typeof step> = [state, zeros([64, 28, 28, 1]), labels(64), key(1)];
    expect(dispatches(step, args, l).length).toBeLessThanOrEqual(40);
  });
});

describe('a training step in steady state is one submission and makes nothing', () => {
  test(
    'MLP',
    async () => {
      const { step, params, state } = mlp([784, 512, 512, 10]);
      const start = devicePut([params, state] as const, gpu);
      const x0 = zeros([128, 784]);
      const want = dispatches(step, [params, state, x0, labels(128)], here).length;
      expect(explain(step)(params, state, x0, labels(128)).dispatches).toBe(want);
      let [p, s] = start;
      const losses: number[] = [];
      const calls = await callsOf(10, (i) => {
        const [x, y] = [onHost(uniform(key(i % 2), [128, 784])), labels(128)];
        Object.assign(counts, noCounts);
        const [next, t, loss] = step(p, s, x, y);
        [p, s] = [next, t];
        return { wait: async () => losses.push((await loss.item()) as number) };
      });
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
      steady(calls, want);
    },
    patience,
  );

  test(
    'a convolutional network, with dropout',
    async () => {
      const { step, state } = cnn(28, 32);
      const want = dispatches(step, [state, zeros([64, 28, 28, 1]), labels(64), key(1)], here).length;
      let now = devicePut(state, gpu);
      const shapes = [...Array.from({ length: 30 }, () => [200]), [64, 28, 28, 1]];
      const strays = Array.from({ length: 7 }, () => shapes.map((shape) => devicePut(zeros(shape), gpu)));
      const calls = await callsOf(7, (i) => {
        const x = onHost(uniform(key(i), [64, 28, 28, 1]));
        const [y, k] = [labels(64), tree.map(onHost, foldIn(key(2), i)) as Key];
        // Values of elsewhere that are given back in between, small ones and one like the images, take nothing away from a step.
        if (i > 0) strays[i - 1]!.forEach((t) => t.dispose());
        Object.assign(counts, noCounts);
        const [next, loss] = step(now, x, y, k);
        now = next;
        return { wait: () => loss.item() };
      });
      steady(calls, want);
    },
    patience,
  );
});
