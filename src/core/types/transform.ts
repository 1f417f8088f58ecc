// Transforms as types: trees with an axis more in every tensor.
import type { Shape } from '../aval.ts';
import type { Tensor } from '../tensor.ts';
import type { TreeNode } from '../tree.ts';

/**
 * T with an axis of an unknown size in front of every tensor: what vmap of a function takes and gives.
 */
export type Batched<T> =
  T extends Tensor<infer S, infer D>
    ? number extends S['length']
      ? T
      : Tensor<readonly [number, ...S], D>
    : T extends TreeNode | ((...args: never[]) => unknown)
      ? T
      : T extends object
        ? { [K in keyof T]: Batched<T[K]> }
        : T;
/** T without what is known of its shapes: for axes placed by options. */
export type Unranked<T> =
  T extends Tensor<Shape, infer D>
    ? Tensor<Shape, D>
    : T extends TreeNode | ((...args: never[]) => unknown)
      ? T
      : T extends object
        ? { [K in keyof T]: Unranked<T[K]> }
        : T;
