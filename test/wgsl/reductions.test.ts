// Reductions on the GPU against WebAssembly, in every schedule that a shape can lead to.
import { expect, test } from 'vitest';
import fc from 'fast-check';
import * as ct from '../../src/index.ts';
import { devicePut, fromTypedArray, jit, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { ints, numbers } from './arrays.ts';
import { agree, gpuDevice } from './device.ts';

const device = await gpuDevice();
const plainDevice = await gpuDevice({ subgroups: false });
const floatOps = ['sum', 'max', 'min', 'argmax', 'argmin'] as const;
type Op = (typeof floatOps)[number] | 'prod' | 'any' | 'all';
type Dtype = 'float32' | 'int32' | 'uint32' | 'bool';

const reduce = (op: Op, x: Tensor, axis: number | readonly number[] | undefined, keepdims = false): Tensor =>
  (ct[op] as unknown as (x: Tensor, o: object) => Tensor)(x, { ...(axis === undefined ? {} : { axis }), keepdims });

/** Values whose sums are exact in any order: quarters, small integers. */
const values = (seed: number, shape: readonly number[], dtype: Dtype): Tensor => {
  if (dtype === 'float32') return numbers(seed, shape, 33);
  const whole = ints(seed, shape, dtype === 'int32' ? -9 : 0, 9);
  return dtype === 'int32' ? whole : dtype === 'uint32' ? whole.astype('uint32') : whole.greater(7);
};

// Many shapes a program: its kernels compile side by side.
const every = (shapes: readonly (readonly number[])[], axis: number | readonly number[] | undefined) =>
  agree(
    device,
    (...xs) =>
      xs.flatMap((x) =>
        (Array.isArray(axis) ? (['sum', 'max', 'min'] as const) : floatOps).map((op) => reduce(op, x, axis)),
      ),
    shapes.map((shape, i) => values(i, shape, 'float32')),
    0,
  );
test('rows of awkward lengths', () =>
  every(
    [1, 3, 63, 64, 65, 255, 256, 257, 1000].map((n) => [5, n]),
    1,
  ));
test('many rows, and rows of nothing much', () =>
  every(
    [
      [100_003, 3],
      [4097, 20],
      [1, 7],
      [257, 1],
    ],
    1,
  ));
test('columns', () =>
  every(
    [
      [1, 9],
      [3, 4],
      [65, 10],
      [257, 64],
      [1000, 12],
      [4097, 5],
    ],
    0,
  ));
test('middle axes', () =>
  every(
    [
      [3, 65, 8],
      [2, 257, 3],
      [70, 2, 4],
    ],
    1,
  ));
test('outer and inner axes together', () =>
  every(
    [
      [9, 5, 12],
      [33, 2, 65],
      [64, 8, 4],
    ],
    [0, 2],
  ));
test('few long rows, in two dispatches', () => every([[300_000], [3, 100_003], [2, 131_072]], -1));
test('few long columns, in two dispatches', () =>
  every(
    [
      [60_000, 8],
      [50_003, 3],
      [2, 30_000, 4],
    ],
    -2,
  ));
test('many and narrow columns', () =>
  every(
    [
      [40, 20_000],
      [7, 65_537],
    ],
    0,
  ));

test('the first of equals, and NaN before all, in lanes and in parts', async () => {
  const long = new Float32Array(400_000).fill(1);
  long[250_003] = long[250_001] = long[399_999] = NaN;
  const rows = new Float32Array(4 * 300).fill(-Infinity);
  rows[299] = rows[300 + 77] = rows[300 + 78] = 5;
  rows[600 + 64] = rows[600 + 1] = NaN;
  await agree(device, (x, y) => floatOps.flatMap((op) => [reduce(op, x, 0), reduce(op, y, 1), reduce(op, y, 0)]), [
    fromTypedArray(long, [400_000]),
    fromTypedArray(rows, [4, 300]),
  ]);
});

test('10^7 times 0.1', async () => {
  const x = devicePut(fromTypedArray(new Float32Array(1e7).fill(0.1), [1e7]), device);
  const total = await jit((z: Tensor) => z.sum(), { device })(x).item();
  expect(Math.abs(Number(total) / (1e7 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
  x.dispose();
});

test('without subgroups', () =>
  agree(
    plainDevice,
    (...xs) =>
      xs.flatMap((x) => [...floatOps.map((op) => reduce(op, x, 1)), x.greater(0).all({ axis: 1 }), nn.softmax(x)]),
    [9, 64, 257, 1024, 5000].map((n) => values(n, [6, n], 'float32')),
    1e-5,
  ));

test('the same bits every time', async () => {
  const x = devicePut(
    fromTypedArray(
      Float32Array.from({ length: 300_000 }, (_, i) => Math.sin(i)),
      [3, 100_000],
    ),
    device,
  );
  const f = jit((z: Tensor) => [z.sum(), z.sum({ axis: 0 }).sum(), z.sum({ axis: 1 })], { device });
  const read = async () => (await Promise.all(f(x).map((y: Tensor) => y.data()))).map((y) => [...y]);
  expect(await read()).toEqual(await read());
});

const extents = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 2, arbitrary: fc.constantFrom(16, 31, 63, 64, 65, 128) },
  { weight: 1, arbitrary: fc.constantFrom(255, 256, 257, 1000) },
);
const shapes = fc.array(extents, { minLength: 1, maxLength: 4 }).filter((s) => s.reduce((a, b) => a * b, 1) <= 200_000);
const one = fc
  .tuple(shapes, fc.constantFrom<Dtype>('float32', 'int32', 'uint32', 'bool'), fc.integer({ min: 0, max: 99 }))
  .chain(([shape, dtype, seed]) =>
    fc.record({
      shape: fc.constant(shape),
      dtype: fc.constant(dtype),
      seed: fc.constant(seed),
      axes: fc.subarray(
        shape.map((_, i) => i),
        { minLength: 1 },
      ),
      op: fc.constantFrom<Op>(
        ...(dtype === 'bool' ? (['any', 'all', 'argmax'] as const) : ([...floatOps, 'prod'] as const)),
      ),
      keepdims: fc.boolean(),
      moved: fc.boolean(),
    }),
  );
test('of any shape, axes, dtype and operation', () =>
  fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 4, maxLength: 4 }), (cases) =>
      agree(
        device,
        (...xs) =>
          cases.map(({ op, axes, keepdims, dtype, moved }, i) => {
            const x = xs[i]!;
            const used =
              op === 'prod'
                ? dtype === 'float32'
                  ? ct.where(x.greater(2), 2, ct.where(x.less(-2), 0.5, 1))
                  : x.minimum(2)
                : x;
            const y = reduce(op, moved ? used.transpose() : used, op.startsWith('arg') ? axes[0] : axes, keepdims);
            return dtype === 'float32' && op === 'sum' ? [y, y.mul(2).add(1)] : y;
          }),
        cases.map(({ seed, shape, dtype }) => values(seed, shape, dtype)),
        0,
      ),
    ),
    { numRuns: 10 },
  ));
