// Cases of attention: shapes, masks and order, with what is drawn for them and the loss whose gradients are taken.
import { sum, type Tensor } from '../../src/index.ts';
import { dotProductAttention } from '../../src/nn/index.ts';
import { bernoulli, key, normal } from '../../src/random/index.ts';

export interface AttentionCase {
  readonly name: string;
  /** [batch, length, heads, features] */
  readonly query: readonly number[];
  readonly key: readonly number[];
  readonly value: readonly number[];
  readonly causal?: boolean;
  /** [batch, heads, queries, keys], and how many of them are seen. */
  readonly mask?: { readonly shape: readonly number[]; readonly seen: number };
}

/** Queries, keys and values, and the mask if there is one. */
export type Inputs = readonly Tensor[];

/** Smaller than a tile of any kernel. */
export const smallCases: readonly AttentionCase[] = [
  { name: 'plain', query: [2, 5, 3, 4], key: [2, 7, 3, 4], value: [2, 7, 3, 6] },
  { name: 'causal', query: [1, 6, 2, 4], key: [1, 6, 2, 4], value: [1, 6, 2, 4], causal: true },
  { name: 'causal, more queries than keys', query: [1, 6, 2, 4], key: [1, 4, 2, 4], value: [1, 4, 2, 4], causal: true },
  { name: 'grouped', query: [2, 3, 4, 2], key: [2, 5, 2, 2], value: [2, 5, 2, 3] },
  {
    name: 'masked',
    query: [2, 3, 2, 4],
    key: [2, 5, 2, 4],
    value: [2, 5, 2, 4],
    mask: { shape: [2, 1, 3, 5], seen: 0.7 },
  },
  {
    name: 'masked and causal',
    query: [2, 3, 2, 4],
    key: [2, 5, 1, 4],
    value: [2, 5, 1, 4],
    mask: { shape: [1, 2, 1, 5], seen: 0.7 },
    causal: true,
  },
];

/** Several tiles long, whole ones and not. */
export const tiledCases: readonly [AttentionCase, ...AttentionCase[]] = [
  { name: 'whole tiles', query: [2, 256, 1, 16], key: [2, 256, 1, 16], value: [2, 256, 1, 16] },
  {
    name: 'odd lengths and sizes, heads in groups',
    query: [1, 270, 4, 6],
    key: [1, 259, 2, 6],
    value: [1, 259, 2, 37],
  },
  {
    name: 'in causal order, more queries than keys',
    query: [1, 290, 2, 8],
    key: [1, 257, 1, 8],
    value: [1, 257, 1, 8],
    causal: true,
  },
  {
    name: 'masked for each head, some queries wholly',
    query: [2, 257, 2, 8],
    key: [2, 256, 2, 8],
    value: [2, 256, 2, 8],
    mask: { shape: [1, 2, 257, 256], seen: 0.01 },
  },
  {
    name: 'masked for each batch, in causal order, wide heads',
    query: [2, 256, 1, 128],
    key: [2, 256, 1, 128],
    value: [2, 256, 1, 128],
    mask: { shape: [2, 1, 1, 256], seen: 0.5 },
    causal: true,
  },
];

export const draw = (c: AttentionCase): Inputs => [
  ...[c.query, c.key, c.value].map((shape, i) => normal(key(i + 1), shape)),
  ...(c.mask === undefined ? [] : [bernoulli(key(4), c.mask.seen, c.mask.shape)]),
];

export const attend = (c: AttentionCase, [q, k, v, mask]: Inputs): Tensor =>
  dotProductAttention(q!, k!, v!, { causal: c.causal, mask });

export const loss = (y: Tensor): Tensor => sum(y.mul(y.sin()));
