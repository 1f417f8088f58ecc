// Callbacks: primitives that hand values of a running program to functions of JS, as an ordered effect or as a pure computation.
import { showAval, sizeOf, type Aval } from '../core/aval.ts';
import { describedShapes, type Described } from '../core/described.ts';
import { hostArray, type TypedArray } from '../core/dtype.ts';
import { ArgumentError, DTypeError, ShapeError, TracerError } from '../core/errors.ts';
import { hostTensor } from '../core/host.ts';
import { bind, eagerly, refusePromise, withInterpreter } from '../core/interpreter.ts';
import type { HostCall } from '../core/lowering.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { broadcastInto, moveAxis } from '../core/ops/structure.ts';
import type { Primitive } from '../core/primitive.ts';
import type { ConcreteTensor, Tensor } from '../core/tensor.ts';
import { checkSameStructure, unflatten } from '../core/tree.ts';
import { leavesOf } from './body.ts';

/** What runs: concrete operands in, concrete results of the declared shapes and dtypes out. */
export type HostFunction = (operands: readonly Tensor[]) => readonly Tensor[];

export interface CallbackParams {
  /** What messages and listings of kernels call it. */
  readonly label: string;
  readonly call: HostFunction;
  readonly outs: readonly Aval[];
}

const elementsOf = (x: Tensor): TypedArray => (x as ConcreteTensor).storage.readSync();

/** Outside of every transform, whatever is going on around the program that runs. */
const callNow = (call: HostFunction, operands: readonly Tensor[]): readonly Tensor[] =>
  withInterpreter(eagerly, () => call(operands));

const hostCall =
  (inputs: readonly Aval[], { call }: CallbackParams): HostCall =>
  (operands) =>
    callNow(
      call,
      operands.map((data, i) => hostTensor(data, inputs[i]!.shape, inputs[i]!.dtype, inputs[i]!.weak)),
    ).map(elementsOf);

/** Each value that has a batch axis with that axis in front. */
const inFront = (inputs: readonly Tensor[], axes: readonly (number | null)[]): Tensor[] =>
  inputs.map((x, i) => (axes[i] === null ? x : moveAxis(x, axes[i]!, 0)));

/** A function of JS run for its effect, once in its turn. Its one output, of no meaning, makes it a computation like others. */
export const effectPrimitive: Primitive<CallbackParams> = {
  name: 'debugCallback',
  effects: 'ordered',
  shape: (_, { outs }) => outs,
  evaluate: (inputs, { call }) => callNow(call, inputs),
  jvp: (primals, _, params) => ({ outs: bind(effectPrimitive, primals, params), tangents: [null] }),
  transpose: null,
  batch: (inputs, axes, params) => ({ outs: bind(effectPrimitive, inFront(inputs, axes), params), axes: [null] }),
  lower: (inputs, params) => ({ tag: 'callback', name: params.label, call: hostCall(inputs, params) }),
};

const token: Aval = { shape: [], dtype: 'bool', weak: false };

/** Runs `call` on the leaves of a tree for its effect, when the program that is being traced runs. */
export const runForEffect = (op: string, label: string, tree: unknown, call: (tree: unknown) => void): void => {
  const { leaves, structure } = leavesOf(op, tree);
  bind(effectPrimitive, leaves, {
    label: `${op}(${label})`,
    outs: [token],
    call: (operands) => {
      call(unflatten(structure, operands));
      return [hostTensor(new Uint8Array(1), [], 'bool')];
    },
  });
};

export type VmapMethod = 'sequential' | 'broadcastAll';

interface PureParams extends CallbackParams {
  readonly method: VmapMethod;
}

const slice = (x: Tensor, i: number): Tensor => {
  const shape = x.shape.slice(1);
  const n = sizeOf(shape);
  return hostTensor(elementsOf(x).slice(i * n, (i + 1) * n), shape, x.dtype, x.weak);
};

/** One call a slice, in order, the results stacked: in JS, where the slices are. */
const oneByOne =
  ({ call, outs }: CallbackParams, batched: readonly boolean[], size: number): HostFunction =>
  (operands) => {
    const results = outs.map((a) => hostArray(a.dtype, size * sizeOf(a.shape)));
    for (let i = 0; i < size; i++)
      call(operands.map((x, k) => (batched[k]! ? slice(x, i) : x))).forEach((y, k) =>
        results[k]!.set(elementsOf(y), i * y.size),
      );
    return outs.map((a, k) => hostTensor(results[k]!, [size, ...a.shape], a.dtype));
  };

export const pureCallbackPrimitive: Primitive<PureParams> = {
  name: 'pureCallback',
  shape: (_, { outs }) => outs,
  evaluate: (inputs, { call, outs }) => callNow(checked(call, outs), inputs),
  jvp() {
    throw new TracerError(
      'pureCallback',
      'has no derivative: what its function does is not known; give the function around it a rule of its own with customJvp, or take its arguments out of differentiation with stopGradient',
    );
  },
  transpose: null,
  batch(inputs, axes, params, size) {
    const { method, outs, call } = params;
    const batchedOuts = outs.map((a): Aval => ({ ...a, shape: [size, ...a.shape] }));
    const operands = inFront(inputs, axes);
    const results =
      method === 'sequential'
        ? bind(pureCallbackPrimitive, operands, {
            ...params,
            outs: batchedOuts,
            call: oneByOne(
              { ...params, call: checked(call, outs) },
              axes.map((a) => a !== null),
              size,
            ),
          })
        : bind(
            pureCallbackPrimitive,
            operands.map((x, i) => (axes[i] === null ? broadcastInto(x, [size, ...x.shape], [0]) : x)),
            { ...params, outs: batchedOuts },
          );
    return { outs: results, axes: results.map(() => 0) };
  },
  lower: (inputs, params) => ({
    tag: 'callback',
    name: params.label,
    call: hostCall(inputs, { ...params, call: checked(params.call, params.outs) }),
  }),
};

/** Fails where what the function returned is not what was declared. */
const checked =
  (call: HostFunction, outs: readonly Aval[]): HostFunction =>
  (operands) => {
    const results = call(operands);
    results.forEach((y, i) => {
      const a = outs[i]!;
      if (y.shape.join() === a.shape.join() && (y.dtype === a.dtype || y.weak)) return;
      const message = `the function returned ${showAval({ ...y, shape: y.shape, dtype: y.dtype, weak: false })}${results.length > 1 ? ` as result ${i}` : ''}, resultShape declares ${showAval(a)}; they must be the same`;
      if (y.shape.join() !== a.shape.join()) throw new ShapeError('pureCallback', message);
      throw new DTypeError('pureCallback', message);
    });
    return results.map((y, i) => {
      const { dtype } = outs[i]!;
      if (y.dtype === dtype) return y;
      const data = hostArray(dtype, y.size);
      data.set(elementsOf(y));
      return hostTensor(data, y.shape, dtype);
    });
  };

export interface PureCallbackOptions {
  /** Under vmap: one call a slice, in order (the default), or one call with every argument batched along its first axis. */
  readonly vmapMethod?: VmapMethod;
}

/**
 * A function of JS as a computation of a program (`jax.pure_callback`): when the program runs, f gets the arguments as concrete
 * tensors and returns a tree of tensors as `resultShape` declares it. It must be pure: it may be called once, several times, or
 * not at all where its result is not needed. On a GPU it splits the program, which waits for it. Errors: ShapeError, DTypeError or TreeError where the
 * result is not as declared; TracerError where it is differentiated (give the function around it a customJvp).
 * @example
 * const median = (x) => tensor(x.dataSync().sort()[1]);
 * jit((x) => add(pureCallback(median, { shape: [], dtype: 'float32' }, [x]), 1))(tensor([5, 2, 3])); // 4
 */
export const pureCallback = <A extends readonly unknown[], const R>(
  f: (...args: A) => unknown,
  resultShape: R,
  args: A,
  options: PureCallbackOptions = {},
): Described<R> => {
  const op = 'pureCallback';
  checkFunction(op, f);
  checkOptions(op, options, ['vmapMethod']);
  const { vmapMethod: method = 'sequential' } = options;
  if (method !== 'sequential' && method !== 'broadcastAll')
    throw new ArgumentError(op, `vmapMethod must be 'sequential' or 'broadcastAll', got ${String(method)}`);
  if (!Array.isArray(args)) throw new ArgumentError(op, 'needs the arguments of the function as an array');
  const { leaves, structure } = leavesOf(op, args);
  const result = describedShapes(op, 'resultShape', resultShape);
  const call: HostFunction = (operands) => {
    const y: unknown = f(...unflatten<A>(structure, operands));
    refusePromise(op, f, y);
    const flat = leavesOf(op, y);
    checkSameStructure(op, result.structure, flat.structure, ['resultShape', 'what the function returned']);
    return flat.leaves;
  };
  const label = `${op}(${f.name === '' ? 'function' : f.name})`;
  return unflatten<Described<R>>(
    result.structure,
    bind(pureCallbackPrimitive, leaves, { label, call, outs: result.avals, method }),
  );
};
