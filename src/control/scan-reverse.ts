// Reverse mode of scans: what a body's derivative needs of each step, and the loop that runs it backwards.
import { addTangents } from '../core/ops/arithmetic.ts';
import { TracerError } from '../core/errors.ts';
import { isLinear, type LinearizeResult, type Tangent, type TransposeInput } from '../core/primitive.ts';
import type { Value } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { invariantPart } from '../core/invariant.ts';
import {
  arrange,
  avalsOf,
  isTensor,
  linearizeProgram,
  reached,
  runProgram,
  transposeProgram,
  zerosOf,
} from './programs.ts';
import { keep } from './live.ts';
import { fixpoint, split, type BindScan, type ScanParams } from './scan-parts.ts';

/** The body taken apart into what goes forward and what is linear; see ARCHITECTURE.md for what is kept in between. */
export const linearizeScan = (
  apply: BindScan,
  primals: readonly Tensor[],
  isConstant: readonly boolean[],
  p: ScanParams,
): LinearizeResult => {
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
    [...keep(resIn, onceMask), ...dConsts, ...dCarry, ...keep(resIn, eachMask), ...dXs],
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
        [...keep(sources, onceMask).map(valueOf), ...given(tConsts!, constsIn!, movingConsts)],
        given(tCarry!, carryIn!, carryMask),
        [...keep(sources, eachMask).map(valueOf), ...given(tXs!, xsIn!, movingXs)],
      );
      let c = 0;
      let y = 0;
      return made.mask.map((m, i) => (!m ? null : i < p.carry ? carryTangents![c++]! : ysTangents![y++]!));
    },
  };
};

/** A linear scan the other way round, with the cotangents of what every step reads summed up in the carry. */
export const transposeScan = (
  apply: BindScan,
  cts: readonly Tangent[],
  inputs: readonly TransposeInput[],
  p: ScanParams,
): readonly Tangent[] => {
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
  const linConstAvals = keep(avalsOf(keep(p.program.inputs.slice(0, p.consts), linConsts!)), maskConsts!);
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
        keep(
          constInputs!,
          linConsts!.map((l) => !l),
        ),
      ),
      ...carryAvals,
      ...linConstAvals,
      ...avalsOf(
        keep(
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
};
