// Elementwise kernels on the GPU against WebAssembly: sizes around vectors, views, math functions, awkward numbers.
import { test } from 'vitest';
import * as ct from '../../src/index.ts';
import { tensor, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { ints, numbers } from './arrays.ts';
import { agree, gpuDevice } from './device.ts';

const device = await gpuDevice();
test('sizes around vectors and workgroups', () =>
  agree(
    device,
    (...xs) => xs.map((x) => x.mul(2).add(x.less(0).astype('float32')).maximum(-1)),
    [1, 2, 3, 4, 5, 7, 8, 63, 255, 257, 1023, 1025, 4097, 65_537].map((n) => numbers(n, [n], 40)),
    0,
  ));

test('every dtype, broadcast, transposed, sliced, joined and looked up', () =>
  agree(
    device,
    (x: Tensor, row: Tensor, column: Tensor, i: Tensor) => [
      x.add(row).mul(column),
      x.transpose().add(1),
      ct.slice(x, [1, 9], [3, 23]).neg(),
      ct.concatenate([x, x.mul(2)], { axis: 1 }),
      ct
        .pad(x, [
          [1, 2],
          [3, 4],
        ])
        .add(1),
      ct.take(x, i, { axis: 1 }).mul(2),
      x.greater(row).logicalOr(column.less(0)),
      ct.leftShift(ct.bitwiseAnd(x.astype('int32'), 7), 2).astype('uint32'),
      ct.where(x.greater(0), row, column),
      x.reshape([3, 80]).add(1).flip(1),
    ],
    [numbers(1, [10, 24], 40), numbers(2, [24], 40), numbers(3, [10, 1], 40), ints(4, [6], 0, 23)],
    1e-6,
  ));

test('math functions by fours', () =>
  agree(
    device,
    (x: Tensor) => [
      x.exp(),
      x.abs().add(0.1).log(),
      x.tanh(),
      nn.gelu(x),
      x.sin(),
      ct.erf(x),
      x.abs().pow(1.3),
      x.round(),
    ],
    [numbers(9, [64], 40)],
    2e-5,
  ));

test('NaN and infinities by fours', () =>
  agree(
    device,
    (x: Tensor, y: Tensor) => [
      x.maximum(y),
      x.minimum(y),
      x.equal(y),
      x.notEqual(y),
      x.astype('int32'),
      x.remainder(y),
    ],
    [tensor([NaN, 1, -Infinity, Infinity, -0, 5, NaN, 3e9]), tensor([1, NaN, 2, Infinity, 0, 3, NaN, 7])],
  ));
