// Programs without float64: what a GPU can compute, weak scalars in float32, anything else refused.
import type { Aval } from '../core/aval.ts';
import { DTypeError } from '../core/errors.ts';
import type { Params } from '../core/primitive.ts';
import { mapPrograms, subprograms, type Program, type Value } from '../core/program.ts';

const wide = (p: Program): boolean =>
  [...p.inputs, ...p.equations.flatMap((e) => e.outs)].some((v) => v.aval.dtype === 'float64') ||
  p.equations.some((e) => subprograms(e.params).some(wide));

/** Parameters with the programs among them narrowed. */
const narrowParams = (params: Params): Params => {
  if (subprograms(params).length > 0) return mapPrograms(params, narrowFloats);
  return params['dtype'] === 'float64' ? { ...params, dtype: 'float32' } : params;
};

/**
 * The program with its weak float64 values (JS numbers given to a compiled function) in float32. WGSL has no float64, so
 * any other one is an error: silently rounding it would give an answer that was not asked for.
 */
export const narrowFloats = (program: Program): Program => {
  const narrow = (op: string, a: Aval): Aval => {
    if (a.dtype !== 'float64') return a;
    if (!a.weak)
      throw new DTypeError(
        op,
        "a value is float64, which WebGPU does not have; convert it with astype(x, 'float32'), or use the WebAssembly device",
      );
    return { ...a, dtype: 'float32' };
  };
  if (!wide(program)) return program;
  const values = new Map<Value, Value>();
  const value = (op: string, v: Value): Value => {
    let next = values.get(v);
    if (next === undefined) values.set(v, (next = v.aval.dtype === 'float64' ? { aval: narrow(op, v.aval) } : v));
    return next;
  };
  const inputs = program.inputs.map((v) => value('jit', v));
  const equations = program.equations.map((e) => {
    const op = e.primitive.name;
    return {
      ...e,
      params: narrowParams(e.params),
      inputs: e.inputs.map((v) => value(op, v)),
      outs: e.outs.map((v) => value(op, v)),
    };
  });
  return { inputs, equations, outs: program.outs.map((v) => value('jit', v)) };
};
