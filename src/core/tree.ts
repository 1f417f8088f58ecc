// Trees: nested arrays and plain objects of tensors; how they flatten into leaves and a structure, and back.
import { TreeError } from './errors.ts';
import { Tensor } from './tensor.ts';

/** A dynamic leaf: a tensor, or a number (a weakly typed scalar). */
export type Leaf = Tensor | number;

/** What a tree looks like without its leaves. Keys are sorted: trees are matched by name, never by position. */
export type Structure =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'static'; readonly value: unknown }
  | { readonly kind: 'array'; readonly children: readonly Structure[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly children: readonly Structure[] }
  | { readonly kind: 'node'; readonly type: TreeNodeType; readonly child: Structure };

/** How a value type of the library (a random key) takes part in trees: it hands out a tree and is rebuilt from one. */
export interface TreeNodeType {
  readonly name: string;
  rebuild(child: never): object;
}
export const treeNode: unique symbol = Symbol('cotangent.treeNode');
export interface TreeNode {
  readonly [treeNode]: { readonly type: TreeNodeType; readonly child: unknown };
}

/** A number that is structure: part of the cache key of a compiled function instead of one of its inputs. */
export class Static<A> {
  readonly value: A;
  constructor(value: A) {
    this.value = value;
  }
}

/**
 * Marks a number in an argument of a jitted function as static: the function sees the plain number, and another value
 * compiles anew (`static_argnums` in JAX). Exported as `static`.
 */
export const asStatic = <A>(value: A): A => new Static(value) as unknown as A;

const LEAF: Structure = { kind: 'leaf' };

const describe = (x: unknown): string => {
  if (ArrayBuffer.isView(x)) return `a ${x.constructor.name}; wrap it with fromTypedArray(data, shape)`;
  if (x instanceof Promise) return 'a Promise; await it first';
  if (typeof x === 'bigint' || typeof x === 'symbol') return `a ${typeof x}`;
  return `an instance of ${(x as object).constructor?.name ?? 'an unknown class'}; use arrays, tuples and plain objects`;
};

const isPlain = (x: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
};

/** Leaves in a fixed order (object keys sorted), and the structure. `onlyTensors`: numbers are structure, not leaves. */
export const flatten = (tree: unknown, op = 'tree'): { readonly leaves: Leaf[]; readonly structure: Structure } => {
  const leaves: Leaf[] = [];
  const walk = (x: unknown, path: string): Structure => {
    if (x instanceof Tensor || typeof x === 'number') {
      leaves.push(x);
      return LEAF;
    }
    if (x === null || typeof x !== 'object') {
      if (typeof x === 'bigint' || typeof x === 'symbol')
        throw new TreeError(op, `the tree holds ${describe(x)} at ${path === '' ? 'its root' : path}`);
      return { kind: 'static', value: x };
    }
    if (Array.isArray(x)) return { kind: 'array', children: x.map((e, i) => walk(e, `${path}[${i}]`)) };
    if (x instanceof Static) return { kind: 'static', value: x.value };
    if (treeNode in x) {
      const { type, child } = (x as TreeNode)[treeNode];
      return { kind: 'node', type, child: walk(child, path) };
    }
    if (!isPlain(x)) throw new TreeError(op, `the tree holds ${describe(x)}, at ${path === '' ? 'its root' : path}`);
    const keys = Object.keys(x).sort();
    return {
      kind: 'object',
      keys,
      children: keys.map((k) => walk((x as Record<string, unknown>)[k], path === '' ? k : `${path}.${k}`)),
    };
  };
  return { structure: walk(tree, ''), leaves };
};

/** The inverse of flatten; leaves may be anything. */
export const unflatten = <T = unknown>(structure: Structure, leaves: readonly unknown[]): T => {
  let next = 0;
  const build = (s: Structure): unknown => {
    switch (s.kind) {
      case 'leaf':
        return leaves[next++];
      case 'static':
        return s.value;
      case 'array':
        return s.children.map(build);
      case 'node':
        return s.type.rebuild(build(s.child) as never);
      case 'object': {
        const out: Record<string, unknown> = {};
        s.keys.forEach((k, i) => {
          // A key named __proto__ must stay a plain key.
          if (k === '__proto__')
            Object.defineProperty(out, k, {
              value: build(s.children[i]!),
              enumerable: true,
              configurable: true,
              writable: true,
            });
          else out[k] = build(s.children[i]!);
        });
        return out;
      }
    }
  };
  return build(structure) as T;
};

const functionIds = new WeakMap<object, number>();
let nextFunction = 0;
const identityOf = (f: object): number => {
  let id = functionIds.get(f);
  if (id === undefined) functionIds.set(f, (id = nextFunction++));
  return id;
};

/** Static values as text that differs whenever they do (NaN, -0, functions by identity, strings quoted). */
export const staticKey = (x: unknown): string => {
  if (typeof x === 'string') return JSON.stringify(x);
  if (typeof x === 'function') return `function#${identityOf(x)}`;
  if (typeof x === 'number') return Object.is(x, -0) ? '-0' : `#${String(x)}`;
  if (typeof x === 'object' && x !== null) return `object#${identityOf(x)}`;
  return String(x);
};

/** A structure as text; equal exactly when the structures are. */
export const structureKey = (s: Structure): string => {
  switch (s.kind) {
    case 'leaf':
      return '*';
    case 'static':
      return staticKey(s.value);
    case 'array':
      return `[${s.children.map(structureKey).join(',')}]`;
    case 'node':
      return `${s.type.name}(${structureKey(s.child)})`;
    case 'object':
      return `{${s.keys.map((k, i) => `${JSON.stringify(k)}:${structureKey(s.children[i]!)}`).join(',')}}`;
  }
};

export const sameStructure = (a: Structure, b: Structure): boolean => a === b || structureKey(a) === structureKey(b);

/** Path of every leaf, in the order of the leaves: `params.dense[0].w`. */
export const leafPaths = (structure: Structure): string[] => {
  const out: string[] = [];
  const walk = (s: Structure, path: string): void => {
    if (s.kind === 'leaf') out.push(path);
    else if (s.kind === 'array') s.children.forEach((c, i) => walk(c, `${path}[${i}]`));
    else if (s.kind === 'object') s.keys.forEach((k, i) => walk(s.children[i]!, path === '' ? k : `${path}.${k}`));
    else if (s.kind === 'node') walk(s.child, path);
  };
  walk(structure, '');
  return out;
};

/** Where two structures first differ, in words. */
export const structureDifference = (a: Structure, b: Structure, path = ''): string | undefined => {
  const at = path === '' ? 'at the root' : `at ${path}`;
  const kind = (s: Structure): string =>
    s.kind === 'leaf'
      ? 'a leaf'
      : s.kind === 'static'
        ? `the static value ${staticKey(s.value)}`
        : s.kind === 'array'
          ? `an array of ${s.children.length}`
          : s.kind === 'node'
            ? `a ${s.type.name}`
            : `an object with keys {${s.keys.join(', ')}}`;
  if (a.kind !== b.kind) return `${at}: ${kind(a)} against ${kind(b)}`;
  if (a.kind === 'array' && b.kind === 'array') {
    if (a.children.length !== b.children.length) return `${at}: ${kind(a)} against ${kind(b)}`;
    for (let i = 0; i < a.children.length; i++) {
      const d = structureDifference(a.children[i]!, b.children[i]!, `${path}[${i}]`);
      if (d !== undefined) return d;
    }
  } else if (a.kind === 'object' && b.kind === 'object') {
    const missing = a.keys.filter((k) => !b.keys.includes(k));
    const extra = b.keys.filter((k) => !a.keys.includes(k));
    if (missing.length > 0 || extra.length > 0)
      return `${at}: ${[...missing.map((k) => `'${k}' is only in the first`), ...extra.map((k) => `'${k}' is only in the second`)].join(', ')}`;
    for (let i = 0; i < a.keys.length; i++) {
      const d = structureDifference(a.children[i]!, b.children[i]!, path === '' ? a.keys[i]! : `${path}.${a.keys[i]!}`);
      if (d !== undefined) return d;
    }
  } else if (a.kind === 'node' && b.kind === 'node')
    return a.type === b.type ? structureDifference(a.child, b.child, path) : `${at}: ${kind(a)} against ${kind(b)}`;
  else if (a.kind === 'static' && structureKey(a) !== structureKey(b)) return `${at}: ${kind(a)} against ${kind(b)}`;
  return undefined;
};

/** Fails, naming the first difference, where two trees do not have one structure. */
export const checkSameStructure = (op: string, a: Structure, b: Structure, names: readonly [string, string]): void => {
  if (sameStructure(a, b)) return;
  throw new TreeError(
    op,
    `${names[0]} and ${names[1]} differ in structure, ${structureDifference(a, b) ?? 'somewhere'}`,
  );
};
