// The call primitive: a compiled function applied under another transform, as an equation that holds its program.
import type { Aval } from '../core/aval.ts';
import { fill } from '../core/ops/structure.ts';
import { isLinear, type Primitive, type Tangent } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import { applyProgram, stage, type Staged } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { JvpInterpreter } from '../grad/jvp.ts';
import { linearizeAt } from '../grad/linearize.ts';
import { bind, currentInterpreter, withInterpreter } from '../core/interpreter.ts';
import { BatchInterpreter } from '../vmap/batch.ts';

export interface CallParams {
  readonly name: string;
  readonly program: Program;
}

const run = (program: Program, inputs: readonly Tensor[]): Tensor[] => applyProgram(program, inputs, bind);

/** Transformed programs are made once for each program and pattern. */
const memo = <A>(): ((program: Program, key: string, make: () => A) => A) => {
  const known = new WeakMap<Program, Map<string, A>>();
  return (program, key, make) => {
    let forProgram = known.get(program);
    if (forProgram === undefined) known.set(program, (forProgram = new Map()));
    let made = forProgram.get(key);
    if (made === undefined) forProgram.set(key, (made = make()));
    return made;
  };
};

const callStaged = (name: string, staged: Staged, args: readonly Tensor[]): readonly Tensor[] =>
  bind(callPrimitive, [...staged.captured, ...args], { name, program: staged.program });

const jvpPrograms = memo<{ readonly staged: Staged; readonly mask: readonly boolean[] }>();
const batchPrograms = memo<{ readonly staged: Staged; readonly axes: readonly (number | null)[] }>();
const linearPrograms = memo<{
  readonly staged: Staged;
  readonly tangentOuts: readonly boolean[];
  readonly count: number;
  readonly linear: Program;
}>();
const transposePrograms = memo<{ readonly staged: Staged; readonly mask: readonly boolean[] }>();

export const callPrimitive: Primitive<CallParams> = {
  name: 'jit',
  shape: (_, { program }) => program.outs.map((v) => v.aval),

  jvp(primals, tangents, { name, program }) {
    const moving = tangents.map((t) => t !== null);
    const { staged, mask } = jvpPrograms(program, moving.map(Number).join(''), () => {
      let outMask: boolean[] = [];
      const f = (...args: Tensor[]): Tensor[] => {
        const interpreter = new JvpInterpreter('jvp', currentInterpreter());
        let next = primals.length;
        const duals = primals.map((_, i) => interpreter.lift(args[i]!, moving[i]! ? args[next++]! : null));
        const outs = withInterpreter(interpreter, () => run(program, duals)).map((y) => interpreter.lower(y));
        outMask = outs.map((o) => o.tangent !== null);
        return [...outs.map((o) => o.primal), ...outs.flatMap((o) => (o.tangent === null ? [] : [o.tangent]))];
      };
      const avals: Aval[] = [...primals, ...primals.filter((_, i) => moving[i])];
      const made = stage('jit', f, avals);
      return { staged: made, mask: outMask };
    });
    const results = callStaged(`jvp(${name})`, staged, [
      ...primals,
      ...tangents.filter((t): t is Tensor => t !== null),
    ]);
    let next = program.outs.length;
    return { outs: results.slice(0, next), tangents: mask.map((m) => (m ? results[next++]! : null)) };
  },

  linearize(primals, isConstant, { name, program }) {
    const key = isConstant.map(Number).join('');
    const { staged, tangentOuts, count, linear } = linearPrograms(program, key, () => {
      // Forward: outputs, then everything the derivative needs. Linear: those residuals and tangents in, tangents out.
      let linearStaged: Staged | undefined;
      let outMask: boolean[] = [];
      const forward = stage(
        'jit',
        (...args) => {
          const at = linearizeAt('jit', (...xs) => run(program, xs), args, isConstant);
          const moving = args.filter((_, i) => isConstant[i] !== true);
          linearStaged = stage(
            'linearize',
            (...ts) => {
              let next = 0;
              const outs = at.forward(args.map((_, i) => (isConstant[i] === true ? null : ts[next++]!)));
              outMask = outs.map((t) => t !== null);
              return outs.filter((t): t is Tensor => t !== null);
            },
            moving,
          );
          return [...at.outs, ...linearStaged.captured];
        },
        primals,
      );
      return { staged: forward, tangentOuts: outMask, count: program.outs.length, linear: linearStaged!.program };
    });
    const results = callStaged(name, staged, primals);
    const residuals = results.slice(count);
    return {
      outs: results.slice(0, count),
      linear: (tangents) => {
        const moving = tangents.flatMap((t, i) =>
          isConstant[i] === true ? [] : [t ?? fill(primals[i]!.shape, 0, primals[i]!.dtype)],
        );
        const outs = bind(callPrimitive, [...residuals, ...moving], { name: `linear(${name})`, program: linear });
        let next = 0;
        return tangentOuts.map((m) => (m ? outs[next++]! : null));
      },
    };
  },

  transpose(cts, inputs, { name, program }) {
    const linear = inputs.map(isLinear);
    const given = cts.map((ct) => ct !== null);
    const key = `${linear.map(Number).join('')}/${given.map(Number).join('')}`;
    const values = inputs.filter((x): x is Tensor => !isLinear(x));
    const present = cts.filter((ct): ct is Tensor => ct !== null);
    const { staged, mask } = transposePrograms(program, key, () => {
      let outMask: boolean[] = [];
      const made = stage(
        'transpose',
        (...args) => {
          let next = 0;
          const constants = inputs.map((x) => (isLinear(x) ? null : args[next++]!));
          const at = linearizeAt(
            'transpose',
            (...xs) => {
              let k = 0;
              return run(
                program,
                inputs.map((x, i) => (isLinear(x) ? xs[k++]! : constants[i]!)),
              );
            },
            inputs.flatMap((x) => (isLinear(x) ? [fill(x.aval.shape, 0, x.aval.dtype)] : [])),
          );
          const back = at.backward(given.map((g) => (g ? args[next++]! : null)));
          outMask = back.map((t) => t !== null);
          return back.filter((t): t is Tensor => t !== null);
        },
        [...values, ...present],
      );
      return { staged: made, mask: outMask };
    });
    const outs = callStaged(`transpose(${name})`, staged, [...values, ...present]);
    let next = 0;
    let k = 0;
    return inputs.map((x): Tangent => (isLinear(x) && mask[k++] === true ? outs[next++]! : null));
  },

  batch(inputs, axes, { name, program }, size) {
    const key = `${size}:${axes.map(String).join(',')}`;
    const { staged, axes: outAxes } = batchPrograms(program, key, () => {
      let found: (number | null)[] = [];
      const made = stage(
        'jit',
        (...args) => {
          const interpreter = new BatchInterpreter(currentInterpreter(), size);
          const lifted = args.map((x, i) => interpreter.lift(x, axes[i]!));
          const outs = withInterpreter(interpreter, () => run(program, lifted)).map((y) => interpreter.lower(y));
          found = outs.map((o) => o.axis);
          return outs.map((o) => o.value);
        },
        inputs,
      );
      return { staged: made, axes: found };
    });
    return { outs: callStaged(`vmap(${name})`, staged, inputs), axes: outAxes };
  },

  lower: (_, { program }) => ({ tag: 'call', program }),
};
