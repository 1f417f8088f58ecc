// Batching: an interpreter whose values carry an extra axis that the function does not see.
import { withInterpreter, type Interpreter } from '../core/interpreter.ts';
import type { Params, Primitive } from '../core/primitive.ts';
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

export class BatchInterpreter implements Interpreter {
  readonly kind = 'vmap';
  readonly below: Interpreter;
  readonly size: number;
  constructor(below: Interpreter, size: number) {
    this.below = below;
    this.size = size;
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
    if (axes.every((a) => a === null)) return this.below.process(primitive, values, params);
    return withInterpreter(this.below, () => {
      const result = primitive.batch(values, axes, params, this.size);
      return result.outs.map((o, i) => this.lift(o, result.axes[i]!));
    });
  }
}
