// Functions that control flow holds, as programs: staged on the leaves of their trees, with what they return checked against what must go in again.
import { showAval, type Aval } from '../core/aval.ts';
import { ArgumentError, DTypeError, ShapeError, TreeError } from '../core/errors.ts';
import { leafTensor, onLeaves, settle } from '../core/functional.ts';
import { refusePromise } from '../core/interpreter.ts';
import { cast } from '../core/ops/promote.ts';
import { stage, type Staged } from '../core/stage.ts';
import { valuesNow, type Tensor } from '../core/tensor.ts';
import {
  checkSameStructure,
  flatten,
  leafPaths,
  unflatten,
  type Leaf,
  type Structure,
  type TreeNode,
} from '../core/tree.ts';

/** Trees as bodies and results of control flow see them: numbers become scalars, shapes are not tracked. */
export type Traced<T> =
  T extends Tensor<infer _, infer D>
    ? Tensor<readonly number[], D>
    : T extends number
      ? Tensor
      : T extends TreeNode | ((...args: never[]) => unknown)
        ? T
        : T extends object
          ? { -readonly [K in keyof T]: Traced<T[K]> }
          : T;

export type AnyFunction = (...args: never[]) => unknown;

/** A tree's leaves as tensors. */
export const leavesOf = (op: string, tree: unknown): { readonly leaves: Tensor[]; readonly structure: Structure } => {
  const { leaves, structure } = flatten(tree, op);
  return { leaves: leaves.map((x: Leaf) => leafTensor(x)), structure };
};

const at = (structure: Structure, i: number): string => {
  const path = leafPaths(structure)[i]!;
  return path === '' ? '' : ` at ${path}`;
};

/** What a body returned, if it is anything that can be a tree. */
export const returned = (op: string, f: AnyFunction, result: unknown): unknown => {
  refusePromise(op, f, result);
  if (result === undefined)
    throw new TreeError(op, 'the function returned undefined; return a tensor or a tree of tensors');
  return result;
};

/** A tree with its weak values settled, as compiled control flow returns it. */
export const settled = (op: string, tree: unknown): unknown => {
  const { leaves, structure } = leavesOf(op, tree);
  return unflatten(structure, leaves.map(settle));
};

export interface Body {
  readonly staged: Staged;
  readonly out: Structure;
}

/** A function of trees as a program of leaves; every result settled. */
export const stageBody = (op: string, f: AnyFunction, structure: Structure, avals: readonly Aval[]): Body => {
  const g = onLeaves(op, f, structure);
  const staged = stage(op, (...xs) => g.run(...xs), avals);
  return { staged, out: g.out() };
};

const strong = (x: Tensor): Aval => ({ shape: x.shape, dtype: x.dtype, weak: false });

/** Fails where a carry changes from step to step; weak values take a dtype yet. */
const checkCarry = (
  op: string,
  structure: Structure,
  before: readonly Aval[],
  after: readonly Aval[],
  isFree: (i: number) => boolean,
): void =>
  before.forEach((x, i) => {
    const y = after[i]!;
    if (x.shape.join() === y.shape.join() && (isFree(i) || y.weak || x.dtype === y.dtype)) return;
    const message = `the carry changes${at(structure, i)}: it enters the body as ${showAval(x)} and leaves it as ${showAval(y)}; it must keep its shape and dtype from step to step${x.dtype === y.dtype ? '' : ` (start with ${y.dtype}, or cast the result with astype)`}`;
    if (x.shape.join() !== y.shape.join()) throw new ShapeError(op, message);
    throw new DTypeError(op, message);
  });
const carryNames = ['the initial carry', 'the carry that the body returns'] as const;

/** What decides a branch or a loop that runs as JS. */
export const scalarNow = (op: string, x: Tensor): number =>
  valuesNow(op, x, 'run it without disableJit, or compute on the WebAssembly device')[0]!;

/** The carry after a step of a loop in JS, which must be like the one before. */
export const nextCarry = (op: string, before: unknown, after: unknown): unknown => {
  const old = leavesOf(op, before);
  const { leaves, structure } = leavesOf(op, after);
  checkSameStructure(op, old.structure, structure, carryNames);
  checkCarry(op, structure, old.leaves, leaves, (i) => old.leaves[i]!.weak);
  return unflatten(
    structure,
    leaves.map((y, i) => (y.weak && !old.leaves[i]!.weak ? cast(y, old.leaves[i]!.dtype) : y)),
  );
};

/** The parts of what the body of a scan returned. */
export const checkPair = (op: string, result: unknown): readonly [unknown, unknown] => {
  if (!Array.isArray(result) || result.length !== 2)
    throw new ArgumentError(op, 'the body must return the pair [carry, y]; use null for y where there is none');
  return result as unknown as readonly [unknown, unknown];
};

export interface LoopBody extends Body {
  /** The initial carry in the dtypes that it keeps. */
  readonly init: readonly Tensor[];
}

/**
 * A body that takes a carry and more, and returns a carry and more, `carryOf` telling which part of its result that is.
 * Numbers in the initial carry take the dtype that the body gives them; anything else that changes is an error.
 */
export const stageLoop = (
  op: string,
  f: AnyFunction,
  structure: Structure,
  carryStructure: Structure,
  init: readonly Tensor[],
  rest: readonly Aval[],
  carryOf: (out: Structure) => Structure,
): LoopBody => {
  let start = [...init];
  for (let attempt = 0; ; attempt++) {
    const avals = start.map((x): Aval =>
      x.weak && attempt === 0 ? { shape: x.shape, dtype: x.dtype, weak: true } : strong(x),
    );
    const g = onLeaves(op, f, structure);
    let results: readonly Aval[] = [];
    const staged = stage(
      op,
      (...xs) => {
        const outs = g.run(...xs);
        checkSameStructure(op, carryStructure, carryOf(g.out()), carryNames);
        results = outs.map((y): Aval => ({ shape: y.shape, dtype: y.dtype, weak: y.weak }));
        return outs.map((y, i) =>
          i < start.length && y.weak && !avals[i]!.weak ? cast(y, avals[i]!.dtype) : settle(y),
        );
      },
      [...avals, ...rest],
    );
    const next = start.map((x, i) => {
      const y = results[i]!;
      return x.weak ? cast(x, y.weak ? 'float32' : y.dtype) : x;
    });
    const settled = start.every((x) => !x.weak);
    checkCarry(op, carryStructure, avals, results.slice(0, start.length), (i) => start[i]!.weak);
    if (settled) return { staged, out: g.out(), init: start };
    start = next;
  }
};

/** Fails where results of branches differ; weak values follow the others. */
export const agreeOn = (op: string, names: readonly string[], bodies: readonly Body[]): Aval[] => {
  const [first, ...others] = bodies;
  const outs = first!.staged.program.outs.map((v) => v.aval);
  others.forEach((b, k) => {
    checkSameStructure(op, first!.out, b.out, [`what ${names[0]!} returns`, `what ${names[k + 1]!} returns`]);
    b.staged.program.outs.forEach(({ aval: a }, i) => {
      const c = outs[i]!;
      if (c.shape.join() === a.shape.join() && (c.dtype === a.dtype || c.weak || a.weak)) {
        if (c.weak && !a.weak) outs[i] = a;
        return;
      }
      const message = `the branches differ${at(first!.out, i)}: ${names[0]!} returns ${showAval(c)}, ${names[k + 1]!} returns ${showAval(a)}; they must have the same shapes and dtypes`;
      if (c.shape.join() !== a.shape.join()) throw new ShapeError(op, message);
      throw new DTypeError(op, message);
    });
  });
  return outs.map((a) => (a.weak ? { shape: a.shape, dtype: 'float32', weak: false } : a));
};
