// Which equation of a program made a NaN or an infinity: programs evaluated on concrete values equation by equation, loops step by step.
import { isFloat, type TypedArray } from '../core/dtype.ts';
import type { ValueSummary } from '../core/errors.ts';
import { hostTensor } from '../core/host.ts';
import { bind } from '../core/interpreter.ts';
import { selectPrimitive } from '../core/ops/arithmetic.ts';
import type { Lowering } from '../core/lowering.ts';
import { hasEffects, mapPrograms, type Equation, type Program, type Value } from '../core/program.ts';
import type { Tensor } from '../core/tensor.ts';
import { callPrimitive } from './call.ts';

export interface Step {
  readonly loop: string;
  readonly step: number;
}
export interface Found {
  readonly equation: Equation;
  readonly inputs: readonly Tensor[];
  readonly outs: readonly Tensor[];
  /** The loops around it, from the outside in. */
  readonly steps: readonly Step[];
}

const memo = new WeakMap<Tensor, ValueSummary>();
/** Extremes of the finite elements, and how many are not. */
export const summarise = (x: Tensor): ValueSummary => {
  let known = memo.get(x);
  if (known !== undefined) return known;
  let [min, max, nans, infinities] = [Infinity, -Infinity, 0, 0];
  for (const v of x.dataSync()) {
    if (Number.isFinite(v)) {
      if (v < min) min = v;
      if (v > max) max = v;
    } else if (Number.isNaN(v)) nans++;
    else infinities++;
  }
  const some = min <= max;
  known = {
    shape: x.shape,
    dtype: x.dtype,
    min: some ? min : undefined,
    max: some ? max : undefined,
    nans,
    infinities,
  };
  memo.set(x, known);
  return known;
};

/** True for a float tensor with an element that is not finite. */
export const isBad = (x: Tensor): boolean => isFloat(x.dtype) && summarise(x).nans + summarise(x).infinities > 0;
const hasNaN = (x: Tensor): boolean => isFloat(x.dtype) && summarise(x).nans > 0;

/** The program without what it prints and calls: that has happened already. */
export const withoutEffects = (p: Program): Program =>
  p.equations.some(hasEffects)
    ? {
        ...p,
        equations: p.equations.flatMap((e) =>
          e.primitive.effects !== undefined
            ? []
            : [hasEffects(e) ? { ...e, params: mapPrograms(e.params, withoutEffects) } : e],
        ),
      }
    : p;

/** NaN from no NaN, or anything bad from what is finite; constants may be what they like. */
const makesIt = (inputs: readonly Tensor[], outs: readonly Tensor[]): boolean =>
  inputs.length > 0 && (!inputs.some(isBad) || (outs.some(hasNaN) && !inputs.some(hasNaN)));

/** Positions of the operands from which the result may have what is bad; of a choice, those of which something bad was chosen. */
const passedOn = (e: Equation, operands: readonly Tensor[]): number[] => {
  const bad = operands.flatMap((x, k) => (isBad(x) ? [k] : []));
  if (e.primitive.name !== selectPrimitive.name) return bad;
  const mask = operands[0]!.dataSync();
  return bad.filter((k) =>
    operands[k]!.dataSync().some((v, i) => !Number.isFinite(v) && (mask[i] !== 0) === (k === 1)),
  );
};

/** The equations that some wanted output depends on. */
const needed = (program: Program, wanted: readonly boolean[]): readonly Equation[] => {
  const live = new Set<Value>(program.outs.filter((_, i) => wanted[i]!));
  const kept: Equation[] = [];
  for (const e of [...program.equations].reverse()) {
    if (!e.outs.some((v) => live.has(v))) continue;
    e.inputs.forEach((v) => live.add(v));
    kept.push(e);
  }
  return kept.reverse();
};

/** The first equation, in order, that made what is bad in the wanted outputs. */
export const findOrigin = (
  program: Program,
  inputs: readonly Tensor[],
  wanted: readonly boolean[],
): Found | undefined => {
  const env = new Map<Value, Tensor>();
  program.inputs.forEach((v, i) => env.set(v, inputs[i]!));
  const read = (v: Value): Tensor => env.get(v)!;
  const equations = needed(program, wanted);
  for (const e of equations) {
    const outs = bind(e.primitive, e.inputs.map(read), e.params);
    e.outs.forEach((v, i) => env.set(v, outs[i]!));
  }
  const onTheWay = new Set<Value>(program.outs.filter((v, i) => wanted[i]! && isBad(read(v))));
  for (const e of [...equations].reverse())
    if (e.outs.some((v) => onTheWay.has(v))) passedOn(e, e.inputs.map(read)).forEach((k) => onTheWay.add(e.inputs[k]!));
  for (const e of equations) {
    const bad = e.outs.map((v) => onTheWay.has(v) && isBad(read(v)));
    if (!bad.includes(true)) continue;
    const values = e.inputs.map(read);
    const outs = e.outs.map(read);
    const lowering = e.primitive.lower(values, e.params, outs);
    if (lowering.tag === 'call' || lowering.tag === 'scan' || lowering.tag === 'cond' || lowering.tag === 'while') {
      const found = findInside(lowering, values, bad);
      if (found !== undefined) return found;
    } else if (makesIt(values, outs)) return { equation: e, inputs: values, outs, steps: [] };
  }
  return undefined;
};

type Holding = Extract<Lowering, { tag: 'call' | 'scan' | 'cond' | 'while' }>;

const sliceAt = (x: Tensor, data: TypedArray, i: number): Tensor => {
  const n = data.length / x.shape[0]!;
  return hostTensor(data.slice(i * n, (i + 1) * n), x.shape.slice(1), x.dtype, x.weak);
};

const run = (program: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
  bind(callPrimitive, inputs, { name: 'step', program });

/** The same in the programs that an equation holds, with the step of a loop. */
const findInside = (l: Holding, inputs: readonly Tensor[], wanted: readonly boolean[]): Found | undefined => {
  switch (l.tag) {
    case 'call':
      return findOrigin(l.program, inputs, wanted);
    case 'cond': {
      const chosen = Math.min(Math.max(inputs[0]!.dataSync()[0]!, 0), l.branches.length - 1);
      return findOrigin(l.branches[chosen]!, inputs.slice(1), wanted);
    }
    case 'scan': {
      const consts = inputs.slice(0, l.consts);
      const xs = inputs.slice(l.consts + l.carry);
      const data = xs.map((x) => x.dataSync());
      let carry = inputs.slice(l.consts, l.consts + l.carry);
      // A carry may go bad on its way to any result; of the rest only what is bad in the end matters.
      const mask = wanted.map((w, i) => i < l.carry || w);
      for (let k = 0; k < l.length; k++) {
        const i = l.reverse ? l.length - 1 - k : k;
        const args = [...consts, ...carry, ...xs.map((x, j) => sliceAt(x, data[j]!, i))];
        const outs = run(l.program, args);
        const found = stepOrigin('scan', i, l.program, args, outs, mask);
        if (found !== undefined) return found;
        carry = outs.slice(0, l.carry);
      }
      return undefined;
    }
    case 'while': {
      const condConsts = inputs.slice(0, l.condConsts);
      const consts = inputs.slice(l.condConsts, l.condConsts + l.bodyConsts);
      let carry = inputs.slice(l.condConsts + l.bodyConsts);
      for (let k = 0; run(l.cond, [...condConsts, ...carry])[0]!.dataSync()[0] !== 0; k++) {
        const args = [...consts, ...carry];
        const outs = run(l.body, args);
        const found = stepOrigin(
          'whileLoop',
          k,
          l.body,
          args,
          outs,
          carry.map(() => true),
        );
        if (found !== undefined) return found;
        carry = [...outs];
      }
      return undefined;
    }
  }
};

const stepOrigin = (
  loop: string,
  step: number,
  body: Program,
  args: readonly Tensor[],
  outs: readonly Tensor[],
  mask: readonly boolean[],
): Found | undefined => {
  const bad = outs.map((y, i) => mask[i]! && isBad(y));
  const found = bad.includes(true) ? findOrigin(body, args, bad) : undefined;
  return found === undefined ? undefined : { ...found, steps: [{ loop, step }, ...found.steps] };
};
