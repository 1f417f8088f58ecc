// Eager evaluation: an operation on concrete tensors is a program of one equation, compiled once for its shapes and cached.
import { sizeOf, type Aval } from '../core/aval.ts';
import type { DType } from '../core/dtype.ts';
import { FillStorage, HostStorage } from '../core/host.ts';
import { broadcastPrimitive } from '../core/ops/structure.ts';
import type { Params, Primitive } from '../core/primitive.ts';
import type { Program, Value } from '../core/program.ts';
import { ConcreteTensor, type Device, type Tensor } from '../core/tensor.ts';
import { backendFor, letRoam, type Backend, type Executable } from './backend.ts';
import { lru, type Lru } from './lru.ts';
import { moves, paramsKey, simplify } from './simplify.ts';

interface Compiled {
  readonly executable: Executable;
  readonly outs: readonly Aval[];
}

const caches = new WeakMap<Device, Lru<Compiled>>();
const none: ReadonlySet<number> = new Set();

/** A primitive applied once, as a program. */
const oneEquation = (primitive: Primitive, inputs: readonly Aval[], params: Params): Program => {
  const ins = inputs.map((a) => ({ aval: { shape: a.shape, dtype: a.dtype, weak: a.weak } }));
  const outs = primitive.shape(inputs, params).map((a) => ({ aval: a }));
  return { inputs: ins, equations: [{ primitive, inputs: ins, params, outs }], outs };
};

/** A constant among the inputs is passed as a scalar and repeated inside the program, so that every constant shares it. */
const isFill = (x: Tensor): boolean =>
  x.size !== 1 && x.rank > 0 && (x as ConcreteTensor).storage instanceof FillStorage;
const scalarOf = (x: Tensor): ConcreteTensor =>
  new ConcreteTensor(
    [],
    x.dtype,
    new FillStorage(((x as ConcreteTensor).storage as FillStorage).one[0]!, x.dtype, 1),
    x.weak,
  );

const withScalars = (program: Program, fills: readonly boolean[]): Program => {
  const inputs = program.inputs.map((v, i): Value => (fills[i]! ? { aval: { ...v.aval, shape: [] } } : v));
  const repeated = program.inputs.flatMap((v, i) =>
    fills[i]!
      ? [
          {
            primitive: broadcastPrimitive as Primitive,
            inputs: [inputs[i]!],
            params: { shape: v.aval.shape, axes: v.aval.shape.map((_, a) => a) },
            outs: [v],
          },
        ]
      : [],
  );
  return { inputs, equations: [...repeated, ...program.equations], outs: program.outs };
};

/** Constants and what only moves them are made without a device; so is what is on none, of another shape. */
const constantResult = (primitive: Primitive, inputs: readonly Tensor[], params: Params): Tensor | undefined => {
  if (primitive.name === 'full') {
    const { shape, dtype, value, weak } = params as {
      shape: readonly number[];
      dtype: DType;
      value: number;
      weak?: boolean;
    };
    return new ConcreteTensor(shape, dtype, new FillStorage(value, dtype, sizeOf(shape)), weak === true);
  }
  const storage = inputs.length === 1 ? (inputs[0] as ConcreteTensor).storage : undefined;
  if (primitive.name === 'reshape' && storage instanceof HostStorage && storage.device.kind === 'host') {
    const [out] = primitive.shape(inputs, params);
    return new ConcreteTensor(out!.shape, out!.dtype, storage, out!.weak);
  }
  if (!(storage instanceof FillStorage) || !moves.has(primitive.name)) return undefined;
  const [out] = primitive.shape(inputs, params);
  return new ConcreteTensor(
    out!.shape,
    out!.dtype,
    new FillStorage(storage.one[0]!, out!.dtype, sizeOf(out!.shape)),
    out!.weak,
  );
};

const compile = (
  backend: Backend,
  primitive: Primitive,
  inputs: readonly Tensor[],
  params: Params,
  fills: readonly boolean[],
): Compiled => {
  const program = withScalars(oneEquation(primitive, inputs, params), fills);
  return { executable: backend.compile(simplify(program), none), outs: program.outs.map((v) => v.aval) };
};

/** What the entry point installs as the evaluator of concrete tensors. */
export const evaluateEagerly = (primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] => {
  const constant = constantResult(primitive, inputs, params);
  if (constant !== undefined) return [constant];
  const backend = backendFor(primitive.name, inputs);
  let key = primitive.name;
  const fills: boolean[] = [];
  let some = false;
  for (const x of inputs) {
    const fill = isFill(x);
    fills.push(fill);
    some ||= fill;
    key += `|${fill ? '=' : ''}${x.dtype}${x.weak ? '~' : ''}${x.shape.join()}`;
  }
  let found: Compiled | undefined;
  let cache = caches.get(backend);
  if (cache === undefined) caches.set(backend, (cache = lru(2048)));
  key += `|${paramsKey(params)}`;
  found = cache.get(key);
  if (found === undefined) cache.set(key, (found = compile(backend, primitive, inputs, params, fills)));
  const { executable, outs } = found;
  const storages = executable.run(
    (some ? inputs.map((x, i) => (fills[i]! ? scalarOf(x) : x)) : inputs) as readonly ConcreteTensor[],
  );
  letRoam(inputs, storages);
  // A copy of what was on no device is one in another shape, too.
  if (primitive.name === 'reshape') storages[0]!.roaming ??= (inputs[0] as ConcreteTensor).storage.roaming;
  return storages.map((s, i) => new ConcreteTensor(outs[i]!.shape, outs[i]!.dtype, s, outs[i]!.weak));
};
