// Cases of single kernels: each names some plans, which a device runs against the plain interpreter or a given result.
import { hostArray, type DType, type TypedArray } from '../../../src/core/dtype.ts';
import type { ContractKernel, Kernel } from '../../../src/jit/kernel.ts';
import type { Case, On } from '../case.ts';
import { interpret, interpretContract, type Memory } from './interpret.ts';
import { planOf, type Buffers } from './plans.ts';

export interface Options {
  /** Relative to the larger of 1 and the number. Default 0. */
  readonly tolerance?: number;
  /** Outputs that lie over inputs. */
  readonly aliases?: ReadonlyMap<number, number>;
  /** The outputs as they must be; by default those of the interpreter. */
  readonly want?: () => readonly TypedArray[];
}

/** Asks that a kernel be run and compared. */
export type Check = (
  kernel: Kernel,
  buffers: Buffers,
  inputs: readonly TypedArray[],
  options?: Options | number,
) => void;

interface Todo extends Options {
  readonly kernel: Kernel;
  readonly buffers: Buffers;
  readonly inputs: readonly TypedArray[];
}

/** What a kernel computes, by the interpreter. */
const interpreted = (kernel: Kernel, buffers: Buffers, inputs: readonly TypedArray[]): readonly TypedArray[] => {
  const outputs = buffers.outputs.map(([dtype, length]) => hostArray(dtype, length));
  const memory: Memory = new Map([...inputs, ...outputs].map((x, i) => [i, x]));
  if (kernel.kind === 'loop') interpret(kernel, memory);
  else if (kernel.kind === 'contract') interpretContract(kernel, memory);
  else throw new Error(`the interpreter has no ${kernel.kind} kernels: say what is wanted`);
  return outputs;
};

const compare = (name: string, got: TypedArray, want: TypedArray, tolerance: number): void => {
  if (got.length !== want.length) throw new Error(`${name}: ${got.length} elements, wanted ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const [x, y] = [got[i]!, want[i]!];
    if (Object.is(x, y) || x === y) continue;
    // Nothing but itself is near an infinity.
    if (!(Number.isFinite(y) && Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y))))
      throw new Error(`${name}[${i}] of ${want.length}: got ${x}, want ${y}`);
  }
};

const runOne = async (on: On, todo: Todo): Promise<void> => {
  const { kernel, buffers, inputs, aliases, tolerance = 0 } = todo;
  const got = await on.runPlan(planOf([kernel], buffers, [], aliases), inputs);
  const want = todo.want?.() ?? interpreted(kernel, buffers, inputs);
  buffers.outputs.forEach(([dtype, length], j) => {
    if (want[j]!.length !== length)
      throw new Error(`output ${j} has ${length} elements, the case wants ${want[j]!.length}`);
    const slack = dtype === 'float32' ? on.slack : 0;
    compare(`${kernel.kind} ${kernel.name}, output ${j} (${dtype})`, got[j]!, want[j]!, tolerance + slack);
  });
};

/** A case of all the kernels that `body` asks for, but those with dtypes that the device does not have (`rows` asks that they be refused). */
export const kernelCase = (name: string, body: (check: Check) => void): Case => ({
  name,
  run: async (on) => {
    const all: Todo[] = [];
    body((kernel, buffers, inputs, options = {}) => {
      all.push({ kernel, buffers, inputs, ...(typeof options === 'number' ? { tolerance: options } : options) });
    });
    const dtypes = ({ buffers }: Todo): readonly DType[] => [...buffers.inputs, ...buffers.outputs].map(([d]) => d);
    const able = all.filter((todo) => dtypes(todo).every(on.has));
    if (able.length === 0) throw new Error('a case without kernels');
    for (const todo of able) await runOne(on, todo);
  },
});

/** Asks that a contraction be run and compared with the interpreter's. */
export type ContractCheck = (
  kernel: Omit<ContractKernel, 'kind' | 'name'>,
  buffers: Buffers,
  inputs: readonly TypedArray[],
  tolerance: number,
) => void;

export const contractCase = (name: string, body: (check: ContractCheck) => void): Case =>
  kernelCase(name, (check) =>
    body((kernel, buffers, inputs, tolerance) =>
      check({ kind: 'contract', name: 'c', ...kernel }, buffers, inputs, tolerance),
    ),
  );
