// vmap: maps a function over an axis of its arguments, all at once.
import { checkAxis, showShape } from '../core/aval.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { leafTensor, onLeaves, settle } from '../core/functional.ts';
import { currentInterpreter, withInterpreter } from '../core/interpreter.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { broadcastInto, moveAxis } from '../core/ops/structure.ts';
import type { Tensor } from '../core/tensor.ts';
import type { Batched, Unranked } from '../core/types/transform.ts';
import { flatten, leafPaths, unflatten, type Structure } from '../core/tree.ts';
import { withAxis } from '../core/axes.ts';
import { BatchInterpreter } from './batch.ts';

/** An axis, null (not mapped), or a tree of them that is a prefix of the argument's tree. */
export type AxisSpec = number | null | readonly AxisSpec[] | { readonly [key: string]: AxisSpec };

export interface VmapOptions {
  /** One axis for all arguments, or an array with one entry an argument. Default 0. */
  readonly inAxes?: AxisSpec;
  /** Where the mapped axis goes in the results. Default 0. */
  readonly outAxes?: AxisSpec;
  /** The axis's length; needed only where no argument is mapped. */
  readonly axisSize?: number;
  /** A name by which psum, pmean, pmax, pmin and axisIndex inside of the function speak of the mapped axis. */
  readonly axisName?: string;
}

/** An axis more in front of every tensor; where options place it, nothing is known of shapes. */
export interface Vmap {
  <A extends readonly unknown[], R>(f: (...args: A) => R): (...args: { [K in keyof A]: Batched<A[K]> }) => Batched<R>;
  <A extends readonly unknown[], R>(
    f: (...args: A) => R,
    options: VmapOptions | undefined,
  ): (...args: { [K in keyof A]: Unranked<A[K]> }) => Unranked<R>;
}

/** One axis a leaf, from a tree prefix. */
const axesOfLeaves = (name: string, spec: AxisSpec, structure: Structure): (number | null)[] => {
  const out: (number | null)[] = [];
  const count = (s: Structure): number =>
    s.kind === 'leaf'
      ? 1
      : s.kind === 'static'
        ? 0
        : s.kind === 'node'
          ? count(s.child)
          : s.children.reduce((n, c) => n + count(c), 0);
  const bad = (path: string, why: string): never => {
    throw new ArgumentError(
      'vmap',
      `${name}${path} ${why}; it must be an axis, null, or a tree that is a prefix of the values`,
    );
  };
  const walk = (a: AxisSpec | undefined, s: Structure, path: string): void => {
    if (a === null || typeof a === 'number') {
      for (let i = count(s); i > 0; i--) out.push(a);
      return;
    }
    if (s.kind === 'static') return;
    if (a === undefined) return bad(path, 'is missing');
    if (s.kind === 'array' && Array.isArray(a)) {
      if (a.length !== s.children.length) return bad(path, `has ${a.length} entries for ${s.children.length} values`);
      s.children.forEach((c, i) => walk((a as readonly AxisSpec[])[i], c, `${path}[${i}]`));
      return;
    }
    if (s.kind === 'object' && typeof a === 'object' && !Array.isArray(a)) {
      const extra = Object.keys(a).find((k) => !s.keys.includes(k));
      if (extra !== undefined) return bad(`${path}.${extra}`, 'names a key that the values lack');
      s.keys.forEach((k, i) => walk((a as Readonly<Record<string, AxisSpec>>)[k], s.children[i]!, `${path}.${k}`));
      return;
    }
    bad(path, 'does not fit the structure of the values');
  };
  walk(spec, structure, '');
  return out;
};

/**
 * f over an axis of its arguments (`jax.vmap`): the result of f on every slice, stacked along `outAxes`. Arguments whose
 * axis is null are the same for every slice. With `axisName` the function may compute across slices: psum, pmean, pmax, pmin, axisIndex.
 * @example
 * vmap((x, y) => sum(mul(x, y)))(tensor([[1, 2], [3, 4]]), tensor([[1, 1], [2, 2]])); // [3, 14]
 */
export const vmap: Vmap =
  (f: (...args: never[]) => unknown, options: VmapOptions = {}) =>
  (...args: readonly unknown[]): never => {
    checkFunction('vmap', f);
    checkOptions('vmap', options, ['inAxes', 'outAxes', 'axisSize', 'axisName']);
    const { leaves, structure } = flatten(args, 'vmap');
    const inAxes = options.inAxes === undefined ? 0 : options.inAxes;
    const axes = axesOfLeaves('inAxes', inAxes, structure);
    const xs = leaves.map(leafTensor);
    const name = (i: number): string => `argument ${leafPaths(structure)[i]!}`;
    const resolved = axes.map((a, i) => {
      if (a === null) return null;
      if (xs[i]!.rank === 0)
        throw new ArgumentError('vmap', `${name(i)} is a scalar and has no axis ${a} to map over; give it inAxes null`);
      return checkAxis('vmap', a, xs[i]!.rank, `inAxes of ${name(i)}`);
    });
    const size = mappedSize(xs, resolved, options.axisSize, name);
    const { axisName } = options;
    if (axisName !== undefined && (typeof axisName !== 'string' || axisName === ''))
      throw new ArgumentError('vmap', `axisName must be a string that is not empty, got ${JSON.stringify(axisName)}`);
    const interpreter = new BatchInterpreter(currentInterpreter(), size, axisName);
    const g = onLeaves('vmap', f, structure);
    // A number that is not mapped is handed through as it is: the function may count by it.
    const lifted = xs.map((x, i) =>
      typeof leaves[i] === 'number' ? (leaves[i] as unknown as Tensor) : interpreter.lift(x, resolved[i]!),
    );
    const outs = withAxis(axisName, size, () => withInterpreter(interpreter, () => g.run(...lifted))).map((y) =>
      interpreter.lower(y),
    );
    const outAxes = axesOfLeaves('outAxes', options.outAxes === undefined ? 0 : options.outAxes, g.out());
    return unflatten<never>(
      g.out(),
      outs.map(({ value, axis }, i) => {
        const to = outAxes[i]!;
        if (to === null) {
          if (axis !== null)
            throw new ArgumentError(
              'vmap',
              `outAxes is null for a result that differs from slice to slice (${leafPaths(g.out())[i] || 'the result'}); give it an axis`,
            );
          return settle(value);
        }
        const rank = axis === null ? value.rank + 1 : value.rank;
        const place = checkAxis('vmap', to, rank, 'outAxes');
        if (axis !== null) return settle(moveAxis(value, axis, place));
        const shape = [...value.shape];
        shape.splice(place, 0, size);
        return settle(broadcastInto(value, shape, [place]));
      }),
    );
  };

const mappedSize = (
  xs: readonly Tensor[],
  axes: readonly (number | null)[],
  given: number | undefined,
  name: (i: number) => string,
): number => {
  let size = given;
  let from = 'axisSize';
  axes.forEach((a, i) => {
    if (a === null) return;
    const n = xs[i]!.shape[a]!;
    if (size !== undefined && size !== n)
      throw new ShapeError(
        'vmap',
        `the mapped axes differ in length: ${from} gives ${size}, ${name(i)} of shape ${showShape(xs[i]!.shape)} has ${n} along axis ${a}`,
      );
    if (size === undefined) {
      size = n;
      from = name(i);
    }
  });
  if (size === undefined)
    throw new ArgumentError(
      'vmap',
      'no argument is mapped (every inAxes is null); give at least one an axis, or pass axisSize',
    );
  return size;
};
