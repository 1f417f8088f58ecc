// Checkpoints: a tree of parameters, optimizer state, step and keys as one safetensors file, restored against a template.
import { either as E, taskEither as TE } from 'fp-ts';
import { Tensor } from '../core/tensor.ts';
import { flatten, staticKey, unflatten, type Leaf, type Structure } from '../core/tree.ts';
import { bad, type IoError } from './error.ts';
import type { HostArray } from './host.ts';
import { matchArrays, MismatchError, type Mismatch, type Spec } from './match.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts';
import { fromHost, toHost } from './tensors.ts';

// Where the strings, booleans and nulls of a tree go in the metadata, as JSON from path to text.
const staticsKey = 'cotangent.static';

interface Layout {
  readonly leaves: readonly Leaf[];
  readonly structure: Structure;
  /** The name of each leaf, `params.layers.0.w`. */
  readonly names: readonly string[];
  readonly statics: ReadonlyMap<string, string>;
}

// The first line of an error; a second one says where in the user's program.
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/**
 * Names are keys and positions joined by dots, as PyTorch's state dicts have them; two leaves of one name, or something
 * that no tree holds, are a Left.
 */
const layoutOf = (tree: unknown): E.Either<IoError, Layout> => {
  const flat = E.tryCatch(() => flatten(tree, 'tree'), reason);
  if (E.isLeft(flat)) return bad('checkpoint', 'this is not a tree of tensors and numbers', flat.left);
  const { leaves, structure } = flat.right;
  const names: string[] = [];
  const statics = new Map<string, string>();
  const walk = (s: Structure, path: readonly (string | number)[]): void => {
    if (s.kind === 'leaf') names.push(path.join('.'));
    else if (s.kind === 'node') walk(s.child, path);
    else if (s.kind === 'array') s.children.forEach((child, i) => walk(child, [...path, i]));
    else if (s.kind === 'object') s.children.forEach((child, i) => walk(child, [...path, s.keys[i] as string]));
    // Functions and objects have no text that another run would know.
    else if (s.value === null || !['function', 'object', 'undefined'].includes(typeof s.value))
      statics.set(path.join('.'), staticKey(s.value));
  };
  walk(structure, []);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined
    ? E.right({ leaves, structure, names, statics })
    : bad(
        'checkpoint',
        'two leaves of the tree have one name',
        `leaf ${JSON.stringify(twice)}`,
        'Rename a key that holds a dot',
      );
};

// A JS number is a scalar of float64, which holds it exactly.
const specOf = (leaf: Leaf): Spec =>
  leaf instanceof Tensor ? { dtype: leaf.dtype, shape: leaf.shape } : { dtype: 'float64', shape: [] };
const numberArray = (value: number): HostArray => ({ dtype: 'float64', shape: [], data: Float64Array.of(value) });

/** The values of one leaf; those that cannot be read (donated, disposed of, traced, lost with their GPU) are a Left. */
const readLeaf =
  (leaf: Leaf, name: string): TE.TaskEither<IoError, HostArray> =>
  async () => {
    if (!(leaf instanceof Tensor)) return E.right(numberArray(leaf));
    try {
      return E.right(await toHost(leaf));
    } catch (error) {
      return bad('checkpoint', `a value cannot be read: ${reason(error)}`, `leaf ${JSON.stringify(name)}`);
    }
  };

/**
 * A tree as named host arrays: tensors, numbers (float64 scalars) and keys by their path. Reads every tensor; the `Left`
 * names the first leaf that cannot be read.
 *
 * @example
 * const { tensors } = orThrow(await treeToArrays({ params, step: 3 })());
 * tensors.get('params.dense.w');
 */
export const treeToArrays =
  (tree: unknown): TE.TaskEither<IoError, Safetensors> =>
  async () => {
    const layout = layoutOf(tree);
    if (E.isLeft(layout)) return layout;
    const { leaves, names, statics } = layout.right;
    const arrays = await TE.sequenceArray(leaves.map((leaf, i) => readLeaf(leaf, names[i] as string)))();
    if (E.isLeft(arrays)) return arrays;
    const metadata = statics.size === 0 ? {} : { [staticsKey]: JSON.stringify(Object.fromEntries(statics)) };
    return E.right({ tensors: new Map(names.map((name, i) => [name, arrays.right[i] as HostArray])), metadata });
  };

const staticMismatches = (expected: ReadonlyMap<string, string>, saved: string | undefined): readonly Mismatch[] => {
  if (saved === undefined) return [];
  const parsed = E.tryCatch(() => JSON.parse(saved) as unknown, String);
  if (E.isLeft(parsed) || typeof parsed.right !== 'object' || parsed.right === null)
    return [{ kind: 'static', name: staticsKey, expected: 'a JSON object', found: saved }];
  const found = new Map(Object.entries(parsed.right).map(([name, text]) => [name, String(text)]));
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((name) => expected.get(name) !== found.get(name))
    .map((name) => ({
      kind: 'static',
      name,
      expected: expected.get(name) ?? 'nothing',
      found: found.get(name) ?? 'nothing',
    }));
};

/** How a file may differ from the template. */
export interface RestoreOptions {
  /** Arrays that the template does not name: a mismatch (`'refuse'`, the default), or left out (`'ignore'`). */
  readonly extra?: 'refuse' | 'ignore';
}

/**
 * A tree of the template's structure with the values of a file, or a `MismatchError` that lists *every* array that is
 * missing, not expected, or of another shape or dtype, and every string or boolean of the tree that has changed.
 *
 * Only shapes, dtypes and structure of the template are looked at: fresh initial values will do, donated ones too.
 *
 * @example
 * const weights = orThrow(decodeSafetensors(bytes));
 * const { params } = orThrow(arraysToTree(weights, { params: init(key) }, { extra: 'ignore' }));
 */
export const arraysToTree = <T>(
  file: Safetensors,
  template: T,
  { extra = 'refuse' }: RestoreOptions = {},
): E.Either<IoError, T> => {
  const layout = layoutOf(template);
  if (E.isLeft(layout)) return layout;
  const { leaves, names, statics, structure } = layout.right;
  const expected = leaves.map((leaf, i) => [names[i] as string, specOf(leaf)] as const);
  const matched = matchArrays(expected, file.tensors, extra, staticMismatches(statics, file.metadata[staticsKey]));
  if (E.isLeft(matched)) return E.left(new MismatchError(matched.left));
  return E.right(
    unflatten<T>(
      structure,
      matched.right.map((array, i) => (leaves[i] instanceof Tensor ? fromHost(array) : array.data[0])),
    ),
  );
};

/**
 * A tree as the bytes of a safetensors file, to be read back by `decodeCheckpoint`. `metadata` goes into the file's
 * header. To have it on disk, atomically, use `saveCheckpoint` of `cotangent/node`.
 *
 * @example
 * const bytes = orThrow(await encodeCheckpoint({ params, optState, step: 100, key })());
 */
export const encodeCheckpoint = (
  tree: unknown,
  metadata: Readonly<Record<string, string>> = {},
): TE.TaskEither<IoError, Uint8Array> =>
  TE.chainEitherK((file: Safetensors) => encodeSafetensors(file.tensors, { ...metadata, ...file.metadata }))(
    treeToArrays(tree),
  );

/**
 * The tree in a checkpoint's bytes, in the template's structure. The `Left` is what is wrong with the bytes, or a
 * `MismatchError` with every way in which they do not fit the template.
 *
 * @example
 * const { params, step } = orThrow(decodeCheckpoint(bytes, { params: init(key), step: 0 }));
 */
export const decodeCheckpoint = <T>(
  bytes: Uint8Array,
  template: T,
  options: RestoreOptions = {},
): E.Either<IoError, T> =>
  E.chain((file: Safetensors) => arraysToTree(file, template, options))(decodeSafetensors(bytes));
