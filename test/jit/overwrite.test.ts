// Donated memory is written over only where nothing reads it any more, later stages of the same kernel included.
import { expect, test } from 'vitest';
import { add, jit, mean, tensor, type Tensor } from '../../src/index.ts';

const ramp = (): Tensor => add(tensor(Array.from({ length: 2000 }, (_, i) => i % 7)).reshape([2, 1000]), 0);

test('a row program that stores in one stage and reads its input in the next', () => {
  const f = (x: Tensor): readonly Tensor[] => {
    const t = x.tanh();
    return [t, x.sub(mean(t, { axis: 1, keepdims: true }))];
  };
  const want = jit(f)(ramp());
  const got = jit(f, { donate: 0 })(ramp());
  expect(got.map((x) => x.arraySync())).toEqual(want.map((x) => x.arraySync()));
});
