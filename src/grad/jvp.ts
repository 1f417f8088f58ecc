// Forward mode: an interpreter that carries a tangent beside each value.
import { isFloat } from '../core/dtype.ts';
import { withInterpreter, type Interpreter } from '../core/interpreter.ts';
import type { Params, Primitive, Tangent } from '../core/primitive.ts';
import { Tracer, type Tensor } from '../core/tensor.ts';

/** A value x with its tangent dx; null is zero. */
export class JvpTracer extends Tracer {
  readonly maker: JvpInterpreter;
  readonly primal: Tensor;
  readonly tangent: Tangent;
  constructor(maker: JvpInterpreter, primal: Tensor, tangent: Tangent) {
    super();
    this.maker = maker;
    this.primal = primal;
    this.tangent = tangent;
  }
  get kind(): string {
    return this.maker.kind;
  }
  get shape(): Tensor['shape'] {
    return this.primal.shape;
  }
  get dtype(): Tensor['dtype'] {
    return this.primal.dtype;
  }
  get weak(): boolean {
    return this.primal.weak;
  }
}

/**
 * `below` is the interpreter that values and tangents live in. With `residuals`, primitives that bring their own
 * linearization use it: then tangents are being traced on a tape, and values must be computed off it.
 */
export class JvpInterpreter implements Interpreter {
  readonly kind: string;
  readonly below: Interpreter;
  readonly #residuals: boolean;
  constructor(kind: string, below: Interpreter, residuals = false) {
    this.kind = kind;
    this.below = below;
    this.#residuals = residuals;
  }

  lift(primal: Tensor, tangent: Tangent): Tensor {
    return tangent === null ? primal : new JvpTracer(this, primal, tangent);
  }
  /** Value and tangent of anything: what this interpreter did not make is a constant. */
  lower(x: Tensor): { readonly primal: Tensor; readonly tangent: Tangent } {
    return x instanceof JvpTracer && x.maker === this ? x : { primal: x, tangent: null };
  }

  process(primitive: Primitive, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    let constant = true;
    const primals: Tensor[] = [];
    const tangents: Tangent[] = [];
    for (const x of inputs) {
      const { primal, tangent } = this.lower(x);
      primals.push(primal);
      tangents.push(tangent);
      if (tangent !== null) constant = false;
    }
    if (constant) return this.below.process(primitive, primals, params);
    return withInterpreter(this.below, () => {
      if (this.#residuals && primitive.linearize !== undefined) {
        const { outs, linear } = primitive.linearize(
          primals,
          tangents.map((t) => t === null),
          params,
        );
        const outTangents = linear(tangents);
        return outs.map((o, i) => this.lift(o, isFloat(o.dtype) ? outTangents[i]! : null));
      }
      const result = primitive.jvp(primals, tangents, params);
      return result.outs.map((o, i) => this.lift(o, isFloat(o.dtype) ? result.tangents[i]! : null));
    });
  }
}
