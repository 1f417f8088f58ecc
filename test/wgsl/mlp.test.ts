// The training step of a multilayer perceptron runs on the GPU from the same schedule, and agrees with WebAssembly.
import { describe, expect, test } from 'vitest';
import { jit, tensor, valueAndGrad, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { adam, applyUpdates } from '../../src/optim/index.ts';
import { key, normal, randint } from '../../src/random/index.ts';
import type { Backend } from '../../src/jit/backend.ts';
import { expectClose, gpuDevice } from './device.ts';

const device = await gpuDevice();
const optimizer = adam(1e-3);

type Params = readonly { readonly w: Tensor; readonly b: Tensor }[];

const losses = async (sizes: readonly number[], batch: number, steps: number, on?: Backend): Promise<number[]> => {
  const host = (x: Tensor): Tensor => tensor(x.arraySync() as number[]);
  let params: Params = sizes.slice(1).map((n, i) => ({
    w: host(normal(key(i), [sizes[i]!, n]).mul(Math.sqrt(2 / sizes[i]!))),
    b: host(normal(key(i), [n]).mul(0.1)),
  }));
  const x = host(normal(key(100), [batch, sizes[0]!]));
  const y = tensor(randint(key(101), [batch], 0, sizes.at(-1)!).arraySync() as number[], { dtype: 'int32' });
  const model = (p: Params, h0: Tensor): Tensor =>
    p.reduce((h, { w, b }, i) => (i < p.length - 1 ? nn.relu(h.matmul(w).add(b)) : h.matmul(w).add(b)), h0);
  const step = jit(
    (p: Params, s: ReturnType<typeof optimizer.init>) => {
      const [loss, g] = valueAndGrad((q: Params) => nn.softmaxCrossEntropy(model(q, x), y))(p);
      const [u, next] = optimizer.update(g, s, p);
      return [applyUpdates(p, u) as Params, next, loss] as const;
    },
    { donate: [0, 1], ...(on === undefined ? {} : { device: on }) },
  );
  let state = optimizer.init(params);
  const out: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [p, s, loss] = step(params, state);
    [params, state] = [p, s];
    out.push((await loss.item()) as number);
  }
  return out;
};

describe('training step of an MLP', () => {
  test('five steps with sizes that tiles do not divide', async () => {
    const want = await losses([20, 16, 18, 10], 9, 5);
    const got = await losses([20, 16, 18, 10], 9, 5, device);
    expectClose(got, want, 1e-4);
    expect(got[4]).toBeLessThan(got[0]!);
  }, 180_000);

  // Larger than any other test of the GPU: some seconds in software.
  test('three steps of the benchmark: 784-512-512-10, batch 128', async () => {
    const sizes = [784, 512, 512, 10];
    expectClose(await losses(sizes, 128, 3, device), await losses(sizes, 128, 3), 1e-4);
  }, 180_000);
});
