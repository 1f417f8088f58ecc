// JAX's random algorithms (jax_threefry_partitionable=True) once more, plainly over BigInt: the oracle of the random tests.

const mask = 0xffffffffn;
const rotl = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & mask;

export type Words = readonly [bigint, bigint];

/** Threefry-2x32 with twenty rounds, from the paper's description. */
export const threefry = (key: Words, counter: Words): Words => {
  const k = [key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bdan];
  const rotations = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];
  let [x, y] = [(counter[0] + k[0]!) & mask, (counter[1] + k[1]!) & mask];
  for (let round = 0; round < 20; round++) {
    x = (x + y) & mask;
    y = rotl(y, rotations[round % 8]!) ^ x;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x = (x + k[injection % 3]!) & mask;
    y = (y + k[(injection + 1) % 3]! + BigInt(injection)) & mask;
  }
  return [x, y];
};

export const keyOf = (seed: number): Words => [0n, BigInt.asUintN(32, BigInt(seed))];
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const split = (key: Words, n: number): Words[] => range(n).map((i) => threefry(key, [0n, BigInt(i)]));
export const foldIn = (key: Words, data: number): Words => threefry(key, [0n, BigInt.asUintN(32, BigInt(data))]);
export const bits = (key: Words, n: number): bigint[] =>
  range(n)
    .map((i) => threefry(key, [0n, BigInt(i)]))
    .map(([a, b]) => a ^ b);

/** The upper 23 bits as a fraction in [0, 1). */
export const uniform32 = (key: Words, n: number): number[] => bits(key, n).map((b) => Number(b >> 9n) / 2 ** 23);
/** The upper 52 of 64 bits as a fraction in [0, 1). */
export const uniform64 = (key: Words, n: number): number[] =>
  range(n)
    .map((i) => threefry(key, [0n, BigInt(i)]))
    .map(([high, low]) => Number(((high << 32n) | low) >> 12n) / 2 ** 52);

export const randint = (key: Words, n: number, lo: number, hi: number): number[] => {
  const [k1, k2] = split(key, 2);
  const [high, low] = [bits(k1!, n), bits(k2!, n)];
  const span = BigInt(hi - lo);
  const multiplier = (((65536n % span) * (65536n % span)) & mask) % span;
  return high.map((h, i) => lo + Number((((((h % span) * multiplier) & mask) + (low[i]! % span)) & mask) % span));
};

/** 0 .. n-1 sorted stably by random words, in as many rounds as make ties unlikely. */
export const permutation = (key: Words, n: number): number[] => {
  let [rest, order] = [key, range(n)];
  const rounds = Math.ceil((3 * Math.log(Math.max(1, n))) / Math.log(2 ** 32 - 1));
  for (let i = 0; i < rounds; i++) {
    const [next, sub] = split(rest, 2);
    rest = next!;
    const words = bits(sub!, n);
    order = order
      .map((value, at) => ({ value, word: words[at]! }))
      .sort((a, b) => (a.word < b.word ? -1 : a.word > b.word ? 1 : 0))
      .map(({ value }) => value);
  }
  return order;
};
