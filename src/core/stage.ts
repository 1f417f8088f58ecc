// Staging: runs a function on abstract values and records every primitive it applies as an equation of a program.
import { type Aval } from './aval.ts';
import { rememberFrame } from './errors.ts';
import { currentOrigin, trackingOrigins, withOrigin } from './origin.ts';
import { refusePromise, withInterpreter, type Interpreter } from './interpreter.ts';
import type { Params, Primitive } from './primitive.ts';
import { value, type Equation, type Program, type Value } from './program.ts';
import { Tracer, type Tensor } from './tensor.ts';
import { longTrace, warnOfLength } from './trace-size.ts';

class StageTracer extends Tracer {
  readonly maker: StageInterpreter;
  readonly value: Value;
  constructor(maker: StageInterpreter, v: Value) {
    super();
    this.maker = maker;
    this.value = v;
  }
  get kind(): string {
    return this.maker.kind;
  }
  get shape(): readonly number[] {
    return this.value.aval.shape;
  }
  get dtype(): Aval['dtype'] {
    return this.value.aval.dtype;
  }
  get weak(): boolean {
    return this.value.aval.weak;
  }
}

class StageInterpreter implements Interpreter {
  readonly kind: string;
  readonly equations: Equation[] = [];
  /** Values from outside, by identity, that became hidden inputs. */
  readonly captured: Map<Tensor, Value> = new Map();
  constructor(kind: string) {
    this.kind = kind;
  }
  input(a: Aval): StageTracer {
    return new StageTracer(this, value(a));
  }
  valueOf(x: Tensor): Value {
    if (x instanceof StageTracer && x.maker === this) return x.value;
    let v = this.captured.get(x);
    if (v === undefined) this.captured.set(x, (v = value({ shape: x.shape, dtype: x.dtype, weak: x.weak })));
    return v;
  }
  process(primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const values = inputs.map((x) => this.valueOf(x));
    const outs = primitive
      .shape(inputs, params)
      .map((a) => new StageTracer(this, value({ shape: a.shape, dtype: a.dtype, weak: a.weak })));
    const equation = { primitive, inputs: values, params, outs: outs.map((o) => o.value) };
    this.equations.push(
      trackingOrigins() ? { ...equation, ...currentOrigin() } : { ...equation, frame: rememberFrame() },
    );
    if (this.equations.length > longTrace && !warned) {
      warned = true;
      warnOfLength(this.kind, this.equations);
    }
    return outs;
  }
}

// Traces inside of traces (loop bodies, their derivatives) share one warning.
let warned = false;
let depth = 0;
const tracing = <A>(f: () => A): A => {
  if (depth++ === 0) warned = false;
  try {
    return f();
  } finally {
    depth--;
  }
};

/** A program and the values from outside that its first inputs stand for. */
export interface Staged {
  readonly program: Program;
  readonly captured: readonly Tensor[];
}

/**
 * Records `f`. The program's inputs are the captured values first, then the arguments. Everything that f computes is
 * recorded, also what depends on no argument.
 */
export const stage = (kind: string, f: (...args: Tensor[]) => readonly Tensor[], avals: readonly Aval[]): Staged => {
  const interpreter = new StageInterpreter(kind);
  const args = avals.map((a) => interpreter.input({ shape: a.shape, dtype: a.dtype, weak: a.weak }));
  const outs = tracing(() =>
    withInterpreter(interpreter, () => {
      const result = f(...args);
      refusePromise(kind, f, result);
      return result.map((x) => interpreter.valueOf(x));
    }),
  );
  return {
    program: {
      inputs: [...interpreter.captured.values(), ...args.map((a) => a.value)],
      equations: interpreter.equations,
      outs,
    },
    captured: [...interpreter.captured.keys()],
  };
};

/** Applies a program's equations, in order, under the current interpreter. */
export const applyProgram = (
  program: Program,
  inputs: readonly Tensor[],
  bind: (primitive: Primitive, inputs: readonly Tensor[], params: Params) => readonly Tensor[],
): Tensor[] => {
  const env = new Map<Value, Tensor>();
  program.inputs.forEach((v, i) => env.set(v, inputs[i]!));
  const read = (v: Value): Tensor => env.get(v)!;
  for (const e of program.equations) {
    const inputs = e.inputs.map(read);
    const outs = trackingOrigins()
      ? withOrigin(e, () => bind(e.primitive, inputs, e.params))
      : bind(e.primitive, inputs, e.params);
    e.outs.forEach((v, i) => env.set(v, outs[i]!));
  }
  return program.outs.map(read);
};
