// Random programs: a fast-check arbitrary of typed functions of tensors, which shrink to short printable code.
import fc from 'fast-check';
import * as ct from '../public.ts';
import type { Tensor } from '../public.ts';
import { control, whiles } from './vocabulary-control.ts';
import { indexing } from './vocabulary-indexing.ts';
import { plain, type Op } from './vocabulary.ts';

type Dtype = 'float32' | 'float64';

/** A random differentiable function of tensors. */
export interface RandomProgram {
  /** Shapes of its arguments. */
  readonly shapes: readonly (readonly number[])[];
  /** The function: well behaved (finite, smooth almost everywhere) on arguments in [-2, 2]. */
  readonly run: (...xs: Tensor[]) => Tensor[];
  /** Elements for the arguments, in [-2, 2]. */
  readonly data: readonly (readonly number[])[];
  /** The arguments as tensors. */
  readonly inputs: (dtype?: Dtype) => Tensor[];
  readonly toString: () => string;
}

interface Instruction {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Runs instructions: each appends a value made of two earlier ones, picked from the latest. */
const execute = (
  ops: readonly Op[],
  program: readonly Instruction[],
  xs: readonly Tensor[],
): { readonly values: Tensor[]; readonly code: string[] } => {
  const values = [...xs];
  const names = xs.map((_, i) => `x${i}`);
  const code: string[] = [];
  for (const { op, a, b, c } of program) {
    const pick = (n: number): number => values.length - 1 - (n % values.length);
    const o = ops[op % ops.length]!;
    const [i, j] = [pick(a), pick(b)];
    const y = o.apply(values[i]!, values[j]!, c);
    if (y === undefined) continue;
    code.push(`const v${code.length} = ${o.code(names[i]!, names[j]!, c)};`);
    names.push(`v${code.length - 1}`);
    values.push(y);
  }
  return { values, code };
};

const shapeArbitrary: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<readonly number[]>([]) },
  { weight: 3, arbitrary: fc.array(fc.constantFrom<number[]>(1, 2, 3, 4, 5, 7, 8), { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom<number[]>(1, 2, 3, 4), { minLength: 3, maxLength: 3 }) },
);

/** Multiples of 1/64 in [-2, 2], spread so that ties (where derivatives jump) are rare. */
const element = fc.integer({ min: -128 * 512, max: 128 * 512 }).map((n) => n / (64 * 512));

export interface ProgramOptions {
  /** The largest number of instructions. Default 12. */
  readonly maxLength?: number;
  /** The largest number of arguments. Default 2. */
  readonly arguments?: number;
  /** Whether there are scan, foriLoop, cond, switch and map in it. Default true. */
  readonly control?: boolean;
  /** Whether there are whileLoops in it, which have no reverse mode. Default false. */
  readonly whiles?: boolean;
}

/** Random programs. The results are the last value and up to two before it. */
export const program = (options: ProgramOptions = {}): fc.Arbitrary<RandomProgram> => {
  // New words stand behind the others: programs shrink to the simple ones.
  const ops = [
    ...plain,
    ...indexing,
    ...(options.control === false ? [] : control),
    ...(options.whiles === true ? whiles : []),
  ];
  return fc
    .record({
      shapes: fc.array(shapeArbitrary, { minLength: 1, maxLength: options.arguments ?? 2 }),
      instructions: fc.array(
        fc.record({
          op: fc.nat({ max: ops.length - 1 }),
          a: fc.nat({ max: 5 }),
          b: fc.nat({ max: 5 }),
          c: fc.nat({ max: 3 }),
        }),
        { minLength: 1, maxLength: options.maxLength ?? 12 },
      ),
      seed: fc.array(element, { minLength: 8, maxLength: 8 }),
    })
    .map(({ shapes, instructions, seed }): RandomProgram => {
      const sizes = shapes.map((s) => s.reduce((n, d) => n * d, 1));
      // A few free numbers, spread over all elements by an irrational step.
      const data = sizes.map((n, k) =>
        Array.from({ length: n }, (_, i) =>
          Math.fround(((seed[(i + k) % 8]! + i * 0.7548776662 + k * 0.5698402909 + 2) % 4) - 2),
        ),
      );
      return {
        shapes,
        data,
        run: (...xs) => execute(ops, instructions, xs).values.slice(-3),
        inputs: (dtype = 'float32') =>
          shapes.map((s, i) =>
            ct.fromTypedArray(dtype === 'float64' ? Float64Array.from(data[i]!) : Float32Array.from(data[i]!), s),
          ),
        toString: () => {
          const xs = shapes.map((s) => ct.zeros(s));
          const code: string[] = [];
          ct.evalShape(
            (...ys: Tensor[]) => {
              const done = execute(ops, instructions, ys);
              code.push(...done.code);
              return done.values;
            },
            ...xs,
          );
          return [
            `// ${shapes.map((s, i) => `x${i}: [${s.join(', ')}] = [${data[i]!.join(', ')}]`).join('; ')}`,
            ...code,
          ].join('\n');
        },
      };
    });
};
