// Policies of checkpoint: which values of the forward pass the backward pass finds, instead of computing them again.
import type { Aval } from '../core/aval.ts';
import type { Params } from '../core/primitive.ts';
import type { Equation } from '../core/program.ts';

/** An operation of the function, as a policy sees it. */
export interface CheckpointedOperation {
  readonly primitive: string;
  readonly params: Params;
  readonly inputs: readonly Aval[];
  readonly outs: readonly Aval[];
  /** A matrix product, a convolution: what contracts an axis. */
  readonly contracts: boolean;
  /** Such an operation with batch axes, that all operands and the result share. */
  readonly batched: boolean;
}

/** True where the results of an operation are saved. */
export type CheckpointPolicy = (operation: CheckpointedOperation) => boolean;

export const operationOf = (e: Equation): CheckpointedOperation => {
  const inputs = e.inputs.map((v) => v.aval);
  const outs = e.outs.map((v) => v.aval);
  const lowering = e.primitive.inlined === true ? undefined : e.primitive.lower(inputs, e.params, outs);
  const contracts = lowering?.tag === 'contract';
  return {
    primitive: e.primitive.name,
    params: e.params,
    inputs,
    outs,
    contracts,
    batched: contracts && lowering.batch.length > 0,
  };
};

const nothingSaveable: CheckpointPolicy = () => false;
const everythingSaveable: CheckpointPolicy = () => true;
const dotsSaveable: CheckpointPolicy = (op) => op.contracts;
/** Products that have no batch axis: those with weights, not those of attention. */
const dotsWithNoBatchDimsSaveable: CheckpointPolicy = (op) => op.contracts && !op.batched;

const isNamed = (op: CheckpointedOperation, names: ReadonlySet<string>): boolean =>
  op.primitive === 'name' && names.has(op.params['name'] as string);

/**
 * What `checkpoint` may save (`jax.checkpoint_policies`): `nothingSaveable` (the default), `everythingSaveable`,
 * `dotsSaveable` (contractions, dear to compute), `dotsWithNoBatchDimsSaveable`, `saveOnlyTheseNames(...names)` (values
 * under a `checkpointName`), `saveAnythingExceptTheseNames(...names)`, `saveFromBothPolicies(a, b)`. A policy of one's own
 * is a function from an operation to a boolean.
 * @example
 * const f = checkpoint((x) => sin(checkpointName(sin(x), 'inner')), {
 *   policy: checkpointPolicies.saveOnlyTheseNames('inner'),
 * });
 * grad(f)(tensor(0)); // 1
 */
export const checkpointPolicies: {
  readonly nothingSaveable: CheckpointPolicy;
  readonly everythingSaveable: CheckpointPolicy;
  readonly dotsSaveable: CheckpointPolicy;
  readonly dotsWithNoBatchDimsSaveable: CheckpointPolicy;
  readonly saveOnlyTheseNames: (...names: readonly string[]) => CheckpointPolicy;
  readonly saveAnythingExceptTheseNames: (...names: readonly string[]) => CheckpointPolicy;
  readonly saveFromBothPolicies: (a: CheckpointPolicy, b: CheckpointPolicy) => CheckpointPolicy;
} = {
  nothingSaveable,
  everythingSaveable,
  dotsSaveable,
  dotsWithNoBatchDimsSaveable,
  saveOnlyTheseNames: (...names) => {
    const known = new Set(names);
    return (op) => isNamed(op, known);
  },
  saveAnythingExceptTheseNames: (...names) => {
    const known = new Set(names);
    return (op) => !isNamed(op, known);
  },
  saveFromBothPolicies: (a, b) => (op) => a(op) || b(op),
};
