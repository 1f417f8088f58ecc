// Values on another device than the program's: an error that says so, never the bytes at the same address.
import { expect, test } from 'vitest';
import { devicePut, devices, jit, ones, tensor, type Tensor } from '../../src/index.ts';

test('a value in one WebAssembly memory is refused by a program in another', async () => {
  const other = devices.wasm();
  const f = jit((x: ReturnType<typeof ones>) => x.mul(2), { device: other });
  // Large ones are resident in linear memory, small ones in buffers of JS.
  for (const size of [3, 5000]) {
    const x = jit(() => ones([size]).add(1))();
    expect(() => f(x)).toThrow(
      /argument \[0\] is on the device wasm.*the program runs on wasm.*another device.*move it with devicePut/,
    );
    expect(await f(devicePut(x, other)).sum().item()).toBe(4 * size);
  }
  expect(await f(tensor([1])).array()).toEqual([2]);
});

test('the error names the argument, or says that the function captures the value', () => {
  const [a, b] = [devices.wasm(), devices.wasm()].map((d) => devicePut(tensor([1, 2]), d)) as [Tensor, Tensor];
  const f = jit((p: { readonly w: Tensor; readonly b: Tensor }) => p.w.add(p.b));
  expect(() => f({ w: a, b })).toThrow(/argument \[0\]\.b on wasm.* and argument \[0\]\.w on wasm/);
  expect(() => jit((x: Tensor) => x.add(a))(b)).toThrow(
    /a value that the function captures on wasm.* and argument \[0\]/,
  );
  expect(() => a.add(b)).toThrow(/add: got values on two devices, operand 0 on wasm.* and operand 1 on wasm/);
});
