// checkpoint: functions whose values the backward pass computes again, but for those that a policy saves.
import { onLeaves } from '../core/functional.ts';
import { bind, currentInterpreter, eagerly } from '../core/interpreter.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { isLinear, type Primitive, type Tangent } from '../core/primitive.ts';
import { hasEffects, value, type Equation, type Program, type Value } from '../core/program.ts';
import { stage, type Staged } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { staticKey, unflatten } from '../core/tree.ts';
import { barrierPrimitive, namePrimitive } from './barrier.ts';
import { leavesOf } from './body.ts';
import { bindProgram } from './custom.ts';
import { needed, reads } from './live.ts';
import { checkpointPolicies, operationOf, type CheckpointPolicy } from './policies.ts';
import {
  batchProgram,
  isTensor,
  jvpProgram,
  linearizeProgram,
  splitCall,
  transposeProgram,
  zerosOf,
} from './programs.ts';

export interface CheckpointParams {
  readonly name: string;
  readonly program: Program;
  readonly policy: CheckpointPolicy;
}

const isPlain = (e: Equation): boolean => e.primitive.name === 'jit' || e.primitive.name === 'checkpoint';

/** Appends a program's equations with fresh values, calls written out (functions with rules of their own stay); its outputs. */
const emit = (program: Program, inputs: readonly Value[], equations: Equation[]): Value[] => {
  const env = new Map<Value, Value>();
  program.inputs.forEach((v, i) => env.set(v, inputs[i]!));
  const read = (v: Value): Value => env.get(v)!;
  for (const e of program.equations) {
    const ins = e.inputs.map(read);
    const outs = isPlain(e)
      ? emit(e.params['program'] as Program, ins, equations)
      : e.outs.map((v): Value => value(v.aval));
    if (!isPlain(e)) equations.push({ ...e, inputs: ins, outs });
    e.outs.forEach((v, i) => env.set(v, outs[i]!));
  }
  return program.outs.map(read);
};

/** A program with the calls in it written out. */
export const writtenOut = (program: Program): Program => {
  const equations: Equation[] = [];
  const outs = emit(program, program.inputs, equations);
  return { inputs: program.inputs, equations, outs };
};

interface Split {
  readonly captured: readonly Tensor[];
  /** captured.., inputs.. -> outs.., saved.. */
  readonly forward: Program;
  /** constants.., some of (captured.., inputs..), saved.., tangents.. -> tangents of the outs in the mask */
  readonly linear: Program;
  readonly constants: readonly Tensor[];
  readonly from: readonly number[];
  readonly mask: readonly boolean[];
}

const splits = new WeakMap<Program, Map<string, Split>>();

/** A program as what runs forward, and its derivative, which computes values again behind a barrier. */
const split = (program: Program, isConstant: readonly boolean[], policy: CheckpointPolicy): Split => {
  const key = `${isConstant.map(Number).join('')}${staticKey(policy)}`;
  let known = splits.get(program);
  if (known === undefined) splits.set(program, (known = new Map()));
  let made = known.get(key);
  if (made === undefined) known.set(key, (made = makeSplit(program, isConstant, policy)));
  return made;
};

const makeSplit = (program: Program, isConstant: readonly boolean[], policy: CheckpointPolicy): Split => {
  const made = linearizeProgram(program, isConstant);
  const forward = writtenOut(made.forward.program);
  const before = made.forward.captured.length;
  const used = reads(made.linear);
  const constants: Tensor[] = [];
  const constantValues: Value[] = [];
  const residuals = made.residuals.map((r, i): Value => {
    if (r.from === 'input') return forward.inputs[before + r.at]!;
    if (r.from === 'out') return forward.outs[r.at]!;
    const v = made.linear.inputs[i]!;
    if (used[i]!) {
      constants.push(r.value);
      constantValues.push(v);
    }
    return v;
  });

  // What the derivative reads of the values, back to what is saved or came in. A value that is saved under a name is saved
  // also for those who read it before it was named.
  const wanted = new Set(residuals.filter((_, i) => used[i]!));
  const named = new Map<Value, Value>();
  const saved: Value[] = [];
  const again: Equation[] = [];
  const save = (v: Value): void => {
    if (!saved.includes(v)) saved.unshift(v);
  };
  for (let i = forward.equations.length - 1; i >= 0; i--) {
    const e = forward.equations[i]!;
    const chosen = hasEffects(e) || policy(operationOf(e));
    if (chosen && e.primitive === (namePrimitive as Primitive)) named.set(e.inputs[0]!, e.outs[0]!);
    const live = e.outs.filter((v) => wanted.has(v));
    if (live.length === 0) continue;
    if (live.every((v) => named.has(v))) live.forEach((v) => save(named.get(v)!));
    else if (chosen) live.forEach(save);
    else {
      e.inputs.forEach((v) => wanted.add(v));
      again.unshift(e);
    }
  }
  const produced = new Set(again.flatMap((e) => e.outs));
  const found = (v: Value): Value => {
    const n = named.get(v);
    return n === undefined || produced.has(v) || !saved.includes(n) ? v : n;
  };
  const from = forward.inputs.flatMap((v, i) => (wanted.has(v) ? [i] : []));
  const behind = [...from.map((i) => forward.inputs[i]!), ...saved];
  const fresh = behind.map((v) => value(v.aval));
  const barriers = behind.map((v, i): Equation => ({
    primitive: barrierPrimitive,
    inputs: [fresh[i]!],
    params: {},
    outs: [v],
  }));
  const tangents = made.linear.inputs.slice(residuals.length);
  const equations: Equation[] = [...barriers, ...again.map((e) => ({ ...e, inputs: e.inputs.map(found) }))];
  const outs = emit(made.linear, [...residuals.map(found), ...tangents], equations);
  return {
    captured: made.forward.captured,
    forward: needed({
      inputs: forward.inputs,
      equations: forward.equations,
      outs: [...forward.outs.slice(0, program.outs.length), ...saved],
    }),
    linear: needed({ inputs: [...constantValues, ...fresh, ...tangents], equations, outs }),
    constants,
    from,
    mask: made.mask,
  };
};

const pruned = new WeakMap<Program, Program>();
const lean = (p: Program): Program => {
  let known = pruned.get(p);
  if (known === undefined) pruned.set(p, (known = needed(p)));
  return known;
};

const bindStaged = (staged: Staged, inputs: readonly Tensor[], name: string, policy: CheckpointPolicy): Tensor[] => [
  ...bindProgram(checkpointPrimitive, [...staged.captured, ...inputs], { name, program: lean(staged.program), policy }),
];

export const checkpointPrimitive: Primitive<CheckpointParams> = {
  name: 'checkpoint',
  inlined: true,
  split: splitCall,
  shape: (_, { program }) => program.outs.map((v) => v.aval),

  jvp(primals, tangents, { name, program, policy }) {
    const { staged, mask } = jvpProgram(
      program,
      tangents.map((t) => t !== null),
    );
    const results = bindStaged(staged, [...primals, ...tangents.filter(isTensor)], `jvp(${name})`, policy);
    let next = program.outs.length;
    return { outs: results.slice(0, next), tangents: mask.map((m) => (m ? results[next++]! : null)) };
  },

  linearize(primals, isConstant, { name, program, policy }) {
    const made = split(program, isConstant, policy);
    const inputs = [...made.captured, ...primals];
    const results = bindProgram(checkpointPrimitive, inputs, { name, program: made.forward, policy });
    const saved = results.slice(program.outs.length);
    const residuals = [...made.constants, ...made.from.map((i) => inputs[i]!), ...saved];
    return {
      outs: results.slice(0, program.outs.length),
      linear: (tangents) => {
        const moving = tangents.flatMap((t, i) => (isConstant[i] === true ? [] : [t ?? zerosOf(primals[i]!)]));
        const outs = bind(checkpointPrimitive, [...residuals, ...moving], {
          name: `linear(${name})`,
          program: made.linear,
          policy,
        });
        let next = 0;
        return made.mask.map((m) => (m ? outs[next++]! : null));
      },
    };
  },

  transpose(cts, inputs, { name, program, policy }) {
    const { staged, mask } = transposeProgram(
      program,
      inputs.map(isLinear),
      cts.map((ct) => ct !== null),
    );
    const values = inputs.filter((x): x is Tensor => !isLinear(x));
    const outs = bindStaged(staged, [...values, ...cts.filter(isTensor)], `transpose(${name})`, policy);
    let next = 0;
    let k = 0;
    return inputs.map((x): Tangent => (isLinear(x) && mask[k++] === true ? outs[next++]! : null));
  },

  batch(inputs, axes, { name, program, policy }, size, axisName) {
    const { staged, axes: outAxes } = batchProgram(program, axes, size, axisName);
    return { outs: bindStaged(staged, inputs, `vmap(${name})`, policy), axes: outAxes };
  },

  lower: (_, { program }) => ({ tag: 'call', program }),
};

export interface CheckpointOptions {
  /** Which values are saved. Default: none but the arguments. */
  readonly policy?: CheckpointPolicy;
}

/**
 * The same function, of which reverse mode keeps the arguments alone (and what `policy` saves) and computes everything else
 * again in the backward pass (`jax.checkpoint`, also called remat): memory for time. Values and derivatives of every order
 * are those of f.
 * @example
 * const layer = checkpoint((w, x) => tanh(matmul(x, w)));
 * grad((w) => sum(layer(w, ones([1, 2]))))(zeros([2, 2])); // [[1, 1], [1, 1]]
 */
export const checkpoint = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: CheckpointOptions = {},
): ((...args: A) => R) => {
  checkFunction('checkpoint', f);
  checkOptions('checkpoint', options, ['policy']);
  const policy = options.policy ?? checkpointPolicies.nothingSaveable;
  checkFunction('checkpoint: policy', policy);
  return (...args: A): R => {
    if (currentInterpreter() === eagerly) return f(...args);
    const { leaves, structure } = leavesOf('checkpoint', args);
    const g = onLeaves('checkpoint', f as unknown as (...args: never[]) => unknown, structure);
    const staged = stage('checkpoint', g.run, leaves);
    const outs = bindProgram(checkpointPrimitive, [...staged.captured, ...leaves], {
      name: f.name,
      program: staged.program,
      policy,
    });
    return unflatten<R>(g.out(), outs);
  };
};
