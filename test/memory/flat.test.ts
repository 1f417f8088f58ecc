// Memory stays flat in long loops, whichever way they are written, with values that add up to far more than the budget.
import { describe, expect, test } from 'vitest';
import { add, devicePut, devices, fromTypedArray, jit, mul, type Tensor } from '../../src/index.ts';

const iterations = 3000;
const n = 16384;
const bytes = 4 * n;
// Twenty times the budget passes through: 3000 results of 64 KB.
const budget = (iterations * bytes) / 20;

const setUp = (): {
  readonly device: ReturnType<typeof devices.wasm>;
  readonly x: Tensor;
  readonly used: () => number;
} => {
  const device = devices.wasm({ budget });
  const x = devicePut(fromTypedArray(new Float32Array(n).fill(1), [n]), device);
  // Linear memory by our own count; JS buffers by the engine's.
  return { device, x, used: () => device.memory().residentBytes };
};

const watch = (used: () => number): { readonly see: (i: number) => void; readonly worst: () => number } => {
  let worst = 0;
  return {
    see: (i) => {
      if (i >= 500) worst = Math.max(worst, used());
    },
    worst: () => worst,
  };
};
const buffers = (): number => process.memoryUsage().arrayBuffers;

describe(`${iterations} iterations of values that add up to twenty times the budget`, () => {
  test('a synchronous eager loop', () => {
    const { device, x, used } = setUp();
    const { see, worst } = watch(used);
    let y = x;
    let spilled = 0;
    for (let i = 0; i < iterations; i++) {
      y = add(mul(y, 0.5), x);
      see(i);
      if (i % 50 === 0) spilled = Math.max(spilled, buffers());
    }
    expect(worst()).toBeLessThanOrEqual(budget * 1.05);
    expect(device.memory().reserved).toBeLessThanOrEqual(budget * 2 + 16 * 2 ** 20);
    // The engine collects JS buffers inside a synchronous job; it lets some pile up first.
    expect(spilled).toBeLessThan(iterations * bytes);
    expect(y.dataSync()[0]).toBeCloseTo(2, 5);
  });

  test('an awaiting eager loop', async () => {
    const { device, x, used } = setUp();
    const { see, worst } = watch(used);
    let y = x;
    for (let i = 0; i < iterations; i++) {
      y = add(mul(y, 0.5), x);
      await y.data();
      see(i);
    }
    expect(worst()).toBeLessThanOrEqual(budget * 1.05);
    expect(device.memory().reserved).toBeLessThanOrEqual(budget * 2 + 16 * 2 ** 20);
  });

  test('a jitted step without donation', async () => {
    const { device, x, used } = setUp();
    const { see, worst } = watch(used);
    const step = jit((y: Tensor, z: Tensor) => add(mul(y, 0.5), z));
    let y = x;
    for (let i = 0; i < iterations; i++) {
      y = step(y, x);
      if (i % 10 === 0) await y.data();
      see(i);
    }
    expect(worst()).toBeLessThanOrEqual(budget * 1.05);
    expect(device.memory().reserved).toBeLessThanOrEqual(budget * 2 + 16 * 2 ** 20);
  });

  test('a jitted step with donation allocates and copies nothing', () => {
    const { device, x } = setUp();
    const z = devicePut(fromTypedArray(new Float32Array(n).fill(1), [n]), device);
    const step = jit((y: Tensor, w: Tensor) => add(mul(y, 0.5), w), { donate: 0 });
    let y = step(x, z);
    const first = device.memory();
    const before = buffers();
    for (let i = 0; i < iterations; i++) y = step(y, z);
    const last = device.memory();
    expect([last.used, last.reserved, last.peak, last.residentValues, last.spilled]).toEqual([
      first.used,
      first.reserved,
      first.peak,
      first.residentValues,
      first.spilled,
    ]);
    expect(buffers() - before).toBeLessThan(2 ** 20);
    expect(y.dataSync()[0]).toBeCloseTo(2, 5);
  });

  test('a value in use is never lost: many kept alive past the budget', () => {
    const { x } = setUp();
    const kept: Tensor[] = [];
    for (let i = 0; i < 400; i++) kept.push(mul(x, i));
    kept.forEach((y, i) => expect(y.dataSync()[n - 1]).toBe(i));
  });
});
