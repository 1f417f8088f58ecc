// Eager evaluation: an operation on concrete tensors is a program of one equation, compiled once for its shapes and cached.
import type { Aval } from '../core/aval.ts';
import type { Params, Primitive } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import { ConcreteTensor, type Device, type Tensor } from '../core/tensor.ts';
import { backendFor, type Backend, type Executable } from './backend.ts';
import { lru, type Lru } from './lru.ts';
import { paramsKey, simplify } from './simplify.ts';

interface Compiled {
  readonly executable: Executable;
  readonly outs: readonly Aval[];
}

const caches = new WeakMap<Device, Lru<Compiled>>();
const none: ReadonlySet<number> = new Set();

/** A primitive applied once, as a program. */
export const oneEquation = (primitive: Primitive, inputs: readonly Aval[], params: Params): Program => {
  const ins = inputs.map((a) => ({ aval: { shape: a.shape, dtype: a.dtype, weak: a.weak } }));
  const outs = primitive.shape(inputs, params).map((a) => ({ aval: a }));
  return { inputs: ins, equations: [{ primitive, inputs: ins, params, outs }], outs };
};

const compile = (backend: Backend, primitive: Primitive, inputs: readonly Tensor[], params: Params): Compiled => {
  const program = oneEquation(primitive, inputs, params);
  return { executable: backend.compile(simplify(program), none), outs: program.outs.map((v) => v.aval) };
};

/** What the entry point installs as the evaluator of concrete tensors. */
export const evaluateEagerly = (primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] => {
  const backend = backendFor(primitive.name, inputs);
  let key = primitive.name;
  for (const x of inputs) key += `|${x.dtype}${x.weak ? '~' : ''}${x.shape.join()}`;
  let found: Compiled | undefined;
  let cache = caches.get(backend);
  if (cache === undefined) caches.set(backend, (cache = lru(2048)));
  // Programs as parameters are compared by identity; they are compiled where they are called.
  key += `|${paramsKey(params)}`;
  found = cache.get(key);
  if (found === undefined) cache.set(key, (found = compile(backend, primitive, inputs, params)));
  const { executable, outs } = found;
  const storages = executable.run(inputs as readonly ConcreteTensor[]);
  return storages.map((s, i) => new ConcreteTensor(outs[i]!.shape, outs[i]!.dtype, s, outs[i]!.weak));
};
