// Well-known programs on the GPU: what fuses into one kernel, reductions of every kind and size, convolutions, random bits.
import { describe, expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { fromTypedArray, grad, jit, tensor, valueAndGrad, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { bernoulli, bits, key, normal } from '../../src/random/index.ts';
import { agree, expectClose, gpuDevice } from './device.ts';

const device = await gpuDevice();
/** Normal numbers, times and plus something, that are on no device yet. */
const draw = (n: number, shape: readonly number[], times = 1, plus = 0): Tensor =>
  fromTypedArray(normal(key(n), shape).mul(times).add(plus).dataSync(), shape);

describe('row programs', () => {
  const x = draw(1, [13, 37]);
  test('softmax and its gradient', () =>
    agree(device, (z: Tensor) => [nn.softmax(z), grad((v: Tensor) => nn.softmax(v).mul(v).sum())(z)], [x], 1e-4));
  test('layer norm and its gradient', async () => {
    const layer = nn.layerNorm(37);
    const p = { scale: draw(2, [37]), bias: draw(3, [37]) };
    const f = (z: Tensor, scale: Tensor, bias: Tensor): Tensor =>
      layer
        .apply({ ...p, scale, bias } as never, z)
        .mul(z)
        .sum();
    await agree(device, valueAndGrad(f, { argnums: [0, 1, 2] }) as never, [x, p.scale, p.bias], 1e-4);
  });
  test('cross-entropy with integer labels, value and gradient', () => {
    const y = tensor(
      Array.from({ length: 13 }, (_, i) => (i * 5) % 37),
      { dtype: 'int32' },
    );
    return agree(device, (z: Tensor) => valueAndGrad((v: Tensor) => nn.softmaxCrossEntropy(v, y))(z), [x], 1e-5);
  });
});

describe('reductions', () => {
  const sizes = [1, 3, 64, 65, 5000];
  const ops = ['sum', 'prod', 'max', 'min', 'mean', 'argmax', 'argmin', 'any', 'all', 'logsumexp'] as const;
  test.each(ops)('%s', async (op) => {
    for (const n of sizes) {
      const x = op === 'prod' ? draw(n, [3, n], 0.02, 1) : draw(n, [3, n]);
      const f = (z: Tensor): unknown => {
        const v = op === 'any' || op === 'all' ? z.greater(2.5) : z;
        const reduce = ct[op] as (z: Tensor, o?: object) => Tensor;
        return [reduce(v, { axis: 1 }), reduce(v, { axis: 0 }), ...(op.startsWith('arg') ? [] : [reduce(v)])];
      };
      await agree(device, f as never, [x], 3e-5);
    }
  });

  test('of nothing give what the operation begins with', () =>
    agree(device, (x: Tensor) => [x.sum({ axis: 1 }), x.prod({ axis: 1 }), x.greater(0).any({ axis: 1 })], [
      ct.zeros([4, 0]),
    ]));

  test('argmax finds the first of equals, and NaN first of all', async () => {
    const x = tensor([
      [1, 3, 3, 2],
      [NaN, 9, NaN, 1],
      [-Infinity, -Infinity, -Infinity, -Infinity],
      [0, -0, 0, -0],
    ]);
    const [a, b] = jit((z: Tensor) => [z.argmax({ axis: 1 }), z.argmin({ axis: 1 })], { device })(x);
    expect(await a!.array()).toEqual([1, 0, 0, 0]);
    expect(await b!.array()).toEqual([0, 0, 0, 0]);
  });

  test('ten million times 0.1 is right to 1e-6', async () => {
    const x = ct.full([10_000_000], 0.1);
    const total = (await jit((z: Tensor) => z.sum(), { device })(x).item()) as number;
    expect(Math.abs(total / (10_000_000 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
  });
});

describe('images', () => {
  const x = draw(5, [2, 9, 8, 3]);
  const w = draw(6, [3, 3, 3, 4]);
  test('a convolution with its activation and pooling, and all gradients', async () => {
    const f = (a: Tensor, b: Tensor): Tensor =>
      ct
        .maxPool(nn.relu(ct.conv2d(a, b, { padding: 'same' })), { size: 2 })
        .mul(0.1)
        .sum();
    await agree(device, valueAndGrad(f, { argnums: [0, 1] }) as never, [x, w], 1e-4);
  }, 180_000);
});

describe('integers and bools', () => {
  test('random bits are the same bits', async () => {
    const f = (): readonly Tensor[] => [bits(key(3), [33]), bernoulli(key(4), 0.3, [40])];
    const want = jit(f)();
    const got = jit(f, { device })();
    for (let i = 0; i < 2; i++) expect(await got[i]!.data()).toEqual(await want[i]!.data());
  });

  test('division, remainders and shifts at the edges', () => {
    const i = tensor([7, -7, 0, -2147483648, 2147483647, 5], { dtype: 'int32' });
    const j = tensor([2, 2, 3, -1, 3, 0], { dtype: 'int32' });
    return agree(
      device,
      (a: Tensor, b: Tensor) => [
        ct.truncDivide(a, b),
        ct.fmod(a, b),
        ct.remainder(a, b),
        ct.leftShift(a, b),
        ct.rightShift(a, b),
      ],
      [i, j],
    );
  });

  test('remainders of floats are exact however large the quotient', () => {
    const a = tensor([1e30, -5.5, 3, 7, 1e-40, Infinity, 2, NaN, 1e38]);
    const b = tensor([3, 2, Infinity, 0.1, 1, 2, 0, 1, 1e-3]);
    return agree(device, (x: Tensor, y: Tensor) => ct.fmod(x, y), [a, b], 0);
  });

  test('conversions saturate', () => {
    const x = tensor([1.9, -1.9, 3e9, -3e9, 5e9, NaN, Infinity, -Infinity, 2147483648]);
    return agree(
      device,
      (z: Tensor) => [z.astype('int32'), z.astype('uint32'), z.astype('bool'), z.astype('bool').astype('float32')],
      [x],
    );
  });
});

test('infinities and NaN as constants, minima and comparisons', async () => {
  const x = tensor([1, NaN, Infinity, -Infinity, -0, 3e38]);
  const f = (z: Tensor): unknown => [
    ct.maximum(z, NaN),
    ct.minimum(z, -Infinity),
    ct.where(z.greater(0), Infinity, z),
    z.mul(10),
    ct.maximum(z, 0),
    ct.notEqual(z, z),
    ct.isnan(z),
  ];
  await agree(device, f as never, [x]);
});

test('gathers, scatters, sorts and running sums', async () => {
  const x = draw(8, [11, 6]);
  const i = tensor([3, 0, 10, 3, 3], { dtype: 'int32' });
  await agree(
    device,
    (z: Tensor) => [ct.take(z, i, { axis: 0 } as never), ct.sort(z), ct.argsort(z), ct.cumsum(z, { axis: 0 } as never)],
    [x],
    1e-5,
  );
  await agree(
    device,
    (z: Tensor) =>
      grad((v: Tensor) =>
        ct
          .take(v, i, { axis: 0 } as never)
          .mul(ct.take(v, i, { axis: 0 } as never))
          .sum(),
      )(z),
    [x],
    1e-5,
  );
});

test('an accurate running sum', async () => {
  const n = 100_000;
  const got = await jit((x: Tensor) => ct.cumsum(x), { device })(ct.full([n], 0.1)).data();
  expectClose([got[n - 1]!], [n * Math.fround(0.1)], 5e-6);
});
