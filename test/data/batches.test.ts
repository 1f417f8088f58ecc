// Rows, batches and standardising: nothing lost, nothing doubled, the same wherever a loop starts.
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/core/errors.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { batchAt, batchCount, batches, countRows, cut, fitMoments, standardise, takeRows } from '../../src/data/index.ts';
import type { HostArray } from '../../src/io/index.ts';

const numbers = (n: number): HostArray<'int32'> => ({ dtype: 'int32', shape: [n], data: Int32Array.from({ length: n }, (_, i) => i) });
const pairs = (n: number): HostArray<'float32'> => ({ dtype: 'float32', shape: [n, 2], data: Float32Array.from({ length: 2 * n }, (_, i) => i) });
const data = (n: number): { readonly x: HostArray<'float32'>; readonly y: HostArray<'int32'> } => ({ x: pairs(n), y: numbers(n) });
const ordered = fc.nat({ max: 20 }).chain((n) => fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i), { minLength: n }).map((o) => Int32Array.from(o)));

describe('batches', () => {
  it('together are the data in the given order, each row once, images beside their labels', () => {
    fc.assert(
      fc.property(ordered, fc.integer({ min: 1, max: 7 }), (order, size) => {
        const list = [...batches(data(order.length), { size, order })];
        expect(list.flatMap(({ y }) => [...y.dataSync()])).toEqual([...order]);
        expect(list.flatMap(({ x }) => [...x.dataSync()])).toEqual([...order].flatMap((i) => [2 * i, 2 * i + 1]));
        expect(list.slice(0, -1).every(({ x, y }) => x.shape[0] === size && y.shape[0] === size)).toBe(true);
      }),
    );
  });

  it('resume anywhere: those from number k on are the same as without the stop', () => {
    fc.assert(
      fc.property(ordered, fc.integer({ min: 1, max: 7 }), fc.nat({ max: 25 }), (order, size, from) => {
        const [whole, rest] = [undefined, from].map((start) =>
          [...batches(data(order.length), { size, order, ...(start === undefined ? {} : { from: start }) })].map(({ y }) => y.arraySync()),
        );
        expect(rest).toEqual(whole?.slice(from));
      }),
    );
  });

  it('have one shape where the remainder is dropped', () => {
    const options = { size: 4, remainder: 'drop' } as const;
    expect(batchCount(data(11), options)).toBe(2);
    expect([...batches(data(11), options)].map(({ x }) => x.shape)).toEqual([[4, 2], [4, 2]]);
    expect(batchCount(data(11), { size: 4 })).toBe(3);
    expect(batchCount(data(0), { size: 4 })).toBe(0);
  });

  it('may be of a part of the rows', () => {
    expect([...batches(data(9), { size: 2, order: Int32Array.of(8, 1, 5) })].map(({ y }) => y.arraySync())).toEqual([[8, 1], [5]]);
  });

  it('keep names, dtypes and types', () => {
    const { x, y } = batchAt(data(3), 0, { size: 2 });
    expect([x.dtype, y.dtype]).toEqual(['float32', 'int32']);
    expectTypeOf(y).toEqualTypeOf<Tensor<readonly number[], 'int32'>>();
  });

  it('share no memory with the data', () => {
    const set = data(2);
    const { y } = batchAt(set, 0, { size: 2 });
    set.y.data.fill(7);
    expect(y.arraySync()).toEqual([0, 1]);
  });

  it('say what is wrong', () => {
    expect(() => batchCount(data(3), { size: 0 })).toThrow('batches: the batch size must be a whole number of at least 1, got 0');
    expect(() => batchAt(data(3), 2, { size: 2 })).toThrow('batchAt: there is no batch 2: there are 2, from 0');
    expect(() => batchAt(data(3), 0, { size: 2, order: Int32Array.of(3) })).toThrow('takeRows: row 3 is out of range: the array has 3 rows');
    expect(() => countRows({ x: pairs(3), y: numbers(4) })).toThrow(/x \[3, 2\] and y \[4\] differ in their first axis/);
    expect(() => countRows({})).toThrow(ArgumentError);
    expect(() => countRows({ x: { dtype: 'int32', shape: [], data: Int32Array.of(1) } })).toThrow(ShapeError);
  });
});

describe('rows', () => {
  it('cut keeps every row once', () => {
    fc.assert(
      fc.property(ordered, fc.double({ min: 0, max: 1, noNaN: true }), (order, part) => {
        const first = Math.floor(part * order.length);
        expect(cut(order, [first, order.length - first]).flatMap((rows) => [...rows])).toEqual([...order]);
      }),
    );
    expect(() => cut(Int32Array.of(0, 1), [1])).toThrow('cut: the sizes 1 do not add up to the 2 rows');
    expect(() => cut(Int32Array.of(0, 1), [3, -1])).toThrow(ArgumentError);
  });
  it('takeRows repeats and reorders, of arrays without columns too', () => {
    expect([...takeRows(numbers(3), [2, 2, 0]).data]).toEqual([2, 2, 0]);
    expect(takeRows({ dtype: 'bool', shape: [3, 0], data: new Uint8Array(0) }, [1]).shape).toEqual([1, 0]);
  });
});

describe('standardise', () => {
  const float = (shape: number[], ...values: number[]): HostArray<'float32'> => ({ dtype: 'float32', shape, data: Float32Array.from(values) });

  it('gives mean 0 and deviation 1, by column', () => {
    const column = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(column, (values) => {
        fc.pre(new Set(values).size > 1 && Math.max(...values) - Math.min(...values) > 1e-3);
        const x = float([values.length, 1], ...values);
        const z = standardise(x, fitMoments(x));
        const { mean, deviation } = fitMoments(z);
        expect(mean[0]).toBeCloseTo(0, 3);
        expect(deviation[0]).toBeCloseTo(1, 3);
      }),
    );
  });
  it('is accurate beside a large mean', () => {
    const x: HostArray = { dtype: 'float64', shape: [4], data: Float64Array.of(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16) };
    expect(fitMoments(x)).toEqual({ mean: [1e9 + 10], deviation: [Math.sqrt(22.5)] });
  });
  it('maps a column that does not vary to zero, whatever its rounding', () => {
    const x: HostArray = { dtype: 'float64', shape: [3, 2], data: Float64Array.of(0.1, 1, 0.1, 2, 0.1, 3) };
    const z = standardise(x, fitMoments(x));
    expect([0, 2, 4].map((i) => Math.abs(z.data[i] as number) < 1e-15)).toEqual([true, true, true]);
  });
  it('uses the statistics it is given', () => {
    expect([...standardise(float([1, 2], 3, 4), { mean: [1, 2], deviation: [2, 4] }).data]).toEqual([1, 0.5]);
    expect(() => standardise(float([1, 2], 3, 4), { mean: [1], deviation: [1] })).toThrow(/\[1, 2\] has 2 columns and the moments 1/);
    expect(() => fitMoments(float([0, 2]))).toThrow(/has no rows to measure/);
  });
});
