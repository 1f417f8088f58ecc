// Cases of well-known programs: rows, reductions of every kind and size, images, integers, infinities, control flow.
import * as ct from '../../src/index.ts';
import { fromTypedArray, grad, tensor, valueAndGrad, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { bernoulli, bits, key, normal } from '../../src/random/index.ts';
import { program, type Case } from './case.ts';

/** Normal numbers, times and plus something, that are on no device yet. */
const draw = (n: number, shape: readonly number[], times = 1, plus = 0): Tensor =>
  fromTypedArray(normal(key(n), shape).mul(times).add(plus).dataSync(), shape);

const int = (xs: readonly number[]): Tensor => tensor([...xs], { dtype: 'int32' });
const reductions = ['sum', 'prod', 'max', 'min', 'mean', 'argmax', 'argmin', 'any', 'all', 'logsumexp'] as const;
const picked = [3, 0, 10, 3, 3];

const float16 = { exponentBits: 5, mantissaBits: 10 };
const bfloat16 = { exponentBits: 8, mantissaBits: 7 };

export const cases: readonly Case[] = [
  program(
    'softmax and its gradient',
    (z: Tensor) => [nn.softmax(z), grad((v: Tensor) => nn.softmax(v).mul(v).sum())(z)],
    () => [draw(1, [13, 37])],
    1e-4,
  ),
  program(
    'layer norm and its gradient',
    valueAndGrad(
      (z: Tensor, scale: Tensor, bias: Tensor) =>
        nn
          .layerNorm(37)
          .apply({ scale, bias } as never, z)
          .mul(z)
          .sum(),
      { argnums: [0, 1, 2] },
    ) as never,
    () => [draw(1, [13, 37]), draw(2, [37]), draw(3, [37])],
    1e-4,
  ),
  program(
    'cross-entropy with integer labels, value and gradient',
    (z: Tensor, y: Tensor) => valueAndGrad((v: Tensor) => nn.softmaxCrossEntropy(v, y))(z),
    () => [draw(1, [13, 37]), int(Array.from({ length: 13 }, (_, i) => (i * 5) % 37))],
    1e-5,
  ),
  ...reductions.flatMap((op) =>
    [1, 3, 64, 65, 5000].map((n) =>
      program(
        `${op} of rows, columns and all, ${n} elements`,
        (z: Tensor) => {
          const v = op === 'any' || op === 'all' ? z.greater(2.5) : z;
          const reduce = ct[op] as (z: Tensor, o?: object) => Tensor;
          return [reduce(v, { axis: 1 }), reduce(v, { axis: 0 }), ...(op.startsWith('arg') ? [] : [reduce(v)])];
        },
        () => [op === 'prod' ? draw(n, [3, n], 0.02, 1) : draw(n, [3, n])],
        // Relative to a thousandth of the largest: columns of three numbers cancel.
        2e-4,
      ),
    ),
  ),
  program(
    'reductions of nothing give what the operation begins with',
    (x: Tensor) => [x.sum({ axis: 1 }), x.prod({ axis: 1 }), x.greater(0).any({ axis: 1 })],
    () => [ct.zeros([4, 0])],
  ),
  program(
    'argmax finds the first of equals, and NaN first of all',
    (z: Tensor) => [z.argmax({ axis: 1 }), z.argmin({ axis: 1 })],
    () => [
      tensor([
        [1, 3, 3, 2],
        [NaN, 9, NaN, 1],
        [-Infinity, -Infinity, -Infinity, -Infinity],
        [0, -0, 0, -0],
      ]),
    ],
  ),
  program(
    'a convolution with its activation and pooling, and all gradients',
    valueAndGrad(
      (a: Tensor, b: Tensor) =>
        ct
          .maxPool(nn.relu(ct.conv2d(a, b, { padding: 'same' })), { size: 2 })
          .mul(0.1)
          .sum(),
      { argnums: [0, 1] },
    ) as never,
    () => [draw(5, [2, 9, 8, 3]), draw(6, [3, 3, 3, 4])],
    1e-4,
  ),
  program(
    'random bits are the same bits',
    () => [bits(key(3), [33]), bernoulli(key(4), 0.3, [40])],
    () => [],
  ),
  program(
    'division, remainders and shifts at the edges',
    (a: Tensor, b: Tensor) => [
      ct.truncDivide(a, b),
      ct.fmod(a, b),
      ct.remainder(a, b),
      ct.leftShift(a, b),
      ct.rightShift(a, b),
    ],
    () => [int([7, -7, 0, -2147483648, 2147483647, 5]), int([2, 2, 3, -1, 3, 0])],
  ),
  program(
    'remainders of floats are exact however large the quotient',
    (x: Tensor, y: Tensor) => ct.fmod(x, y),
    () => [tensor([1e30, -5.5, 3, 7, 1e-40, Infinity, 2, NaN, 1e38]), tensor([3, 2, Infinity, 0.1, 1, 2, 0, 1, 1e-3])],
    0,
  ),
  program(
    'conversions saturate',
    (z: Tensor) => [z.astype('int32'), z.astype('uint32'), z.astype('bool'), z.astype('bool').astype('float32')],
    () => [tensor([1.9, -1.9, 3e9, -3e9, 5e9, NaN, Infinity, -Infinity, 2147483648])],
  ),
  program(
    'float16 and bfloat16 numbers, the bits of those around their ends and ties',
    (z: Tensor) => {
      const [half, brain] = [ct.reducePrecision(z, float16), ct.reducePrecision(z, bfloat16)];
      return [half, brain, ...[half, brain].map((y) => ct.bitcast(ct.where(ct.isnan(y), 0, y), 'int32'))];
    },
    () => [
      tensor([
        0.1,
        -65519.99,
        65520,
        2 ** -14,
        -(2 ** -15),
        1 + 2 ** -11,
        1 + 3 * 2 ** -11,
        3.4e38,
        -Infinity,
        NaN,
        -0,
      ]),
    ],
    0,
  ),
  program(
    'infinities and NaN as constants, minima and comparisons',
    (z: Tensor) => [
      ct.maximum(z, NaN),
      ct.minimum(z, -Infinity),
      ct.where(z.greater(0), Infinity, z),
      z.mul(10),
      ct.maximum(z, 0),
      ct.notEqual(z, z),
      ct.isnan(z),
    ],
    () => [tensor([1, NaN, Infinity, -Infinity, -0, 3e38])],
  ),
  program(
    'gathers, sorts and running sums',
    (z: Tensor, i: Tensor) => [
      ct.take(z, i, { axis: 0 } as never),
      ct.sort(z),
      ct.argsort(z),
      ct.cumsum(z, { axis: 0 } as never),
    ],
    () => [draw(8, [11, 6]), int(picked)],
    1e-4,
  ),
  program(
    'the gradient of a gather',
    (z: Tensor, i: Tensor) =>
      grad((v: Tensor) =>
        ct
          .take(v, i, { axis: 0 } as never)
          .square()
          .sum(),
      )(z),
    () => [draw(8, [11, 6]), int(picked)],
    1e-5,
  ),
];
