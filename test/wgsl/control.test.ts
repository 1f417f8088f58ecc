// Branches and loops of unknown length on the GPU: they agree with WebAssembly, in one another and in scans.
import { describe, expect, test } from 'vitest';
import {
  blockUntilReady,
  cond,
  devicePut,
  foriLoop,
  fromTypedArray,
  jit,
  matmul,
  ones,
  scan,
  switchCase,
  tanh,
  tensor,
  valueAndGrad,
  vmap,
  whileLoop,
  type Tensor,
} from '../../src/index.ts';
import { key, normal } from '../../src/random/index.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { agree, counting, gpuDevice, noCounts } from './device.ts';

const device = await gpuDevice();
const draw = (n: number, shape: readonly number[], times = 1): Tensor =>
  fromTypedArray(normal(key(n), shape).mul(times).dataSync(), shape);

describe('cond', () => {
  const x = draw(20, [5, 3]);
  const flag = (b: boolean): Tensor => tensor(b);

  test.each([true, false])('takes one branch: %s', (b) =>
    agree(
      device,
      (p: Tensor, v: Tensor, w: Tensor) =>
        cond(p, (z: Tensor) => [matmul(z, w).sum({ axis: 1 }), z], (z: Tensor) => [z.mul(2).sum({ axis: 1 }), z.add(1)], v), // prettier-ignore
      [flag(b), x, draw(21, [3, 4])],
      1e-5,
    ),
  );

  test('of several, a number out of range clamped', () =>
    agree(
      device,
      (i: Tensor, v: Tensor) =>
        switchCase(i, [(z: Tensor) => z.mul(2), (z: Tensor) => z.neg(), (z: Tensor) => z.sort({ axis: 0 })], v),
      [tensor(7, { dtype: 'int32' }), x],
    ));

  test('in scan, scan in cond in scan, cond in cond', () => {
    const sum = (z: Tensor): Tensor => scan((c: Tensor, v: Tensor) => [tanh(c.add(v)), null], tensor(0.5), z)[0];
    return agree(
      device,
      (xs: Tensor) =>
        scan(
          (c: Tensor, v: Tensor) => {
            const next = cond(
              v.at(0).get().greater(0),
              (z: Tensor) =>
                cond(c.greater(1), (y: Tensor) => c.sub(sum(y)), (y: Tensor) => c.add(matmul(y, y)), z), // prettier-ignore
              (z: Tensor) => switchCase(c.astype('int32'), [sum, (y: Tensor) => y.max(), () => c], z).mul(1.5),
              v,
            );
            return [next, next.mul(2)];
          },
          tensor(0.25),
          xs,
        ),
      [draw(22, [40, 3])],
      1e-4,
    );
  });

  test('differentiates inside of a scan', () => {
    const f = (w: Tensor, xs: Tensor): Tensor =>
      scan(
        (c: Tensor, v: Tensor) => [
          cond(
            v.sum().greater(0),
            (z: Tensor) => tanh(z.mul(w)),
            (z: Tensor) => z.add(v),
            c,
          ),
          null,
        ],
        ones([3]),
        xs,
      )[0].sum();
    return agree(device, valueAndGrad(f, { argnums: [0, 1] }) as never, [draw(23, [3]), x], 1e-4);
  });
});

describe('what branches and loops cost', () => {
  test('cond: one submission, a dispatch for the choice and those of all branches', async () => {
    const real = await testGpuDevice();
    const counts = { ...noCounts };
    const gpu = createWebGpuDevice(counting(real, counts));
    const f = jit((p: Tensor, x: Tensor) => cond(p, (y: Tensor) => y.mul(2), (y: Tensor) => y.sort().add(1), x), { device: gpu }); // prettier-ignore
    const [p, x] = devicePut([tensor(true), ones([4])], gpu) as [Tensor, Tensor];
    // Blocks of memory take turns for a while, and their bind groups with them.
    for (let i = 0; i < 12; i++) {
      const y = f(p, x);
      await blockUntilReady(y);
      y.dispose();
    }
    Object.assign(counts, noCounts);
    f(p, x).dispose();
    // The predicate as a number, the choice, two kernels of the one branch, one of the other.
    expect(counts).toEqual({ submits: 1, groups: 0, buffers: 0, dispatches: 5 });
    real.destroy();
  });

  test('whileLoop: a submission a burst, 8 rounds and twice as many each time', async () => {
    const real = await testGpuDevice();
    const counts = { ...noCounts };
    const gpu = createWebGpuDevice(counting(real, counts));
    const f = jit((x: Tensor) => whileLoop((c: Tensor) => c.less(20), (c: Tensor) => c.add(1), x), { device: gpu }); // prettier-ignore
    const x = devicePut(tensor(0), gpu);
    const values: number[] = [];
    for (let i = 0; i < 12; i++) {
      Object.assign(counts, noCounts);
      const y = f(x);
      await y.ready();
      values.push((await y.item()) as number);
      y.dispose();
    }
    expect(new Set(values)).toEqual(new Set([20]));
    // Two bursts, the copy of the result to where it stays, and two readings of it.
    expect(counts).toMatchObject({ submits: 2 + 1 + 2, groups: 0, dispatches: 2 + 24 * 3 });
    const { made, used } = gpu.memory();
    for (let i = 0; i < 3; i++) {
      const y = f(x);
      await y.ready();
      y.dispose();
    }
    expect(gpu.memory()).toMatchObject({ made, used });
    real.destroy();
  });

  test('a whileLoop on a device that is lost fails where its result is read', async () => {
    const real = await testGpuDevice();
    const gpu = createWebGpuDevice(real as never);
    const x = devicePut(tensor(0), gpu);
    const y = jit((z: Tensor) => whileLoop((c: Tensor) => c.less(1e9), (c: Tensor) => c.add(1), z), { device: gpu })(x); // prettier-ignore
    const read = expect(y.data()).rejects.toThrow(/the GPU device was destroyed/);
    await real.queue.onSubmittedWorkDone();
    real.destroy();
    await read;
  });
});

describe('around control flow', () => {
  test('it runs on the device of its values without jit as well', async () => {
    const [xs, s] = devicePut([tensor([1, 2, 3]), tensor(0)], device) as [Tensor, Tensor];
    const [total, ys] = scan((c: Tensor, x: Tensor) => [c.add(x), c.mul(x)], s, xs);
    expect([await total.item(), await ys.array()]).toEqual([6, [0, 2, 9]]);
    expect(await whileLoop((c: Tensor) => c.less(100), (c: Tensor) => c.mul(2), total).item()).toBe(192); // prettier-ignore
  });
});

describe('whileLoop', () => {
  const double = (limit: number) => (x: Tensor): Tensor => whileLoop((c: Tensor) => c.less(limit), (c: Tensor) => c.mul(2), x); // prettier-ignore

  test.each([0, 1, 2, 7, 8, 9, 1000])('of %i rounds', (n) =>
    agree(
      device,
      (x: Tensor, end: Tensor) =>
        whileLoop(
          ({ i }) => i.less(end),
          ({ i, a, b }) => ({ i: i.add(1), a: b, b: tanh(a.add(b.sum())) }),
          { i: tensor(0, { dtype: 'int32' }), a: x, b: x.mul(2) },
        ),
      [draw(30, [3]), tensor(n, { dtype: 'int32' })],
      1e-4,
    ),
  );

  test('values that depend on it wait for it, and so does what is asked later', async () => {
    const f = jit(double(1000), { device });
    const g = jit((x: Tensor) => x.add(1), { device });
    const [a, b] = [g(f(tensor(3))), g(f(g(tensor(4))))];
    expect([await g(tensor(1)).item(), await b.item(), await a.item()]).toEqual([2, 1281, 1537]);
  });

  test('inside of a scan, of a cond, of a whileLoop', async () => {
    await agree(device, (xs: Tensor) => scan((c: Tensor, x: Tensor) => [c.add(double(50)(x)), double(9)(c)], tensor(1), xs), [tensor([1, 30, 80, 7])]); // prettier-ignore
    for (const b of [true, false])
      await agree(device, (p: Tensor, x: Tensor) => cond(p, double(100), (y: Tensor) => y.neg(), x), [tensor(b), tensor(3)]); // prettier-ignore
    await agree(
      device,
      (x: Tensor) =>
        whileLoop(
          (c: Tensor) => double(10)(c).less(200),
          (c: Tensor) => double(20)(c.add(1)).add(3),
          x,
        ),
      [tensor(1)],
    );
  });

  test('batched with conditions that differ, and foriLoop with a bound that is computed', async () => {
    await agree(device, (x: Tensor) => vmap(double(100))(x), [tensor([1, 3, 500, 7])]);
    await agree(device, (n: Tensor, x: Tensor) => foriLoop(0, n, (i, c: Tensor) => c.add(i), x), [tensor(11, { dtype: 'int32' }), x0()]); // prettier-ignore
  });
});

const x0 = (): Tensor => draw(31, [4]);
