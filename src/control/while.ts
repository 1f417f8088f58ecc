// The while primitive: a program repeated as long as another says so, and its derivative rules. It has no reverse mode: the number of steps is unknown.
import type { Aval } from '../core/aval.ts';
import { TracerError } from '../core/errors.ts';
import { bind } from '../core/interpreter.ts';
import { any } from '../core/ops/reduce.ts';
import { broadcastInto, moveAxis } from '../core/ops/structure.ts';
import type { Primitive, Tangent } from '../core/primitive.ts';
import { hasEffects, value, type Program, type Value } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { chooseSlices } from './branch.ts';
import { arrange, avalsOf, batchProgram, isTensor, jvpProgram, runProgram, zerosOf, type Masked } from './programs.ts';
import { simplifyWhile } from './simplify-while.ts';

/** Inputs: constants of the condition, constants of the body, the initial carry. Outputs: the last carry. */
export interface WhileParams {
  /** (its constants.., carry..) -> one bool */
  readonly cond: Program;
  /** (its constants.., carry..) -> carry */
  readonly body: Program;
  readonly condConsts: number;
  readonly bodyConsts: number;
}

const parts = <A>(list: readonly A[], p: WhileParams): [A[], A[], A[]] => [
  list.slice(0, p.condConsts),
  list.slice(p.condConsts, p.condConsts + p.bodyConsts),
  list.slice(p.condConsts + p.bodyConsts),
];

const unused = (a: Aval): Value => value(a);
const withoutEffects = (p: Program): Program => ({ ...p, equations: p.equations.filter((e) => !hasEffects(e)) });

export const whilePrimitive: Primitive<WhileParams> = {
  name: 'while',
  shape: (_, { body }) => avalsOf(body.outs),

  jvp(primals, tangents, p) {
    const [condConsts, bodyConsts, carry] = parts(primals, p);
    const [, tBody, tCarry] = parts(tangents, p);
    const moving = tBody.map((t) => t !== null);
    let mask = tCarry.map((t) => t !== null);
    let made: Masked;
    for (;;) {
      made = jvpProgram(p.body, [...moving, ...mask], mask);
      const grown = mask.map((m, i) => m || made.mask[i]!);
      if (grown.every((m, i) => m === mask[i])) break;
      mask = grown;
    }
    const { staged } = made;
    const dConsts = moving.filter(Boolean).length;
    const inputs = staged.program.inputs.slice(staged.captured.length);
    const at = inputs.length - dConsts - mask.filter(Boolean).length;
    const body = arrange(
      staged.program,
      [
        ...staged.program.inputs.slice(0, staged.captured.length),
        ...inputs.slice(0, p.bodyConsts),
        ...inputs.slice(at, at + dConsts),
        ...inputs.slice(p.bodyConsts, at),
        ...inputs.slice(at + dConsts),
      ],
      staged.program.outs,
    );
    const dCarry = carry.flatMap((x, i) => (mask[i]! ? [tCarry[i] ?? zerosOf(x)] : []));
    const cond = arrange(
      p.cond,
      [...p.cond.inputs, ...dCarry.map((x) => unused({ shape: x.shape, dtype: x.dtype, weak: x.weak }))],
      p.cond.outs,
    );
    const consts = [...staged.captured, ...bodyConsts, ...tBody.filter(isTensor)];
    const outs = bind(whilePrimitive, [...condConsts, ...consts, ...carry, ...dCarry], {
      cond,
      body,
      condConsts: p.condConsts,
      bodyConsts: consts.length,
    });
    let next = carry.length;
    return { outs: outs.slice(0, next), tangents: mask.map((m): Tangent => (m ? outs[next++]! : null)) };
  },

  linearize(primals, _, p) {
    // The values once; the tangents by the loop again, with both (and without its effects).
    const silent: WhileParams = { ...p, cond: withoutEffects(p.cond), body: withoutEffects(p.body) };
    return {
      outs: bind(whilePrimitive, primals, p),
      linear: (tangents) => whilePrimitive.jvp(primals, tangents, silent).tangents,
    };
  },

  transpose() {
    throw new TracerError(
      'whileLoop',
      'has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp',
    );
  },

  batch(inputs, axes, p, size, axisName) {
    const [condConsts, bodyConsts, carry] = parts(inputs, p);
    const [condAxes, bodyAxes, carryAxes] = parts(axes, p);
    let mask = carryAxes.map((a) => a !== null);
    const axesOf = (m: readonly boolean[]): (number | null)[] => m.map((on) => (on ? 0 : null));
    const bodyFor = (m: readonly boolean[]): ReturnType<typeof batchProgram> =>
      batchProgram(p.body, [...bodyAxes, ...axesOf(m)], size, axisName, m);
    const condFor = (m: readonly boolean[]): ReturnType<typeof batchProgram> =>
      batchProgram(p.cond, [...condAxes, ...axesOf(m)], size, axisName, [false]);
    for (;;) {
      const grown = bodyFor(mask).axes.map((a, i) => a !== null || mask[i]!);
      // Where the slices stop at different steps, every carry differs from slice to slice.
      const next = condFor(grown).axes[0] !== null ? grown.map(() => true) : grown;
      if (next.every((m, i) => m === mask[i])) break;
      mask = next;
    }
    const body = bodyFor(mask);
    const cond = condFor(mask);
    const start = carry.map((x, i) =>
      !mask[i]! ? x : carryAxes[i] === null ? broadcastInto(x, [size, ...x.shape], [0]) : moveAxis(x, carryAxes[i]!, 0),
    );
    const outAxes = axesOf(mask);
    if (cond.axes[0] === null) {
      const consts = [...body.staged.captured, ...bodyConsts];
      const conds = [...cond.staged.captured, ...condConsts];
      const outs = bind(whilePrimitive, [...conds, ...consts, ...start], {
        cond: cond.staged.program,
        body: body.staged.program,
        condConsts: conds.length,
        bodyConsts: consts.length,
      });
      return { outs, axes: outAxes };
    }
    if (p.body.equations.some(hasEffects))
      throw new TracerError(
        'whileLoop',
        'a body with an effect (debug.print, debug.callback) cannot run under vmap where the slices stop at different steps; move the effect out of the loop',
      );
    // Until all are done; those that are keep what they have.
    const conds = [...cond.staged.captured, ...condConsts];
    const bodies = [...body.staged.captured, ...bodyConsts];
    const going = (args: readonly Tensor[], state: readonly Tensor[]): Tensor =>
      runProgram(cond.staged.program, [...args, ...state])[0]!;
    const whole = stage('vmap', (...args) => [any(going(args.slice(0, conds.length), args.slice(conds.length)))], [
      ...avalsOf(cond.staged.program.inputs),
    ]);
    const step = stage(
      'vmap',
      (...args) => {
        const state = args.slice(conds.length + bodies.length);
        const go = going(args.slice(0, conds.length), state);
        const next = runProgram(body.staged.program, [
          ...args.slice(conds.length, conds.length + bodies.length),
          ...state,
        ]);
        return next.map((x, i) => chooseSlices(go, x, state[i]!));
      },
      [...avalsOf(cond.staged.program.inputs.slice(0, conds.length)), ...avalsOf(body.staged.program.inputs)],
    );
    const condArgs = [...whole.captured, ...conds];
    const bodyArgs = [...step.captured, ...conds, ...bodies];
    const outs = bind(whilePrimitive, [...condArgs, ...bodyArgs, ...start], {
      cond: whole.program,
      body: step.program,
      condConsts: condArgs.length,
      bodyConsts: bodyArgs.length,
    });
    return { outs, axes: outAxes };
  },

  simplification: simplifyWhile,

  lower: (_, p) => ({ tag: 'while', ...p }),
};
