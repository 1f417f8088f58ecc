// Scans on the GPU: they agree with WebAssembly, in whatever is nested and sliced, and stay one submission.
import { describe, expect, test } from 'vitest';
import {
  arange,
  blockUntilReady,
  devicePut,
  foriLoop,
  fromTypedArray,
  grad,
  jit,
  matmul,
  ones,
  scan,
  take,
  tanh,
  tensor,
  valueAndGrad,
  vmap,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { adam, applyUpdates } from '../../src/optim/index.ts';
import { key, normal } from '../../src/random/index.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { agree, counting, gpuDevice, noCounts } from './device.ts';

const device = await gpuDevice();
const draw = (n: number, shape: readonly number[], times = 1): Tensor =>
  fromTypedArray(normal(key(n), shape).mul(times).dataSync(), shape);

describe('scan', () => {
  const x = draw(1, [7, 3]);
  test.each([false, true])('of a tree, slices of odd length, reverse: %s', (reverse) =>
    agree(
      device,
      (xs: Tensor, start: Tensor, w: Tensor) =>
        scan(
          ({ a, n }, { row, i }) => {
            const next = a.mul(0.5).add(row.mul(w));
            return [
              { a: next, n: n.add(i) },
              { y: next.sum(), before: a, both: [next, i.greater(2)] as const },
            ];
          },
          { a: start, n: tensor(0, { dtype: 'int32' }) },
          { row: xs, i: arange(0, 7, 1, { dtype: 'int32' }) },
          { reverse },
        ),
      [x, draw(2, [3]), draw(3, [3])],
    ),
  );

  test.each([0, 1, 2])('of %i steps', (n) =>
    agree(
      device,
      (xs: Tensor, start: Tensor) => scan((c: Tensor, row: Tensor) => [tanh(c.add(row)), c.mul(2)], start, xs),
      [draw(4, [n, 5]), draw(5, [5])],
      1e-5,
    ),
  );

  test('of 2500 steps, whose numbers have two digits', () =>
    agree(
      device,
      // Sums of positive numbers: engines that multiply and add at once differ by rounding alone.
      (xs: Tensor) =>
        scan((c: Tensor, v: Tensor) => [c.mul(0.99).add(v.square()), c], tensor(0), xs, { reverse: true }),
      [draw(6, [2500])],
      1e-4,
    ));

  test('in scan in scan, over slices of slices and carries of carries', () =>
    agree(
      device,
      (xs: Tensor, w: Tensor) =>
        scan(
          (c: Tensor, block: Tensor) => {
            const [d, ys] = scan(
              (e: Tensor, row: Tensor) => {
                const [g, zs] = scan((h: Tensor, v: Tensor) => [h.mul(v).add(c), h.sum()], e, row, { reverse: true });
                return [tanh(g), [g, zs] as const];
              },
              matmul(c, w),
              block,
            );
            return [d, [d, ys] as const];
          },
          ones([3]),
          xs,
        ),
      [draw(7, [2, 3, 5]), draw(8, [3, 3])],
      1e-4,
    ));

  test('with sorts, running sums, updates at an index and products inside', () =>
    agree(
      device,
      (start: Tensor, xs: Tensor, w: Tensor) =>
        scan(
          (c: Tensor, { row, i }) => {
            const turned = take(matmul(c, w).add(row.sort()), arange(0, 5, 1, { dtype: 'int32' }).add(i).remainder(5));
            return [tanh(turned.at(i).add(1)), [row.cumsum(), turned.at(i).get()] as const];
          },
          start,
          { row: xs, i: arange(0, 4, 1, { dtype: 'int32' }) },
        ),
      [draw(9, [5]), draw(10, [4, 5]), draw(11, [5, 5], 0.3)],
      1e-4,
    ));

  test('differentiates, batches, and both', async () => {
    const f = (w: Tensor, xs: Tensor): Tensor =>
      scan((c: Tensor, row: Tensor) => [tanh(matmul(w, c).add(row)), c], ones([3]), xs)[0].sum();
    const w = draw(12, [3, 3], 0.5);
    await agree(device, valueAndGrad(f, { argnums: [0, 1] }) as never, [w, x], 1e-4);
    const batch = draw(13, [4, 6, 3]);
    await agree(device, (v: Tensor, b: Tensor) => vmap((xs: Tensor) => f(v, xs))(b), [w, batch], 1e-4);
    await agree(device, (v: Tensor, b: Tensor) => vmap((xs: Tensor) => grad(f)(v, xs))(b), [w, batch], 1e-4);
  });

  test('with a JS number as carry, and numbers captured', () =>
    agree(
      device,
      ((xs: Tensor, k: Tensor) =>
        jit((n: number) => scan((c: Tensor, v: Tensor) => [c.mul(n).add(v), c.mul(k)], 0.5, xs))(0.25)) as never,
      [draw(14, [5]), tensor(2)],
    ));

  test('of whole training steps', () => {
    const optimizer = adam(0.05);
    const y = tensor([0, 1, 2, 1], { dtype: 'int32' });
    return agree(
      device,
      (w: Tensor, b: Tensor, inputs: Tensor) => {
        const params = { w, b };
        return scan(
          ({ p, s }) => {
            const [loss, g] = valueAndGrad((q: typeof params) =>
              nn.softmaxCrossEntropy(matmul(inputs, q.w).add(q.b), y).mean(),
            )(p as typeof params);
            const [u, next] = optimizer.update(g, s as never, p as typeof params);
            return [{ p: applyUpdates(p as typeof params, u), s: next }, loss];
          },
          { p: params, s: optimizer.init(params) } as never,
          null,
          { length: 30 },
        );
      },
      [draw(15, [6, 3]), zeros([3]), draw(16, [4, 6])],
      1e-3,
    );
  });

  test('is one submission, and makes no buffer and no bind group twice', async () => {
    const real = await testGpuDevice();
    const counts = { ...noCounts };
    const gpu = createWebGpuDevice(counting(real, counts));
    const f = jit((s: Tensor, xs: Tensor) => scan((c: Tensor, v: Tensor) => [c.mul(0.5).add(v), c.sum()], s, xs), {
      device: gpu,
    });
    const [s, xs] = devicePut([ones([4]), draw(17, [1000, 4])], gpu) as [Tensor, Tensor];
    for (let i = 0; i < 2; i++) {
      const [c, ys] = f(s, xs);
      await blockUntilReady([c, ys]);
      c.dispose();
      ys.dispose();
    }
    const { made } = gpu.memory();
    Object.assign(counts, noCounts);
    for (let i = 0; i < 3; i++) f(s, xs).forEach((y) => y.dispose());
    expect(counts).toEqual({ submits: 3, groups: 0, buffers: 0, dispatches: 3 * (1 + 2 * 1000) });
    expect(gpu.memory().made).toBe(made);
    real.destroy();
  });

  test('longer than a submission is split', async () => {
    const real = await testGpuDevice();
    const counts = { ...noCounts };
    const gpu = createWebGpuDevice(counting(real, counts));
    const n = jit((x: Tensor) => foriLoop(0, 40_000, (_, c: Tensor) => c.add(1), x), { device: gpu })(tensor(0));
    expect(await n.item()).toBe(40_000);
    expect(counts).toMatchObject({ submits: 4, dispatches: 40_001 });
    real.destroy();
  });
});
