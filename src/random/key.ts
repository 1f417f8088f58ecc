// Random keys: values of their own type that split and fold, and random bits made of them. Bit-equal to JAX (jax_threefry_partitionable=True).
import { sizeOf, type Shape } from '../core/aval.ts';
import { isFloat } from '../core/dtype.ts';
import { ArgumentError, DTypeError } from '../core/errors.ts';
import { hostTensor } from '../core/host.ts';
import { bitwiseXor } from '../core/ops/logic.ts';
import { stack } from '../core/ops/concat.ts';
import { cast } from '../core/ops/promote.ts';
import { indexAlong } from '../core/ops/creation.ts';
import { sliceAlong } from '../core/ops/slice.ts';
import { broadcastTo, fill, reshapeTo } from '../core/ops/structure.ts';
import { Tensor } from '../core/tensor.ts';
import { treeNode, type TreeNode, type TreeNodeType } from '../core/tree.ts';
import { threefry2x32 } from './threefry.ts';

/** A random key, or an array of keys of shape `shape`; a leaf of trees like a tensor. Use each key once. */
export class Key {
  /** The two words of each key, uint32 of shape [...shape, 2]. */
  readonly words: Tensor;
  constructor(words: Tensor) {
    this.words = words;
  }
  get shape(): Shape {
    return this.words.shape.slice(0, -1);
  }
  /** The keys along the leading axis, so that `const [a, b] = split(key)` works. */
  *[Symbol.iterator](): Generator<Key> {
    const [n, ...rest] = this.shape;
    if (n === undefined)
      throw new ArgumentError('Key', 'a single key is not iterable; split it first: const [a, b] = split(key)');
    for (let i = 0; i < n; i++) yield new Key(reshapeTo(sliceAlong(this.words, 0, i, 1), [...rest, 2]));
  }
  toString(): string {
    return `Key[${this.shape.join(',')}]`;
  }
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new ArgumentError('Key', 'a random key was used with a JS operator; pass it to a sampler, split or foldIn');
  }
}
const keyNode: TreeNodeType = { name: 'Key', rebuild: (words: never) => new Key(words) };
// Apart from the class: isolated declarations let no member of a class have a computed name of our own.
export interface Key extends TreeNode {}
Object.defineProperty(Key.prototype, treeNode, {
  get(this: Key): TreeNode[typeof treeNode] {
    return { type: keyNode, child: this.words };
  },
});

/** A key or keys as two words, each of the keys' shape. */
const wordsOf = (op: string, key: Key): readonly [Tensor, Tensor] => {
  if (!(key instanceof Key))
    throw new ArgumentError(
      op,
      `needs a random key as its first argument, got ${typeof key === 'number' ? `the number ${String(key)}; make a key of it: key(${String(key)})` : typeof key}`,
    );
  const last = key.words.rank - 1;
  const word = (i: number): Tensor => reshapeTo(sliceAlong(key.words, last, i, 1), key.shape);
  return [word(0), word(1)];
};

const single = (op: string, key: Key): readonly [Tensor, Tensor] => {
  const words = wordsOf(op, key);
  if (key.shape.length > 0)
    throw new ArgumentError(
      op,
      `needs a single key, got an array of keys of shape [${key.shape.join(', ')}]; unpack it, or use vmap`,
    );
  return words;
};

/** An integer tensor as a 32-bit word. A number given to jit is a weak float and holds what the caller wrote. */
const wordFrom = (op: string, name: string, x: Tensor): Tensor => {
  if ((isFloat(x.dtype) && !x.weak) || x.dtype === 'bool')
    throw new DTypeError(op, `${name} must be an integer tensor, got ${x.dtype}; cast it: astype('uint32')`);
  return cast(x, 'uint32');
};

/**
 * A key from an integer seed (`jax.random.key`).
 * @example
 * key(42).words; // [0, 42]
 */
export const key = (seed: number | Tensor): Key => {
  if (seed instanceof Tensor) {
    const low = wordFrom('key', 'the seed', seed);
    return new Key(stack([fill(low.shape, 0, 'uint32'), low], { axis: -1 }));
  }
  if (!Number.isSafeInteger(seed))
    throw new ArgumentError('key', `the seed must be a safe integer, got ${String(seed)}`);
  const high = seed < 0 ? 0 : Math.floor(seed / 2 ** 32);
  return new Key(hostTensor(Uint32Array.of(high, seed), [2], 'uint32'));
};

/** Positions 0, 1, ... of a shape's elements, as high and low words. */
const counters = (shape: Shape): readonly [Tensor, Tensor] => {
  const n = sizeOf(shape);
  if (n >= 2 ** 31)
    throw new ArgumentError('random', `shape [${shape.join(', ')}] has more than 2^31 elements; draw it in parts`);
  return [fill(shape, 0, 'uint32'), reshapeTo(cast(indexAlong([n], 0), 'uint32'), shape)];
};

const generate = (op: string, k: Key, shape: Shape): readonly [Tensor, Tensor] => {
  const [k0, k1] = single(op, k);
  const [high, low] = counters(shape);
  return threefry2x32(broadcastTo(k0, shape), broadcastTo(k1, shape), high, low);
};

/**
 * New keys, independent of each other and of what the old one would give (`jax.random.split`); a shape gives an array of keys.
 * @example
 * split(key(0), 3).shape; // [3]
 */
export const split = (k: Key, num: number | Shape = 2): Key => {
  const shape = typeof num === 'number' ? [num] : num;
  return new Key(stack([...generate('split', k, shape)], { axis: -1 }));
};

/**
 * A key made of a key and an integer (`jax.random.fold_in`): one for each step of a loop.
 * @example
 * foldIn(key(0), 7).shape; // []
 */
export const foldIn = (k: Key, data: number | Tensor): Key => {
  const [k0, k1] = single('foldIn', k);
  if (typeof data === 'number' && !Number.isSafeInteger(data))
    throw new ArgumentError('foldIn', `data must be an integer, got ${String(data)}`);
  const low = data instanceof Tensor ? wordFrom('foldIn', 'data', data) : fill([], data >>> 0, 'uint32');
  return new Key(stack([...threefry2x32(k0, k1, fill([], 0, 'uint32'), low)], { axis: -1 }));
};

/** Both 32-bit words of each element: for samplers of float64. */
export const words = (op: string, k: Key, shape: Shape): readonly [Tensor, Tensor] => generate(op, k, shape);

/**
 * Uniform random uint32 (`jax.random.bits`).
 * @example
 * bits(key(0), [2]).dtype; // 'uint32'
 */
export const bits = (k: Key, shape: Shape = []): Tensor => {
  const [high, low] = generate('bits', k, shape);
  return bitwiseXor(high, low);
};
