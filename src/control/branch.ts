// The cond primitive: one of several programs, chosen by a number at run time, and its derivative rules.
import type { Aval } from '../core/aval.ts';
import { TracerError } from '../core/errors.ts';
import { bind, bind1 } from '../core/interpreter.ts';
import { lessEqual, selectPrimitive } from '../core/ops/arithmetic.ts';
import { broadcastInto } from '../core/ops/structure.ts';
import { isLinear, type Primitive, type Tangent } from '../core/primitive.ts';
import { hasEffects, value, type Program, type Value } from '../core/program.ts';
import { stage, type Staged } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import {
  arrange,
  avalsOf,
  batchProgram,
  isTensor,
  jvpProgram,
  linearizeProgram,
  partsOf,
  reached,
  runProgram,
  transposeProgram,
  zerosOf,
} from './programs.ts';
import { keep, needed } from './live.ts';
import { simplifyCond } from './simplify-cond.ts';

/** Inputs: the number of the branch (int32, clamped), then what every branch takes. */
export interface CondParams {
  readonly branches: readonly Program[];
}

const union = (masks: readonly (readonly boolean[])[]): boolean[] => masks[0]!.map((_, i) => masks.some((m) => m[i]!));

/** Branches that captured values of their own, over all of those and the shared arguments. */
export const shareInputs = (
  branches: readonly Staged[],
): { readonly captured: readonly Tensor[]; readonly branches: readonly Program[] } => {
  const captured = [...new Set(branches.flatMap((b) => b.captured))];
  return {
    captured,
    branches: branches.map((b) => {
      const own = b.program.inputs.slice(0, b.captured.length);
      const inputs = captured.map(
        (x) => own[b.captured.indexOf(x)] ?? value({ shape: x.shape, dtype: x.dtype, weak: x.weak }),
      );
      return arrange(b.program, [...inputs, ...b.program.inputs.slice(b.captured.length)], b.program.outs);
    }),
  };
};

/** Whole slices along the first axis from x where the mask holds, else from y. */
export const chooseSlices = (mask: Tensor, x: Tensor, y: Tensor): Tensor =>
  bind1(selectPrimitive, [broadcastInto(mask, x.shape, x.shape.map((_, a) => a).slice(1)), x, y], {});

const apply = (index: Tensor, branches: readonly Staged[], args: readonly Tensor[]): readonly Tensor[] => {
  const shared = shareInputs(branches);
  return bind(condPrimitive, [index, ...shared.captured, ...args], { branches: shared.branches });
};

/** Derived programs of every branch with the same optional outputs: those that any of them has. */
const alike = <A extends { readonly mask: readonly boolean[] }>(
  branches: readonly Program[],
  make: (p: Program, wanted: readonly boolean[] | undefined) => A,
): readonly A[] => {
  const wanted = union(branches.map((b) => make(b, undefined).mask));
  return branches.map((b) => make(b, wanted));
};

export const condPrimitive: Primitive<CondParams> = {
  name: 'cond',
  shape: (_, { branches }) => avalsOf(branches[0]!.outs),

  split([index, ...inputs], [indexOnTape, ...onTape], { branches }) {
    const moving = union(branches.map((b) => reached(b, onTape)));
    if (indexOnTape === true || moving.every(Boolean)) return undefined;
    const parts = branches.map((b) => partsOf(b, onTape));
    const part = (which: 'values' | 'quiet', reads: readonly boolean[], outs: readonly boolean[]): readonly Tensor[] =>
      bind(condPrimitive, [index!, ...keep(inputs, reads)], {
        branches: parts.map(({ [which]: b }) => needed(arrange(b, keep(b.inputs, reads), keep(b.outs, outs)))),
      });
    const not = (mask: readonly boolean[]): boolean[] => mask.map((m) => !m);
    const values = part('values', not(onTape), not(moving));
    const tangents = moving.includes(true) ? part('quiet', not(onTape.map(() => false)), moving) : [];
    let v = 0;
    let t = 0;
    return moving.map((m) => (m ? tangents[t++]! : values[v++]!));
  },

  jvp([index, ...primals], [, ...tangents], { branches }) {
    const moving = tangents.map((t) => t !== null);
    const made = alike(branches, (p, wanted) => jvpProgram(p, moving, wanted));
    const results = apply(
      index!,
      made.map((m) => m.staged),
      [...primals, ...tangents.filter(isTensor)],
    );
    const count = branches[0]!.outs.length;
    let next = count;
    return { outs: results.slice(0, count), tangents: made[0]!.mask.map((m) => (m ? results[next++]! : null)) };
  },

  linearize([index, ...primals], [, ...isConstant], { branches }) {
    const made = alike(branches, (p, wanted) => linearizeProgram(p, isConstant, wanted));
    const count = branches[0]!.outs.length;
    // Residuals of different branches with the same shape and dtype share a place: only one branch runs.
    const slots: Aval[] = [];
    const sameType = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && a.shape.join() === b.shape.join();
    const placed = made.map(({ forward }) => {
      const taken = new Set<number>();
      return forward.program.outs.slice(count).map(({ aval: a }) => {
        let at = slots.findIndex((s, i) => !taken.has(i) && sameType(s, a));
        if (at < 0) at = slots.push({ ...a, weak: false }) - 1;
        taken.add(at);
        return at;
      });
    });
    const forwards = made.map(({ forward }, b): Staged =>
      stage(
        'linearize',
        (...args) => {
          const outs = runProgram(forward.program, [...forward.captured, ...args]);
          return [
            ...outs.slice(0, count),
            ...slots.map((a, s) => {
              const k = placed[b]!.indexOf(s);
              return k >= 0 ? outs[count + k]! : zerosOf(a);
            }),
          ];
        },
        avalsOf(branches[b]!.inputs),
      ),
    );
    const results = apply(index!, forwards, primals);
    // Every branch's linear part reads from one list of values.
    const pool: Tensor[] = [];
    const reads = made.map(({ residuals }, b) =>
      residuals.map((r) => {
        const x =
          r.from === 'constant'
            ? r.value
            : r.from === 'input'
              ? primals[r.at]!
              : results[r.at < count ? r.at : count + placed[b]![r.at - count]!]!;
        const known = pool.indexOf(x);
        return known >= 0 ? known : pool.push(x) - 1;
      }),
    );
    return {
      outs: results.slice(0, count),
      linear: (tangents) => {
        const linear = made.map(({ linear: p }, b) => {
          const own = p.inputs.slice(0, reads[b]!.length);
          const inputs = pool.map(
            (x, i): Value => own[reads[b]!.indexOf(i)] ?? value({ shape: x.shape, dtype: x.dtype, weak: x.weak }),
          );
          return withShared(p, own, reads[b]!, inputs);
        });
        const moving = tangents.slice(1).flatMap((t, i) => (isConstant[i] === true ? [] : [t ?? zerosOf(primals[i]!)]));
        const outs = bind(condPrimitive, [index!, ...pool, ...moving], { branches: linear });
        let next = 0;
        return made[0]!.mask.map((m) => (m ? outs[next++]! : null));
      },
    };
  },

  transpose(cts, [index, ...inputs], { branches }) {
    const linear = inputs.map(isLinear);
    if (isLinear(index!)) throw new TracerError('cond', 'is not linear in the number of the branch');
    const given = cts.map((ct) => ct !== null);
    const made = alike(branches, (p, wanted) => transposeProgram(p, linear, given, wanted));
    const values = inputs.filter((x): x is Tensor => !isLinear(x));
    const outs = apply(
      index!,
      made.map((m) => m.staged),
      [...values, ...cts.filter(isTensor)],
    );
    let next = 0;
    let k = 0;
    return [null, ...inputs.map((x): Tangent => (isLinear(x) && made[0]!.mask[k++] === true ? outs[next++]! : null))];
  },

  batch([index, ...inputs], [indexAxis, ...axes], { branches }, size, axisName) {
    if (indexAxis === null || indexAxis === undefined) {
      const none = branches[0]!.outs.map(() => false);
      const wanted = union(
        branches.map((p) => batchProgram(p, axes, size, axisName, none).axes.map((a) => a !== null)),
      );
      const made = branches.map((p) => batchProgram(p, axes, size, axisName, wanted));
      return {
        outs: apply(
          index!,
          made.map((m) => m.staged),
          inputs,
        ),
        axes: wanted.map((w) => (w ? 0 : null)),
      };
    }
    if (branches.some((b) => b.equations.some(hasEffects)))
      throw new TracerError(
        'cond',
        'a branch with an effect (debug.print, debug.callback) cannot run under vmap with a predicate that differs from slice to slice, where every branch runs; move the effect out of the branch',
      );
    const made = branches.map((p) =>
      batchProgram(
        p,
        axes,
        size,
        axisName,
        p.outs.map(() => true),
      ),
    );
    const results = made.map((m) => runProgram(m.staged.program, [...m.staged.captured, ...inputs]));
    let outs = results[results.length - 1]!;
    for (let b = results.length - 2; b >= 0; b--) {
      const here = lessEqual(index!, b);
      outs = outs.map((y, i) => chooseSlices(here, results[b]![i]!, y));
    }
    return { outs, axes: outs.map(() => 0) };
  },

  simplification: simplifyCond,

  lower: (_, { branches }) => ({ tag: 'cond', branches }),
};

/** A program whose leading inputs are read from a shared list; one that it reads twice stands there once. */
const withShared = (p: Program, own: readonly Value[], reads: readonly number[], shared: readonly Value[]): Program => {
  const replaced = new Map<Value, Value>();
  own.forEach((v, k) => {
    const to = shared[reads[k]!]!;
    if (to !== v) replaced.set(v, to);
  });
  const rest = p.inputs.slice(own.length);
  if (replaced.size === 0) return arrange(p, [...shared, ...rest], p.outs);
  const read = (v: Value): Value => replaced.get(v) ?? v;
  return {
    inputs: [...shared, ...rest],
    equations: p.equations.map((e) => ({ ...e, inputs: e.inputs.map(read) })),
    outs: p.outs.map(read),
  };
};
