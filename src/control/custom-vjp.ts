// customVjp: functions that bring their own reverse derivative; forward mode has none to use and says so.
import { isFloat } from '../core/dtype.ts';
import { ArgumentError, TracerError, TreeError } from '../core/errors.ts';
import type { Cotangent } from '../core/functional.ts';
import { bind, currentInterpreter, eagerly, withInterpreter } from '../core/interpreter.ts';
import { checkOptions } from '../core/options.ts';
import { mul } from '../core/ops/arithmetic.ts';
import { moveAxis, reduceSum } from '../core/ops/structure.ts';
import { withOwnLines } from '../core/origin.ts';
import { isLinear, type Primitive, type Tangent } from '../core/primitive.ts';
import type { Aval } from '../core/aval.ts';
import { withAxis } from '../core/axes.ts';
import type { Program } from '../core/program.ts';
import { Tensor } from '../core/tensor.ts';
import { flatten, unflatten } from '../core/tree.ts';
import { BatchInterpreter } from '../vmap/batch.ts';
import { callPrimitive } from './call.ts';
import { inFront } from './custom-jvp.ts';
import {
  bindProgram,
  checkOuts,
  checkPair,
  checkTangents,
  refuseMoving,
  splitArguments,
  stageCall,
  zeroLike,
  type AnyFunction,
  type Chosen,
  type Cotangents,
  type Others,
} from './custom.ts';
import { batchProgram, isTensor, splitCall } from './programs.ts';

/** Cotangents of the inputs from residuals and the cotangents of the outputs. */
type Backward = (residuals: readonly Tensor[], cts: readonly Tensor[]) => readonly Tangent[];
interface Forward {
  readonly outs: readonly Tensor[];
  readonly residuals: readonly Tensor[];
  readonly backward: Backward;
}

export interface CustomVjpParams {
  readonly name: string;
  readonly program: Program;
  /** How many inputs the function closes over, and how many have no derivative: those first, nondifferentiable arguments after. */
  readonly captured: number;
  readonly fixed: number;
  readonly forward: (inputs: readonly Tensor[]) => Forward;
}

export interface CustomVjpLinearParams {
  readonly name: string;
  /** The first inputs are residuals; the others are tangents of the differentiable ones. */
  readonly residuals: number;
  readonly outs: readonly Aval[];
  readonly backward: Backward;
}

const noForward = (name: string): never => {
  throw new TracerError(
    'customVjp',
    `${name === '' ? 'the function' : `'${name}'`} has no forward derivative (jvp, jacfwd and functions that linearize returns need one): its rule is for reverse mode only; use customJvp, from which both follow, or reverse mode (grad, vjp, jacrev)`,
  );
};

const backBatched =
  (
    backward: Backward,
    size: number,
    axisName: string | undefined,
    residualAxes: readonly (number | null)[],
    axes: readonly (number | null)[],
  ): Backward =>
  (residuals, cts) => {
    const interpreter = new BatchInterpreter(currentInterpreter(), size, axisName);
    // The rule may speak of the axis when the vmap itself is over.
    const back = withAxis(axisName, size, () =>
      withInterpreter(interpreter, () =>
        backward(
          residuals.map((x, i) => interpreter.lift(x, residualAxes[i]!)),
          cts.map((x) => interpreter.lift(x, 0)),
        ),
      ),
    );
    return back.map((t, i): Tangent => {
      if (t === null) return null;
      const { value, axis } = interpreter.lower(t);
      const to = axes[i]!;
      // Every slice adds to the cotangent of what they all share.
      if (to === null) return axis === null ? mul(value, size) : reduceSum(value, [axis]);
      return axis === null ? moveAxis(inFront(value, null, size), 0, to) : moveAxis(value, axis, to);
    });
  };

/** (residuals.., tangents of the inputs..) -> tangents of the outputs; only its transpose is known. */
export const customVjpLinearPrimitive: Primitive<CustomVjpLinearParams> = {
  name: 'customVjpLinear',
  shape: (_, { outs }) => outs,
  // Its value stands in the program in case somebody asks for it, which is an error; its transpose does not. Neither does
  // the derivative by residuals.
  jvp(primals, tangents, params) {
    const { name, residuals, outs } = params;
    const values = bind(customVjpLinearPrimitive, primals, params);
    if (tangents.slice(0, residuals).some(isTensor))
      return {
        outs: values,
        tangents: bind(customVjpLinearPrimitive, tangents.filter(isTensor), {
          name,
          residuals: 0,
          outs,
          backward: () => noForward(name),
        }),
      };
    const moving = primals.map((x, i) => (i < residuals ? x : (tangents[i] ?? zeroLike(x))));
    return { outs: values, tangents: bind(customVjpLinearPrimitive, moving, params) };
  },
  transpose(cts, inputs, { residuals, outs, backward }) {
    const back = backward(
      inputs.slice(0, residuals) as Tensor[],
      outs.map((a, i) => cts[i] ?? zeroLike(a)),
    );
    return inputs.map((x, i) => (isLinear(x) ? (back[i - residuals] ?? null) : null));
  },
  batch(inputs, axes, { name, residuals, outs, backward }, size, axisName) {
    const moving = inputs.slice(residuals).map((x, i) => inFront(x, axes[residuals + i]!, size));
    const results = bind(customVjpLinearPrimitive, [...inputs.slice(0, residuals), ...moving], {
      name,
      residuals,
      outs: outs.map((a) => ({ ...a, shape: [size, ...a.shape] })),
      backward: backBatched(
        backward,
        size,
        axisName,
        axes.slice(0, residuals),
        moving.map(() => 0),
      ),
    });
    return { outs: results, axes: results.map(() => 0) };
  },
  lower: (_, { name }) => noForward(name),
};

export const customVjpPrimitive: Primitive<CustomVjpParams> = {
  name: 'customVjp',
  inlined: true,
  split: splitCall,
  shape: (_, { program }) => program.outs.map((v) => v.aval),

  jvp: (_, __, { name }) => noForward(name),

  linearize(primals, isConstant, { name, program, captured, fixed, forward }) {
    refuseMoving(
      'customVjp',
      captured,
      fixed,
      isConstant.map((c) => !c),
    );
    const { outs, residuals, backward } = forward(primals);
    const params: CustomVjpLinearParams = {
      name,
      residuals: residuals.length,
      outs: program.outs.map((v) => v.aval),
      backward: (res, cts) => backward(res, cts).slice(fixed),
    };
    return {
      outs,
      linear: (tangents) =>
        bind(
          customVjpLinearPrimitive,
          [...residuals, ...tangents.slice(fixed).map((t, i) => t ?? zeroLike(primals[fixed + i]!))],
          params,
        ).map((t, i) => (isFloat(params.outs[i]!.dtype) ? t : null)),
    };
  },

  transpose: (cts, inputs, { name, program }) => callPrimitive.transpose!(cts, inputs, { name, program }),

  batch(inputs, axes, { name, program, captured, fixed, forward }, size, axisName) {
    const { staged } = batchProgram(
      program,
      axes,
      size,
      axisName,
      program.outs.map(() => true),
    );
    const more = staged.captured.length;
    const outs = bindProgram(customVjpPrimitive, [...staged.captured, ...inputs], {
      name: `vmap(${name})`,
      program: staged.program,
      captured: captured + more,
      fixed: fixed + more,
      forward: (all) => {
        const interpreter = new BatchInterpreter(currentInterpreter(), size, axisName);
        const lifted = all.slice(more).map((x, i) => interpreter.lift(x, axes[i]!));
        const made = withAxis(axisName, size, () => withInterpreter(interpreter, () => forward(lifted)));
        const residuals = made.residuals.map((x) => interpreter.lower(x));
        const backward = backBatched(
          made.backward,
          size,
          axisName,
          residuals.map((r) => r.axis),
          axes,
        );
        return {
          outs: made.outs.map((x) => {
            const { value, axis } = interpreter.lower(x);
            return inFront(value, axis, size);
          }),
          residuals: residuals.map((r) => r.value),
          backward: (res, cts) => [...staged.captured.map(() => null), ...backward(res, cts)],
        };
      },
    });
    return { outs, axes: outs.map(() => 0) };
  },

  lower: (_, { program }) => ({ tag: 'call', program }),
};

/** A function and its reverse derivative. */
export interface CustomVjpRules<A extends readonly unknown[], R, Res, N extends readonly number[]> {
  readonly call: (...args: A) => R;
  /** The arguments of `call`; returns its value and residuals: any tree, static values included. */
  readonly fwd: (...args: A) => readonly [NoInfer<R>, Res];
  /**
   * Nondifferentiable arguments first, then residuals and the cotangent of the value; returns one cotangent for each
   * differentiable argument. null is zero.
   */
  readonly bwd: (
    ...args: [...Chosen<A, N>, residuals: Res, ct: Cotangent<NoInfer<R>>]
  ) => Nullable<Cotangents<Others<A, N>>>;
  /** Positions of arguments that have no derivative. Numbers among them stay JS numbers. */
  readonly nondiffArgnums?: N;
}
type Nullable<T> = { readonly [K in keyof T]: T[K] | null | undefined };

/**
 * A function with a reverse derivative of its own (`jax.custom_vjp`): `fwd` returns the value of `call` and what the
 * backward pass needs of it, `bwd` turns that and the cotangent of the value into cotangents of the arguments. It composes
 * with vmap, jit and higher derivatives by reverse mode; forward mode is an error. A value that is differentiated by must
 * come in as an argument: one that the function closes over is an error. In TypeScript a rule that calls the function itself
 * needs its type written down: `const f: (x: Tensor) => Tensor = customVjp(...)`.
 * @example
 * // the identity, whose gradient is clipped
 * const clipGradient = customVjp({
 *   call: (limit, x) => x,
 *   fwd: (limit, x) => [x, null],
 *   bwd: (limit, _, ct) => [clip(ct, -limit, limit)],
 *   nondiffArgnums: [0],
 * });
 * grad((x) => sum(mul(clipGradient(1, x), tensor([0.5, 100]))))(tensor([1, 2])); // [0.5, 1]
 */
export const customVjp = <A extends readonly unknown[], R, Res, const N extends readonly number[] = readonly []>(
  rules: CustomVjpRules<A, R, Res, N>,
): ((...args: A) => R) => {
  const op = 'customVjp';
  checkOptions(op, rules, ['call', 'fwd', 'bwd', 'nondiffArgnums']);
  const { call, fwd, bwd, nondiffArgnums } = rules as unknown as {
    readonly call: AnyFunction;
    readonly fwd: AnyFunction;
    readonly bwd: AnyFunction;
    readonly nondiffArgnums?: readonly number[];
  };
  if (typeof call !== 'function' || typeof fwd !== 'function' || typeof bwd !== 'function')
    throw new ArgumentError(op, 'needs an object with three functions, { call, fwd, bwd }');
  return (...args: A): R => {
    if (currentInterpreter() === eagerly) return call(...(args as unknown as never[])) as R;
    const split = splitArguments(op, args, nondiffArgnums);
    const { staged, out, outAvals } = stageCall(op, call, split);
    const captured = staged.captured.length;
    const forward: CustomVjpParams['forward'] = (inputs) => {
      const xs = inputs.slice(captured);
      const [value, notes] = checkPair(
        op,
        'fwd',
        withOwnLines(() => fwd(...split.all(xs))),
        '[value, residuals]',
      );
      const flat = flatten(notes, op);
      const kept = flat.leaves.filter((x): x is Tensor => x instanceof Tensor);
      const avals = xs.slice(split.fixed).map((x): Aval => ({ shape: x.shape, dtype: x.dtype, weak: x.weak }));
      const numbers = flat.leaves.map((x) => (x instanceof Tensor ? null : x));
      const notesWith = (tensors: readonly Tensor[]): unknown[] => {
        let next = 0;
        return numbers.map((n) => (n === null ? tensors[next++]! : n));
      };
      const before: Tangent[] = new Array<null>(captured + split.fixed).fill(null);
      const structure = flat.structure;
      return {
        outs: checkOuts(op, 'fwd', fwd, value, out, outAvals),
        residuals: [...xs.slice(0, split.fixed), ...kept],
        backward: (residuals, cts) => {
          const given: unknown = withOwnLines(() =>
            bwd(
              ...([
                ...split.nondiff(residuals),
                unflatten(structure, notesWith(residuals.slice(split.fixed))),
                unflatten(out, cts),
              ] as never[]),
            ),
          );
          if (!Array.isArray(given) || given.length !== split.diff([]).length)
            throw new TreeError(
              op,
              `bwd must return an array with one cotangent for each of the ${split.diff([]).length} differentiable arguments, got ${Array.isArray(given) ? `${given.length} entries` : typeof given}`,
            );
          const back = checkTangents(
            op,
            'the cotangent that bwd returns',
            given,
            split.structure,
            avals,
            'the argument',
          );
          return [...before, ...back];
        },
      };
    };
    const outs = bindProgram(customVjpPrimitive, [...staged.captured, ...split.leaves], {
      name: call.name,
      program: staged.program,
      captured,
      fixed: captured + split.fixed,
      forward,
    });
    return unflatten<R>(out, outs);
  };
};
