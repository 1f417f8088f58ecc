// Values on another device than the program's: an error that says so, never the bytes at the same address.
import { expect, test } from 'vitest';
import { devicePut, devices, jit, ones, tensor } from '../../src/index.ts';

test('a value in one WebAssembly memory is refused by a program in another', async () => {
  const other = devices.wasm();
  const f = jit((x: ReturnType<typeof ones>) => x.mul(2), { device: other });
  // Large ones are resident in linear memory, small ones in buffers of JS.
  for (const size of [3, 5000]) {
    const x = jit(() => ones([size]).add(1))();
    expect(() => f(x)).toThrow(/a value is on the device wasm.*move it with devicePut/);
    expect(await f(devicePut(x, other)).sum().item()).toBe(4 * size);
  }
  expect(await f(tensor([1])).array()).toEqual([2]);
});
