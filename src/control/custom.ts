// What custom derivative rules share: their arguments as leaves, and the checks of what a rule returns.
import { sameShape, showShape, type Aval } from '../core/aval.ts';
import { isFloat } from '../core/dtype.ts';
import { ArgumentError, DTypeError, ShapeError, TreeError } from '../core/errors.ts';
import { checkArgnums, flattenResult, leafTensor, type Cotangent } from '../core/functional.ts';
import { hostTensor } from '../core/host.ts';
import { bind, currentInterpreter, withInterpreter, type Interpreter } from '../core/interpreter.ts';
import { cast } from '../core/ops/promote.ts';
import { fill } from '../core/ops/structure.ts';
import { withOwnLines } from '../core/origin.ts';
import type { Params, Primitive, Tangent } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import { stage, type Staged } from '../core/stage.ts';
import { Tensor, Tracer } from '../core/tensor.ts';
import { checkSameStructure, flatten, leafPaths, unflatten, type Structure } from '../core/tree.ts';
import { avalsOf, runProgram } from './programs.ts';

export type AnyFunction = (...args: never[]) => unknown;

/** The arguments at positions N, in their order. */
export type Chosen<A extends readonly unknown[], N extends readonly number[]> = {
  [K in keyof N]: N[K] extends keyof A ? A[N[K]] : A[number];
};
/** The arguments at all other positions. */
export type Others<
  A extends readonly unknown[],
  N extends readonly number[],
  At extends readonly 0[] = [],
> = N extends readonly []
  ? A
  : A extends readonly [infer H, ...infer T]
    ? At['length'] extends N[number]
      ? Others<T, N, [...At, 0]>
      : [H, ...Others<T, N, [...At, 0]>]
    : A;
/** Tangents or cotangents, one entry an argument. */
export type Cotangents<A extends readonly unknown[]> = { [K in keyof A]: Cotangent<A[K]> };

/** The arguments of a call as leaves: those of nondifferentiable arguments first. */
export interface Arguments {
  readonly leaves: readonly Tensor[];
  /** How many leaves belong to nondifferentiable arguments. */
  readonly fixed: number;
  /** The differentiable arguments, as an array with one entry an argument. */
  readonly structure: Structure;
  readonly nondiff: (leaves: readonly Tensor[]) => unknown[];
  readonly diff: (leaves: readonly unknown[]) => unknown[];
  /** All arguments in the order of the call. */
  readonly all: (leaves: readonly Tensor[]) => never[];
}

/** Splits arguments. Numbers among the nondifferentiable ones stay numbers. */
export const splitArguments = (
  op: string,
  args: readonly unknown[],
  nondiffArgnums: readonly number[] | undefined,
): Arguments => {
  const chosen = checkArgnums(op, nondiffArgnums ?? [], args.length);
  if (new Set(chosen).size !== chosen.length)
    throw new ArgumentError(op, `nondiffArgnums [${chosen.join(', ')}] name one argument twice`);
  const rest = args.map((_, i) => i).filter((i) => !chosen.includes(i));
  const held = flatten(
    chosen.map((i) => args[i]),
    op,
  );
  const free = flatten(
    rest.map((i) => args[i]),
    op,
  );
  const tensors = held.leaves.filter((x): x is Tensor => x instanceof Tensor);
  const fixed = tensors.length;
  const nondiff = (leaves: readonly Tensor[]): unknown[] => {
    let next = 0;
    return unflatten<unknown[]>(
      held.structure,
      held.leaves.map((x) => (x instanceof Tensor ? leaves[next++]! : x)),
    );
  };
  const diff = (leaves: readonly unknown[]): unknown[] => unflatten<unknown[]>(free.structure, leaves);
  return {
    leaves: [...tensors, ...free.leaves.map(leafTensor)],
    fixed,
    structure: free.structure,
    nondiff,
    diff,
    all: (leaves) => {
      const out = new Array<never>(args.length);
      nondiff(leaves).forEach((x, i) => (out[chosen[i]!] = x as never));
      diff(leaves.slice(fixed)).forEach((x, i) => (out[rest[i]!] = x as never));
      return out;
    },
  };
};

/** The function itself as a program, and what its result looks like. */
export const stageCall = (
  op: string,
  call: AnyFunction,
  split: Arguments,
): { readonly staged: Staged; readonly out: Structure; readonly outAvals: readonly Aval[] } => {
  let out: Structure | undefined;
  const staged = stage(
    op,
    (...xs) => {
      const { leaves, structure } = flattenResult(op, call, call(...split.all(xs)));
      out = structure;
      return leaves;
    },
    split.leaves,
  );
  return { staged, out: out!, outAvals: avalsOf(staged.program.outs) };
};

/** A zero tangent or cotangent for a value; that of an integer is a float32. */
export const zeroLike = (x: Aval): Tensor =>
  !isFloat(x.dtype)
    ? fill(x.shape, 0, 'float32')
    : x.weak
      ? hostTensor(new Float64Array(x.shape.reduce((n, d) => n * d, 1)), x.shape, x.dtype, true)
      : fill(x.shape, 0, x.dtype);

/** Inserts the primitive where a transform may still ask for it; values that nobody traces are computed with at once. */
export const bindProgram = <P extends { readonly program: Program }>(
  primitive: Primitive<P>,
  inputs: readonly Tensor[],
  params: P,
): readonly Tensor[] =>
  inputs.some((x) => x instanceof Tracer) ? bind(primitive, inputs, params) : runProgram(params.program, inputs);

/** The values that a rule gives for the function itself: of the same structure, shapes and dtypes. */
export const checkOuts = (
  op: string,
  rule: string,
  f: AnyFunction,
  result: unknown,
  structure: Structure,
  avals: readonly Aval[],
): Tensor[] => {
  const got = flattenResult(op, f, result);
  checkSameStructure(op, structure, got.structure, ['the result of call', `the value that ${rule} returns`]);
  return got.leaves.map((x, i) => {
    const a = avals[i]!;
    const where = leafPaths(structure)[i] || 'the root';
    if (!sameShape(x.shape, a.shape))
      throw new ShapeError(
        op,
        `the value that ${rule} returns has shape ${showShape(x.shape)} at ${where}, the result of call has ${showShape(a.shape)}; they must be equal`,
      );
    if (x.dtype !== a.dtype && !x.weak && !a.weak)
      throw new DTypeError(
        op,
        `the value that ${rule} returns is ${x.dtype} at ${where}, the result of call is ${a.dtype}; cast it with astype`,
      );
    return x.dtype === a.dtype && (x.weak === a.weak || a.weak) ? x : cast(x, a.dtype);
  });
};

/**
 * The tangents or cotangents that a rule gives for values: a tree like theirs, in which null (or undefined) is zero, for a
 * leaf or for all of a subtree.
 */
export const checkTangents = (
  op: string,
  what: string,
  given: unknown,
  structure: Structure,
  avals: readonly Aval[],
  of: string,
): Tangent[] => {
  const paths = leafPaths(structure);
  const out: Tangent[] = [];
  const none = (s: Structure): void => {
    if (s.kind === 'leaf') out.push(null);
    else if (s.kind === 'node') none(s.child);
    else if (s.kind !== 'static') s.children.forEach(none);
  };
  const leaf = (x: unknown): Tangent => {
    const i = out.length;
    const a = avals[i]!;
    const where = paths[i] || 'the root';
    if (!(x instanceof Tensor) && typeof x !== 'number')
      throw new TreeError(op, `${what} has no tensor at ${where}, where ${of} has one (null is zero)`);
    if (!isFloat(a.dtype)) return null;
    const t = leafTensor(x);
    if (!sameShape(t.shape, a.shape))
      throw new ShapeError(
        op,
        `${what} has shape ${showShape(t.shape)} at ${where}, ${of} has ${showShape(a.shape)}; they must be equal`,
      );
    if (t.dtype !== a.dtype && !t.weak && !a.weak)
      throw new DTypeError(op, `${what} is ${t.dtype} at ${where}, ${of} is ${a.dtype}; cast it with astype`);
    return t.dtype === a.dtype || a.weak ? t : cast(t, a.dtype);
  };
  const walk = (s: Structure, x: unknown): void => {
    if (x === null || x === undefined) none(s);
    else if (s.kind === 'leaf') out.push(leaf(x));
    else if (s.kind === 'array' && Array.isArray(x) && x.length === s.children.length)
      s.children.forEach((c, i) => walk(c, x[i]));
    else if (s.kind === 'object' && s.keys.every((k) => Object.hasOwn(x as object, k)))
      s.keys.forEach((k, i) => walk(s.children[i]!, (x as Record<string, unknown>)[k]));
    else if (s.kind !== 'static') {
      const got = flatten(x, op);
      checkSameStructure(op, s, got.structure, [of, what]);
      got.leaves.forEach((y) => out.push(leaf(y)));
    }
  };
  walk(structure, given);
  return out;
};

/** A pair that a rule returns. */
export const checkPair = (op: string, rule: string, result: unknown, of: string): readonly [unknown, unknown] => {
  if (!Array.isArray(result) || result.length !== 2)
    throw new TreeError(
      op,
      `${rule} must return the pair ${of}, got ${Array.isArray(result) ? `an array of ${result.length}` : typeof result}`,
    );
  return result as unknown as readonly [unknown, unknown];
};

/**
 * Runs a rule whose tangents may be on a tape. A compiled function inside of it computes values and tangents in one; its
 * operations are applied one by one there, so that each finds its place.
 */
export const runRule = <R>(f: () => R): R => {
  const below = currentInterpreter();
  const inlining: Interpreter = {
    kind: below.kind,
    process: (primitive: Primitive, inputs: readonly Tensor[], params: Params) =>
      primitive.inlined === true && primitive.name === 'jit' && inputs.some((x) => x instanceof Tracer)
        ? runProgram(params['program'] as Program, inputs)
        : below.process(primitive, inputs, params),
  };
  return withOwnLines(() => withInterpreter(inlining, f));
};

/** Fails for a tangent where there must be none: of what a function closes over, and of nondifferentiable arguments. */
export const refuseMoving = (op: string, captured: number, fixed: number, moving: readonly boolean[]): void => {
  const i = moving.slice(0, fixed).indexOf(true);
  if (i < 0) return;
  throw new ArgumentError(
    op,
    i < captured
      ? 'the function closes over a value that is being differentiated by; its rule cannot know of it: pass the value as an argument'
      : 'an argument in nondiffArgnums is being differentiated by; take it out of nondiffArgnums, or wrap it in stopGradient',
  );
};
