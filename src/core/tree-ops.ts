// Operations on trees, exported as `tree`: mapping, folding, comparing, and arithmetic leaf by leaf.
import { isFloat, type DType } from './dtype.ts';
import { ArgumentError } from './errors.ts';
import { leafTensor } from './functional.ts';
import { add as addOp, mul, sub as subOp } from './ops/arithmetic.ts';
import { where as whereOp } from './ops/choice.ts';
import { concatenate } from './ops/concat.ts';
import { cast as castOp, type TensorLike } from './ops/promote.ts';
import { reduceSum, fill, reshapeTo } from './ops/structure.ts';
import { sliceAlong } from './ops/slice.ts';
import { sqrt } from './ops/unary.ts';
import type { Tensor } from './tensor.ts';
import {
  checkSameStructure,
  flatten as flattenTree,
  leafPaths,
  sameStructure,
  unflatten as unflattenTree,
  type Leaf,
  type Structure,
} from './tree.ts';

const together = (
  op: string,
  trees: readonly unknown[],
): { readonly structure: Structure; readonly columns: readonly Leaf[][] } => {
  const flat = trees.map((t) => flattenTree(t, op));
  const structure = flat[0]!.structure;
  flat.slice(1).forEach((f, i) => checkSameStructure(op, structure, f.structure, ['the first tree', `tree ${i + 2}`]));
  return { structure, columns: flat.map((f) => f.leaves) };
};

/**
 * f over the leaves of one or more trees of one structure (`jax.tree.map`).
 * @example
 * map((x) => mul(x, 2), { a: tensor([1]) }).a; // [2]
 */
export const map = <T>(f: (...leaves: Tensor[]) => unknown, tree: T, ...rest: readonly unknown[]): T => {
  const { structure, columns } = together('tree.map', [tree, ...rest]);
  return unflattenTree<T>(
    structure,
    columns[0]!.map((_, i) => f(...(columns.map((c) => c[i]!) as Tensor[]))),
  );
};

/** The same with the path of each leaf, such as `layers[0].w`, as first argument. */
export const mapWithPath = <T>(
  f: (path: string, ...leaves: Tensor[]) => unknown,
  tree: T,
  ...rest: readonly unknown[]
): T => {
  const { structure, columns } = together('tree.mapWithPath', [tree, ...rest]);
  const paths = leafPaths(structure);
  return unflattenTree<T>(
    structure,
    columns[0]!.map((_, i) => f(paths[i]!, ...(columns.map((c) => c[i]!) as Tensor[]))),
  );
};

/** The leaves, object keys in alphabetical order. */
export const leaves = (tree: unknown): Tensor[] => flattenTree(tree).leaves as Tensor[];
/** Pairs of path and leaf. */
export const leavesWithPath = (tree: unknown): [string, Tensor][] => {
  const flat = flattenTree(tree);
  const paths = leafPaths(flat.structure);
  return flat.leaves.map((x, i) => [paths[i]!, x as Tensor]);
};
export const flatten = (tree: unknown): { readonly leaves: Tensor[]; readonly structure: Structure } =>
  flattenTree(tree) as { leaves: Tensor[]; structure: Structure };
export const unflatten = <T = unknown>(structure: Structure, values: readonly unknown[]): T =>
  unflattenTree<T>(structure, values);
export const structure = (tree: unknown): Structure => flattenTree(tree).structure;
/** True for trees of one structure (leaves are not compared). */
export const equal = (a: unknown, b: unknown): boolean =>
  sameStructure(flattenTree(a).structure, flattenTree(b).structure);

/** A fold over the leaves. */
export const reduce = <A>(f: (acc: A, leaf: Tensor) => A, tree: unknown, initial: A): A =>
  leaves(tree).reduce(f, initial);
/** True where `f` holds for every leaf. */
export const all = (f: (leaf: Tensor) => boolean, tree: unknown): boolean => leaves(tree).every(f);

/** The leaf or subtree at a path such as `layers[0].w`. */
export const at = (tree: unknown, path: string): unknown => {
  let x = tree;
  for (const step of path.split(/[.[\]]+/).filter((s) => s !== '')) {
    if (typeof x !== 'object' || x === null || !Object.hasOwn(x, step))
      throw new ArgumentError('tree.at', `no '${step}' on the path '${path}'`);
    x = (x as Record<string, unknown>)[step];
  }
  return x;
};

/** A list of trees as a tree of lists stacked by `f`, which gets the leaves at one place of every tree. */
export const transpose = <T>(trees: readonly T[], f: (column: Tensor[]) => unknown): T => {
  if (trees.length === 0) throw new ArgumentError('tree.transpose', 'needs at least one tree');
  const { structure: s, columns } = together('tree.transpose', trees);
  return unflattenTree<T>(
    s,
    columns[0]!.map((_, i) => f(columns.map((c) => c[i]!) as Tensor[])),
  );
};

/** Leaves in two trees by a predicate; null stands where a leaf went to the other. */
export const partition = <T>(keep: (leaf: Tensor, path: string) => boolean, tree: T): [T, T] => [
  mapWithPath((p, x) => (keep(x, p) ? x : null), tree),
  mapWithPath((p, x) => (keep(x, p) ? null : x), tree),
];
/** The inverse of partition: the first that is not null, place by place. */
export const combine = <T>(a: T, b: T): T => {
  if (a === null) return b;
  if (b === null) return a;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((x, i) => combine(x as unknown, b[i] as unknown)) as T;
  if (typeof a === 'object' && Object.getPrototypeOf(a) === Object.prototype)
    return Object.fromEntries(
      Object.entries(a as object).map(([k, v]) => [k, combine(v as unknown, (b as Record<string, unknown>)[k])]),
    ) as T;
  return a;
};

/** All leaves as one vector, and the function that undoes it (`jax.flatten_util.ravel_pytree`). */
export const ravel = <T>(tree: T): [Tensor, (vector: Tensor) => T] => {
  const flat = flattenTree(tree, 'tree.ravel');
  const xs = flat.leaves.map(leafTensor);
  if (xs.length === 0) throw new ArgumentError('tree.ravel', 'the tree has no leaves');
  const vector = concatenate(xs.map((x) => reshapeTo(x, [x.size])));
  return [
    vector,
    (v) => {
      let from = 0;
      return unflattenTree<T>(
        flat.structure,
        xs.map((x) => {
          const part = castOp(reshapeTo(sliceAlong(v, 0, from, x.size), x.shape), x.dtype);
          from += x.size;
          return part;
        }),
      );
    },
  ];
};

export const add = <T>(a: T, b: T): T => map((x, y) => addOp(x, y), a, b);
export const sub = <T>(a: T, b: T): T => map((x, y) => subOp(x, y), a, b);
/** Every leaf times a factor. */
export const scale = <T>(factor: TensorLike, tree: T): T => map((x) => mul(x, factor), tree);
/** a + factor * b. */
export const addScale = <T>(a: T, factor: TensorLike, b: T): T => map((x, y) => addOp(x, mul(y, factor)), a, b);
/** The inner product of two trees of one structure, a scalar. */
export const vdot = (a: unknown, b: unknown): Tensor => {
  const { columns } = together('tree.vdot', [a, b]);
  return columns[0]!.reduce<Tensor>(
    (acc, x, i) => {
      const product = mul(leafTensor(x), leafTensor(columns[1]![i]!));
      return addOp(
        acc,
        reduceSum(
          product,
          product.shape.map((_, k) => k),
        ),
      );
    },
    fill([], 0, 'float32'),
  );
};
/** The Euclidean norm over all leaves (`optax.global_norm`), a scalar. */
export const norm = (tree: unknown): Tensor => sqrt(vdot(tree, tree));
export const zerosLike = <T>(tree: T): T => map((x) => fill(leafTensor(x).shape, 0, leafTensor(x).dtype), tree);
export const onesLike = <T>(tree: T): T => map((x) => fill(leafTensor(x).shape, 1, leafTensor(x).dtype), tree);
/** Floating leaves in another dtype; others as they are. */
export const cast = <T>(tree: T, dtype: DType): T =>
  map((x) => (isFloat(leafTensor(x).dtype) ? castOp(leafTensor(x), dtype) : x), tree);
/** Leaf by leaf `where(condition, a, b)` with one condition for all. */
export const where = <T>(condition: TensorLike, a: T, b: T): T => map((x, y) => whereOp(condition, x, y), a, b);
