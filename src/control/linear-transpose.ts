// linearTranspose: the transpose of a linear function, and the check that it is one.
import { isFloat } from '../core/dtype.ts';
import { CotangentError, DTypeError } from '../core/errors.ts';
import { onLeaves, settle, type Cotangent } from '../core/functional.ts';
import { checkFunction } from '../core/options.ts';
import { ConcreteTensor, type Tensor } from '../core/tensor.ts';
import type { Equation, Program, Value } from '../core/program.ts';
import { stage, type Staged } from '../core/stage.ts';
import { leafPaths, unflatten } from '../core/tree.ts';
import { leavesOf, type AnyFunction } from './body.ts';
import { writtenOut } from './checkpoint.ts';
import { checkTangents } from './custom.ts';
import { needed, reads } from './live.ts';
import type { CondParams } from './branch.ts';
import type { ScanParams } from './scan-parts.ts';
import { avalsOf, linearizeProgram, reached, runProgram, transposeProgram, zerosOf } from './programs.ts';

/** A function that was to be linear and is not. */
export class LinearityError extends CotangentError {
  override name = 'LinearityError';
}

/** Which outputs of an equation depend on the marked inputs: of branches and loops, not all. */
const outsReached = ({ outs, params }: Equation, marked: readonly boolean[]): readonly boolean[] => {
  const { branches, program, carry, consts } = params as Partial<ScanParams & CondParams>;
  if (branches !== undefined && marked[0] !== true) {
    const each = branches.map((b) => reached(b, marked.slice(1)));
    return outs.map((_, i) => each.some((r) => r[i]!));
  }
  if (program === undefined || carry === undefined || consts === undefined)
    return outs.map(() => marked.includes(true));
  const now = [...marked];
  for (;;) {
    const r = reached(program, now);
    const grown = r.flatMap((on, i) => (i < carry && on && !now[consts + i]! ? [consts + i] : []));
    if (grown.length === 0) return r.map((on, i) => on || (i < carry && now[consts + i]!));
    grown.forEach((i) => (now[i] = true));
  }
};

/** The equation of a program that makes each value that depends on some inputs; undefined for those inputs. */
const dependents = (program: Program, inputs: readonly Value[]): Map<Value, Equation | undefined> => {
  const made = new Map<Value, Equation | undefined>(inputs.map((v) => [v, undefined]));
  for (const e of program.equations) {
    const marked = e.inputs.map((v) => made.has(v));
    if (marked.includes(true)) outsReached(e, marked).forEach((on, i) => on && made.set(e.outs[i]!, e));
  }
  return made;
};

/** What has no derivative is not linear either: a result of it that depends on an argument. */
const checkMoves = ({ program, captured }: Staged): void => {
  const plain = needed(writtenOut(program));
  const dependent = dependents(plain, plain.inputs.slice(captured.length));
  const live = new Set([...plain.outs, ...plain.equations.flatMap((e) => e.inputs)]);
  for (const [v, e] of dependent)
    if (e !== undefined && live.has(v) && (flat.has(e.primitive.name) || !isFloat(v.aval.dtype))) {
      const line = e.frame?.();
      throw new LinearityError(
        'linearTranspose',
        `the function is not linear in its arguments: its result depends on the result of ${e.primitive.name}${line === undefined ? '' : `, at ${line}`}, which has no derivative`,
      );
    }
};
const flat: ReadonlySet<string> = new Set(['round', 'floor', 'ceil', 'trunc', 'sign', 'stopGradient']);

/** A function whose derivative depends on where it is taken is not linear. */
const checkLinear = ({ program, captured }: Staged): void => {
  const made = linearizeProgram(
    program,
    program.inputs.map((_, i) => i < captured.length),
  );
  const forward = writtenOut(made.forward.program);
  const before = made.forward.captured.length;
  const dependent = dependents(forward, forward.inputs.slice(before + captured.length));
  const used = reads(made.linear);
  made.residuals.forEach((r, i) => {
    if (!used[i]! || r.from === 'constant') return;
    const v = r.from === 'input' ? forward.inputs[before + r.at]! : forward.outs[r.at]!;
    if (!dependent.has(v)) return;
    const e = dependent.get(v);
    const line = e?.frame?.();
    throw new LinearityError(
      'linearTranspose',
      `the function is not linear in its arguments: its derivative depends on ${
        e === undefined
          ? 'an argument (a product of arguments, say)'
          : `the result of ${e.primitive.name}${line === undefined ? '' : `, at ${line}`}`
      }; transpose its derivative instead: vjp(f, ...primals)`,
    );
  });
};

/** Something is added that depends on no argument. Known only where nothing is being traced, and where values can be read at once. */
const checkThroughZero = ({ program, captured }: Staged): void => {
  if (captured.some((x) => !(x instanceof ConcreteTensor))) return;
  const outs = runProgram(needed(program), [
    ...captured,
    ...avalsOf(program.inputs.slice(captured.length)).map(zerosOf),
  ]);
  for (const y of outs)
    if (y instanceof ConcreteTensor && y.storage.device.kind !== 'webgpu')
      for (const v of y.dataSync())
        if (v !== 0)
          throw new LinearityError(
            'linearTranspose',
            `the function is not linear: of zeros it is ${v}, not 0; take away what it adds`,
          );
};

/**
 * The transpose of a linear function (`jax.linear_transpose`): from a cotangent of its result to cotangents of its
 * arguments, an array with one entry an argument. The primals tell shapes and dtypes only. A function that is not linear in
 * all of them together is a LinearityError; that it adds a constant is not seen inside of a transform or on a GPU.
 * @example
 * const a = tensor([[1, 2], [3, 4]]);
 * linearTranspose((x) => matmul(a, x), zeros([2]))(tensor([1, 1])); // [[4, 6]]
 */
export const linearTranspose = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): ((ct: Cotangent<R>) => { [K in keyof A]: Cotangent<A[K]> }) => {
  const op = 'linearTranspose';
  checkFunction(op, f);
  const { leaves, structure } = leavesOf(op, primals);
  leaves.forEach((x, i) => {
    if (!isFloat(x.dtype))
      throw new DTypeError(op, `argument ${leafPaths(structure)[i]!} is ${x.dtype}; only floats have cotangents`);
  });
  const g = onLeaves(op, f as unknown as AnyFunction, structure);
  const staged = stage(op, g.run, leaves);
  const out = g.out();
  const outs = avalsOf(staged.program.outs);
  checkLinear(staged);
  checkMoves(staged);
  checkThroughZero(staged);
  return (ct) => {
    const cts = checkTangents(op, 'the cotangent', ct, out, outs, "the function's result");
    const transposed = transposeProgram(
      staged.program,
      staged.program.inputs.map((_, i) => i >= staged.captured.length),
      cts.map((t) => t !== null),
      leaves.map(() => true),
    ).staged;
    const given = cts.filter((t): t is Tensor => t !== null);
    const back = runProgram(needed(transposed.program), [...transposed.captured, ...staged.captured, ...given]);
    return unflatten(structure, back.map(settle));
  };
};
