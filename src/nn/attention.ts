// Attention over queries, keys and values, as one operation.
import { attention, plainAttention } from '../control/index.ts';
import { ShapeError } from '../core/errors.ts';
import { truth } from '../core/ops/choice.ts';
import { checkOptions } from '../core/options.ts';
import { asTensor, cast, resultType, toFloat, type TensorLike } from '../core/ops/promote.ts';
import { reshapeTo } from '../core/ops/structure.ts';
import type { Tensor } from '../core/tensor.ts';

export interface AttentionOptions {
  /** bool, true where a query may see a key; broadcasts to [B, N, T, S]. */
  readonly mask?: TensorLike | undefined;
  /** Added to the scores; broadcasts to [B, N, T, S]. With one, the scores are stored. */
  readonly bias?: TensorLike | undefined;
  /** A query sees the keys up to its own position only. Default false. */
  readonly causal?: boolean | undefined;
  /** Factor of the scores. Default 1 / sqrt(D). */
  readonly scale?: number | undefined;
}

const op = 'dotProductAttention';
const fail = (rule: string, q: Tensor, k: Tensor, v: Tensor): never => {
  const show = (x: Tensor): string => `[${x.shape.join(',')}]`;
  throw new ShapeError(op, `${rule}; query is ${show(q)}, key ${show(k)}, value ${show(v)}`);
};

/** Four axes, those in front 1; each must be 1 or what the scores have there. */
const likeScores = (name: string, x: Tensor, scores: readonly number[]): Tensor => {
  const shape = [...Array.from({ length: Math.max(0, 4 - x.rank) }, () => 1), ...x.shape];
  if (shape.length !== 4 || shape.some((n, i) => n !== 1 && n !== scores[i]))
    throw new ShapeError(
      op,
      `${name} must broadcast to the scores [${scores.join(',')}] ([batch, heads, queries, keys]), but it is [${x.shape.join(',')}]`,
    );
  return reshapeTo(x, shape);
};

/**
 * Scaled dot-product attention, softmax(query · key * scale + bias) · value (Vaswani et al. 2017; `jax.nn.dot_product_attention`).
 * query [B, T, N, D], key [B, S, K, D], value [B, S, K, E], or all without B; N a multiple of K: each head of keys and values serves N / K heads
 * of queries (Ainslie et al. 2023). The result is [B, T, N, E]. A query that may see no key has the result 0.
 * Where there is a kernel for it (float32 on a GPU, long sequences, no bias) the scores are never stored (Dao 2023).
 *
 * @throws ShapeError where the shapes do not fit together.
 * @example
 * dotProductAttention(ones([2, 1, 4]), ones([3, 1, 4]), tensor([[[1]], [[2]], [[3]]])); // [[[2]], [[2]]]
 */
export const dotProductAttention = (
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  options: AttentionOptions = {},
): Tensor => {
  checkOptions(op, options, ['mask', 'bias', 'causal', 'scale']);
  const { bias } = options;
  const dtype = toFloat(resultType(query, key, value, ...(bias === undefined ? [] : [bias])));
  const operand = (name: string, x: TensorLike): Tensor => cast(asTensor(op, name, x, dtype), dtype);
  const [q, k, v] = [operand('query', query), operand('key', key), operand('value', value)];
  if (q.rank !== k.rank || q.rank !== v.rank || (q.rank !== 3 && q.rank !== 4))
    return fail('query, key and value must all have 3 axes [length, heads, size], or 4 with a batch in front', q, k, v);
  const batched = (x: Tensor): Tensor => (x.rank === 4 ? x : reshapeTo(x, [1, ...x.shape]));
  const [q4, k4, v4] = [batched(q), batched(k), batched(v)];
  const [b, t, n, d] = q4.shape as [number, number, number, number];
  const [kb, s, heads, kd] = k4.shape as [number, number, number, number];
  if (kb !== b || v4.shape[0] !== b) return fail('batch sizes differ', q, k, v);
  if (kd !== d) return fail('query and key differ in their last axis', q, k, v);
  if (v4.shape[1] !== s || v4.shape[2] !== heads) return fail('key and value differ in length or heads', q, k, v);
  if (heads === 0 || n % heads !== 0)
    return fail('the heads of query must be a multiple of those of key and value', q, k, v);
  const scores = [b, n, t, s];
  const mask = options.mask === undefined ? undefined : likeScores('mask', truth(op, 'mask', options.mask), scores);
  const settings = { scale: options.scale ?? 1 / Math.sqrt(d), causal: options.causal ?? false };
  const out =
    bias === undefined
      ? attention(settings, q4, k4, v4, mask)
      : plainAttention(settings, q4, k4, v4, mask, likeScores('bias', operand('bias', bias), scores))[0];
  return q.rank === 4 ? out : reshapeTo(out, out.shape.slice(1));
};
