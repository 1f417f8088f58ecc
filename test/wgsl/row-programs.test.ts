// Softmax, normalisations, losses and pooling on the GPU against WebAssembly: reductions and what is made of them, in one kernel.
import { test } from 'vitest';
import * as ct from '../../src/index.ts';
import { grad, valueAndGrad, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { ints, numbers } from './arrays.ts';
import { agree, gpuDevice } from './device.ts';

const device = await gpuDevice();
const draw = (seed: number, shape: readonly number[]): Tensor => numbers(seed, shape, 40);
test.each([
  [1000, 10],
  [33, 64],
  [7, 1000],
  [3, 4097],
  [2, 20_000],
  [1, 100_000],
])('softmax and its gradient, %d rows of %d', (rows, n) =>
  agree(
    device,
    (x: Tensor, w: Tensor) => [nn.softmax(x), grad((v: Tensor) => nn.softmax(v).mul(w).sum())(x)],
    [draw(1, [rows, n]), draw(2, [rows, n])],
    1e-4,
  ),
);

test.each([
  [65, 64],
  [9, 1000],
  [300, 30],
])('layer norm and its gradients, %d rows of %d', (rows, n) =>
  agree(
    device,
    (x: Tensor, scale: Tensor, bias: Tensor, w: Tensor) => {
      const f = (z: Tensor, s: Tensor, b: Tensor): Tensor => {
        const d = z.sub(z.mean({ axis: -1, keepdims: true }));
        const v = d.mul(d).mean({ axis: -1, keepdims: true });
        return d.div(v.add(1e-5).sqrt()).mul(s).add(b).mul(w).sum();
      };
      return valueAndGrad(f, { argnums: [0, 1, 2] })(x, scale, bias);
    },
    [draw(1, [rows, n]), draw(2, [n]), draw(3, [n]), draw(4, [rows, n])],
    1e-4,
  ),
);

test('cross-entropy with its gradient', () =>
  agree(
    device,
    (z: Tensor, y: Tensor) => valueAndGrad((v: Tensor) => nn.softmaxCrossEntropy(v, y))(z),
    [draw(5, [257, 100]), ints(6, [257], 0, 99)],
    2e-5,
  ));

test('a batch normalised: two levels of column sums', () =>
  agree(
    device,
    (x: Tensor) => {
      const d = x.sub(x.mean({ axis: 0 }));
      return d.mul(d).mean({ axis: 0 });
    },
    [draw(7, [300, 24])],
    1e-5,
  ));

test('pooling and its gradient', () =>
  agree(
    device,
    (x: Tensor) => [
      ct.maxPool(x, { size: 2 }),
      grad((v: Tensor) => ct.maxPool(v, { size: 2 }).mul(0.5).sum())(x),
      grad((v: Tensor) => ct.avgPool(v, { size: 3, stride: 1 }).square().sum())(x),
    ],
    [draw(8, [3, 8, 12, 8])],
    1e-5,
  ));
