// The reference device: evaluates primitives and programs equation by equation in plain JS, in declared dtypes or wholly in float64.
import { sizeOf, type Aval } from '../core/aval.ts';
import { hostArray, isFloat, type TypedArray } from '../core/dtype.ts';
import { hostTensor } from '../core/host.ts';
import type { Lowering } from '../core/lowering.ts';
import type { Params, Primitive } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import { applyProgram } from '../core/stage.ts';
import type { ConcreteTensor } from '../core/tensor.ts';
import { type Tensor } from '../core/tensor.ts';
import { evaluateLowering, type Host, type Precision } from './lowering.ts';

// In float64 mode a float32 tensor keeps its full-precision elements beside its rounded ones.
const exact = new WeakMap<Tensor, Float64Array>();

/** The unrounded elements that float64 evaluation gave a tensor, or its own elements. */
export const exactData = (x: Tensor): TypedArray => exact.get(x) ?? (x as ConcreteTensor).storage.readSync();

type Evaluate = (primitive: Primitive, inputs: readonly Tensor[], params: Params) => readonly Tensor[];

const evaluator = (precision: Precision): Evaluate => {
  const elements = (x: Tensor): TypedArray =>
    precision === 'float64' ? exactData(x) : (x as ConcreteTensor).storage.readSync();
  const result = (data: TypedArray, a: Aval): Tensor => {
    const wide = precision === 'float64' && a.dtype === 'float32';
    const tensor = hostTensor(wide ? Float32Array.from(data) : data, a.shape, a.dtype, a.weak);
    if (wide && isFloat(a.dtype)) exact.set(tensor, Float64Array.from(data));
    return tensor;
  };
  const run = (p: Program, inputs: readonly Tensor[]): Tensor[] => applyProgram(p, inputs, evaluate);

  const scan = (l: Extract<Lowering, { tag: 'scan' }>, inputs: readonly Tensor[], outs: readonly Aval[]): Tensor[] => {
    const consts = inputs.slice(0, l.consts);
    let carry = inputs.slice(l.consts, l.consts + l.carry);
    const xs = inputs.slice(l.consts + l.carry);
    const ys = outs
      .slice(l.carry)
      .map((a) => hostArray(precision === 'float64' && isFloat(a.dtype) ? 'float64' : a.dtype, sizeOf(a.shape)));
    for (let k = 0; k < l.length; k++) {
      const i = l.reverse ? l.length - 1 - k : k;
      const slices = xs.map((x) => {
        const shape = x.shape.slice(1);
        const n = sizeOf(shape);
        return result(elements(x).slice(i * n, (i + 1) * n), { shape, dtype: x.dtype, weak: x.weak });
      });
      const step = run(l.program, [...consts, ...carry, ...slices]);
      carry = step.slice(0, l.carry);
      step.slice(l.carry).forEach((y, j) => ys[j]!.set(elements(y) as never, i * y.size));
    }
    return [...carry, ...ys.map((y, j) => result(y, outs[l.carry + j]!))];
  };

  const loop = (l: Extract<Lowering, { tag: 'while' }>, inputs: readonly Tensor[]): Tensor[] => {
    const condConsts = inputs.slice(0, l.condConsts);
    const bodyConsts = inputs.slice(l.condConsts, l.condConsts + l.bodyConsts);
    let carry = inputs.slice(l.condConsts + l.bodyConsts);
    while (elements(run(l.cond, [...condConsts, ...carry])[0]!)[0] !== 0)
      carry = run(l.body, [...bodyConsts, ...carry]);
    return carry;
  };

  const evaluate: Evaluate = (primitive, inputs, params) => {
    const outs = primitive.shape(inputs, params);
    const lowering = primitive.lower(inputs, params, outs);
    switch (lowering.tag) {
      case 'call':
        return run(lowering.program, inputs);
      case 'scan':
        return scan(lowering, inputs, outs);
      case 'while':
        return loop(lowering, inputs);
      case 'callback':
        return lowering
          .call(inputs.map((x) => (x as ConcreteTensor).storage.readSync()))
          .map((data, i) => result(data, outs[i]!));
      case 'cond': {
        const last = lowering.branches.length - 1;
        const chosen = Math.min(Math.max(elements(inputs[0]!)[0]!, 0), last);
        return run(lowering.branches[chosen]!, inputs.slice(1));
      }
      default: {
        const hosts = inputs.map((x): Host => ({ aval: x, data: elements(x) }));
        return evaluateLowering(lowering, hosts, outs, precision).map((data, i) => result(data, outs[i]!));
      }
    }
  };
  return evaluate;
};

/** Applies a primitive to concrete tensors in their declared dtypes. */
export const referenceEvaluate: (primitive: Primitive, inputs: readonly Tensor[], params: Params) => readonly Tensor[] =
  evaluator('declared');
/** The same with every float computed and kept in float64; read results with `exactData`. */
export const referenceEvaluate64: typeof referenceEvaluate = evaluator('float64');
