// Indices computed at run time inside of fused kernels: from kept rows, from mathematical functions, and reductions of bools.
import { describe, expect, test } from 'vitest';
import {
  argmax,
  astype,
  at,
  clip,
  concatenate,
  defaultDevice,
  devices,
  devicePut,
  dynamicSlice,
  exp,
  fromTypedArray,
  grad,
  jit,
  logsumexp,
  matmul,
  max,
  min,
  mod,
  mul,
  reshape,
  sin,
  slice,
  sub,
  sum,
  take,
  takeAlongAxis,
  tanh,
  transpose,
  zeros,
  type Tensor,
} from '../../src/index.ts';

const reference = devices.reference();
const on = <A>(device: typeof reference, f: () => A): A => {
  const saved = defaultDevice();
  defaultDevice(device);
  try {
    return f();
  } finally {
    defaultDevice(saved);
  }
};
const input = (n = 40): Tensor =>
  fromTypedArray(Float64Array.from({ length: n }, (_, i) => ((i * 0.7548776662466927) % 4) - 2));
const whole = (x: Tensor): Tensor => astype(clip(x, 0, 30), 'int32');
const agrees = (f: (x: Tensor) => Tensor): void => {
  const want = on(reference, () => f(input())).dataSync();
  const got = jit(f)(input()).dataSync();
  expect(got.length).toBe(want.length);
  got.forEach((v: number, i: number) => expect(v).toBeCloseTo(want[i]!, 10));
};

describe('an index in a fused kernel', () => {
  test('may be computed from a value kept for the row', () =>
    agrees(grad((x: Tensor) => logsumexp(takeAlongAxis(x, whole(x), -1)))));
  test('may be computed by a mathematical function', () =>
    agrees((x) => dynamicSlice(x, [astype(mul(tanh(slice(x, 0)), -5), 'int32')], [5])));
  test('may be so in the gradient', () =>
    agrees(grad((x: Tensor) => sum(sin(dynamicSlice(x, [astype(mul(tanh(slice(x, 0)), -5), 'int32')], [5]))))));
  test('may be computed from a product', () => {
    for (const dtype of ['int32', 'float32', 'float64'] as const)
      for (const n of [4, 40])
        agrees((x) => {
          const a = astype(clip(reshape(concatenate([x, x]), [2, 40]), -2, 2), dtype);
          return take(
            sin(x),
            clip(astype(matmul(slice(a, [], [0, n]), transpose(slice(a, [], [0, n]))), 'int32'), -3, 50),
            { mode: 'fill', fillValue: 7 },
          );
        });
  });
  test('may be so when scattering', () => agrees((x) => at(zeros([40], 'float64'), whole(mul(exp(x), 4))).add(sin(x))));
});

test('extremes of bools, on every device', () => {
  for (const bits of [
    [0, 0],
    [0, 1],
    [1, 1],
  ]) {
    for (const device of [reference, defaultDevice()]) {
      const x = devicePut(fromTypedArray(Uint8Array.from(bits)), device);
      expect([max(x).itemSync(), min(x).itemSync()]).toEqual([bits.includes(1), !bits.includes(0)]);
    }
  }
});

describe('an index computed from a result of its row, for many rows at once', () => {
  const sizes: readonly (readonly [number, number])[] = [
    [5, 3],
    [8, 2],
    [3, 7],
    [5, 40],
    [3, 100],
    [1, 5],
    [17, 1],
  ];
  test.each(sizes)('%d rows of %d', (rows, columns) => {
    const make = (): Tensor =>
      fromTypedArray(
        Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i)),
        [rows, columns],
      );
    for (const axis of [0, 1]) {
      const f = (x: Tensor): Tensor[] => {
        const best = takeAlongAxis(x, argmax(x, { axis, keepdims: true }), axis);
        return [best, sum(sub(x, best), axis), sub(best, max(x, { axis, keepdims: true }))];
      };
      const want = on(reference, () => f(make()));
      jit(f)(make()).forEach((y, k) => {
        const data = want[k]!.dataSync();
        y.dataSync().forEach((v: number, i: number) => expect(v).toBeCloseTo(data[i]!, 4));
      });
    }
  });

  test('a kept row as an index', () => {
    const make = (): readonly [Tensor, Tensor] => [
      fromTypedArray(
        Float64Array.from({ length: 15 }, (_, i) => i + 1),
        [5, 3],
      ),
      fromTypedArray(Int32Array.of(0, 1, 2, 3, 4), [5, 1]),
    ];
    const f = (x: Tensor, i: Tensor): Tensor => {
      const picked = takeAlongAxis(x, mod(i, 3), 1);
      return sum(sub(picked, max(picked, { axis: 1, keepdims: true })), 1);
    };
    expect(jit(f)(...make()).arraySync()).toEqual([0, 0, 0, 0, 0]);
  });
});
