// The call primitive: a compiled function applied under another transform, as an equation that holds its program.
import { bind } from '../core/interpreter.ts';
import { isLinear, type Primitive, type Tangent } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import type { Staged } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import {
  batchProgram,
  isTensor,
  jvpProgram,
  linearizeProgram,
  splitCall,
  transposeProgram,
  zerosOf,
  type LinearizedProgram,
} from './programs.ts';

export interface CallParams {
  readonly name: string;
  readonly program: Program;
}

const callStaged = (name: string, staged: Staged, args: readonly Tensor[]): readonly Tensor[] =>
  bind(callPrimitive, [...staged.captured, ...args], { name, program: staged.program });

/** The values that a linear program needs beside the tangents, given the inputs and results of its forward program. */
export const residualsOf = (
  { residuals }: LinearizedProgram,
  inputs: readonly Tensor[],
  results: readonly Tensor[],
): Tensor[] => residuals.map((r) => (r.from === 'input' ? inputs[r.at]! : r.from === 'out' ? results[r.at]! : r.value));

export const callPrimitive: Primitive<CallParams> = {
  name: 'jit',
  inlined: true,
  split: splitCall,
  shape: (_, { program }) => program.outs.map((v) => v.aval),

  jvp(primals, tangents, { name, program }) {
    const { staged, mask } = jvpProgram(
      program,
      tangents.map((t) => t !== null),
    );
    const results = callStaged(`jvp(${name})`, staged, [...primals, ...tangents.filter(isTensor)]);
    let next = program.outs.length;
    return { outs: results.slice(0, next), tangents: mask.map((m) => (m ? results[next++]! : null)) };
  },

  linearize(primals, isConstant, { name, program }) {
    const made = linearizeProgram(program, isConstant);
    const results = callStaged(name, made.forward, primals);
    const residuals = residualsOf(made, primals, results);
    return {
      outs: results.slice(0, program.outs.length),
      linear: (tangents) => {
        const moving = tangents.flatMap((t, i) => (isConstant[i] === true ? [] : [t ?? zerosOf(primals[i]!)]));
        const outs = bind(callPrimitive, [...residuals, ...moving], { name: `linear(${name})`, program: made.linear });
        let next = 0;
        return made.mask.map((m) => (m ? outs[next++]! : null));
      },
    };
  },

  transpose(cts, inputs, { name, program }) {
    const { staged, mask } = transposeProgram(
      program,
      inputs.map(isLinear),
      cts.map((ct) => ct !== null),
    );
    const values = inputs.filter((x): x is Tensor => !isLinear(x));
    const outs = callStaged(`transpose(${name})`, staged, [...values, ...cts.filter(isTensor)]);
    let next = 0;
    let k = 0;
    return inputs.map((x): Tangent => (isLinear(x) && mask[k++] === true ? outs[next++]! : null));
  },

  batch(inputs, axes, { name, program }, size, axisName) {
    const { staged, axes: outAxes } = batchProgram(program, axes, size, axisName);
    return { outs: callStaged(`vmap(${name})`, staged, inputs), axes: outAxes };
  },

  lower: (_, { program }) => ({ tag: 'call', program }),
};
