// customJvp: functions that bring their own forward derivative, from which reverse mode follows by transposition.
import { withAxis } from '../core/axes.ts';
import { isFloat } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import type { Cotangent } from '../core/functional.ts';
import { currentInterpreter, eagerly, withInterpreter } from '../core/interpreter.ts';
import { checkOptions } from '../core/options.ts';
import { broadcastInto, moveAxis } from '../core/ops/structure.ts';
import type { JvpResult, Primitive, Tangent } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import type { Tensor } from '../core/tensor.ts';
import { unflatten } from '../core/tree.ts';
import { BatchInterpreter } from '../vmap/batch.ts';
import { callPrimitive } from './call.ts';
import {
  bindProgram,
  checkOuts,
  checkPair,
  checkTangents,
  refuseMoving,
  runRule,
  splitArguments,
  stageCall,
  zeroLike,
  type AnyFunction,
  type Chosen,
  type Cotangents,
  type Others,
} from './custom.ts';
import { batchProgram, splitCall } from './programs.ts';

export interface CustomJvpParams {
  readonly name: string;
  readonly program: Program;
  /** How many inputs the function closes over, and how many have no derivative: those first, nondifferentiable arguments after. */
  readonly captured: number;
  readonly fixed: number;
  readonly rule: (primals: readonly Tensor[], tangents: readonly Tangent[]) => JvpResult;
}

/** What has an axis of this length in front, whether or not it had one. */
export const inFront = (x: Tensor, axis: number | null, size: number): Tensor =>
  axis === null ? broadcastInto(x, [size, ...x.shape], [0]) : moveAxis(x, axis, 0);

export const customJvpPrimitive: Primitive<CustomJvpParams> = {
  name: 'customJvp',
  inlined: true,
  split: splitCall,
  shape: (_, { program }) => program.outs.map((v) => v.aval),

  jvp(primals, tangents, { captured, fixed, rule }) {
    refuseMoving(
      'customJvp',
      captured,
      fixed,
      tangents.map((t) => t !== null),
    );
    return rule(primals, tangents);
  },

  transpose: (cts, inputs, { name, program }) => callPrimitive.transpose!(cts, inputs, { name, program }),

  batch(inputs, axes, { name, program, captured, fixed, rule }, size, axisName) {
    const { staged } = batchProgram(
      program,
      axes,
      size,
      axisName,
      program.outs.map(() => true),
    );
    const more = staged.captured.length;
    const batched: CustomJvpParams['rule'] = (primals, tangents) => {
      const interpreter = new BatchInterpreter(currentInterpreter(), size, axisName);
      const lift = <T extends Tensor | null>(xs: readonly T[]): T[] =>
        xs.slice(more).map((x, i) => (x === null ? x : (interpreter.lift(x, axes[i]!) as T)));
      // The rule may speak of the axis when the vmap itself is over.
      const result = withAxis(axisName, size, () =>
        withInterpreter(interpreter, () => rule(lift(primals), lift(tangents))),
      );
      const front = (x: Tensor): Tensor => {
        const { value, axis } = interpreter.lower(x);
        return inFront(value, axis, size);
      };
      return { outs: result.outs.map(front), tangents: result.tangents.map((t) => t && front(t)) };
    };
    const outs = bindProgram(customJvpPrimitive, [...staged.captured, ...inputs], {
      name: `vmap(${name})`,
      program: staged.program,
      captured: captured + more,
      fixed: fixed + more,
      rule: batched,
    });
    return { outs, axes: outs.map(() => 0) };
  },

  lower: (_, { program }) => ({ tag: 'call', program }),
};

/** A function and its derivative. */
export interface CustomJvpRules<A extends readonly unknown[], R, N extends readonly number[]> {
  readonly call: (...args: A) => R;
  /**
   * Nondifferentiable arguments first, then primals and tangents, arrays with one entry an argument; returns the value of
   * `call` and its tangent. Linear in the tangents. null is zero in what it returns, and never in what it gets.
   */
  readonly jvp: (
    ...args: [...Chosen<A, N>, primals: Others<A, N>, tangents: Cotangents<Others<A, N>>]
  ) => readonly [NoInfer<R>, Cotangent<NoInfer<R>> | null];
  /** Positions of arguments that have no derivative. Numbers among them stay JS numbers. */
  readonly nondiffArgnums?: N;
}

/**
 * A function with a derivative of its own (`jax.custom_jvp`): `jvp` gets the arguments and their tangents and returns the
 * value of `call` and its tangent. Reverse mode, vmap, jit and higher derivatives follow from it. A value that is
 * differentiated by must come in as an argument: one that the function closes over is an error. In TypeScript a rule that calls
 * the function itself needs its type written down: `const f: (x: Tensor) => Tensor = customJvp(...)`.
 * @example
 * // log(1 + exp(x)) whose derivative does not overflow
 * const log1pexp = customJvp({
 *   call: (x) => log1p(exp(x)),
 *   jvp: ([x], [dx]) => [log1pexp(x), mul(sub(1, div(1, add(1, exp(x)))), dx)],
 * });
 * grad(log1pexp)(tensor(100)); // 1
 * @example
 * // the straight-through estimator: rounds, and lets the gradient pass
 * const roundThrough = customJvp({ call: (x) => round(x), jvp: ([x], [dx]) => [round(x), dx] });
 * grad((x) => sum(mul(roundThrough(x), tensor([1, 2]))))(tensor([0.3, 1.7])); // [1, 2]
 */
export const customJvp = <A extends readonly unknown[], R, const N extends readonly number[] = readonly []>(
  rules: CustomJvpRules<A, R, N>,
): ((...args: A) => R) => {
  const op = 'customJvp';
  checkOptions(op, rules, ['call', 'jvp', 'nondiffArgnums']);
  const { call, jvp, nondiffArgnums } = rules as {
    readonly call: AnyFunction;
    readonly jvp: AnyFunction;
    readonly nondiffArgnums?: readonly number[];
  };
  if (typeof call !== 'function' || typeof jvp !== 'function')
    throw new ArgumentError(op, 'needs an object with two functions, { call, jvp }');
  return (...args: A): R => {
    if (currentInterpreter() === eagerly) return call(...(args as unknown as never[])) as R;
    const split = splitArguments(op, args, nondiffArgnums);
    const { staged, out, outAvals } = stageCall(op, call, split);
    const captured = staged.captured.length;
    const rule: CustomJvpParams['rule'] = (primals, tangents) => {
      const xs = primals.slice(captured);
      const dxs = tangents.slice(captured).map((t, i) => t ?? zeroLike(xs[i]!));
      const result = runRule(() =>
        jvp(
          ...([...split.nondiff(xs), split.diff(xs.slice(split.fixed)), split.diff(dxs.slice(split.fixed))] as never[]),
        ),
      );
      const [value, tangent] = checkPair(op, 'jvp', result, '[value, tangent]');
      return {
        outs: checkOuts(op, 'jvp', jvp, value, out, outAvals),
        tangents: checkTangents(op, 'the tangent that jvp returns', tangent, out, outAvals, 'the result of call').map(
          (t, i) => (isFloat(outAvals[i]!.dtype) ? t : null),
        ),
      };
    };
    const outs = bindProgram(customJvpPrimitive, [...staged.captured, ...split.leaves], {
      name: call.name,
      program: staged.program,
      captured,
      fixed: captured + split.fixed,
      rule,
    });
    return unflatten<R>(out, outs);
  };
};
