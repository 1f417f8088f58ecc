// Loops as users write them: scan, foriLoop and whileLoop over trees.
import { showShape } from '../core/aval.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { bind, jitDisabled } from '../core/interpreter.ts';
import { checkFunction, checkOptions, kindOf } from '../core/options.ts';
import { stack } from '../core/ops/concat.ts';
import { add, less } from '../core/ops/arithmetic.ts';
import { arange } from '../core/ops/creation.ts';
import { cast } from '../core/ops/promote.ts';
import { sliceAlong } from '../core/ops/slice.ts';
import { reshapeTo } from '../core/ops/structure.ts';
import { Tensor, Tracer } from '../core/tensor.ts';
import { leafPaths, unflatten, type Structure } from '../core/tree.ts';
import {
  checkPair,
  leavesOf,
  nextCarry,
  returned,
  scalarNow,
  settled,
  stageBody,
  stageLoop,
  type AnyFunction,
  type Traced,
} from './body.ts';
import { settle } from '../core/functional.ts';
import { scanPrimitive } from './scan.ts';
import { whilePrimitive } from './while.ts';

export interface ScanOptions {
  /** The number of steps; needed where there are no xs. */
  readonly length?: number;
  /** From the last slice to the first; ys keep the order of xs. Default false. */
  readonly reverse?: boolean;
  /** Steps in one round of the compiled loop: a larger program with fewer rounds. Default 1; true unrolls all of it. */
  readonly unroll?: number | boolean;
}

const pair = (op: string, out: Structure): Structure => {
  if (out.kind !== 'array' || out.children.length !== 2)
    throw new ArgumentError(op, 'the body must return the pair [carry, y]; use null for y where there is none');
  return out.children[0]!;
};

export const stepsOf = (
  op: string,
  xs: readonly Tensor[],
  structure: Structure,
  length: number | undefined,
): number => {
  let n = length;
  let from = 'length';
  if (length !== undefined && (!Number.isInteger(length) || length < 0))
    throw new ArgumentError(op, `length must be an integer of at least 0, got ${String(length)}`);
  xs.forEach((x, i) => {
    const name = leafPaths(structure)[i] === '' ? 'xs' : `xs at ${leafPaths(structure)[i]!}`;
    if (x.rank === 0) throw new ShapeError(op, `${name} is a scalar and has no axis to go along`);
    if (n !== undefined && x.shape[0] !== n)
      throw new ShapeError(
        op,
        `the number of steps is ${n} by ${from}, but ${name} has shape ${showShape(x.shape)}; the first axes must agree`,
      );
    if (n === undefined) {
      n = x.shape[0]!;
      from = name;
    }
  });
  if (n === undefined)
    throw new ArgumentError(
      op,
      op === 'map'
        ? 'there are no xs: the tree has no tensors'
        : 'there are no xs; give the number of steps as { length }',
    );
  return n;
};

const sliceAt = (x: Tensor, i: number): Tensor => reshapeTo(sliceAlong(x, 0, i, 1), x.shape.slice(1));

/** The loop in JS, for `disableJit`. */
const scanInJs = (
  op: string,
  f: AnyFunction,
  init: unknown,
  xs: readonly Tensor[],
  structure: Structure,
  n: number,
  reverse: boolean,
): [unknown, unknown] => {
  let carry = init;
  const ys = new Array<Tensor[]>(n);
  let out: Structure | undefined;
  for (let k = 0; k < n; k++) {
    const i = reverse ? n - 1 - k : k;
    const slices = unflatten(
      structure,
      xs.map((x) => sliceAt(x, i)),
    );
    const step = checkPair(op, returned(op, f, f(carry as never, slices as never)));
    carry = nextCarry(op, carry, step[0]);
    const y = leavesOf(op, step[1]);
    ys[i] = y.leaves;
    out = y.structure;
  }
  return [
    settled(op, carry),
    out === undefined
      ? null
      : unflatten(
          out,
          ys[0]!.map((_, j) => settle(stack(ys.map((y) => y[j]!)))),
        ),
  ];
};

/**
 * A loop that carries a value from step to step and collects one result a step (`jax.lax.scan`). Compiled as a real loop, and
 * differentiable in both modes.
 *
 *     scan :: (c -> a -> (c, b)) -> c -> [a] -> (c, [b])
 *
 *     const scan = (f, init, xs) => {
 *       let carry = init;
 *       const ys = [];
 *       for (const x of xs) {
 *         const [next, y] = f(carry, x);
 *         carry = next;
 *         ys.push(y);
 *       }
 *       return [carry, stack(ys)];
 *     };
 *
 * Carry, xs and ys are trees; xs are sliced along their first axis, ys stacked along a new first one. The carry keeps its
 * structure, shapes and dtypes. Errors: ShapeError, DTypeError or TreeError naming the path where the carry changes.
 * @example
 * scan((total, x) => [add(total, x), mul(total, x)], 0, tensor([1, 2, 3])); // [6, [0, 2, 9]]
 */
export const scan = <const C, const X, const Y>(
  f: (carry: Traced<C>, x: Traced<X>) => readonly [unknown, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [Traced<C>, Traced<Y>] => runScan('scan', f as unknown as AnyFunction, init, xs, options) as [Traced<C>, Traced<Y>];

export const runScan = (
  op: string,
  f: AnyFunction,
  init: unknown,
  xs: unknown,
  options: ScanOptions,
): [unknown, unknown] => {
  checkFunction(op, f);
  checkOptions(op, options, ['length', 'reverse', 'unroll']);
  const start = leavesOf(op, init);
  const given = leavesOf(op, xs);
  const slices = given.leaves;
  const n = stepsOf(op, slices, given.structure, options.length);
  const { unroll = 1, reverse = false } = options;
  const rounds = unroll === true ? Math.max(n, 1) : unroll === false ? 1 : unroll;
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new ArgumentError(op, `unroll must be a positive integer or a boolean, got ${String(unroll)}`);
  if (jitDisabled() && n > 0)
    return scanInJs(op, f, unflatten(start.structure, start.leaves), slices, given.structure, n, reverse);
  const body = stageLoop(
    op,
    f,
    { kind: 'array', children: [start.structure, given.structure] },
    start.structure,
    start.leaves,
    slices.map((x) => ({ shape: x.shape.slice(1), dtype: x.dtype, weak: false })),
    (out) => pair(op, out),
  );
  const { staged } = body;
  const outs = bind(scanPrimitive, [...staged.captured, ...body.init, ...slices.map(settle)], {
    program: staged.program,
    consts: staged.captured.length,
    carry: body.init.length,
    length: n,
    reverse,
    unroll: rounds,
  });
  return unflatten<[unknown, unknown]>(body.out, outs);
};

interface Counted {
  readonly i: Tensor;
  readonly carry: unknown;
}

/**
 * The body applied for i = lower, ..., upper - 1 (`jax.lax.fori_loop`). With JS numbers as bounds it is a scan and has
 * derivatives in both modes; with tensors as bounds it is a whileLoop, which has forward mode only. i is an int32 scalar.
 *
 *     foriLoop :: int -> int -> (int -> c -> c) -> c -> c
 *
 *     const foriLoop = (lower, upper, body, init) => {
 *       let carry = init;
 *       for (let i = lower; i < upper; i++) carry = body(i, carry);
 *       return carry;
 *     };
 * @example
 * foriLoop(0, 4, (i, total) => add(total, i), 0); // 6
 */
export const foriLoop = <const C>(
  lower: number | Tensor,
  upper: number | Tensor,
  body: (i: Tensor, carry: Traced<C>) => unknown,
  init: C,
  options: Pick<ScanOptions, 'unroll'> = {},
): Traced<C> => {
  const op = 'foriLoop';
  checkFunction(op, body);
  checkOptions(op, options, ['unroll']);
  for (const [name, bound] of [
    ['lower', lower],
    ['upper', upper],
  ] as const) {
    if (bound instanceof Tensor ? bound.rank !== 0 || !/int/.test(bound.dtype) : !Number.isInteger(bound))
      throw new ArgumentError(
        op,
        `${name} must be an integer or an integer scalar tensor, got ${bound instanceof Tensor ? `${bound.dtype}${showShape(bound.shape)}` : String(bound)}`,
      );
  }
  const step = (i: Tensor, carry: unknown): unknown =>
    returned(op, body as unknown as AnyFunction, body(i, carry as Traced<C>));
  if (typeof lower === 'number' && typeof upper === 'number') {
    const steps = arange(lower, Math.max(lower, upper), 1, { dtype: 'int32' });
    const f = (carry: unknown, i: Tensor): [unknown, null] => [step(i, carry), null];
    return runScan(op, f as unknown as AnyFunction, init, steps, options)[0] as Traced<C>;
  }
  const bound = (b: number | Tensor): Tensor => cast(leavesOf(op, b).leaves[0]!, 'int32');
  const last = bound(upper);
  const end = runWhile(
    op,
    (({ i }: Counted) => less(i, last)) as unknown as AnyFunction,
    (({ i, carry }: Counted) => ({ i: cast(add(i, 1), 'int32'), carry: step(i, carry) })) as unknown as AnyFunction,
    { i: bound(lower), carry: init },
  ) as Counted;
  return end.carry as Traced<C>;
};

/**
 * The body repeated as long as the condition of the carry, a bool scalar, holds (`jax.lax.while_loop`). Forward mode only: the
 * number of steps is not known before it runs; reverse mode is an error that names scan and foriLoop. Under vmap it runs until
 * all slices are done.
 *
 *     whileLoop :: (c -> bool) -> (c -> c) -> c -> c
 *
 *     const whileLoop = (cond, body, init) => {
 *       let carry = init;
 *       while (cond(carry)) carry = body(carry);
 *       return carry;
 *     };
 * @example
 * whileLoop((x) => less(x, 100), (x) => mul(x, 2), 3); // 192
 */
export const whileLoop = <const C>(
  cond: (carry: Traced<C>) => Tensor,
  body: (carry: Traced<C>) => unknown,
  init: C,
): Traced<C> =>
  runWhile('whileLoop', cond as unknown as AnyFunction, body as unknown as AnyFunction, init) as Traced<C>;

const runWhile = (op: string, cond: AnyFunction, body: AnyFunction, init: unknown): unknown => {
  checkFunction(op, cond, 'cond');
  checkFunction(op, body, 'body');
  const start = leavesOf(op, init);
  if (jitDisabled()) {
    let carry: unknown = unflatten(start.structure, start.leaves);
    const going = cond as unknown as (c: unknown) => unknown;
    const next = body as unknown as (c: unknown) => unknown;
    for (;;) {
      const go = going(carry);
      // A value that is traced cannot be read: the loop is staged after all. Staging knows what is wrong with other answers.
      if (!(go instanceof Tensor) || go instanceof Tracer || go.dtype !== 'bool' || go.rank > 0) break;
      if (scalarNow(op, go) === 0) return settled(op, carry);
      carry = nextCarry(op, carry, returned(op, body, next(carry)));
    }
  }
  const args: Structure = { kind: 'array', children: [start.structure] };
  const loop = stageLoop(op, body, args, start.structure, start.leaves, [], (out) => out);
  const test = stageBody(
    op,
    cond,
    args,
    loop.init.map((x) => ({ shape: x.shape, dtype: x.dtype, weak: false })),
  );
  const [answer, ...more] = test.staged.program.outs;
  if (answer === undefined || more.length > 0 || answer.aval.dtype !== 'bool' || answer.aval.shape.length > 0)
    throw new ShapeError(
      op,
      `the condition must return one bool scalar, got ${answer === undefined ? (test.out.kind === 'static' ? kindOf(test.out.value) : 'nothing') : more.length > 0 ? 'a tree' : `${answer.aval.dtype}${showShape(answer.aval.shape)}`}${answer === undefined ? '; make a tensor of it' : '; reduce it with any or all'}`,
    );
  const outs = bind(whilePrimitive, [...test.staged.captured, ...loop.staged.captured, ...loop.init], {
    cond: test.staged.program,
    body: loop.staged.program,
    condConsts: test.staged.captured.length,
    bodyConsts: loop.staged.captured.length,
  });
  return unflatten(loop.out, outs);
};
