// Updates in place on the GPU: they move the update and make no copy, and values are as in WebAssembly.
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { add, at, devicePut, dynamicSlice, dynamicUpdateSlice, jit, mul, scan, sin, sum, take, tensor, whileLoop, less, type Tensor } from '../../src/index.ts'; // prettier-ignore
import { createWebGpuDevice } from '../../src/wgsl/device.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { agree, counting, expectClose, noCounts } from './device.ts';

const real = await testGpuDevice();
afterAll(() => real.destroy());
const counts = { ...noCounts };
const gpu = createWebGpuDevice(counting(real, counts));
const patience = 240_000;

const ramp = (...shape: number[]): Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i) * 2)).reshape(shape);
const i32 = (...v: number[]): Tensor => tensor(v, { dtype: 'int32' });
const scalar = (v: number): Tensor => tensor(v, { dtype: 'int32' });

type Update = (x: Tensor, u: Tensor, i: Tensor) => Tensor;
const rows = 512;
const wide = 64;

describe('an update of a donated tensor', () => {
  const cases: readonly (readonly [string, Update, Tensor, Tensor])[] = [
    ['dynamicUpdateSlice of a row', (x, u, i) => dynamicUpdateSlice(x, u, [i, 0]), ramp(1, wide), scalar(3)],
    ['dynamicUpdateSlice of a window', (x, u, i) => dynamicUpdateSlice(x, u, [i, 1]), ramp(3, 40), scalar(500)],
    ['at(i).set', (x, u, i) => at(x, i).set(u), ramp(wide), scalar(3)],
    ['at(many).add, twice the same', (x, u, i) => at(x, i).add(u), ramp(3, wide), i32(3, 9, 3)],
    [
      'two in a row, the second with what the first wrote',
      (x, u, i) => {
        const y = dynamicUpdateSlice(x, u, [i, 0]);
        return dynamicUpdateSlice(y, sin(dynamicSlice(y, [i, 0], [1, wide])), [add(i, 1), 0]);
      },
      ramp(1, wide),
      scalar(3),
    ],
  ];
  test.each(cases)(
    '%s',
    async (_, f, u, i) => {
      const state = ramp(rows, wide);
      const want = await jit(f)(state, u, i).data();
      const [first, second] = devicePut([add(state, 0), state] as const, gpu);
      const [uThere, iThere] = devicePut([u, i] as const, gpu);
      const donating = jit(f, { donate: 0, device: gpu });
      const { used } = gpu.memory();
      const got = donating(first, uThere, iThere);
      expectClose(await got.data(), want, 1e-5);
      // The tensor stays where it is.
      expect(gpu.memory().used).toBeLessThan(used + rows * wide);
      // Without donation it is copied, and what was there stays as it was.
      expectClose(await jit(f, { device: gpu })(second, uThere, iThere).data(), want, 1e-5);
      expectClose(await second.data(), await state.data(), 0);
    },
    patience,
  );
});

describe('in loops', () => {
  const us = ramp(20, wide);
  test(
    'a scan writes into its carry, a dispatch a step for the update',
    async () => {
      const f = (x: Tensor, u: Tensor): Tensor =>
        scan(
          ([b, i]: readonly [Tensor, Tensor], v: Tensor): readonly [readonly [Tensor, Tensor], null] => [
            [dynamicUpdateSlice(b, v.reshape([1, wide]), [i, 0]), add(i, 2)],
            null,
          ],
          [x, scalar(1)] as const,
          u,
        )[0][0] as Tensor;
      await agree(gpu, f as never, [ramp(rows, wide), us]);
      const [x, u] = devicePut([ramp(rows, wide), us] as const, gpu);
      const g = jit(f, { donate: 0, device: gpu });
      Object.assign(counts, noCounts);
      expectClose(await g(x, u).data(), await jit(f)(ramp(rows, wide), us).data(), 0);
      // The update and the count, for each step; the count's beginning and end.
      expect(counts.dispatches).toBeLessThanOrEqual(2 * 20 + 2);
    },
    patience,
  );

  test.each([0, 1, 2, 3])(
    'a carry in place beside one that alternates: %i steps',
    async (steps) => {
      const f = (x: Tensor, u: Tensor): readonly Tensor[] =>
        scan(
          ([b, m]: readonly [Tensor, Tensor], v: Tensor): readonly [readonly [Tensor, Tensor], null] => [
            [at(b, 1).add(mul(v, sum(m))), sin(add(m, m.at([null, null, -1]).get()))],
            null,
          ],
          [x, ramp(6).mul(0.1)] as const,
          u,
        )[0] as unknown as readonly Tensor[];
      const u = add(ramp(Math.max(steps, 1), 5), 0)
        .at([0, steps])
        .get();
      await agree(gpu, f as never, [ramp(7, 5), u], 1e-5);
      const want = jit(f)(ramp(7, 5), u);
      const [x, v] = devicePut([ramp(7, 5), u] as const, gpu);
      const got = jit(f, { donate: 0, device: gpu })(x, v);
      for (const [k, w] of want.entries()) expectClose(await got[k]!.data(), await w.data(), 1e-5);
    },
    patience,
  );

  test(
    'a whileLoop too, whether it runs or not',
    async () => {
      const f = (x: Tensor, n: Tensor): readonly Tensor[] =>
        whileLoop(
          ([, i]: readonly [Tensor, Tensor]): Tensor => less(i, n),
          ([b, i]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => [at(b, i).mul(2), add(i, 1)],
          [x, scalar(0)] as const,
        ) as readonly Tensor[];
      for (const n of [0, 1, 4]) {
        const want = jit(f)(ramp(7, 5), scalar(n));
        const [x, m] = devicePut([ramp(7, 5), scalar(n)] as const, gpu);
        const got = jit(f, { donate: 0, device: gpu })(x, m);
        for (const [k, w] of want.entries()) expectClose(await got[k]!.data(), await w.data(), 0);
      }
    },
    patience,
  );
});

describe('whatever is updated and read, in any order', () => {
  const step = fc.record({ kind: fc.nat(6), from: fc.nat(2), to: fc.nat(2), i: fc.nat(6) });
  type Step = (typeof step extends fc.Arbitrary<infer T> ? T : never) & object;
  const run =
    (steps: readonly Step[]) =>
    (a: Tensor, b: Tensor, i: Tensor): Tensor[] => {
      const values: Tensor[] = [a, b];
      for (const s of steps) {
        const x = values[values.length - 1 - (s.from % Math.min(2, values.length))]!;
        const y = values[values.length - 1 - (s.to % values.length)]!;
        const k = add(i, s.i);
        const one = take(y, k, { axis: 0, mode: 'clip' });
        values.push(
          [
            (): Tensor => dynamicUpdateSlice(x, dynamicSlice(y, [k, 1], [1, 3]), [k, 0]),
            (): Tensor => at(x, k).set(one),
            (): Tensor => at(x, [null], k).add(take(y, 1, 1)),
            (): Tensor => at(x, i32(s.i, 2, s.i)).add(one),
            (): Tensor => at(x, i32(s.i, 2)).mul(2),
            (): Tensor => add(x, mul(y, 0.5)),
            (): Tensor => mul(x, sum(one)),
          ][s.kind]!(),
        );
      }
      return values.slice(-2);
    };

  test(
    'donated or not, it is what WebAssembly makes of it',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 2, maxLength: 6 }),
          fc.constantFrom([], [0], [0, 1]),
          async (steps, donate) => {
            const f = run(steps);
            const args = [ramp(7, 5), mul(ramp(7, 5), 3), scalar(1)] as const;
            const want = jit(f)(...args);
            const there = devicePut(args, gpu);
            const got = jit(f, { donate, device: gpu })(...there);
            for (const [k, w] of want.entries()) expectClose(await got[k]!.data(), await w.data(), 1e-4, `result ${k}`);
          },
        ),
        { numRuns: 15 },
      );
    },
    patience,
  );
});
