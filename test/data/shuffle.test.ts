// Keyed shuffling: a permutation, the same for the same key and epoch wherever the loop begins, another for every other.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batches, shuffledRows } from '../../src/data/index.ts';
import { defaultDevice, devices } from '../../src/index.ts';
import { key } from '../../src/random/index.ts';

// The order must not depend on the device; the plain interpreter stands for all here.
defaultDevice(devices.reference());

it('gives each row once, for any rows', async () => {
  const rows = fc.uniqueArray(fc.nat({ max: 999 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(rows, fc.nat(), fc.nat({ max: 50 }), async (list, seed, epoch) => {
      const order = await shuffledRows(key(seed), epoch, Int32Array.from(list));
      expect([...order].sort((a, b) => a - b)).toEqual([...list].sort((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});

it('depends on the key and the epoch, and on nothing else', async () => {
  const orders = await Promise.all([
    shuffledRows(key(3), 5, 200),
    shuffledRows(key(3), 5, 200),
    shuffledRows(key(3), 6, 200),
    shuffledRows(key(4), 5, 200),
  ]);
  const texts = orders.map((order) => order.join());
  expect(texts[0]).toBe(texts[1]);
  expect(new Set(texts).size).toBe(3);
});

it('lets a run go on in the middle of an epoch as if it had never stopped', async () => {
  const data = { y: { dtype: 'int32', shape: [50], data: Int32Array.from({ length: 50 }, (_, i) => i) } } as const;
  const epoch = async (from: number): Promise<number[][]> =>
    [...batches(data, { size: 8, order: await shuffledRows(key(0), 2, 50), from })].map(({ y }) => [...y.dataSync()]);
  const whole = await epoch(0);
  expect(await epoch(4)).toEqual(whole.slice(4));
  expect(whole.length).toBe(7);
});

it('pins the order, so that old runs can be repeated', async () => {
  expect([...(await shuffledRows(key(0), 0, 10))]).toMatchInlineSnapshot(`
    [
      0,
      8,
      2,
      4,
      1,
      7,
      9,
      5,
      3,
      6,
    ]
  `);
});
