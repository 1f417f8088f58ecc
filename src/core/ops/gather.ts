// Gather and scatter: elements read from, and combined into, places that index tensors name at run time. Each is the other's dual.
import { aval, sizeOf, type Shape } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError } from '../errors.ts';
import { sub as subIndex, type Guard, type Index } from '../index-expr.ts';
import { bind1 } from '../interpreter.ts';
import type { ScatterLowering, ScatterOp } from '../lowering.ts';
import { isLinear, type Primitive, type Tangent } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { addTangents, div, equal, mul } from './arithmetic.ts';
import { maskWith } from './choice.ts';
import { indexAlong } from './creation.ts';
import { access, batchPlaces, gatheredShape, remaining, type Places } from './places.ts';
import { cast } from './promote.ts';
import { broadcastInto, fill, fillLike, moveAxis, reshapeTo } from './structure.ts';

export interface GatherParams extends Places {
  /** What is read where an index is out of range. */
  readonly fill: number;
}
export interface ScatterParams extends Places {
  readonly op: ScatterOp;
  /** No element is named twice. */
  readonly unique: boolean;
}

const front = (x: Tensor, axis: number | null, size: number): Tensor =>
  axis === null ? broadcastInto(x, [size, ...x.shape], [0]) : moveAxis(x, axis, 0);

export const gatherPrimitive: Primitive<GatherParams> = {
  name: 'gather',
  shape: ([x, ...indices], p) => [aval(gatheredShape(x!.shape, indices[0]?.shape ?? [], p), x!.dtype, x!.weak)],
  jvp: ([x, ...indices], [dx = null], p) => ({
    outs: [gatherAt(x!, indices, p)],
    tangents: [dx && gatherAt(dx, indices, { ...p, fill: 0 })],
  }),
  transpose([ct], [x, ...indices], p) {
    const { shape, dtype } = (x as { aval: { shape: Shape; dtype: Tensor['dtype'] } }).aval;
    const zeros = indices.map(() => null);
    if (ct === null) return [null, ...zeros];
    const { fill: _, ...places } = p;
    const alone = p.batch[1].length === (indices[0] as Tensor).rank;
    return [
      scatterInto(fill(shape, 0, dtype), indices as Tensor[], ct!, {
        ...places,
        op: alone ? 'set' : 'add',
        unique: alone,
      }),
      ...zeros,
    ];
  },
  batch([x, ...indices], [dx, ...di], p, size) {
    const indexed = di.some((d) => d !== null);
    const indexRank = indices[0]!.rank - (di[0] === null ? 0 : 1);
    const { params, axis } = batchPlaces(p, x!.rank - (dx === null ? 0 : 1), indexRank, dx!, indexed);
    return {
      outs: [gatherAt(x!, indexed ? indices.map((t, i) => front(t, di[i]!, size)) : indices, params)],
      axes: [axis],
    };
  },
  lower: ([x, first], p) => ({
    tag: 'move',
    fill: p.fill,
    at: (out, read) => [access(x!.shape, first!.shape.length, p, 1, out, read)],
  }),
};

/** Reads, without checks: for rules. */
export const gatherAt = (x: Tensor, indices: readonly Tensor[], params: GatherParams): Tensor =>
  bind1(gatherPrimitive, [x, ...indices], params);

const reading = ({ op: _, unique: __, ...places }: ScatterParams, value = 0): GatherParams => ({
  ...places,
  fill: value,
});

// Which updates survive when several name one element: the last in row-major order, as the scatter itself has it.
const winners = (shape: Shape, indices: readonly Tensor[], updates: Shape, p: ScatterParams): Tensor => {
  const ids = reshapeTo(indexAlong([sizeOf(updates)], 0), updates);
  return equal(gatherAt(scatterInto(fill(shape, -1, 'int32'), indices, ids, p), indices, reading(p, -1)), ids);
};

const scatterTangent = (
  x: Tensor,
  indices: readonly Tensor[],
  u: Tensor,
  dx: Tangent,
  du: Tangent,
  out: Tensor,
  p: ScatterParams,
): Tangent => {
  const zeros = (): Tensor => fillLike(x, 0);
  const added = (v: Tensor): Tensor => scatterInto(zeros(), indices, v, { ...p, op: 'add' });
  switch (p.op) {
    case 'add':
      return du === null ? dx : scatterInto(dx ?? zeros(), indices, du, p);
    case 'set':
      return scatterInto(dx ?? zeros(), indices, du ?? fillLike(u, 0), p);
    case 'mul':
      if (du !== null && !p.unique)
        throw new ArgumentError(
          'scatter',
          "the gradient of op 'mul' with respect to the updates needs indices that are all different; pass { unique: true } where they are",
        );
      return addTangents(dx && scatterInto(dx, indices, u, p), du && added(mul(du, gatherAt(x, indices, reading(p)))));
    case 'min':
    case 'max': {
      // All that attain the extreme share its tangent equally.
      const mine = equal(x, out);
      const theirs = equal(u, gatherAt(out, indices, reading(p)));
      const count = addTangents(cast(mine, x.dtype), added(cast(theirs, x.dtype)))!;
      const top = addTangents(dx && maskWith(mine, dx), du && added(maskWith(theirs, du)));
      return top && div(top, count);
    }
  }
};

export const scatterPrimitive: Primitive<ScatterParams> = {
  name: 'scatter',
  shape: ([x]) => [aval(x!.shape, x!.dtype)],
  jvp(inputs, tangents, p) {
    const [x, u, indices] = [inputs[0]!, inputs[inputs.length - 1]!, inputs.slice(1, -1)];
    const out = scatterInto(x, indices, u, p);
    return {
      outs: [out],
      tangents: [
        isFloat(x.dtype) ? scatterTangent(x, indices, u, tangents[0]!, tangents[tangents.length - 1]!, out, p) : null,
      ],
    };
  },
  transpose([ct], inputs, p) {
    const [x, u, indices] = [inputs[0]!, inputs[inputs.length - 1]!, inputs.slice(1, -1) as Tensor[]];
    const none = indices.map(() => null);
    if (ct === null) return [null, ...none, null];
    const read = (): Tensor => gatherAt(ct!, indices, reading(p));
    const shape = (isLinear(u) ? u.aval : u).shape;
    switch (p.op) {
      case 'add':
        return [isLinear(x) ? ct! : null, ...none, isLinear(u) ? read() : null];
      case 'set':
        return [
          isLinear(x) ? scatterInto(ct!, indices, fill(shape, 0, ct!.dtype), p) : null,
          ...none,
          !isLinear(u) ? null : p.unique ? read() : maskWith(winners(ct!.shape, indices, shape, p), read()),
        ];
      default:
        return [isLinear(x) ? scatterInto(ct!, indices, u as Tensor, p) : null, ...none, null];
    }
  },
  batch(inputs, axes, p, size) {
    const [x, u, indices] = [inputs[0]!, inputs[inputs.length - 1]!, inputs.slice(1, -1)];
    const [dx, du, di] = [axes[0]!, axes[axes.length - 1]!, axes.slice(1, -1)];
    const indexed = di.some((d) => d !== null);
    const operand = dx === null ? front(x, null, size) : x;
    const { params, axis } = batchPlaces(
      p,
      operand.rank - 1,
      indices[0]!.rank - (di[0] === null ? 0 : 1),
      dx ?? 0,
      indexed,
    );
    const updates = moveAxis(front(u, du, size), 0, axis);
    return {
      outs: [scatterInto(operand, indexed ? indices.map((t, i) => front(t, di[i]!, size)) : indices, updates, params)],
      axes: [dx ?? 0],
    };
  },
  lower(inputs, p) {
    const x = inputs[0]!;
    const last = inputs.length - 1;
    const indexRank = inputs[1]!.shape.length;
    const update: ScatterLowering = {
      tag: 'scatter',
      op: p.op,
      at: (u, read) => access(x.shape, indexRank, p, 1, u, read),
    };
    if (p.op !== 'set' || p.batch[1].length !== indexRank) return update;
    // One window: each element of the result knows whether it lies in it.
    return {
      tag: 'move',
      update,
      at(out, read) {
        const named: Index[] = new Array<Index>(indexRank);
        p.batch[1].forEach((b, j) => (named[b] = out[p.batch[0][j]!]!));
        const guards: Guard[] = [];
        const kept = new Map<number, Index>();
        remaining(x.shape.length, p).forEach((a) => kept.set(a, out[a]!));
        p.axes.forEach((a, t) => {
          const place = subIndex(out[a]!, read(1 + t, named));
          guards.push({ index: place, lo: 0, hi: p.sizes[t] ?? 1 });
          if (p.sizes[t] !== null) kept.set(a, place);
        });
        const rest = [...kept.values()];
        return [
          { input: last, index: [...rest.slice(0, p.at), ...named, ...rest.slice(p.at)], guards },
          { input: 0, index: out },
        ];
      },
    };
  },
};

/** Combines updates into x, in row-major order, without checks: for rules. Updates out of range are dropped. */
export const scatterInto = (x: Tensor, indices: readonly Tensor[], updates: Tensor, params: ScatterParams): Tensor =>
  bind1(scatterPrimitive, [x, ...indices, updates], params);
