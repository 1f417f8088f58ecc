// Ahead of time: a function lowered for shapes, compiled before its first call, with what it will cost (`jax.stages`).
import { showAval, type Aval } from '../core/aval.ts';
import { byteSize } from '../core/dtype.ts';
import { ArgumentError, DeviceError, TracerError } from '../core/errors.ts';
import { currentInterpreter, eagerly } from '../core/interpreter.ts';
import { printProgram, type Program } from '../core/program.ts';
import { Tracer, type Tensor } from '../core/tensor.ts';
import { flatten, structureKey, type Leaf, type Structure } from '../core/tree.ts';
import type { Executable } from './backend.ts';
import { partsOf } from './control.ts';
import { explainPlan, type Explanation, type ShapeDType } from './inspect.ts';
import type { Plan } from './kernel.ts';
import { explainRetrace, type Signature } from './retrace.ts';

/** Arguments of which only shapes and dtypes matter: tensors or { shape, dtype } in their places. */
export type Described<T> = T extends Tensor
  ? T | ShapeDType
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { [K in keyof T]: Described<T[K]> }
      : T;

/** What a compiled program costs, known without running it; loops of unknown length count one step. */
export interface Cost {
  /** Operations on elements, multiply and add counted apart. */
  readonly flops: number;
  /** Bytes that its kernels read and write. */
  readonly bytes: number;
  /** Bytes of its inputs, its outputs and its temporaries together. */
  readonly peakMemory: number;
  /** The number of its kernels. */
  readonly kernels: number;
}

/** A function compiled for one signature: called like the function, with arguments of those shapes and dtypes only. */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  readonly cost: Cost;
  /** Its kernels, one by one. */
  explain(): Explanation;
}

/** A function traced for one signature. */
export interface Lowered<A extends readonly unknown[], R> {
  readonly program: Program;
  /** The program as text. */
  readonly text: string;
  toString(): string;
  /** Compiles it now. Calls of the jitted function with this signature use the same program. */
  compile(): Compiled<A, R>;
}

/** Bytes that a plan needs beside its inputs and outputs, programs inside of it included: one of them runs at a time. */
const temporaries = (plan: Plan): number =>
  plan.arenaBytes +
  plan.kernels.reduce((most, k) => {
    const parts = partsOf(k).map(temporaries);
    return Math.max(most, k.kind === 'cond' ? Math.max(0, ...parts) : parts.reduce((n, p) => n + p, 0));
  }, 0);

const costOf = (plan: Plan): Cost => {
  const { flops, bytes, kernels } = explainPlan(plan);
  const size = (id: number): number => {
    const b = plan.buffers.get(id)!;
    return b.length * byteSize(b.dtype);
  };
  const inputs = plan.inputs.reduce((n, id) => n + size(id), 0);
  // An output that is an input, another output, or written over a donated input has no memory of its own.
  const outputs = plan.outputs.reduce((n, id, j) => {
    const place = plan.places.get(id)!;
    return place.kind === 'output' && place.position === j && !plan.aliases.has(j) ? n + size(id) : n;
  }, 0);
  return { flops, bytes, peakMemory: inputs + outputs + temporaries(plan), kernels: kernels.length };
};

const typeOf = (x: Leaf): Aval | 'number' =>
  typeof x === 'number' ? 'number' : { shape: x.shape, dtype: x.dtype, weak: x.weak };
const showTypes = (avals: Signature['avals']): string =>
  `(${avals.map((a) => (a === 'number' ? a : showAval(a))).join(', ')})`;

/** What lowering needs of the jitted function. */
export interface LoweringParts<R> {
  readonly name: string;
  readonly signature: Signature;
  readonly program: Program;
  readonly captured: readonly Tensor[];
  readonly compile: () => { readonly executable: Executable; readonly device: string };
  /** The name of the device that a call on these values would run on. */
  readonly deviceOf: (leaves: readonly Leaf[]) => string;
  readonly run: (leaves: readonly Leaf[], structure: Structure, args: readonly unknown[]) => R;
}

export const lowered = <A extends readonly unknown[], R>(parts: LoweringParts<R>): Lowered<A, R> => {
  const { name, signature, program } = parts;
  if (parts.captured.some((x) => x instanceof Tracer))
    throw new TracerError(
      'lower',
      `'${name}' captures a value of a transform that is being traced; pass it as an argument, or lower outside of the transform`,
    );
  const check = (leaves: readonly Leaf[], structure: Structure): void => {
    const given: Signature = { structure, avals: leaves.map(typeOf) };
    const same =
      structureKey(structure) === structureKey(signature.structure) &&
      showTypes(given.avals) === showTypes(signature.avals);
    if (!same)
      throw new ArgumentError(
        'compiled',
        `'${name}' was compiled for ${showTypes(signature.avals)} and called with ${showTypes(given.avals)}; ${explainRetrace(given, [signature]).replace('nearest earlier', 'compiled')}; lower it for these arguments, or call the jitted function, which compiles for each signature`,
      );
  };
  const compile = (): Compiled<A, R> => {
    const { executable, device } = parts.compile();
    const planned = (): Plan => {
      if (executable.plan === undefined)
        throw new DeviceError('compiled', `the device ${device} interprets programs: there are no kernels to count`);
      return executable.plan;
    };
    const call = (...args: A): R => {
      const { leaves, structure } = flatten(args, 'compiled');
      if (currentInterpreter() !== eagerly || leaves.some((x) => x instanceof Tracer))
        throw new TracerError(
          'compiled',
          `'${name}' was compiled ahead of time and cannot run inside of a transform; use the jitted function itself there`,
        );
      check(leaves, structure);
      if (parts.deviceOf(leaves) !== device)
        throw new DeviceError(
          'compiled',
          `'${name}' was compiled for the device ${device} and called with values on ${parts.deviceOf(leaves)}; move them with devicePut`,
        );
      return parts.run(leaves, structure, args);
    };
    let cost: Cost | undefined;
    return Object.defineProperty(
      Object.assign(call, { explain: () => explainPlan(planned(), executable.dispatches) }),
      'cost',
      {
        get: () => (cost ??= costOf(planned())),
        enumerable: true,
      },
    ) as unknown as Compiled<A, R>;
  };
  return {
    program,
    get text() {
      return printProgram(program);
    },
    toString: () => printProgram(program),
    compile,
  };
};
