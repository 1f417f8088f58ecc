// The scan primitive: a program applied to one slice after another while a carry goes from step to step, and its derivative rules.
import { aval } from '../core/aval.ts';
import { bind } from '../core/interpreter.ts';
import { broadcastInto, moveAxis } from '../core/ops/structure.ts';
import type { Primitive, Tangent } from '../core/primitive.ts';
import type { Value } from '../core/program.ts';
import type { Tensor } from '../core/tensor.ts';
import { arrange, batchProgram, isTensor, jvpProgram, partsOf, reached, zerosOf } from './programs.ts';
import { keep, needed } from './live.ts';
import { fixpoint, split, type BindScan, type ScanParams } from './scan-parts.ts';
import { linearizeScan, transposeScan } from './scan-reverse.ts';
import { simplifyScan } from './simplify-scan.ts';

const apply: BindScan = (params, program, consts, carry, xs) => {
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
    const outs = (mask: readonly boolean[]): Value[] => keep(p.program.outs, mask);
    const fixed = not(carryMask);
    // The carries that are values, as they were before each step, are xs of what is linear.
    const before = keep(carry, fixed);
    const parts = partsOf(p.program, [...tapeConsts!, ...carryMask, ...tapeXs!]);
    const known = needed(
      arrange(
        parts.values,
        [...keep(consts, not(tapeConsts!)), ...before, ...keep(xs, not(tapeXs!))],
        [...outs(not(moving)), ...before],
      ),
    );
    const [lastValues, stacked] = apply(
      p,
      known,
      keep(constsIn, not(tapeConsts!)),
      keep(carryIn, fixed),
      keep(xsIn, not(tapeXs!)),
    );
    const values = [...lastValues!, ...stacked!.slice(0, stacked!.length - before.length)];
    const linear = needed(arrange(parts.quiet, [...consts, ...keep(carry, carryMask), ...xs, ...before], outs(moving)));
    const tangents = moving.includes(true)
      ? apply(p, linear, constsIn, keep(carryIn, carryMask), [
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

  linearize: (primals, isConstant, p) => linearizeScan(apply, primals, isConstant, p),
  transpose: (cts, inputs, p) => transposeScan(apply, cts, inputs, p),

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
