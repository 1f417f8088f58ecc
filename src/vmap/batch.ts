// Batching: an interpreter whose values carry an extra axis that the function does not see.
import { withInterpreter, type Interpreter } from '../core/interpreter.ts';
import type { Params, Primitive } from '../core/primitive.ts';
import { subprograms } from '../core/program.ts';
import { Tracer, type Tensor } from '../core/tensor.ts';

/** A value without its axis `axis`. */
export class BatchTracer extends Tracer {
  readonly maker: BatchInterpreter;
  readonly value: Tensor;
  readonly axis: number;
  readonly shape: Tensor['shape'];
  constructor(maker: BatchInterpreter, value: Tensor, axis: number) {
    super();
    this.maker = maker;
    this.value = value;
    this.axis = axis;
    this.shape = value.shape.filter((_, i) => i !== axis);
  }
  get kind(): string {
    return this.maker.kind;
  }
  get dtype(): Tensor['dtype'] {
    return this.value.dtype;
  }
  get weak(): boolean {
    return this.value.weak;
  }
}

/** True for a collective over the axis of that name, and for what holds one in a program. */
const speaksOf = (primitive: Primitive, params: Params, axisName: string | undefined): boolean =>
  axisName !== undefined &&
  ((primitive.collective === true && params['axisName'] === axisName) ||
    subprograms(params).some((p) => p.equations.some((e) => speaksOf(e.primitive, e.params, axisName))));

export class BatchInterpreter implements Interpreter {
  readonly kind = 'vmap';
  readonly below: Interpreter;
  readonly size: number;
  /** What collectives inside of the function call this axis. */
  readonly axisName: string | undefined;
  constructor(below: Interpreter, size: number, axisName?: string) {
    this.below = below;
    this.size = size;
    this.axisName = axisName;
  }

  lift(value: Tensor, axis: number | null): Tensor {
    return axis === null ? value : new BatchTracer(this, value, axis);
  }
  /** The full value and its batch axis (null: the same for all). */
  lower(x: Tensor): { readonly value: Tensor; readonly axis: number | null } {
    return x instanceof BatchTracer && x.maker === this ? x : { value: x, axis: null };
  }

  process(primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const values: Tensor[] = [];
    const axes: (number | null)[] = [];
    for (const x of inputs) {
      const { value, axis } = this.lower(x);
      values.push(value);
      axes.push(axis);
    }
    if (axes.every((a) => a === null) && !speaksOf(primitive, params, this.axisName))
      return this.below.process(primitive, values, params);
    return withInterpreter(this.below, () => {
      const result = primitive.batch(values, axes, params, this.size, this.axisName);
      return result.outs.map((o, i) => this.lift(o, result.axes[i]!));
    });
  }
}
