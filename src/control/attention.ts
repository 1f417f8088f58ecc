// Attention as a primitive: products and a softmax between them, which a backend may run as one kernel that never stores the scores.
import type { Aval } from '../core/aval.ts';
import { bind } from '../core/interpreter.ts';
import { add, div, equal, greaterEqual, mul, sub } from '../core/ops/arithmetic.ts';
import { where } from '../core/ops/choice.ts';
import { iota } from '../core/ops/creation.ts';
import { einsum } from '../core/ops/einsum.ts';
import { exp, log } from '../core/ops/exponential.ts';
import { isfinite, logicalAnd } from '../core/ops/logic.ts';
import { max, sum } from '../core/ops/reduce.ts';
import { broadcastInto, fill, moveAxis, reshapeTo } from '../core/ops/structure.ts';
import { isLinear, refuseLinear, type BatchResult, type Primitive, type TransposeInput } from '../core/primitive.ts';
import type { Program } from '../core/program.ts';
import { stage } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import { stopGradient, vjp } from '../grad/index.ts';
import { callPrimitive } from './call.ts';
import { arrange, avalsOf, jvpProgram, splitCall, zerosOf } from './programs.ts';

export interface AttentionOptions {
  /** Factor of the scores. */
  readonly scale: number;
  /** A query sees the keys up to its own position only. */
  readonly causal: boolean;
}
interface AttentionParams extends AttentionOptions {
  readonly program: Program;
}

/**
 * The definition: query [B, T, N, D], key [B, S, K, D], value [B, S, K, E], N a multiple of K (each key serves N / K heads in turn), a
 * mask (bool) and a bias that broadcast to [B, N, T, S]. The results [B, T, N, E] and, [B, N, T], the logarithm of the sum of the
 * exponentials of each query's scores. A query that sees no key has the result 0.
 */
export const plainAttention = (
  { scale, causal }: AttentionOptions,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask?: Tensor,
  bias?: Tensor,
): readonly [Tensor, Tensor] => {
  const [b, t, n, d] = q.shape as [number, number, number, number];
  const [, s, heads, e] = v.shape as [number, number, number, number];
  if (s === 0) return [fill([b, t, n, e], 0, q.dtype), fill([b, n, t], -Infinity, q.dtype)];
  const grouped = reshapeTo(q, [b, t, heads, n / heads, d]);
  const products = reshapeTo(einsum('btkgd,bskd->bkgts', grouped, k), [b, n, t, s]);
  const scores = bias === undefined ? mul(products, scale) : add(mul(products, scale), bias);
  const ahead = causal ? greaterEqual(iota([t, s], 0), iota([t, s], 1)) : undefined;
  const seen = mask === undefined ? ahead : ahead === undefined ? mask : logicalAnd(mask, ahead);
  const visible = seen === undefined ? scores : where(seen, scores, -Infinity);
  const highest = max(stopGradient(visible), { axis: -1, keepdims: true });
  const top = seen === undefined ? highest : where(isfinite(highest), highest, 0);
  const weights = exp(sub(visible, top));
  const total = sum(weights, { axis: -1, keepdims: true });
  const shares = div(weights, seen === undefined ? total : where(equal(total, 0), 1, total));
  const out = einsum('bkgts,bske->btkge', reshapeTo(shares, [b, heads, n / heads, t, s]), v);
  return [reshapeTo(out, [b, t, n, e]), reshapeTo(add(top, log(total)), [b, n, t])];
};

const paramsFor = (options: AttentionOptions, avals: readonly Aval[]): AttentionParams => {
  const { scale, causal } = options;
  const { program } = stage('attention', (q, k, v, mask) => plainAttention(options, q!, k!, v!, mask), avals);
  return { scale, causal, program };
};
const avalOf = ({ shape, dtype }: Tensor): Aval => ({ shape, dtype, weak: false });

const gradientParams = (options: AttentionOptions, avals: readonly Aval[]): AttentionParams => {
  const { scale, causal } = options;
  const { program } = stage(
    'attention',
    (q, k, v, ...rest) => {
      const mask = rest.length === 4 ? rest[0] : undefined;
      const [, pull] = vjp((q: Tensor, k: Tensor, v: Tensor) => plainAttention(options, q, k, v, mask)[0], q!, k!, v!);
      return pull(rest.at(-1)!) as readonly Tensor[];
    },
    avals,
  );
  return { scale, causal, program };
};

const merged = (x: Tensor): Tensor => reshapeTo(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);
/** Rows of a batch become rows of the first axis; what is the same for all of them is repeated. */
const folded = (x: Tensor, axis: number | null, size: number): Tensor =>
  merged(axis === null ? broadcastInto(x, [size, ...x.shape], [0]) : moveAxis(x, axis, 0));

/** A mask that is one for all rows of the first axis stays so unless it is batched. */
const foldedMask = (x: Tensor, axis: number | null, size: number, rows: number): Tensor => {
  if (axis === null) return x.shape[0] === 1 ? x : folded(x, null, size);
  const front = moveAxis(x, axis, 0);
  if (front.shape[1] === rows) return merged(front);
  const scores = front.shape.slice(2);
  return merged(broadcastInto(reshapeTo(front, [size, ...scores]), [size, rows, ...scores], [1]));
};

const foldBatch = (
  inputs: readonly Tensor[],
  axes: readonly (number | null)[],
  size: number,
  masked: boolean,
  apply: (inputs: readonly Tensor[]) => readonly Tensor[],
): BatchResult => {
  const rows = inputs[0]!.shape.filter((_, i) => i !== axes[0])[0]!;
  const flat = inputs.map((x, i) =>
    masked && i === 3 ? foldedMask(x, axes[i]!, size, rows) : folded(x, axes[i]!, size),
  );
  const outs = apply(flat).map((y) => reshapeTo(y, [size, rows, ...y.shape.slice(1)]));
  return { outs, axes: outs.map(() => 0) };
};

/** Cotangents of query, key and value, given those three, perhaps a mask, both results and the cotangent of the first. */
const gradientPrimitive: Primitive<AttentionParams> = {
  name: 'attentionGradient',
  split: splitCall,
  shape: (_, { program }) => avalsOf(program.outs),
  // The results are functions of the other inputs, which the program computes them from.
  jvp: (primals, tangents, { program }) => callPrimitive.jvp(primals, tangents, { name: 'attentionGradient', program }),
  linearize: (primals, isConstant, { program }) =>
    callPrimitive.linearize!(primals, isConstant, { name: 'attentionGradient', program }),
  transpose: (cts, inputs, { program }) =>
    callPrimitive.transpose!(cts, inputs, { name: 'attentionGradient', program }),
  batch: (inputs, axes, params, size) =>
    foldBatch(inputs, axes, size, inputs.length === 7, (flat) =>
      bind(gradientPrimitive, flat, gradientParams(params, flat.map(avalOf))),
    ),
  lower: (inputs, { program, scale, causal }) => ({
    tag: 'call',
    program,
    routine: { kind: 'attentionGradient', scale, causal, masked: inputs.length === 7 },
  }),
};

/** The directional derivative of the first result, linear in the last three inputs; its transpose is a kernel's work again. */
const tangentPrimitive: Primitive<AttentionParams> = {
  name: 'attentionTangent',
  inlined: true,
  split: splitCall,
  shape: (_, { program }) => avalsOf(program.outs),
  jvp: (primals, tangents, { program }) => callPrimitive.jvp(primals, tangents, { name: 'attentionTangent', program }),
  transpose(cts, inputs, { scale, causal }) {
    const values = inputs.slice(0, -3);
    values.forEach((x) => refuseLinear('attention', x));
    const ct = cts[0];
    if (ct === null || ct === undefined) return inputs.map(() => null);
    const all = [...(values as Tensor[]), ct];
    const back = bind(gradientPrimitive, all, gradientParams({ scale, causal }, all.map(avalOf)));
    const wanted = (x: TransposeInput, i: number): Tensor | null => (isLinear(x) ? back[i]! : null);
    return [...values.map(() => null), ...inputs.slice(-3).map(wanted)];
  },
  batch: (inputs, axes, { program }, size, axisName) =>
    callPrimitive.batch(inputs, axes, { name: 'attentionTangent', program }, size, axisName),
  lower: (_, { program }) => ({ tag: 'call', program }),
};

/** (primals.., results.., tangents of query, key, value) -> tangent of the first result */
const tangentProgram = (program: Program): Program => {
  const moving = program.inputs.map((_, i) => i < 3);
  const { staged } = jvpProgram(program, moving);
  const values = staged.program.inputs.slice(0, program.inputs.length);
  const results = program.outs.map(({ aval }) => ({ aval }));
  return arrange(
    staged.program,
    [...values, ...results, ...staged.program.inputs.slice(values.length)],
    [staged.program.outs[program.outs.length]!],
  );
};

const attentionPrimitive: Primitive<AttentionParams> = {
  name: 'attention',
  shape: (_, { program }) => avalsOf(program.outs),
  jvp: (primals, tangents, { program }) => callPrimitive.jvp(primals, tangents, { name: 'attention', program }),
  linearize(primals, _, params) {
    const outs = bind(attentionPrimitive, primals, params);
    const { scale, causal, program } = params;
    // Only the gradient reads the second result, and does not follow its derivative.
    return {
      outs,
      linear: (tangents) => {
        const moving = primals.slice(0, 3).map((x, i) => tangents[i] ?? zerosOf(x));
        return [
          bind(tangentPrimitive, [...primals, ...outs, ...moving], {
            scale,
            causal,
            program: tangentProgram(program),
          })[0]!,
          null,
        ];
      },
    };
  },
  transpose: null,
  batch: (inputs, axes, params, size) =>
    foldBatch(inputs, axes, size, inputs.length === 4, (flat) =>
      bind(attentionPrimitive, flat, paramsFor(params, flat.map(avalOf))),
    ),
  lower: (inputs, { program, scale, causal }) => ({
    tag: 'call',
    program,
    routine: { kind: 'attention', scale, causal, masked: inputs.length === 4 },
  }),
};

/** `plainAttention` without a bias, as one equation. */
export const attention = (options: AttentionOptions, q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor => {
  const inputs = mask === undefined ? [q, k, v] : [q, k, v, mask];
  return bind(attentionPrimitive, inputs, paramsFor(options, inputs.map(avalOf)))[0]!;
};
