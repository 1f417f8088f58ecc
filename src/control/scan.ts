// The scan primitive: a program applied to one slice after another while a carry goes from step to step, and its derivative rules.
import { aval } from '../core/aval.ts';
import { bind } from '../core/interpreter.ts';
import { addTangents } from '../core/ops/arithmetic.ts';
import { broadcastInto, moveAxis } from '../core/ops/structure.ts';
import { TracerError } from '../core/errors.ts';
import { isLinear, type Primitive, type Tangent } from '../core/primitive.ts';
import type { Program, Value } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { invariantPart } from '../core/invariant.ts';
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
import { needed } from './live.ts';
import { simplifyScan } from './simplify-scan.ts';

/** Inputs: consts, the initial carry, xs with the steps along their first axis. Outputs: the last carry, ys stacked alike. */
export interface ScanParams {
  /** (consts.., carry.., slices of xs..) -> (carry.., slices of ys..) */
  readonly program: Program;
  readonly consts: number;
  readonly carry: number;
  readonly length: number;
  /** From the last slice to the first. */
  readonly reverse: boolean;
  /** Steps in one round of the compiled loop. */
  readonly unroll: number;
}

const split = <A>(list: readonly A[], ...counts: readonly number[]): A[][] => {
  let at = 0;
  return [...counts.map((n) => list.slice(at, (at += n))), list.slice(at)];
};
const same = (a: readonly boolean[], b: readonly boolean[]): boolean => a.every((x, i) => x === b[i]);
const where = <A>(list: readonly A[], mask: readonly boolean[]): A[] => list.filter((_, i) => mask[i]!);

/** Repeats `f` with a growing set of carries until it holds: what enters a step must be what leaves the one before. */
const fixpoint = <A>(
  start: readonly boolean[],
  f: (mask: readonly boolean[]) => { readonly made: A; readonly mask: readonly boolean[] },
): { readonly made: A; readonly mask: readonly boolean[] } => {
  for (let mask = start; ;) {
    const next = f(mask);
    const grown = mask.map((m, i) => m || next.mask[i]!);
    if (same(grown, mask)) return { made: next.made, mask };
    mask = grown;
  }
};

const apply = (
  params: Pick<ScanParams, 'length' | 'reverse' | 'unroll'>,
  program: Program,
  consts: readonly Tensor[],
  carry: readonly Tensor[],
  xs: readonly Tensor[],
): Tensor[][] => {
  const outs = bind(scanPrimitive, [...consts, ...carry, ...xs], {
    ...params,
    program,
    consts: consts.length,
    carry: carry.length,
  });
  return split(outs, carry.length);
};

export const scanPrimitive: Primitive<ScanParams> = {
  name: 'scan',
  shape: (_, { program, carry, length }) =>
    program.outs.map(({ aval: a }, i) => (i < carry ? a : aval([length, ...a.shape], a.dtype, a.weak))),

  split(inputs, onTape, p) {
    const [tapeConsts, tapeCarry, tapeXs] = split(onTape, p.consts, p.carry);
    const { mask: carryMask } = fixpoint(tapeCarry!, (mask) => ({
      made: undefined,
      mask: reached(p.program, [...tapeConsts!, ...mask, ...tapeXs!]).slice(0, p.carry),
    }));
    const moving = [...carryMask, ...reached(p.program, [...tapeConsts!, ...carryMask, ...tapeXs!]).slice(p.carry)];
    if (moving.every(Boolean)) return undefined;
    const not = (mask: readonly boolean[]): boolean[] => mask.map((m) => !m);
    const [constsIn, carryIn, xsIn] = split(inputs, p.consts, p.carry) as [Tensor[], Tensor[], Tensor[]];
    const [consts, carry, xs] = split(p.program.inputs, p.consts, p.carry) as [Value[], Value[], Value[]];
    const outs = (mask: readonly boolean[]): Value[] => where(p.program.outs, mask);
    const fixed = not(carryMask);
    // The carries that are values, as they were before each step, are xs of what is linear.
    const before = where(carry, fixed);
    const parts = partsOf(p.program, [...tapeConsts!, ...carryMask, ...tapeXs!]);
    const known = needed(
      arrange(
        parts.values,
        [...where(consts, not(tapeConsts!)), ...before, ...where(xs, not(tapeXs!))],
        [...outs(not(moving)), ...before],
      ),
    );
    const [lastValues, stacked] = apply(
      p,
      known,
      where(constsIn, not(tapeConsts!)),
      where(carryIn, fixed),
      where(xsIn, not(tapeXs!)),
    );
    const values = [...lastValues!, ...stacked!.slice(0, stacked!.length - before.length)];
    const linear = needed(
      arrange(parts.quiet, [...consts, ...where(carry, carryMask), ...xs, ...before], outs(moving)),
    );
    const tangents = moving.includes(true)
      ? apply(p, linear, constsIn, where(carryIn, carryMask), [
          ...xsIn,
          ...stacked!.slice(stacked!.length - before.length),
        ]).flat()
      : [];
    let v = 0;
    let t = 0;
    return moving.map((m) => (m ? tangents[t++]! : values[v++]!));
  },

  jvp(primals, tangents, p) {
    const moving = tangents.map((t) => t !== null);
    const [movingConsts, movingCarry, movingXs] = split(moving, p.consts, p.carry);
    const noYs = p.program.outs.slice(p.carry).map(() => false);
    const { made, mask: carryMask } = fixpoint(movingCarry!, (mask) => {
      const jvp = jvpProgram(p.program, [...movingConsts!, ...mask, ...movingXs!], [...mask, ...noYs]);
      return { made: jvp, mask: jvp.mask.slice(0, p.carry) };
    });
    const { staged, mask } = made;
    const ysMask = mask.slice(p.carry);
    const inputs = staged.program.inputs.slice(staged.captured.length);
    const [consts, carry, xs, dConsts, dCarry, dXs] = split(
      inputs,
      p.consts,
      p.carry,
      primals.length - p.consts - p.carry,
      movingConsts!.filter(Boolean).length,
      carryMask.filter(Boolean).length,
    ) as [Value[], Value[], Value[], Value[], Value[], Value[]];
    const [outCarry, outYs, dOutCarry, dOutYs] = split(
      staged.program.outs,
      p.carry,
      noYs.length,
      carryMask.filter(Boolean).length,
    ) as [Value[], Value[], Value[], Value[]];
    const captured = staged.program.inputs.slice(0, staged.captured.length);
    const program = arrange(
      staged.program,
      [...captured, ...consts, ...dConsts, ...carry, ...dCarry, ...xs, ...dXs],
      [...outCarry, ...dOutCarry, ...outYs, ...dOutYs],
    );
    const [constsIn, carryIn, xsIn] = split(primals, p.consts, p.carry);
    const [tConsts, tCarry, tXs] = split(tangents, p.consts, p.carry);
    const [carryOut, ysOut] = apply(
      p,
      program,
      [...staged.captured, ...constsIn!, ...tConsts!.filter(isTensor)],
      [...carryIn!, ...carryIn!.flatMap((x, i) => (carryMask[i]! ? [tCarry![i] ?? zerosOf(x)] : []))],
      [...xsIn!, ...tXs!.filter(isTensor)],
    );
    const spread = (list: readonly Tensor[], m: readonly boolean[]): Tangent[] => {
      let next = 0;
      return m.map((on) => (on ? list[next++]! : null));
    };
    return {
      outs: [...carryOut!.slice(0, p.carry), ...ysOut!.slice(0, noYs.length)],
      tangents: [...spread(carryOut!.slice(p.carry), carryMask), ...spread(ysOut!.slice(noYs.length), ysMask)],
    };
  },

  linearize(primals, isConstant, p) {
    const constant = split(isConstant, p.consts, p.carry);
    const noYs = p.program.outs.slice(p.carry).map(() => false);
    const { made, mask: carryMask } = fixpoint(
      constant[1]!.map((c) => !c),
      (mask) => {
        const lin = linearizeProgram(
          p.program,
          [...constant[0]!, ...mask.map((m) => !m), ...constant[2]!],
          [...mask, ...noYs],
        );
        return { made: lin, mask: lin.mask.slice(0, p.carry) };
      },
    );
    const { forward, residuals, linear } = made;
    const body = forward.program;
    const captured = body.inputs.slice(0, forward.captured.length);
    const inputs = body.inputs.slice(forward.captured.length);
    const invariant = invariantPart(body, [...captured, ...inputs.slice(0, p.consts)]);

    // Each residual is the same at every step, or has one slice a step: an x, a y, or something stacked for the purpose.
    const stacked: Value[] = [];
    const stack = (v: Value): number => {
      if (!stacked.includes(v)) stacked.push(v);
      return noYs.length + stacked.indexOf(v);
    };
    type Source =
      | { readonly kind: 'value'; readonly value: Tensor }
      | { readonly kind: 'const'; readonly at: number }
      | { readonly kind: 'invariant'; readonly at: number }
      | { readonly kind: 'x'; readonly at: number }
      | { readonly kind: 'y'; readonly at: number };
    const hoisted: Value[] = [];
    const sources = residuals.map((r): Source => {
      if (r.from === 'constant') return { kind: 'value', value: r.value };
      if (r.from === 'input') {
        if (r.at < p.consts) return { kind: 'const', at: r.at };
        if (r.at >= p.consts + p.carry) return { kind: 'x', at: r.at - p.consts - p.carry };
        return { kind: 'y', at: stack(inputs[r.at]!) };
      }
      const v = body.outs[r.at]!;
      if (invariant.has(v)) return { kind: 'invariant', at: hoisted.push(v) - 1 };
      const asY = body.outs.indexOf(v, p.carry);
      if (asY >= 0 && asY < p.carry + noYs.length) return { kind: 'y', at: asY - p.carry };
      return { kind: 'y', at: stack(v) };
    });
    const [constsIn, carryIn, xsIn] = split(primals, p.consts, p.carry);
    const constArgs = [...forward.captured, ...constsIn!];
    const [carryOut, ysOut] = apply(
      p,
      arrange(body, body.inputs, [...body.outs.slice(0, p.carry + noYs.length), ...stacked]),
      constArgs,
      carryIn!,
      xsIn!,
    );
    const invariants = hoisted.length === 0 ? [] : runProgram(invariant.program(hoisted), constArgs);

    const once = (s: Source): boolean => s.kind !== 'x' && s.kind !== 'y';
    const valueOf = (s: Source): Tensor =>
      s.kind === 'value'
        ? s.value
        : s.kind === 'const'
          ? constsIn![s.at]!
          : s.kind === 'invariant'
            ? invariants[s.at]!
            : s.kind === 'x'
              ? xsIn![s.at]!
              : ysOut![s.at]!;
    const resIn = linear.inputs.slice(0, residuals.length);
    const tangentsIn = linear.inputs.slice(residuals.length);
    const movingConsts = constant[0]!.map((c) => !c);
    const movingXs = constant[2]!.map((c) => !c);
    const [dConsts, dCarry, dXs] = split(
      tangentsIn,
      movingConsts.filter(Boolean).length,
      carryMask.filter(Boolean).length,
    ) as [Value[], Value[], Value[]];
    const onceMask = sources.map(once);
    const eachMask = onceMask.map((o) => !o);
    const program = arrange(
      linear,
      [...where(resIn, onceMask), ...dConsts, ...dCarry, ...where(resIn, eachMask), ...dXs],
      linear.outs,
    );
    return {
      outs: [...carryOut!, ...ysOut!.slice(0, noYs.length)],
      linear: (tangents) => {
        const [tConsts, tCarry, tXs] = split(tangents, p.consts, p.carry);
        const given = (ts: readonly Tangent[], of: readonly Tensor[], mask: readonly boolean[]): Tensor[] =>
          ts.flatMap((t, i) => (mask[i]! ? [t ?? zerosOf(of[i]!)] : []));
        const [carryTangents, ysTangents] = apply(
          p,
          program,
          [...where(sources, onceMask).map(valueOf), ...given(tConsts!, constsIn!, movingConsts)],
          given(tCarry!, carryIn!, carryMask),
          [...where(sources, eachMask).map(valueOf), ...given(tXs!, xsIn!, movingXs)],
        );
        let c = 0;
        let y = 0;
        return made.mask.map((m, i) => (!m ? null : i < p.carry ? carryTangents![c++]! : ysTangents![y++]!));
      },
    };
  },

  transpose(cts, inputs, p) {
    const [linConsts, givenCarry, linXs] = split(inputs.map(isLinear), p.consts, p.carry);
    // A carry that starts from a value (a zero) is linear if what it takes up is.
    const { mask: linCarry } = fixpoint(givenCarry!, (mask) => ({
      made: undefined,
      mask: reached(p.program, [...linConsts!, ...mask, ...linXs!]).slice(0, p.carry),
    }));
    const linear = [...linConsts!, ...linCarry, ...linXs!];
    if (!linCarry.every(Boolean))
      throw new TracerError('scan', 'cannot be transposed: a carry does not depend on what it is transposed by');
    const given = cts.map((ct, i) => i < p.carry || ct !== null);
    const { staged, mask } = transposeProgram(p.program, linear, given, [
      ...linConsts!.filter(Boolean).map(() => false),
      ...linCarry,
      ...linXs!.filter(Boolean).map(() => false),
    ]);
    const constsMoving = linConsts!.filter(Boolean).length;
    const [maskConsts, , maskXs] = split(mask, constsMoving, p.carry);
    const values = inputs.map((x, i) => (linear[i]! ? null : (x as Tensor)));
    const [constValues, , xValues] = split(values, p.consts, p.carry);
    const consts = [...staged.captured, ...constValues!.filter(isTensor)];
    const xs = xValues!.filter(isTensor);
    const carryAvals = avalsOf(p.program.outs.slice(0, p.carry));
    const ysAvals = avalsOf(p.program.outs.slice(p.carry).filter((_, i) => given[p.carry + i]!));
    const linConstAvals = where(avalsOf(where(p.program.inputs.slice(0, p.consts), linConsts!)), maskConsts!);
    const [constInputs, , xInputs] = split(p.program.inputs, p.consts, p.carry);
    // Cotangents of what every step reads are summed up in the carry.
    const body = stage(
      'transpose',
      (...args) => {
        const [c, ct, sums, x, ctYs] = split(args, consts.length, p.carry, linConstAvals.length, xs.length) as [
          Tensor[],
          Tensor[],
          Tensor[],
          Tensor[],
          Tensor[],
        ];
        const back = runProgram(staged.program, [...c, ...x, ...ct, ...ctYs]);
        const [more, ctCarry, ctXs] = split(back, linConstAvals.length, p.carry) as [Tensor[], Tensor[], Tensor[]];
        return [...ctCarry, ...sums.map((s, i) => addTangents(s, more[i]!)!), ...ctXs];
      },
      [
        ...avalsOf(staged.program.inputs.slice(0, staged.captured.length)),
        ...avalsOf(
          where(
            constInputs!,
            linConsts!.map((l) => !l),
          ),
        ),
        ...carryAvals,
        ...linConstAvals,
        ...avalsOf(
          where(
            xInputs!,
            linXs!.map((l) => !l),
          ),
        ),
        ...ysAvals,
      ],
    );
    const [carryOut, ysOut] = apply(
      { ...p, reverse: !p.reverse },
      body.program,
      [...body.captured, ...consts],
      [...carryAvals.map((a, i) => cts[i] ?? zerosOf(a)), ...linConstAvals.map(zerosOf)],
      [...xs, ...cts.slice(p.carry).filter(isTensor)],
    );
    const [ctCarry, sums] = split(carryOut!, p.carry);
    let c = 0;
    let s = 0;
    let k = 0;
    let x = 0;
    let y = 0;
    return inputs.map((_, i): Tangent => {
      if (i >= p.consts && i < p.consts + p.carry) return ctCarry![k++]!;
      if (!linear[i]!) return null;
      if (i < p.consts) return maskConsts![c++]! ? sums![s++]! : null;
      return maskXs![x++]! ? ysOut![y++]! : null;
    });
  },

  batch(inputs, axes, p, size, axisName) {
    const [constAxes, carryAxes, xAxes] = split(axes, p.consts, p.carry);
    const noYs = p.program.outs.slice(p.carry).map(() => false);
    const { made, mask } = fixpoint(
      carryAxes!.map((a) => a !== null),
      (m) => {
        const batched = batchProgram(
          p.program,
          [...constAxes!, ...m.map((on) => (on ? 0 : null)), ...xAxes!.map((a) => (a === null ? null : 0))],
          size,
          axisName,
          [...m, ...noYs],
        );
        return { made: batched, mask: batched.axes.slice(0, p.carry).map((a) => a !== null) };
      },
    );
    const [consts, carry, xs] = split(inputs, p.consts, p.carry);
    const [carryOut, ysOut] = apply(
      p,
      made.staged.program,
      [...made.staged.captured, ...consts!],
      carry!.map((x, i) =>
        !mask[i]!
          ? x
          : carryAxes![i] === null
            ? broadcastInto(x, [size, ...x.shape], [0])
            : moveAxis(x, carryAxes![i]!, 0),
      ),
      xs!.map((x, i) => (xAxes![i] === null ? x : moveAxis(x, xAxes![i]!, 1))),
    );
    return {
      outs: [...carryOut!, ...ysOut!],
      axes: made.axes.map((a, i) => (a === null ? null : i < p.carry ? 0 : 1)),
    };
  },

  simplification: simplifyScan,

  lower: (_, p) => ({ tag: 'scan', ...p }),
};
