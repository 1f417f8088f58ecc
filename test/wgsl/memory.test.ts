// Memory of the GPU: flat in loops that await, an error that helps in loops that do not, nothing made in steady state, a bounded lead.
import { describe, expect, test } from 'vitest';
import {
  add,
  devicePut,
  fromTypedArray,
  grad,
  jit,
  memory,
  ones,
  tensor,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { macrotask } from '../../src/core/macrotask.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { mostAhead } from '../../src/wgsl/pace.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { changed, counting, gpuDevice, noCounts } from './device.ts';

const iterations = 3000;
const elements = 4096;
const bytes = 4 * elements;

describe('3,000 iterations that await', () => {
  // Each iteration leaves values of 16 KB behind, 20 times the budget or more in all.
  const budget = 2 * 2 ** 20;

  test('jitted: the peak stays under the budget and most of it is given back', async () => {
    const gpu = await gpuDevice({ budget });
    const f = jit((x: Tensor) => [x.mul(0.5), x.sum()] as const, { device: gpu });
    const x = devicePut(ones([elements]), gpu);
    expect(iterations * bytes).toBeGreaterThan(20 * budget);
    let loss = 0;
    for (let i = 0; i < iterations; i++) loss = (await f(x)[1].item()) as number;
    expect(loss).toBe(elements);
    // A quarter of the budget may be garbage before the engine is made to look for it.
    expect(gpu.memory().peak).toBeLessThan(budget / 2);
    expect(gpu.memory().made).toBeLessThan(budget / 2 / bytes + 20);
  }, 240_000);

  test('eager, with several values an iteration', async () => {
    const gpu = await gpuDevice({ budget });
    const x = devicePut(ones([elements]), gpu);
    let last = x;
    for (let i = 0; i < iterations; i++) {
      last = add(x.mul(0.5), x);
      await last.ready();
    }
    expect((await last.data())[0]).toBe(1.5);
    expect(gpu.memory().peak).toBeLessThan(budget / 2);
  }, 240_000);
});

describe('a loop that never awaits', () => {
  test('ends in an error that names the ways out, and awaiting makes room again', async () => {
    const gpu = await gpuDevice({ budget: 2 ** 19 });
    const f = jit((x: Tensor) => x.add(1), { device: gpu });
    const x = devicePut(ones([elements]), gpu);
    expect(() => {
      for (let i = 0; i < iterations; i++) f(x);
    }).toThrow(/budget of 524288 bytes.*await a result.*donate arguments to jit.*dispose/s);
    // Finalizers run when the engine comes to it: on a busy machine after more than one turn.
    for (let i = 0; i < 50 && memory(gpu).used > 2 ** 19 / 4; i++) await x.ready();
    expect((await f(x).data())[0]).toBe(2);
    expect(memory(gpu).used).toBeLessThan(2 ** 19 / 2);
  });

  test('donates, and runs on', async () => {
    const gpu = await gpuDevice({ budget: 2 ** 19 });
    const f = jit((x: Tensor) => x.mul(0.5).add(1), { device: gpu, donate: 0 });
    let x = devicePut(ones([elements]), gpu);
    for (let i = 0; i < iterations; i++) x = f(x);
    expect((await x.data())[0]).toBeCloseTo(2, 5);
  });
});

test('memory that is given up for want of room is there for work that still waits for its shaders', async () => {
  const gpu = await gpuDevice({ budget: 180_000 });
  const f = jit((x: Tensor) => x.mul(3).add(1), { device: gpu });
  const y = f(fromTypedArray(new Float32Array(10_000).fill(2)));
  const other = devicePut(ones([30_000]), gpu);
  expect([(await y.data())[9999], (await other.data())[0]]).toEqual([7, 1]);
  expect(gpu.memory().idle).toBeLessThan(40_000);
});

describe('steady state', () => {
  test('batches from the host, numbers, parameters donated, the loss read at each step: nothing is made', async () => {
    const real = await testGpuDevice();
    const counts = { ...noCounts };
    const gpu = createWebGpuDevice(counting(real, counts));
    interface State {
      readonly w: Tensor;
      readonly b: Tensor;
    }
    const loss = ({ w, b }: State, x: Tensor): Tensor => x.matmul(w).add(b).square().mean();
    const step = jit(
      (state: State, x: Tensor, rate: number): [State, Tensor, Tensor] => {
        const g = grad(loss)(state, x);
        return [{ w: state.w.sub(g.w.mul(rate)), b: state.b.sub(g.b.mul(rate)) }, loss(state, x), x.sum({ axis: 0 })];
      },
      { device: gpu, donate: 0 },
    );
    let state: State = { w: devicePut(ones([40, 8]), gpu), b: devicePut(zeros([8]), gpu) };
    const losses: number[] = [];
    let value: Tensor;
    for (let i = 0; i < 30; i++) {
      if (i === 5) Object.assign(counts, noCounts);
      const batch = fromTypedArray(
        Float32Array.from({ length: 32 * 40 }, (_, k) => ((k * 7 + i) % 11) / 11),
        [32, 40],
      );
      [state, value] = step(state, batch, 0.01 / (i + 1));
      losses.push((await value.item()) as number);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    // A submission for the step and one for the reading.
    expect(counts).toMatchObject({ submits: 25 * 2, groups: 0, buffers: 0 });
    real.destroy();
  });

  test('small results that are arguments of the next call bind the same memory', async () => {
    const real = await testGpuDevice();
    const counts = { ...noCounts };
    const gpu = createWebGpuDevice(counting(real, counts));
    const f = jit((x: Tensor, n: number) => x.add(n), { device: gpu });
    let x = devicePut(tensor([1, 2]), gpu);
    const kept: Tensor[] = [];
    for (let i = 0; i < 40; i++) {
      if (i === 3) Object.assign(counts, noCounts);
      kept.push((x = f(x, i)));
      await x.ready();
    }
    expect(counts).toMatchObject({ groups: 0, buffers: 0 });
    expect(await x.array()).toEqual([781, 782]);
    expect(await kept[0]!.array()).toEqual([1, 2]);
    real.destroy();
  });
});

describe('pace', () => {
  test(`an await goes on when at most ${mostAhead} submissions are under way`, async () => {
    const real = await testGpuDevice();
    // Submissions are done when the test says so.
    const underWay: (() => void)[] = [];
    const gpu = createWebGpuDevice(
      changed(real, {
        queue: {
          submit: (c: GPUCommandBuffer[]) => real.queue.submit(c),
          writeBuffer: (...args: Parameters<GPUQueue['writeBuffer']>) => real.queue.writeBuffer(...args),
          onSubmittedWorkDone: () => new Promise<void>((resolve) => void underWay.push(resolve)),
        },
      }),
    );
    const f = jit((x: Tensor) => x.add(1), { device: gpu });
    const still = devicePut(tensor([5]), gpu);
    let x = f(devicePut(zeros([1000]), gpu));
    await x.ready();
    while (underWay.length < mostAhead) x = f(x);
    expect(await still.item()).toBe(5);
    x = f(x);
    let gone = false;
    const going = still.item().then(() => {
      gone = true;
    });
    await real.queue.onSubmittedWorkDone();
    for (let i = 0; i < 50; i++) await macrotask();
    expect([underWay.length, gone]).toEqual([mostAhead + 1, false]);
    underWay.shift()!();
    await going;
    underWay.forEach((done) => done());
    expect((await x.data())[0]).toBe(mostAhead + 1);
    real.destroy();
  });
});
