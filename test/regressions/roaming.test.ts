// Values computed of constants alone go to the device that needs them, as literals do.
import { describe, expect, test } from 'vitest';
import {
  arange,
  argsort,
  defaultDevice,
  devicePut,
  devices,
  eye,
  foriLoop,
  hessian,
  jit,
  oneHot,
  tensor,
  topK,
  tril,
  type Tensor,
} from '../../src/index.ts';
import type { ConcreteTensor } from '../../src/core/tensor.ts';

const other = devices.wasm();
const x = (): Tensor => devicePut(tensor([3, 1, 2]), other);
const close = (got: Tensor, want: readonly unknown[]): void => expect(got.arraySync()).toEqual(want);

describe('on a device that is not the default', () => {
  test('operations that make constants of their own', () => {
    close(argsort(x()), [1, 2, 0]);
    close(topK(x(), 2)[0] as Tensor, [3, 2]);
    close(tril(x().reshape([3, 1])), [[3], [1], [2]]);
    close(oneHot(x().astype('int32'), 4), [
      [0, 0, 0, 1],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ]);
    close(
      foriLoop(0, 3, (i, s: Tensor) => s.add(i), x()),
      [6, 4, 5],
    );
    close(hessian((v: Tensor) => v.mul(v).sum())(x()) as Tensor, eye(3).mul(2).arraySync() as unknown[]);
  });
  test('constants beside it, made before', () => {
    close(x().add(arange(3)), [3, 2, 4]);
    close(jit((v: Tensor) => v.add(1), { device: other })(arange(3)), [1, 2, 3]);
    const range = arange(3);
    close(x().add(range), [3, 2, 4]);
    close(tensor([1, 1, 1]).add(range), [1, 2, 3]);
  });
  test('data that were on no device, whatever their size and whoever saw them before', () => {
    const f = jit((v: Tensor) => v.mul(2).sum(), { device: other });
    for (const size of [3, 1023, 1024, 5000]) {
      const data = tensor(new Float32Array(size).fill(1));
      const shaped = data.reshape([1, size]);
      expect((shaped as Tensor as ConcreteTensor).storage.device.kind).toBe('host');
      expect(f(shaped).itemSync()).toBe(2 * size);
      expect(data.sum().itemSync()).toBe(size);
      expect(f(data).itemSync()).toBe(2 * size);
      expect(f(data.reshape([size, 1])).itemSync()).toBe(2 * size);
      const committed = devicePut(tensor(new Float32Array(size).fill(1)), defaultDevice());
      expect(() => f(committed)).toThrow(/argument \[0\] is on the device wasm/);
      expect(() => f(devicePut(data, defaultDevice()))).toThrow(/argument \[0\] is on the device wasm/);
    }
  });
  test('what was computed of data stays where it is', () => {
    expect(() => x().add(tensor([1, 2, 3]).mul(tensor([2, 2, 2])))).toThrow(/two devices/);
  });
});
