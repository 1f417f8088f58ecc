// Transforms of whole programs: the derivative, the linearization, the transpose and the batched form of a program, as programs again.
import type { Aval } from '../core/aval.ts';
import { bind, currentInterpreter, withInterpreter } from '../core/interpreter.ts';
import { broadcastInto, fill, moveAxis } from '../core/ops/structure.ts';
import type { Tangent } from '../core/primitive.ts';
import { hasEffects, type Equation, type Program, type Value } from '../core/program.ts';
import { applyProgram, stage, type Staged } from '../core/stage.ts';
import { Tracer, type Tensor } from '../core/tensor.ts';
import { JvpInterpreter } from '../grad/jvp.ts';
import { linearizeAt } from '../grad/linearize.ts';
import { BatchInterpreter } from '../vmap/batch.ts';

/** Applies a program under the current interpreter. */
export const runProgram = (program: Program, inputs: readonly Tensor[]): Tensor[] =>
  applyProgram(program, inputs, bind);

export const avalsOf = (values: readonly { readonly aval: Aval }[]): Aval[] => values.map((v) => v.aval);
export const zerosOf = (a: Aval): Tensor => fill(a.shape, 0, a.dtype);
export const isTensor = (t: Tangent): t is Tensor => t !== null;

/** A program with its inputs and outputs in another order, some repeated or left out, and inputs that it does not read. */
export const arrange = (program: Program, inputs: readonly Value[], outs: readonly Value[]): Program => ({
  inputs,
  equations: program.equations,
  outs,
});

/** Which outputs depend on the marked inputs. */
export const reached = (program: Program, marked: readonly boolean[]): boolean[] => {
  const known = new Set(program.inputs.filter((_, i) => marked[i]!));
  for (const e of program.equations) if (e.inputs.some((v) => known.has(v))) e.outs.forEach((v) => known.add(v));
  return program.outs.map((v) => known.has(v));
};

/** The part that depends on none of the marked inputs, with its effects; and all of it without effects. */
export const partsOf = (
  program: Program,
  marked: readonly boolean[],
): { readonly values: Program; readonly quiet: Program } => {
  const known = new Set(program.inputs.filter((_, i) => marked[i]!));
  const values = program.equations.filter((e) => {
    const depends = e.inputs.some((v) => known.has(v));
    if (depends) e.outs.forEach((v) => known.add(v));
    return !depends;
  });
  const quiet = program.equations.filter((e) => e.primitive.effects === undefined);
  return { values: { ...program, equations: values }, quiet: { ...program, equations: quiet } };
};

/** `split` of a primitive whose meaning is its program: written out. */
export const splitCall = (
  inputs: readonly Tensor[],
  onTape: readonly boolean[],
  { program }: { readonly program: Program },
): readonly Tensor[] | undefined => (reached(program, onTape).every(Boolean) ? undefined : runProgram(program, inputs));

const bits = (mask: readonly boolean[]): string => mask.map(Number).join('');

/**
 * Without what no output needs: linearizing and transposing leave computations behind, and derivatives of those would be
 * taken at every further order.
 */
const pruned = (staged: Staged): Staged => {
  const { inputs, equations, outs } = staged.program;
  const live = new Set<Value>(outs);
  const kept: Equation[] = [];
  for (const e of [...equations].reverse()) {
    if (!hasEffects(e) && !e.outs.some((v) => live.has(v))) continue;
    e.inputs.forEach((v) => live.add(v));
    kept.push(e);
  }
  return { program: { inputs, equations: kept.reverse(), outs }, captured: staged.captured };
};

/** Transformed programs are made once for each program and pattern. */
const memo = <A>(): ((program: Program, key: string, make: () => A) => A) => {
  const known = new WeakMap<Program, Map<string, A>>();
  return (program, key, make) => {
    let forProgram = known.get(program);
    if (forProgram === undefined) known.set(program, (forProgram = new Map()));
    let made = forProgram.get(key);
    if (made === undefined) forProgram.set(key, (made = make()));
    return made;
  };
};

/** A staged program, and which of its optional outputs it has. */
export interface Masked {
  readonly staged: Staged;
  readonly mask: readonly boolean[];
}

const jvps = memo<Masked>();

/**
 * (primals.., tangents of the moving ones..) -> (outs.., tangents of the outs in the mask..). `wanted` outs are in the mask
 * whether or not they move.
 */
export const jvpProgram = (
  program: Program,
  moving: readonly boolean[],
  wanted: readonly boolean[] = program.outs.map(() => false),
): Masked =>
  jvps(program, `${bits(moving)}/${bits(wanted)}`, () => {
    let mask: boolean[] = [];
    const count = program.inputs.length;
    const staged = stage(
      'jvp',
      (...args) => {
        const interpreter = new JvpInterpreter('jvp', currentInterpreter());
        let next = count;
        const duals = moving.map((m, i) => interpreter.lift(args[i]!, m ? args[next++]! : null));
        const outs = withInterpreter(interpreter, () => runProgram(program, duals)).map((y) => interpreter.lower(y));
        mask = outs.map((o, i) => o.tangent !== null || wanted[i]!);
        return [
          ...outs.map((o) => o.primal),
          ...outs.flatMap((o, i) => (mask[i]! ? [o.tangent ?? zerosOf(o.primal)] : [])),
        ];
      },
      [...avalsOf(program.inputs), ...avalsOf(program.inputs.filter((_, i) => moving[i]!))],
    );
    return { staged, mask };
  });

/** Where a value that the linear program needs comes from. */
export type Residual =
  | { readonly from: 'input'; readonly at: number }
  | { readonly from: 'out'; readonly at: number }
  | { readonly from: 'constant'; readonly value: Tensor };

export interface LinearizedProgram {
  /** inputs -> (outs.., residuals that are neither an input nor an out..) */
  readonly forward: Staged;
  /** (residuals.., tangents of all inputs that are not constant..) -> tangents of the outs in the mask */
  readonly linear: Program;
  /** `out` counts the outputs of `forward`. */
  readonly residuals: readonly Residual[];
  readonly mask: readonly boolean[];
}

const linearizations = memo<LinearizedProgram>();

/**
 * A program split in two: what can be computed from values, and what is linear in the tangents. `wanted` outs are in the mask
 * whether or not they move.
 */
export const linearizeProgram = (
  program: Program,
  isConstant: readonly boolean[],
  wanted: readonly boolean[] = program.outs.map(() => false),
): LinearizedProgram =>
  linearizations(program, `${bits(isConstant)}/${bits(wanted)}`, () => {
    let linear: Staged | undefined;
    let mask: boolean[] = [];
    let residuals: Residual[] = [];
    const forward = stage(
      'linearize',
      (...args) => {
        const at = linearizeAt('linearize', (...xs) => runProgram(program, xs), args, isConstant);
        linear = stage(
          'linearize',
          (...ts) => {
            let next = 0;
            const outs = at.forward(args.map((_, i) => (isConstant[i] === true ? null : ts[next++]!)));
            mask = outs.map((t, i) => t !== null || wanted[i]!);
            return outs.flatMap((t, i) => (mask[i]! ? [t ?? zerosOf(program.outs[i]!.aval)] : []));
          },
          args.filter((_, i) => isConstant[i] !== true),
        );
        const extra: Tensor[] = [];
        residuals = linear.captured.map((x): Residual => {
          if (args.includes(x)) return { from: 'input', at: args.indexOf(x) };
          if (at.outs.includes(x)) return { from: 'out', at: at.outs.indexOf(x) };
          if (!(x instanceof Tracer)) return { from: 'constant', value: x };
          extra.push(x);
          return { from: 'out', at: at.outs.length + extra.length - 1 };
        });
        return [...at.outs, ...extra];
      },
      avalsOf(program.inputs),
    );
    return { forward: pruned(forward), linear: pruned(linear!).program, residuals, mask };
  });

const transposes = memo<Masked>();

/**
 * The transpose of a program that is linear in the inputs marked so: (the other inputs.., given cotangents..) -> cotangents of
 * the linear inputs in the mask (one entry a linear input). `wanted` ones (one entry a linear input) are in the mask even where they are zero.
 */
export const transposeProgram = (
  program: Program,
  linear: readonly boolean[],
  given: readonly boolean[],
  wanted: readonly boolean[] = linear.filter(Boolean).map(() => false),
): Masked =>
  transposes(program, `${bits(linear)}/${bits(given)}/${bits(wanted)}`, () => {
    let mask: boolean[] = [];
    const values = program.inputs.filter((_, i) => !linear[i]!);
    const tangents = program.inputs.filter((_, i) => linear[i]!);
    const staged = stage(
      'transpose',
      (...args) => {
        let next = 0;
        const constants = linear.map((l) => (l ? null : args[next++]!));
        const at = linearizeAt(
          'transpose',
          (...xs) => {
            let k = 0;
            return runProgram(
              program,
              linear.map((l, i) => (l ? xs[k++]! : constants[i]!)),
            );
          },
          tangents.map((v) => zerosOf(v.aval)),
        );
        const back = at.backward(given.map((g) => (g ? args[next++]! : null)));
        mask = back.map((t, i) => t !== null || wanted[i]!);
        return back.flatMap((t, i) => (mask[i]! ? [t ?? zerosOf(tangents[i]!.aval)] : []));
      },
      [...avalsOf(values), ...avalsOf(program.outs.filter((_, i) => given[i]!))],
    );
    return { staged: pruned(staged), mask };
  });

export interface BatchedProgram {
  readonly staged: Staged;
  readonly axes: readonly (number | null)[];
}

const batches = memo<BatchedProgram>();

/**
 * A program over an extra axis of length `size`. Without `wanted` every output keeps whatever axis it has (null: the same for
 * all); with it, every output that has one has it in front, and the wanted ones have one.
 */
export const batchProgram = (
  program: Program,
  axes: readonly (number | null)[],
  size: number,
  axisName?: string,
  wanted?: readonly boolean[],
): BatchedProgram =>
  batches(program, `${size}:${axes.join(',')}:${axisName ?? ''}:${wanted === undefined ? '' : bits(wanted)}`, () => {
    let found: (number | null)[] = [];
    const staged = stage(
      'vmap',
      (...args) => {
        const interpreter = new BatchInterpreter(currentInterpreter(), size, axisName);
        const lifted = args.map((x, i) => interpreter.lift(x, axes[i]!));
        const outs = withInterpreter(interpreter, () => runProgram(program, lifted)).map((y) => interpreter.lower(y));
        if (wanted === undefined) {
          found = outs.map((o) => o.axis);
          return outs.map((o) => o.value);
        }
        found = outs.map((o, i) => (o.axis !== null || wanted[i]! ? 0 : null));
        return outs.map((o, i) =>
          o.axis !== null
            ? moveAxis(o.value, o.axis, 0)
            : wanted[i]!
              ? broadcastInto(o.value, [size, ...o.value.shape], [0])
              : o.value,
        );
      },
      program.inputs.map((v, i): Aval => {
        const d = axes[i]!;
        if (d === null) return v.aval;
        const shape = [...v.aval.shape];
        shape.splice(d, 0, size);
        return { ...v.aval, shape };
      }),
    );
    return { staged, axes: found };
  });
