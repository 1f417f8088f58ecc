// Looking into a function: its program, the shapes of its result, and the kernels it compiles to.
import type { Aval } from '../core/aval.ts';
import { leafTensor, onLeaves, settle } from '../core/functional.ts';
import { printProgram, type Program } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { flatten, unflatten } from '../core/tree.ts';
import { buffersOf } from './buffers.ts';
import { backendFor, type Backend } from './backend.ts';
import { donatedLeaves } from './donation.ts';
import { partsOf } from './control.ts';
import type { Jitted } from './jit.ts';
import type { Kernel, Plan } from './kernel.ts';
import { kernelFlops } from './cost.ts';
import { simplify } from './simplify.ts';
import { kernelBytes } from './traffic.ts';

const traceFunction = (
  name: string,
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
): {
  readonly program: Program;
  readonly captured: readonly Tensor[];
  readonly out: ReturnType<ReturnType<typeof onLeaves>['out']>;
} => {
  const { leaves, structure } = flatten(args, name);
  const g = onLeaves(name, f, structure);
  const staged = stage(name, (...xs) => g.run(...xs).map(settle), leaves.map(leafTensor));
  return { program: staged.program, captured: staged.captured, out: g.out() };
};

/** A program that prints as text. */
export interface Jaxpr {
  readonly program: Program;
  /** Tensors that the function captured: the program's first inputs. */
  readonly captured: readonly Tensor[];
  toString(): string;
}

/**
 * The program that a function stands for, as `jax.make_jaxpr`: print it, or look at `.program`.
 * @example
 * makeJaxpr((x) => mul(x, x))(tensor(2)).toString(); // '{ lambda a:float32[] . let\n    b:float32[] = mul a a\n  in (b) }'
 */
export const makeJaxpr =
  <A extends readonly unknown[]>(f: (...args: A) => unknown): ((...args: A) => Jaxpr) =>
  (...args) => {
    const { program, captured } = traceFunction('makeJaxpr', f as unknown as (...args: never[]) => unknown, args);
    return { program, captured, toString: () => printProgram(program) };
  };

/** Shape and dtype, as evalShape returns them for every tensor of a result. */
export interface ShapeDType {
  readonly shape: readonly number[];
  readonly dtype: Aval['dtype'];
}

/**
 * The shapes and dtypes of f's result, without computing it (`jax.eval_shape`), in the structure of the result.
 * @example
 * evalShape((x) => matmul(x, x), zeros([3, 3])); // { shape: [3, 3], dtype: 'float32' }
 */
export const evalShape = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): unknown => {
  const { program, out } = traceFunction('evalShape', f as unknown as (...args: never[]) => unknown, args);
  return unflatten(
    out,
    program.outs.map((v): ShapeDType => ({ shape: v.aval.shape, dtype: v.aval.dtype })),
  );
};

/** What one kernel does: floating operations by count, bytes it reads and writes at least. */
export interface KernelCost {
  readonly name: string;
  readonly kind: Kernel['kind'];
  readonly inputs: number;
  readonly outputs: number;
  readonly bytes: number;
  readonly flops: number;
  /** The kernels of each program that a loop or a branch holds: what one round does. */
  readonly parts: readonly (readonly KernelCost[])[];
}

export interface Explanation {
  readonly kernels: readonly KernelCost[];
  readonly flops: number;
  readonly bytes: number;
  /** Bytes of the program's own temporaries. */
  readonly arenaBytes: number;
  readonly plan: Plan;
  /** On a GPU: its dispatches, which need not be as many as kernels; of a loop of unknown length those of one round. */
  readonly dispatches?: number;
  toString(): string;
}

const costsOf = (plan: Plan): KernelCost[] =>
  plan.kernels.map((k) => {
    const { reads, writes } = buffersOf(k);
    return {
      name: k.name,
      kind: k.kind,
      inputs: reads.length,
      outputs: writes.length,
      bytes: kernelBytes(k, plan.buffers),
      flops: kernelFlops(k),
      parts: partsOf(k).map(costsOf),
    };
  });

/** What a computation of JS costs where the program runs elsewhere; an effect costs nothing of the kind. */
const splitting = ({ kind, name }: KernelCost): string =>
  kind === 'callback' && name.startsWith('pureCallback')
    ? '; on a GPU it splits the program, which waits for what came before, reads it, and goes on when JS has computed'
    : '';

const lines = (kernels: readonly KernelCost[], indent = ''): string[] =>
  kernels.flatMap((k, i) => [
    `${indent}${String(i).padStart(3)} ${k.kind.padEnd(8)} ${k.name.padEnd(Math.max(0, 32 - indent.length))} ${k.inputs} in, ${k.outputs} out, ${k.bytes} bytes, ${k.flops} flops${splitting(k)}`,
    ...k.parts.flatMap((part) => lines(part, `${indent}    `)),
  ]);

/** The cost of a plan, kernel by kernel. */
export const explainPlan = (plan: Plan, dispatches?: number): Explanation => {
  const kernels = costsOf(plan);
  const flops = kernels.reduce((n, k) => n + k.flops, 0);
  const bytes = kernels.reduce((n, k) => n + k.bytes, 0);
  return {
    kernels,
    flops,
    bytes,
    arenaBytes: plan.arenaBytes,
    plan,
    ...(dispatches === undefined ? {} : { dispatches }),
    toString: () =>
      [
        ...lines(kernels),
        `${kernels.length} kernels, ${dispatches === undefined ? '' : `${dispatches} dispatches, `}${bytes} bytes, ${flops} flops, ${plan.arenaBytes} bytes of temporaries`,
      ].join('\n'),
  };
};

/**
 * The kernels that a jitted function (or a function, as if jitted) compiles to for these arguments, and the bytes they move: what is
 * updated in place (in a donated argument, in a loop's carry) counts by its update. On the device given, or else that it would run on.
 * @example
 * explain(jit((x) => add(mul(x, x), 1)))(zeros([4])).kernels.length; // 1
 */
export const explain =
  <A extends readonly unknown[], R>(
    f: Jitted<A, R> | ((...args: A) => R),
    device?: Backend,
  ): ((...args: A) => Explanation) =>
  (...args) => {
    const { program, captured } =
      'trace' in f ? f.trace(...args) : traceFunction('explain', f as unknown as (...args: never[]) => unknown, args);
    const { leaves } = flatten(args, 'explain');
    const donated = 'trace' in f ? donatedLeaves(f.options.donate, args, leaves) : new Set<number>();
    const positions = new Set([...donated].map((i) => i + captured.length));
    const own = device ?? ('trace' in f ? f.options.device : undefined);
    const backend = own ?? backendFor('explain', [...captured, ...leaves.map(leafTensor)]);
    const executable = backend.compile(simplify(program), positions);
    if (executable.plan === undefined) throw new Error('explain: this device interprets programs and has no kernels');
    return explainPlan(executable.plan, executable.dispatches);
  };
