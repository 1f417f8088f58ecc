// The reference device: evaluates primitives and programs equation by equation in plain JS, in declared dtypes or wholly in float64.
import { isFloat, type TypedArray } from '../core/dtype.ts';
import { hostTensor } from '../core/host.ts';
import type { Params, Primitive } from '../core/primitive.ts';
import { applyProgram } from '../core/stage.ts';
import type { ConcreteTensor } from '../core/tensor.ts';
import { type Tensor } from '../core/tensor.ts';
import { evaluateLowering, type Host, type Precision } from './lowering.ts';

// In float64 mode a float32 tensor keeps its full-precision elements beside its rounded ones.
const exact = new WeakMap<Tensor, Float64Array>();

/** The unrounded elements that float64 evaluation gave a tensor, or its own elements. */
export const exactData = (x: Tensor): TypedArray => exact.get(x) ?? (x as ConcreteTensor).storage.readSync();

const evaluator =
  (precision: Precision) =>
  (primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] => {
    const outs = primitive.shape(inputs, params);
    const lowering = primitive.lower(inputs, params, outs);
    if (lowering.tag === 'call') return applyProgram(lowering.program, inputs, evaluator(precision));
    const hosts = inputs.map((x): Host => ({
      aval: x,
      data: precision === 'float64' ? exactData(x) : (x as ConcreteTensor).storage.readSync(),
    }));
    return evaluateLowering(lowering, hosts, outs, precision).map((data, i) => {
      const a = outs[i]!;
      const wide = precision === 'float64' && a.dtype === 'float32';
      const tensor = hostTensor(wide ? Float32Array.from(data) : data, a.shape, a.dtype, a.weak);
      if (wide && isFloat(a.dtype)) exact.set(tensor, data as Float64Array);
      return tensor;
    });
  };

/** Applies a primitive to concrete tensors in their declared dtypes. */
export const referenceEvaluate: (primitive: Primitive, inputs: readonly Tensor[], params: Params) => readonly Tensor[] =
  evaluator('declared');
/** The same with every float computed and kept in float64; read results with `exactData`. */
export const referenceEvaluate64: typeof referenceEvaluate = evaluator('float64');
