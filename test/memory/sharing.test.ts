// Values that share bytes (a reshape and its source) stay apart under disposal and donation.
import { expect, test } from 'vitest';
import { add, arange, devicePut, defaultDevice, jit, mul, reshape, type Tensor } from '../../src/index.ts';

const resident = (n: number): Tensor => devicePut(mul(arange(n), 1), defaultDevice());

test('a reshape outlives the disposal of its source', () => {
  const x = resident(4096);
  const y = reshape(x, [64, 64]);
  x.dispose();
  expect(y.dataSync()[4095]).toBe(4095);
});

test('donating a tensor whose bytes another one shares leaves the other alone', () => {
  const x = resident(4096);
  const y = reshape(x, [64, 64]);
  const step = jit((z: Tensor) => add(z, 1), { donate: 0 });
  const z = step(x);
  expect(y.dataSync()[10]).toBe(10);
  expect(z.dataSync()[10]).toBe(11);
  expect(() => add(x, 1)).toThrow(/donated to/);
});

test('a donated argument that is also a result keeps its value', () => {
  const x = resident(4096);
  const [same, more] = jit((z: Tensor): [Tensor, Tensor] => [z, add(z, 1)], { donate: 0 })(x);
  expect(same.dataSync()[7]).toBe(7);
  expect(more.dataSync()[7]).toBe(8);
});

test('uploading while memory grows reads the source again', () => {
  const kept = Array.from({ length: 40 }, (_, i) => reshape(resident(100_000 + i), [-1, 1]));
  kept.forEach((y, i) => expect(y.dataSync()[100_000 + i - 1]).toBe(100_000 + i - 1));
});
