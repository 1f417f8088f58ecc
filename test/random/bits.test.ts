// Keys, bits, uniforms, integers and permutations are bit-equal to published vectors and to JAX's algorithms written out plainly.
import { describe, expect, it } from 'vitest';
import { jit, tensor, vmap, type Tensor } from '../../src/index.ts';
import { bits, foldIn, key, permutation, randint, split, uniform, type Key } from '../../src/random/index.ts';
import { threefry2x32 } from '../../src/random/threefry.ts';
import * as plain from './plain.ts';

const u32 = (...x: number[]): Tensor => tensor(Uint32Array.from(x));
const numbers = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const wordsOf = (k: Key): number[] => numbers(k.words);
const flat = (keys: readonly plain.Words[]): number[] => keys.flatMap((k) => k.map(Number));
const seeds = [0, 1, 42, 1701, 2 ** 31 - 1, 2 ** 32 - 1];

describe('threefry2x32', () => {
  // Known answers of the Random123 distribution (kat_vectors: threefry2x32, 20 rounds).
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])('key %j counter %j', (k, c, want) => {
    const [x, y] = threefry2x32(u32(k[0]!), u32(k[1]!), u32(c[0]!), u32(c[1]!));
    expect([...numbers(x), ...numbers(y)]).toEqual(want);
    expect(flat([plain.threefry([BigInt(k[0]!), BigInt(k[1]!)], [BigInt(c[0]!), BigInt(c[1]!)])])).toEqual(want);
  });
});

// Printed in the documentation of jax.random (of a version where jax_threefry_partitionable is the default).
describe('values in the documentation of JAX', () => {
  const close = (x: Tensor, want: number): void =>
    expect(Number(x.itemSync()).toPrecision(6)).toBe(want.toPrecision(6));
  it('uniform(key(0))', () => close(uniform(key(0)), 0.947667));
  it('uniform of the second key of split(key(0))', () => close(uniform([...split(key(0))][1]!), 0.00729382));
});

describe('equal to the algorithms written out', () => {
  it.each(seeds)('split, seed %i', (seed) => {
    for (const n of [1, 2, 3, 7, 16])
      expect(wordsOf(split(key(seed), n))).toEqual(flat(plain.split(plain.keyOf(seed), n)));
  });
  it('split into a shape is split into as many', () => {
    expect(split(key(3), [2, 3]).shape).toEqual([2, 3]);
    expect(wordsOf(split(key(3), [2, 3]))).toEqual(wordsOf(split(key(3), 6)));
  });
  it.each(seeds)('foldIn, seed %i', (seed) => {
    for (const data of [0, 1, 2, 12345, 2 ** 32 - 1, -1])
      expect(wordsOf(foldIn(key(seed), data))).toEqual(flat([plain.foldIn(plain.keyOf(seed), data)]));
    expect(wordsOf(foldIn(key(seed), tensor(77, 'int32')))).toEqual(wordsOf(foldIn(key(seed), 77)));
  });
  it.each(seeds)('bits and uniform, seed %i', (seed) => {
    for (const n of [1, 4, 5, 100]) {
      expect(numbers(bits(key(seed), [n]))).toEqual(plain.bits(plain.keyOf(seed), n).map(Number));
      expect(numbers(uniform(key(seed), [n]))).toEqual(plain.uniform32(plain.keyOf(seed), n));
      expect(numbers(uniform(key(seed), [n], { dtype: 'float64' }))).toEqual(plain.uniform64(plain.keyOf(seed), n));
    }
  });
  it('element i depends on the key and i alone', () => {
    expect(numbers(bits(key(9), [50])).slice(0, 20)).toEqual(numbers(bits(key(9), [4, 5])));
  });
  it.each([
    [0, 10],
    [-5, 5],
    [0, 1],
    [7, 8],
    [-(2 ** 31), 2 ** 31 - 1],
    [0, 65537],
    [100, 100_000],
  ])('randint in [%i, %i)', (lo, hi) => {
    for (const seed of seeds)
      expect(numbers(randint(key(seed), [64], lo, hi))).toEqual(plain.randint(plain.keyOf(seed), 64, lo, hi));
  });
  it.each([0, 1, 2, 10, 100, 2000])('permutation of %i', (n) => {
    for (const seed of [0, 5])
      expect(numbers(permutation(key(seed), n))).toEqual(plain.permutation(plain.keyOf(seed), n));
  });
  it('permutation of the rows of a tensor takes the rows in that order', () => {
    const order = plain.permutation(plain.keyOf(4), 5);
    const rows = Array.from({ length: 5 }, (_, i) => [i, 10 * i]);
    expect(permutation(key(4), tensor(rows)).arraySync()).toEqual(order.map((i) => rows[i]));
  });
});

describe('the same bits in every way of running', () => {
  const draws: Record<string, (k: Key) => Tensor> = {
    bits: (k) => bits(k, [9]),
    uniform: (k) => uniform(k, [9]),
    'uniform in a range': (k) => uniform(k, [9], { minval: -3, maxval: 5 }),
    randint: (k) => randint(k, [9], -3, 40),
    permutation: (k) => permutation(k, 9),
    'split and foldIn': (k) => foldIn([...split(k)][1]!, 5).words,
  };
  const f = Object.entries(draws);
  it.each(f)('%s under jit', (_, draw) => {
    for (const seed of [0, 42]) expect(numbers(jit(draw)(key(seed)))).toEqual(numbers(draw(key(seed))));
  });
  it.each(f)('%s under vmap', (_, draw) => {
    const keys = split(key(7), 5);
    expect(numbers(vmap(draw)(keys))).toEqual([...keys].flatMap((k) => numbers(draw(k))));
  });
  it.each(f)('%s under jit of vmap', (_, draw) => {
    const keys = split(key(8), 3);
    expect(numbers(jit(vmap(draw))(keys))).toEqual([...keys].flatMap((k) => numbers(draw(k))));
  });
});

it('a JS number given to jit folds in as the integer it is', () => {
  const step = jit((k: Key, t: number) => foldIn(k, t).words, { maxTraces: 1 });
  for (const t of [3, 4]) expect(numbers(step(key(0), t))).toEqual(wordsOf(foldIn(key(0), t)));
});

describe('errors', () => {
  it('a seed that is not an integer', () =>
    expect(() => key(0.5)).toThrow(/key: the seed must be a safe integer, got 0\.5/));
  it('a seed beyond safe integers', () => expect(() => key(2 ** 60)).toThrow(/safe integer/));
  it('a seed of floats', () => expect(() => key(tensor(0.5))).toThrow(/integer/));
  it('data of floats to fold in', () => {
    expect(() => foldIn(key(0), tensor(0.5))).toThrow(/integer/);
    expect(() => foldIn(key(0), 0.5)).toThrow(/integer/);
  });
  it('a number for a key', () => expect(() => uniform(3 as never)).toThrow(/random key.*key\(3\)/s));
  it('an array of keys for a key', () => {
    expect(() => uniform(split(key(0)), [2])).toThrow(/single key.*\[2\].*vmap/s);
    expect(() => split(split(key(0)))).toThrow(/single key/);
    expect(() => foldIn(split(key(0)), 1)).toThrow(/single key/);
  });
  it('a single key is not iterable', () => expect(() => [...key(0)]).toThrow(/split it first/));
  it('a key with an operator', () => expect(() => (key(0) as never) + 1).toThrow(/JS operator/));
  it('a dtype that is no float', () =>
    expect(() => uniform(key(0), [2], { dtype: 'int32' as never })).toThrow(/float32.*int32/));
  it('a dtype that is no integer', () =>
    expect(() => randint(key(0), [2], 0, 5, { dtype: 'float32' as never })).toThrow(/int32.*float32/));
  it('bounds that are no integers', () =>
    expect(() => randint(key(0), [2], 0, 2.5)).toThrow(/maxval must be an integer/));
  it('a shape that is none', () => expect(() => uniform(key(0), [-1])).toThrow(/uniform/));
});
