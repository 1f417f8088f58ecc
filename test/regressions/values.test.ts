// Values that cannot be had: gone, traced, or on a GPU; what wants them says so by its own name, with the fix.
import { either as E } from 'fp-ts';
import { describe, expect, test } from 'vitest';
import {
  ArgumentError,
  bincount,
  blockUntilReady,
  cond,
  defaultDevice,
  DeviceError,
  devicePut,
  disableJit,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacobian,
  jacrev,
  jit,
  less,
  linearTranspose,
  nanpercentile,
  neg,
  nonzero,
  ones,
  percentile,
  quantile,
  segmentSum,
  ShapeError,
  sum,
  tensor,
  unique,
  valueAndGrad,
  whileLoop,
  type Tensor,
} from '../../src/index.ts';
import { encodeCheckpoint, IoError, treeToArrays } from '../../src/io/index.ts';
import { checkGrads, checkVjpAdjoint } from '../../src/testing/index.ts';
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { gpuDevice } from '../wgsl/device.ts';

test('a checkpoint of a value that is gone is a Left that names the leaf', async () => {
  const [w, b] = [tensor([1, 2]), tensor([3])];
  jit((x: Tensor) => x.add(1), { donate: 0 })(w);
  const tree = { params: { layers: [{ w, b }] } };
  for (const task of [encodeCheckpoint(tree), treeToArrays(tree)]) {
    const result = await task();
    expect(result).toMatchObject({ _tag: 'Left', left: { format: 'checkpoint', where: 'leaf "params.layers.0.w"' } });
    expect(E.isLeft(result) && result.left).toBeInstanceOf(IoError);
    expect(E.isLeft(result) && result.left.message).toMatch(/a value cannot be read: .*gone: .*donated/);
  }
});

test('a checkpoint of a traced value, or of no tree, is a Left', async () => {
  let traced: Tensor | undefined;
  jit((x: Tensor) => (traced = x).add(1))(tensor(1));
  expect(await encodeCheckpoint({ traced })()).toMatchObject({ _tag: 'Left', left: { where: 'leaf "traced"' } });
  const none = await encodeCheckpoint({ a: { at: new Map() } })();
  expect(E.isLeft(none) && none.left.message).toMatch(/not a tree of tensors and numbers \(.*a\.at/);
});

test.each([[0], [2], [1, 3]])('item of shape %j is a ShapeError that names it', async (...shape) => {
  const x = ones(shape);
  expect(() => x.itemSync()).toThrow(ShapeError);
  expect(() => x.itemSync()).toThrow(`itemSync: needs a tensor with one element, got shape [${shape.join(', ')}]`);
  await expect(x.item()).rejects.toThrow(`item: needs a tensor with one element, got shape [${shape.join(', ')}]`);
});

const whole = tensor([1, 2], 'int32');
const square = (x: Tensor): Tensor => x.mul(x);
test.each<[string, () => unknown]>([
  ['grad', () => grad(square)(tensor([1, 2]))],
  ['grad', () => grad(square)(whole)],
  ['valueAndGrad', () => valueAndGrad(square)(tensor([1, 2]))],
  ['hvp', () => hvp(square)(tensor([1, 2]), tensor([1, 2]))],
  ['jacfwd', () => jacfwd(square)(whole)],
  ['jacrev', () => jacrev(square)(whole)],
  ['jacobian', () => jacobian(square)(whole)],
  ['hessian', () => hessian((x: Tensor) => sum(x))(whole)],
])('%s names itself in the error', (op, f) => {
  expect(f).toThrow(
    new RegExp(`^${op}: (the function must return a scalar, got|cannot differentiate with respect to)`),
  );
});

describe('quantile takes q as a tensor', () => {
  const x = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  test('a scalar or a vector, as JS numbers', async () => {
    expect(await quantile(x, tensor([0, 0.25, 1])).array()).toEqual(await quantile(x, [0, 0.25, 1]).array());
    expect(await quantile(x, tensor(0.5)).array()).toBe(5);
    expect(await nanpercentile(x, tensor([0, 50], 'int32')).array()).toEqual([0, 5]);
  });
  test('a tenth of float32 is a tenth', async () => {
    for (const method of ['lower', 'higher'] as const)
      expect(await quantile(x, tensor([0.1, 0.3, 0.7]), { method }).array()).toEqual([1, 3, 7]);
  });
  test.each<[string, () => unknown, RegExp]>([
    ['traced', () => jit((q: Tensor) => quantile(x, q))(tensor(0.5)), /traced by jit; pass q as JS numbers/],
    ['a matrix', () => percentile(x, tensor([[50]])), /q must be JS numbers from 0 to 100, .* got shape \[1, 1\]/],
    ['out of range', () => quantile(x, tensor([0, 2])), /q must be JS numbers from 0 to 1, .* got 2/],
    ['a string', () => quantile(x, ['0.5'] as unknown as number[]), /q must be JS numbers from 0 to 1, .* got 0\.5/],
  ])('%s is an ArgumentError', (_, f, message) => {
    expect(f).toThrow(ArgumentError);
    expect(f).toThrow(message);
  });
});

describe('on a GPU', async () => {
  const device = await gpuDevice();
  const put = <T>(tree: T): T => devicePut(tree, device);
  const [x, ids, yes] = put([tensor([1, 2, 3]), tensor([0, 1, 1], 'int32'), tensor(true)] as const);
  const wants: readonly (readonly [op: string, f: () => unknown, fix: RegExp])[] = [
    ['unique', () => unique(x), /pass \{ size \}/],
    ['nonzero', () => nonzero(x), /pass \{ size \}/],
    ['segmentSum', () => segmentSum(x, ids), /pass \{ numSegments \}/],
    ['bincount', () => bincount(ids), /pass \{ length \}/],
    ['quantile', () => quantile(x, x), /pass q as JS numbers/],
    ['cond', () => disableJit(() => cond(yes, neg, neg, x)), /without disableJit, or compute on the WebAssembly/],
    ['whileLoop', () => disableJit(() => whileLoop((y) => less(sum(y), 9), neg, x)), /without disableJit/],
    [
      'checkGrads',
      () => checkGrads((y: Tensor) => y.mul(y), [x]),
      /await blockUntilReady\(devicePut\(args, device\)\)/,
    ],
    ['checkVjpAdjoint', () => checkVjpAdjoint((y: Tensor) => y.mul(y), [x]), /to the WebAssembly device/],
    ['dataSync', () => x.dataSync(), /await x\.data\(\)/],
    ['arraySync', () => x.arraySync(), /await x\.array\(\)/],
    ['itemSync', () => yes.itemSync(), /await x\.item\(\)/],
  ];
  test.each(wants)('%s says that it needs values at once, and what to do', (op, f, fix) => {
    const failing = expect(f);
    failing.toThrow(DeviceError);
    failing.toThrow(new RegExp(`^${op}: .*at once.*${fix.source}`));
  });

  test('what these errors advise works', async () => {
    expect(await unique(x, { size: 3 }).values.array()).toEqual([1, 2, 3]);
    expect(await nonzero(x, { size: 3 })[0]!.array()).toEqual([0, 1, 2]);
    expect(await segmentSum(x, ids, { numSegments: 2 }).array()).toEqual([1, 5]);
    expect(await bincount(ids, { length: 2 }).array()).toEqual([1, 2]);
    expect(await cond(yes, neg, neg, x).array()).toEqual([-1, -2, -3]);
  });

  test('gradients are checked where the arguments are, whatever the default device', async () => {
    const wasm = defaultDevice();
    const args = await blockUntilReady(devicePut([x] as const, wasm));
    const f = (y: Tensor): Tensor => y.mul(y);
    try {
      defaultDevice(device);
      expect(() => checkGrads(f, [tensor([1, 2])])).toThrow(DeviceError);
      checkGrads(f, args, { order: 2 });
      checkVjpAdjoint(f, args);
    } finally {
      defaultDevice(wasm);
    }
  });

  test('a linear function that captures a value there has a transpose', async () => {
    expect(await linearTranspose((y: Tensor) => y.mul(x), tensor([1, 1, 1]))(x)[0].array()).toEqual([1, 4, 9]);
  });

  test('a checkpoint of a value that was lost with its GPU is a Left that names the leaf', async () => {
    const gpu = await testGpuDevice();
    const w = jit((y: Tensor) => y.add(1), { device: createWebGpuDevice(gpu) })(tensor([1, 2]));
    gpu.destroy();
    await gpu.lost;
    expect(await encodeCheckpoint({ w })()).toMatchObject({ _tag: 'Left', left: { where: 'leaf "w"' } });
  });
});
