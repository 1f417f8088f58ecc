// Reverse mode in two stages: linearize (forward mode whose tangents are traced on a tape), then transpose the tape.
import type { Aval } from '../core/aval.ts';
import { currentInterpreter, withInterpreter, type Interpreter } from '../core/interpreter.ts';
import { addTangents } from '../core/ops/arithmetic.ts';
import { fill } from '../core/ops/structure.ts';
import { currentOrigin, trackingOrigins, withOrigin, type Origin } from '../core/origin.ts';
import { LinearInput, type Params, type Primitive, type Tangent } from '../core/primitive.ts';
import { Tracer, type Tensor } from '../core/tensor.ts';
import { TracerError } from '../core/errors.ts';
import { JvpInterpreter } from './jvp.ts';

/** A tangent of which only the recipe exists. */
class TapeTracer extends Tracer {
  readonly maker: Tape;
  readonly aval: Aval;
  constructor(maker: Tape, aval: Aval) {
    super();
    this.maker = maker;
    this.aval = aval;
  }
  get kind(): string {
    return this.maker.kind;
  }
  get shape(): Tensor['shape'] {
    return this.aval.shape;
  }
  get dtype(): Tensor['dtype'] {
    return this.aval.dtype;
  }
  get weak(): boolean {
    return this.aval.weak;
  }
}

interface TapeEquation {
  readonly primitive: Primitive;
  readonly inputs: readonly Tensor[];
  readonly params: Params;
  readonly outs: readonly TapeTracer[];
  readonly origin?: Origin;
}

class Tape implements Interpreter {
  readonly kind: string;
  readonly below: Interpreter;
  readonly equations: TapeEquation[] = [];
  constructor(kind: string, below: Interpreter) {
    this.kind = kind;
    this.below = below;
  }
  input(a: Aval): TapeTracer {
    return new TapeTracer(this, { shape: a.shape, dtype: a.dtype, weak: a.weak });
  }
  owns(x: Tensor | null): x is TapeTracer {
    return x instanceof TapeTracer && x.maker === this;
  }
  process(primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const onTape = inputs.map((x) => this.owns(x));
    if (!onTape.includes(true)) return this.below.process(primitive, inputs, params);
    // A derivative rule may compute values and tangents in one loop or branch; values must not wait for the tape.
    const parts = primitive.split?.(inputs, onTape, params);
    if (parts !== undefined) return parts;
    const outs = primitive.shape(inputs, params).map((a) => this.input(a));
    this.equations.push({ primitive, inputs, params, outs, ...(trackingOrigins() ? { origin: currentOrigin() } : {}) });
    return outs;
  }
}

/** f at a point: its outputs, its derivative as a linear map, and that map transposed. */
export interface Linearized {
  readonly outs: readonly Tensor[];
  /** Tangents in, tangents out; null is zero. Runs under the interpreter current at the call. */
  readonly forward: (tangents: readonly Tangent[]) => Tangent[];
  /** Cotangents of the outputs in, of the inputs out. */
  readonly backward: (cts: readonly Tangent[]) => Tangent[];
}

/** Linearizes a function of tensors; `isConstant[i]` inputs have no tangent. */
export const linearizeAt = (
  kind: string,
  f: (...xs: Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  isConstant: readonly boolean[] = [],
): Linearized => {
  const tape = new Tape(kind, currentInterpreter());
  const forward = new JvpInterpreter(kind, tape, true);
  const inputs = primals.map((x, i) => (isConstant[i] === true ? null : tape.input(x)));
  const duals = primals.map((x, i) => forward.lift(x, inputs[i]!));
  const results = withInterpreter(forward, () => f(...duals)).map((y) => forward.lower(y));
  const tangents = results.map((r) => (tape.owns(r.tangent) ? r.tangent : null));
  return {
    outs: results.map((r) => r.primal),
    forward: (ts) => replay(tape, inputs, tangents, ts),
    backward: (cts) => transposeTape(tape, inputs, tangents, cts),
  };
};

const replay = (
  tape: Tape,
  inputs: readonly (TapeTracer | null)[],
  outs: readonly (TapeTracer | null)[],
  tangents: readonly Tangent[],
): Tangent[] => {
  const env = new Map<Tensor, Tangent>();
  inputs.forEach((v, i) => v !== null && env.set(v, tangents[i]!));
  const interpreter = currentInterpreter();
  for (const e of tape.equations) {
    const values = e.inputs.map((x) => (tape.owns(x) ? env.get(x)! : x));
    const zero = e.inputs.map((x, i) => tape.owns(x) && values[i] === null);
    let outs: readonly Tangent[];
    if (e.inputs.every((x, i) => !tape.owns(x) || zero[i])) outs = e.outs.map(() => null);
    else if (zero.some(Boolean)) {
      // Some linear inputs are zero: the operation is linear, so its own jvp with null tangents leaves them out.
      outs = withOrigin(
        e.origin ?? {},
        () =>
          e.primitive.jvp(
            e.inputs.map((x, i) => (tape.owns(x) ? (values[i] ?? zerosFor(x)) : x)),
            e.inputs.map((x, i) => (tape.owns(x) ? values[i]! : null)),
            e.params,
          ).tangents,
      );
    } else outs = withOrigin(e.origin ?? {}, () => interpreter.process(e.primitive, values as Tensor[], e.params));
    e.outs.forEach((v, i) => env.set(v, outs[i]!));
  }
  return outs.map((v) => (v === null ? null : env.get(v)!));
};

const transposeTape = (
  tape: Tape,
  inputs: readonly (TapeTracer | null)[],
  outs: readonly (TapeTracer | null)[],
  cts: readonly Tangent[],
): Tangent[] => {
  const env = new Map<Tensor, Tangent>();
  const accumulate = (v: Tensor, ct: Tangent): void => {
    if (ct !== null) env.set(v, addTangents(env.get(v) ?? null, ct));
  };
  outs.forEach((v, i) => v !== null && accumulate(v, cts[i]!));
  for (let k = tape.equations.length - 1; k >= 0; k--) {
    const e = tape.equations[k]!;
    const given = e.outs.map((v) => env.get(v) ?? null);
    e.outs.forEach((v) => env.delete(v));
    if (given.every((ct) => ct === null)) continue;
    const { transpose } = e.primitive;
    if (transpose === null)
      throw new TracerError(
        e.primitive.name,
        'is not linear and cannot be transposed; its derivative rule applied it to a tangent',
      );
    withOrigin({ frame: e.origin?.frame, phase: 'backward' }, () => {
      const back = transpose(
        given,
        e.inputs.map((x) => (tape.owns(x) ? new LinearInput(x.aval) : x)),
        e.params,
      );
      e.inputs.forEach((x, i) => tape.owns(x) && accumulate(x, back[i] ?? null));
    });
  }
  return inputs.map((v) => (v === null ? null : (env.get(v) ?? null)));
};

const zerosFor = (x: Tensor): Tensor => fill(x.shape, 0, x.dtype);
