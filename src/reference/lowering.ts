// The reference interpreter of one equation: evaluates a lowering element by element in plain JS, slowly and obviously.
import { sizeOf, type Aval } from '../core/aval.ts';
import { castScalar, hostArray, isFloat, type DType, type TypedArray } from '../core/dtype.ts';
import { isOp, type Expr } from '../core/expr.ts';
import {
  constant,
  evaluateIndex,
  newVar,
  valueIndex,
  variable,
  type Guard,
  type Index,
  type Var,
} from '../core/index-expr.ts';
import type { Access, CumulateOp, Lowering, ReadIndex, ReduceOp } from '../core/lowering.ts';
import { scalar } from './scalar.ts';

/** A value on the host. In float64 mode `data` of a float is a Float64Array whatever the dtype says. */
export interface Host {
  readonly aval: Aval;
  readonly data: TypedArray;
}

/** How results are stored: in their declared dtypes, or every float in float64. */
export type Precision = 'declared' | 'float64';

const storageType = (d: DType, p: Precision): DType => (p === 'float64' && isFloat(d) ? 'float64' : d);
const round = (v: number, d: DType, p: Precision): number => castScalar(v, storageType(d, p));

// Loop over a shape in row-major order.
const forEach = (shape: readonly number[], f: (at: readonly number[], linear: number) => void): void => {
  const at = new Array<number>(shape.length).fill(0);
  const n = sizeOf(shape);
  for (let i = 0; i < n; i++) {
    f(at, i);
    for (let a = shape.length - 1; a >= 0; a--) {
      at[a]!++;
      if (at[a]! < shape[a]!) break;
      at[a] = 0;
    }
  }
};

const linearAt = (shape: readonly number[], at: readonly number[]): number => {
  let k = 0;
  for (let i = 0; i < shape.length; i++) k = k * shape[i]! + at[i]!;
  return k;
};

/** Evaluates one lowering on host values. */
export const evaluateLowering = (
  lowering: Lowering,
  inputs: readonly Host[],
  outs: readonly Aval[],
  precision: Precision,
): TypedArray[] => {
  const results = outs.map((o) => hostArray(storageType(o.dtype, precision), sizeOf(o.shape)));
  const shapeOf = (i: number): readonly number[] => inputs[i]!.aval.shape;

  // Accesses are symbolic: loop variables stand for the output index, value atoms for elements of index tensors.
  const bound = new Map<Var, number>();
  const reads = new Map<Expr, { readonly input: number; readonly at: readonly Index[] }>();
  const read: ReadIndex = (input, at) => {
    const e: Expr = { op: 'load', dtype: 'int32', buffer: input, index: constant(0), guards: [], fill: 0 };
    reads.set(e, { input, at });
    return valueIndex(e);
  };
  const indexNumber = (e: Index): number => evaluateIndex(e, (v) => bound.get(v)!, valueNumber);
  const valueNumber = (e: Expr): number => {
    const known = reads.get(e);
    if (known !== undefined)
      return inputs[known.input]!.data[linearAt(shapeOf(known.input), known.at.map(indexNumber))]!;
    if (e.op === 'const') return e.value;
    if (e.op === 'index') return indexNumber(e.index);
    if (isOp(e))
      return castScalar(
        scalar(
          e.op,
          e.dtype,
          e.args.map((a) => a.dtype),
          e.args.map(valueNumber),
        ),
        e.dtype,
      );
    throw new Error(`reference: an index cannot be computed from ${e.op}`);
  };
  const holds = (guards: readonly Guard[] | undefined): boolean =>
    (guards ?? []).every((g) => {
      const i = indexNumber(g.index);
      return i >= g.lo && i < g.hi;
    });
  const element = (a: Access): number =>
    inputs[a.input ?? 0]!.data[linearAt(shapeOf(a.input ?? 0), a.index.map(indexNumber))]!;
  const loopVars = (
    shape: readonly number[],
  ): { vars: Var[]; indices: Index[]; set: (at: readonly number[]) => void } => {
    const vars = shape.map((n) => newVar(n));
    return { vars, indices: vars.map(variable), set: (at) => vars.forEach((v, i) => bound.set(v, at[i]!)) };
  };

  switch (lowering.tag) {
    case 'map':
      forEach(outs[0]!.shape, (at, i) => {
        const memo = new Map<Expr, number>();
        const value = (e: Expr): number => {
          const known = memo.get(e);
          if (known !== undefined) return known;
          let v: number;
          if (e.op === 'const') v = e.value;
          else if (e.op === 'arg') v = inputs[e.arg]!.data[i]!;
          else if (e.op === 'iota') v = at[e.axis]!;
          else if (isOp(e))
            v = round(
              scalar(
                e.op,
                storageType(e.dtype, precision),
                e.args.map((a) => a.dtype),
                e.args.map(value),
              ),
              e.dtype,
              precision,
            );
          else throw new Error(`reference: ${e.op} does not belong in a map`);
          memo.set(e, v);
          return v;
        };
        lowering.outs.forEach((e, k) => (results[k]![i] = value(e)));
      });
      break;
    case 'move': {
      const loop = loopVars(outs[0]!.shape);
      const pieces = lowering.at(loop.indices, read);
      forEach(outs[0]!.shape, (at, i) => {
        loop.set(at);
        const piece = pieces.find((p) => holds(p.guards));
        results[0]![i] = piece === undefined ? (lowering.fill ?? 0) : element(piece);
      });
      break;
    }
    case 'reduce':
      reduce(lowering.op, lowering.axes, inputs[0]!, results[0]!);
      break;
    case 'contract': {
      const [b, m, n, k] = [lowering.batch, lowering.m, lowering.n, lowering.k].map(loopVars);
      const lhs = lowering.lhs(b!.indices, m!.indices, k!.indices);
      const rhs = { input: 1, ...lowering.rhs(b!.indices, n!.indices, k!.indices) };
      const out = lowering.out(b!.indices, m!.indices, n!.indices);
      forEach(lowering.batch, (bAt) => {
        b!.set(bAt);
        forEach(lowering.m, (mAt) => {
          m!.set(mAt);
          forEach(lowering.n, (nAt) => {
            n!.set(nAt);
            let sum = 0;
            forEach(lowering.k, (kAt) => {
              k!.set(kAt);
              if (holds(lhs.guards) && holds(rhs.guards)) {
                const product = element(lhs) * element(rhs);
                sum = isFloat(outs[0]!.dtype) ? sum + product : (sum + Math.imul(element(lhs), element(rhs))) | 0;
              }
            });
            results[0]![linearAt(outs[0]!.shape, out.map(indexNumber))] = round(sum, outs[0]!.dtype, precision);
          });
        });
      });
      break;
    }
    case 'scatter': {
      const result = results[0]!;
      result.set(inputs[0]!.data);
      const updates = inputs[inputs.length - 1]!;
      const loop = loopVars(updates.aval.shape);
      const access = lowering.at(loop.indices, read);
      const { dtype } = outs[0]!;
      forEach(updates.aval.shape, (at, i) => {
        loop.set(at);
        if (!holds(access.guards)) return;
        const where = linearAt(outs[0]!.shape, access.index.map(indexNumber));
        const v = updates.data[i]!;
        result[where] =
          lowering.op === 'set'
            ? v
            : round(scalar(lowering.op, dtype, [dtype, dtype], [result[where]!, v]), dtype, precision);
      });
      break;
    }
    case 'cumulate':
      cumulate(lowering.op, lowering.axis, lowering.reverse, inputs[0]!, results[0]!, (v) =>
        round(v, outs[0]!.dtype, precision),
      );
      break;
    case 'sort':
      sort(lowering.axis, lowering.descending, inputs, results);
      break;
    case 'call':
    case 'callback':
    case 'scan':
    case 'cond':
    case 'while':
      throw new Error(`reference: ${lowering.tag} is evaluated by its programs`);
  }
  return results;
};

const identity: Readonly<Record<ReduceOp, number>> = {
  sum: 0,
  prod: 1,
  max: -Infinity,
  min: Infinity,
  any: 0,
  all: 1,
  argmax: 0,
  argmin: 0,
};

/** The result of reducing nothing, within the range of a dtype. */
export const reduceIdentity = (op: ReduceOp, d: DType): number =>
  d === 'bool' && op === 'max' ? 0 : castScalar(identity[op], d);

const reduce = (op: ReduceOp, axes: readonly number[], x: Host, out: TypedArray): void => {
  const { shape, dtype } = x.aval;
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const acc = new Float64Array(out.length).fill(reduceIdentity(op, dtype));
  const best = new Float64Array(out.length).fill(NaN);
  const started = new Uint8Array(out.length);
  forEach(shape, (at, i) => {
    const o = linearAt(
      kept.map((a) => shape[a]!),
      kept.map((a) => at[a]!),
    );
    const v = x.data[i]!;
    const a = acc[o]!;
    switch (op) {
      case 'sum':
        acc[o] = isFloat(dtype) ? a + v : dtype === 'uint32' ? (a + v) >>> 0 : (a + v) | 0;
        break;
      case 'prod':
        acc[o] = isFloat(dtype) ? a * v : dtype === 'uint32' ? Math.imul(a, v) >>> 0 : Math.imul(a, v);
        break;
      case 'max':
        acc[o] = Math.max(a, v);
        break;
      case 'min':
        acc[o] = Math.min(a, v);
        break;
      case 'any':
        acc[o] = a !== 0 || v !== 0 ? 1 : 0;
        break;
      case 'all':
        acc[o] = a !== 0 && v !== 0 ? 1 : 0;
        break;
      case 'argmax':
      case 'argmin': {
        const b = best[o]!;
        const better = started[o] === 0 || (!Number.isNaN(b) && (Number.isNaN(v) || (op === 'argmax' ? v > b : v < b)));
        if (better) {
          started[o] = 1;
          best[o] = v;
          acc[o] = linearAt(
            axes.map((k) => shape[k]!),
            axes.map((k) => at[k]!),
          );
        }
      }
    }
  });
  for (let i = 0; i < out.length; i++) out[i] = acc[i]!;
};

const step: Readonly<Record<CumulateOp, (a: number, v: number) => number>> = {
  sum: (a, v) => a + v,
  prod: (a, v) => a * v,
  max: (a, v) => Math.max(a, v),
  min: (a, v) => Math.min(a, v),
  logsumexp: (a, v) => {
    const m = Math.max(a, v);
    return m === -Infinity || m === Infinity ? m : m + Math.log(Math.exp(a - m) + Math.exp(v - m));
  },
};

const cumulate = (
  op: CumulateOp,
  axis: number,
  reverse: boolean,
  x: Host,
  out: TypedArray,
  round: (v: number) => number,
): void => {
  const { shape } = x.aval;
  const n = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  forEach(
    shape.filter((_, i) => i !== axis),
    (_, lane) => {
      const base = Math.floor(lane / inner) * n * inner + (lane % inner);
      let acc = 0;
      for (let k = 0; k < n; k++) {
        const i = base + (reverse ? n - 1 - k : k) * inner;
        acc = k === 0 ? x.data[i]! : step[op](acc, x.data[i]!);
        if (!isFloat(x.aval.dtype))
          acc = round(
            op === 'prod'
              ? Math.imul(k === 0 ? 1 : (out[base + (reverse ? n - k : k - 1) * inner] ?? 1), x.data[i]!)
              : acc | 0,
          );
        out[i] = round(acc);
      }
    },
  );
};

const sort = (axis: number, descending: boolean, inputs: readonly Host[], outs: readonly TypedArray[]): void => {
  const { shape } = inputs[0]!.aval;
  const n = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const keys = inputs[0]!.data;
  forEach(
    shape.filter((_, i) => i !== axis),
    (_, lane) => {
      const base = Math.floor(lane / inner) * n * inner + (lane % inner);
      const order = Array.from({ length: n }, (__, k) => base + k * inner);
      order.sort((i, j) => {
        const a = keys[i]!;
        const b = keys[j]!;
        if (Number.isNaN(a) || Number.isNaN(b))
          return Number.isNaN(a) === Number.isNaN(b) ? i - j : Number.isNaN(a) ? 1 : -1;
        return (descending ? b - a : a - b) || i - j;
      });
      order.forEach((from, k) => inputs.forEach((x, t) => (outs[t]![base + k * inner] = x.data[from]!)));
    },
  );
};
