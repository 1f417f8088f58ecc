// jit: traces a function once for each signature of its arguments, compiles it, and runs the compiled program.
import type { Aval } from '../core/aval.ts';
import { showAval } from '../core/aval.ts';
import { withPlaceholders } from '../core/described.ts';
import { ArgumentError, userFrame } from '../core/errors.ts';
import { leafTensor, onLeaves, settle } from '../core/functional.ts';
import { bind, currentInterpreter, eagerly, jitDisabled } from '../core/interpreter.ts';
import { checkFunction, checkOptions } from '../core/options.ts';
import { trackingOrigins } from '../core/origin.ts';
import type { Program } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import { ConcreteTensor, Tracer, type Tensor } from '../core/tensor.ts';
import { flatten, leafPaths, structureKey, unflatten, type Leaf, type Structure } from '../core/tree.ts';
import { backendFor, type Backend, type Executable } from './backend.ts';
import { callPrimitive } from '../control/call.ts';
import { axesKey } from '../core/axes.ts';
import { lowered, type Described, type Lowered } from './lower.ts';
import { checkDonation, donatedLeaves } from './donation.ts';
import { lru, type Lru } from './lru.ts';
import { explainRetrace, type Signature } from './retrace.ts';
import { simplify } from './simplify.ts';

export interface JitOptions {
  /** Positions of arguments whose memory the results may take; they must not be used afterwards. */
  readonly donate?: number | readonly number[];
  /** More traces than this are an error that says what changed. */
  readonly maxTraces?: number;
  /** The device to run on. Default: that of the arguments, else the default device. */
  readonly device?: Backend;
  /** A name for messages and printed programs. Default: the function's. */
  readonly name?: string;
}

/** A traced function: its program, what it captured, and how its result is put together. */
export interface Traced {
  readonly signature: Signature;
  readonly program: Program;
  readonly captured: readonly Tensor[];
  readonly out: Structure;
  readonly outAvals: readonly Aval[];
  readonly executables: Map<Backend, Executable>;
  simplified: Program | undefined;
}

/** The compiled function, and what explanations ask it. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** Signatures of the traces held, in readable form. */
  cache(): readonly string[];
  /** The trace for these arguments, made if it is not there. */
  trace(...args: A): Traced;
  /**
   * The program for arguments of these shapes and dtypes (tensors, or { shape, dtype } in their places), to be looked at and to be
   * compiled before the first call (`jax.stages`): `jit(f).lower(...args).compile()` is called like f and knows its cost.
   * @example
   * const compiled = jit((x) => add(mul(x, x), 1)).lower({ shape: [2], dtype: 'float32' }).compile();
   * compiled.cost; // { flops: 4, bytes: 16, peakMemory: 16, kernels: 1 }
   * compiled(tensor([1, 2])); // [2, 5]
   */
  lower(...args: { readonly [K in keyof A]: Described<A[K]> }): Lowered<A, R>;
  readonly options: JitOptions;
}

const signatureText = (leaves: readonly Leaf[], structure: Structure): string => {
  // What is traced depends on the named axes in scope, too.
  let s = axesKey() + structureKey(structure);
  for (const x of leaves) s += typeof x === 'number' ? '|#' : `|${x.weak ? '~' : ''}${x.dtype}${x.shape.join()}`;
  return s;
};

/** A trace's program on a backend. */
const executableOn = (traced: Traced, donated: ReadonlySet<number>, backend: Backend): Executable => {
  let executable = traced.executables.get(backend);
  if (executable === undefined) {
    const positions = new Set([...donated].map((i) => i + traced.captured.length));
    executable = backend.compile((traced.simplified ??= simplify(traced.program)), positions);
    traced.executables.set(backend, executable);
  }
  return executable;
};

/** Runs a trace's program on a backend, compiling it first if need be. */
const execute = (
  name: string,
  traced: Traced,
  leaves: readonly Tensor[],
  donated: ReadonlySet<number>,
  device: Backend | undefined,
): Tensor[] => {
  const inputs = [...traced.captured, ...leaves] as ConcreteTensor[];
  const nameOf = (i: number): string =>
    i < traced.captured.length
      ? 'a value that the function captures'
      : `argument ${leafPaths(traced.signature.structure)[i - traced.captured.length]!}`;
  const storages = executableOn(traced, donated, backendFor(name, inputs, device, nameOf)).run(inputs);
  if (donated.size > 0) {
    // The stack is read only if somebody touches a donated value.
    const at = new Error();
    for (const i of donated)
      (leaves[i] as ConcreteTensor).surrender(
        () =>
          `it was donated to '${name}'${userFrame(at.stack) === undefined ? '' : ` at ${userFrame(at.stack)!}`}; use the result of that call instead`,
      );
  }
  return storages.map((s, i) => {
    const a = traced.outAvals[i]!;
    return new ConcreteTensor(a.shape, a.dtype, s, a.weak);
  });
};

/**
 * Compiles a function of trees (`jax.jit`): traced once for each combination of structure, shapes, dtypes and static values,
 * later calls run the compiled program. Tensors that the function captures become hidden inputs; JS variables are read when
 * it is traced.
 * @example
 * jit((x) => add(mul(x, x), 1))(tensor([1, 2])); // [2, 5]
 */
export const jit = <A extends readonly unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> => {
  checkFunction('jit', f);
  checkOptions('jit', options, ['donate', 'maxTraces', 'device', 'name']);
  const name = options.name ?? (f.name === '' ? 'jit' : f.name);
  const cache: Lru<Traced> = lru(128);
  let traces = 0;

  const trace = (leaves: readonly Leaf[], structure: Structure): Traced => {
    const signature: Signature = {
      structure,
      avals: leaves.map((x): Aval | 'number' =>
        typeof x === 'number' ? 'number' : { shape: x.shape, dtype: x.dtype, weak: x.weak },
      ),
      axes: axesKey(),
    };
    traces++;
    if (options.maxTraces !== undefined && traces > options.maxTraces)
      throw new ArgumentError(
        'jit',
        `'${name}' was traced more than maxTraces = ${options.maxTraces} times; ${explainRetrace(signature, previous())}`,
      );
    const g = onLeaves('jit', f as unknown as (...args: never[]) => unknown, structure);
    const avals = signature.avals.map((a): Aval => (a === 'number' ? { shape: [], dtype: 'float64', weak: true } : a));
    const staged = stage('jit', (...xs) => g.run(...xs).map(settle), avals);
    return {
      signature,
      program: staged.program,
      captured: staged.captured,
      out: g.out(),
      outAvals: staged.program.outs.map((v) => v.aval),
      executables: new Map(),
      simplified: undefined,
    };
  };
  const previous = (): Signature[] => [...cache.keys()].map((k) => cache.get(k)!.signature);

  const lookup = (leaves: readonly Leaf[], structure: Structure): Traced => {
    const key = signatureText(leaves, structure);
    let traced = cache.get(key);
    if (traced === undefined) {
      traced = trace(leaves, structure);
      // A trace that captured traced values is of no use once their transform ended.
      if (!traced.captured.some((x) => x instanceof Tracer)) cache.set(key, traced);
    }
    return traced;
  };

  const asItStands = (leaves: readonly Leaf[], structure: Structure): R => {
    const g = onLeaves('jit', f as unknown as (...args: never[]) => unknown, structure);
    const outs = g.run(...leaves.map(leafTensor)).map(settle);
    return unflatten<R>(g.out(), outs);
  };

  const call = (...args: A): R => {
    const { leaves, structure } = flatten(args, 'jit');
    if (jitDisabled() || trackingOrigins()) return asItStands(leaves, structure);
    const traced = lookup(leaves, structure);
    const xs = leaves.map(leafTensor);
    const eager =
      currentInterpreter() === eagerly &&
      !xs.some((x) => x instanceof Tracer) &&
      !traced.captured.some((x) => x instanceof Tracer);
    if (!eager)
      return unflatten<R>(
        traced.out,
        bind(callPrimitive, [...traced.captured, ...xs], { name, program: traced.program }),
      );
    return runNow(traced, leaves, structure, args);
  };

  const runNow = (traced: Traced, leaves: readonly Leaf[], structure: Structure, args: readonly unknown[]): R => {
    const xs = leaves.map(leafTensor);
    const donated = donatedLeaves(options.donate, args, leaves);
    if (donated.size > 0) checkDonation(name, xs, donated, traced.captured, structure);
    const outs = execute(name, traced, xs, donated, options.device);
    return unflatten<R>(traced.out, outs);
  };

  const lower = (...given: { readonly [K in keyof A]: Described<A[K]> }): Lowered<A, R> => {
    const args = given.map((a) => withPlaceholders('lower', a));
    const { leaves, structure } = flatten(args, 'lower');
    const traced = lookup(leaves, structure);
    const backendOf = (xs: readonly Leaf[]): Backend =>
      options.device ?? backendFor(name, [...traced.captured, ...xs.map(leafTensor)]);
    return lowered<A, R>({
      ...traced,
      name,
      compile: () => {
        const backend = backendOf(leaves.filter((x) => !(x instanceof Tracer)));
        return {
          executable: executableOn(traced, donatedLeaves(options.donate, args, leaves), backend),
          device: backend.name,
        };
      },
      deviceOf: (xs) => backendOf(xs).name,
      run: (xs, s, as) => runNow(traced, xs, s, as),
    });
  };

  return Object.assign(call, {
    cache: () =>
      [...cache.keys()]
        .map((k) => cache.get(k)!)
        .map((t) => t.signature.avals.map((a) => (a === 'number' ? 'number' : showAval(a))).join(', ')),
    trace: (...args: A) => {
      const { leaves, structure } = flatten(args, 'jit');
      return lookup(leaves, structure);
    },
    lower,
    options,
  });
};
