// Einstein summation over pairwise contractions, in a greedy order.
import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { mul } from './arithmetic.ts';
import { contractAxes } from './contract.ts';
import { takeDiagonal } from './diagonal.ts';
import { parseEinsum } from './einsum-spec.ts';
import { asTensor, resultType, type TensorLike } from './promote.ts';
import { permuteAxes, reduceSum, reshapeTo } from './structure.ts';

// A tensor whose axes have distinct labels.
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

const diagonals = ({ x, labels }: Labelled): Labelled => {
  const again = labels.findIndex((l, i) => labels.indexOf(l) !== i);
  if (again < 0) return { x, labels };
  const first = labels.indexOf(labels[again]!);
  return diagonals({
    x: takeDiagonal(x, first, again),
    labels: [...labels.filter((_, i) => i !== first && i !== again), labels[again]!],
  });
};

/** Sums over every axis that nobody needs any more. */
const sumOthers = ({ x, labels }: Labelled, needed: ReadonlySet<string>): Labelled => ({
  x: reduceSum(
    x,
    labels.map((_, i) => i).filter((i) => !needed.has(labels[i]!)),
  ),
  labels: labels.filter((l) => needed.has(l)),
});

const orderAs = ({ x, labels }: Labelled, out: readonly string[]): Tensor =>
  permuteAxes(
    x,
    out.map((l) => labels.indexOf(l)),
  );

/** The contraction of two, in the axis order of `final` when it is the last. */
const combine = (
  a: Labelled,
  b: Labelled,
  needed: ReadonlySet<string>,
  final: readonly string[] | undefined,
): Labelled => {
  const p = sumOthers(a, new Set([...needed, ...b.labels]));
  const q = sumOthers(b, new Set([...needed, ...p.labels]));
  const shared = p.labels.filter((l) => q.labels.includes(l));
  const contract = shared.filter((l) => !needed.has(l));
  const batch = shared.filter((l) => needed.has(l));
  const left = p.labels.filter((l) => !shared.includes(l));
  const right = q.labels.filter((l) => !shared.includes(l));
  const labels = final ?? [...batch, ...left, ...right];
  if (contract.length === 0) {
    // A product without a sum is elementwise, and fuses.
    const align = (t: Labelled): Tensor => {
      const own = labels.filter((l) => t.labels.includes(l));
      const x = orderAs(t, own);
      return reshapeTo(
        x,
        labels.map((l) => (own.includes(l) ? x.shape[own.indexOf(l)]! : 1)),
      );
    };
    return { x: mul(align(p), align(q)), labels };
  }
  const axes = (t: Labelled, list: readonly string[]): number[] => list.map((l) => t.labels.indexOf(l));
  const at = (list: readonly string[]): number[] => list.map((l) => labels.indexOf(l));
  return {
    x: contractAxes(p.x, q.x, [axes(p, contract), axes(q, contract)], [axes(p, batch), axes(q, batch)], {
      batch: at(batch),
      lhs: at(left),
      rhs: at(right),
    }),
    labels,
  };
};

/** The pair whose product grows the least over its operands (opt_einsum's greedy rule), fewest multiplications first among equals. */
const cheapest = (
  list: readonly Labelled[],
  out: readonly string[],
  sizes: ReadonlyMap<string, number>,
): readonly [number, number] => {
  const size = (labels: Iterable<string>): number => [...labels].reduce((n, l) => n * sizes.get(l)!, 1);
  let best: readonly [number, number] = [0, 1];
  let least = [Infinity, Infinity];
  for (let i = 0; i < list.length; i++)
    for (let j = i + 1; j < list.length; j++) {
      const union = new Set([...list[i]!.labels, ...list[j]!.labels]);
      const needed = new Set([...out, ...list.flatMap((t, k) => (k === i || k === j ? [] : t.labels))]);
      const kept = [...union].filter((l) => needed.has(l));
      const cost = [size(kept) - size(list[i]!.labels) - size(list[j]!.labels), size(union)];
      if (cost[0]! < least[0]! || (cost[0] === least[0] && cost[1]! < least[1]!)) {
        least = cost;
        best = [i, j];
      }
    }
  return best;
};

/**
 * Einstein summation (`jax.numpy.einsum`): letters name axes; those missing from the output are summed; a letter twice in one operand
 * is its diagonal; '...' stands for broadcast axes. Three or more operands are contracted in pairs, in a greedy order.
 * @example
 * einsum('ij,jk->ik', tensor([[1, 2]]), tensor([[3], [4]])); // [[11]]
 */
export const einsum = (spec: string, ...operands: readonly TensorLike[]): Tensor => {
  if (operands.length === 0) throw new ArgumentError('einsum', 'needs at least one operand after the specification');
  const promoted = resultType(...operands);
  const dtype = promoted === 'bool' ? 'int32' : promoted;
  const tensors = operands.map((x, i) => asTensor('einsum', `operand ${i}`, x, dtype));
  const {
    operands: labels,
    out,
    sizes,
  } = parseEinsum(
    spec,
    tensors.map((x) => x.shape),
  );
  let list = tensors.map((x, i): Labelled => {
    // An axis of size 1 under an ellipsis that others have longer is not there: the product repeats it.
    const keep = labels[i]!.map((l, a) => x.shape[a] === sizes.get(l));
    return diagonals({
      x: reshapeTo(
        x,
        x.shape.filter((_, a) => keep[a]!),
      ),
      labels: labels[i]!.filter((_, a) => keep[a]!),
    });
  });
  while (list.length > 1) {
    const [i, j] = cheapest(list, out, sizes);
    const rest = list.filter((_, k) => k !== i && k !== j);
    const needed = new Set([...out, ...rest.flatMap((t) => t.labels)]);
    list = [...rest, combine(list[i]!, list[j]!, needed, rest.length === 0 ? out : undefined)];
  }
  return orderAs(sumOthers(list[0]!, new Set(out)), out);
};
