// Reductions: accumulators, their combination across lanes, and the second level in float64 that keeps long float sums accurate.
import type { DType } from '../../core/dtype.ts';
import type { ReduceOp } from '../../core/lowering.ts';
import { identity } from '../../core/ops/limits.ts';
import type { ValueType } from '../encode.ts';
import type { SimpleOp } from '../opcodes.ts';
import type { Graph, Node } from './node.ts';
import { literal, maskFor, narrow, shapeOf } from './ops.ts';
import { set, type Statement } from './statement.ts';

/** Additions in one float32 (or first-level float64) accumulator before it is flushed. */
export const BLOCK = 32;

export interface Reducer {
  readonly init: () => readonly Statement[];
  /** Combines a value into accumulator k; `position` is used by argmax and argmin. */
  readonly update: (k: number, value: Node, valid: number, position: () => Node) => readonly Statement[];
  readonly flush: () => readonly Statement[];
  /** The result, in all lanes if `across`, as statements and a value that is stable from there on. */
  readonly finish: () => { readonly statements: readonly Statement[]; readonly value: Node };
}

export interface ReducerSpec {
  readonly g: Graph;
  readonly newLocal: (type: ValueType) => number;
  readonly lanes: 2 | 4;
  readonly op: ReduceOp;
  readonly dtype: DType;
  /** Of the value, which differs from `dtype` for argmax and argmin. */
  readonly valueType: DType;
  readonly accumulators: number;
  readonly flushed: boolean;
  /** Lanes are points of the reduced space, and so are combined in the end. */
  readonly across: boolean;
  readonly level: number;
  /** Many values an accumulator. */
  readonly long: boolean;
  /** Each accumulator meets its values in the order of their positions. */
  readonly ascending: boolean;
}

export const identityOf = (g: Graph, op: ReduceOp, d: DType): Node =>
  op === 'argmax' || op === 'argmin' ? g.i32x4(0) : literal(g, identity(op, d), d);

const combine = (g: Graph, op: ReduceOp, d: DType, a: Node, b: Node): Node => {
  const shape = shapeOf(d);
  if (d === 'bool' || op === 'any' || op === 'all')
    return g.op(op === 'all' || op === 'min' || op === 'prod' ? 'v128.and' : 'v128.or', a, b);
  if (op === 'sum') return g.op(`${shape}.add`, a, b);
  if (op === 'prod') return g.op(`${shape}.mul`, a, b);
  return g.op(`${shape}.${op}${shape === 'i32x4' ? (d === 'int32' ? '_s' : '_u') : ''}` as SimpleOp, a, b);
};

export const reducer = (spec: ReducerSpec): Reducer =>
  spec.op === 'argmax' || spec.op === 'argmin'
    ? argReducer(spec)
    : isExtremum(spec)
      ? extremumReducer(spec)
      : plainReducer(spec);

const isExtremum = ({ op, dtype, long }: ReducerSpec): boolean =>
  long && (op === 'max' || op === 'min') && (dtype === 'float32' || dtype === 'float64');

const rotations = (lanes: 2 | 4, d: DType): readonly (readonly number[])[] =>
  d === 'float64'
    ? [[1, 0]]
    : lanes === 4
      ? [
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ]
      : [[1, 0, 1, 0]];

export const validMask = (g: Graph, valid: number, d: DType): Node => {
  const bits = [0, 1, 2, 3].map((i) => ((d === 'float64' ? i >> 1 : i) < valid ? -1 : 0));
  return g.i32x4(...bits);
};
const masked = (spec: ReducerSpec, value: Node, valid: number): Node => {
  const { g, op, valueType, lanes, across } = spec;
  if (!across || valid === lanes) return value;
  return g.blend(value, literal(g, identity(op, valueType), valueType), validMask(g, valid, valueType));
};

// Holds intermediate results in fresh locals, since code that reads accumulators cannot be shared.
const holder = (
  { g, newLocal }: ReducerSpec,
  level: number,
): { readonly statements: Statement[]; readonly hold: (n: Node) => Node } => {
  const statements: Statement[] = [];
  return {
    statements,
    hold: (n) => {
      const local = newLocal(n.type);
      statements.push(set(local, n));
      return g.stable(n.type, local, level);
    },
  };
};

const plainReducer = (spec: ReducerSpec): Reducer => {
  const { g, newLocal, lanes, op, dtype, accumulators, flushed, across, level } = spec;
  const acc = Array.from({ length: accumulators }, () => newLocal('v128'));
  const read = (local: number): Node => g.mutable('v128', local);
  const unit = literal(g, identity(op, dtype), dtype);
  const high = flushed
    ? Array.from({ length: dtype === 'float32' && lanes === 4 ? 2 : 1 }, () => newLocal('v128'))
    : [];
  const total = (hold: (n: Node) => Node): Node => {
    let parts = acc.map(read);
    while (parts.length > 1) {
      const next: Node[] = [];
      for (let i = 0; i + 1 < parts.length; i += 2) next.push(combine(g, op, dtype, parts[i]!, parts[i + 1]!));
      if (parts.length % 2 === 1) next.push(parts[parts.length - 1]!);
      parts = next;
    }
    return hold(parts[0]!);
  };
  const flush = (): readonly Statement[] => {
    const { statements, hold } = holder(spec, Infinity);
    const t = total(hold);
    const wide =
      dtype === 'float64' ? [t] : [t, g.shuffle(t, t, 2, 3, 2, 3)].map((x) => g.op('f64x2.promote_low_f32x4', x));
    high.forEach((h, i) => statements.push(set(h, g.op('f64x2.add', read(h), wide[i]!))));
    return [...statements, ...acc.map((a) => set(a, unit))];
  };
  return {
    init: () => [...acc.map((a) => set(a, unit)), ...high.map((h) => set(h, g.f64x2(0)))],
    update: (k, value, valid) => {
      const a = acc[k % accumulators]!;
      return [set(a, combine(g, op, dtype, read(a), masked(spec, value, valid)))];
    },
    flush,
    finish: () => {
      const before = flushed ? flush() : [];
      const { statements, hold } = holder(spec, level);
      let value: Node;
      if (!flushed) {
        value = total(hold);
        if (across)
          for (const r of rotations(lanes, dtype))
            value = hold(combine(g, op, dtype, value, g.shuffle(value, value, ...r)));
      } else {
        const parts = high.map((h) => hold(read(h)));
        if (across) {
          let s = hold(parts.reduce((a, b) => g.op('f64x2.add', a, b)));
          s = hold(g.op('f64x2.add', s, g.shuffle(s, s, 1, 0)));
          value = dtype === 'float64' ? s : g.op('f32x4.demote_f64x2_zero', s);
          if (dtype === 'float32') value = hold(g.shuffle(value, value, 0, 0, 0, 0));
        } else if (dtype === 'float64') value = parts[0]!;
        else {
          const [a, b] = parts.map((x) => g.op('f32x4.demote_f64x2_zero', x));
          value = hold(b === undefined ? a! : g.shuffle(a!, b, 0, 1, 4, 5));
        }
      }
      return { statements: [...before, ...statements], value };
    },
  };
};

// The instruction that propagates NaN is slow on x64: the plain comparison, and on the side whether a NaN was seen.
const extremumReducer = (spec: ReducerSpec): Reducer => {
  const { g, newLocal, lanes, op, dtype, accumulators, across, level } = spec;
  const shape = dtype === 'float64' ? 'f64x2' : 'f32x4';
  const unit = literal(g, identity(op, dtype), dtype);
  const best = Array.from({ length: accumulators }, () => newLocal('v128'));
  const nans = Array.from({ length: accumulators }, () => newLocal('v128'));
  const pick = (a: Node, b: Node): Node => g.op(`${shape}.p${op as 'max' | 'min'}`, a, b);
  return {
    init: () => [...best.map((b) => set(b, unit)), ...nans.map((n) => set(n, g.i32x4(0)))],
    update: (k, value, valid) => {
      const [b, n] = [best[k % accumulators]!, nans[k % accumulators]!];
      const x = masked(spec, value, valid);
      return [
        set(b, pick(g.mutable('v128', b), x)),
        set(n, g.op('v128.or', g.mutable('v128', n), g.op(`${shape}.ne`, x, x))),
      ];
    },
    flush: () => [],
    finish: () => {
      const { statements, hold } = holder(spec, level);
      let m = best.map((b) => hold(g.mutable('v128', b))).reduce(pick);
      let n = nans.map((x) => hold(g.mutable('v128', x))).reduce((x, y) => g.op('v128.or', x, y));
      if (across) {
        for (const r of rotations(lanes, dtype)) {
          m = hold(pick(m, g.shuffle(m, m, ...r)));
          n = hold(g.op('v128.or', n, g.shuffle(n, n, ...r)));
        }
      }
      return { statements, value: g.blend(literal(g, NaN, dtype), m, n) };
    },
  };
};

// The larger (smaller) value wins, then the smaller position; NaN wins over numbers.
const argReducer = (spec: ReducerSpec): Reducer => {
  const { g, newLocal, lanes, op, valueType: d, accumulators, across, level, ascending } = spec;
  const best = Array.from({ length: accumulators }, () => newLocal('v128'));
  const at = Array.from({ length: accumulators }, () => newLocal('v128'));
  const shape = shapeOf(d);
  const thin = (m: Node): Node => (d === 'float64' ? narrow(g, m) : m);
  const wins = (x: Node, i: Node, y: Node, j: Node): Node => {
    const earlier = g.op('i32x4.lt_s', i, j);
    if (d === 'bool') {
      const better = op === 'argmax' ? g.op('v128.andnot', x, y) : g.op('v128.andnot', y, x);
      return g.op('v128.or', better, g.op('v128.andnot', earlier, g.op('v128.xor', x, y)));
    }
    const sign = d === 'int32' ? '_s' : d === 'uint32' ? '_u' : '';
    const better = thin(g.op(`${shape}.${op === 'argmax' ? 'gt' : 'lt'}${sign}` as SimpleOp, x, y));
    const same = thin(g.op(`${shape}.eq`, x, y));
    if (shape === 'i32x4') return g.op('v128.or', better, g.op('v128.and', same, earlier));
    const nan = (v: Node): Node => thin(g.op(`${shape}.ne`, v, v));
    const [nx, ny] = [nan(x), nan(y)];
    const tie = g.op('v128.or', same, g.op('v128.and', nx, ny));
    return g.op('v128.or', g.op('v128.or', better, g.op('v128.andnot', nx, ny)), g.op('v128.and', tie, earlier));
  };
  // Where positions ascend, the value before wins ties.
  const beats = (x: Node, y: Node): Node => {
    if (d === 'bool') return op === 'argmax' ? g.op('v128.andnot', x, y) : g.op('v128.andnot', y, x);
    const sign = d === 'int32' ? '_s' : d === 'uint32' ? '_u' : '';
    if (shape === 'i32x4') return g.op(`i32x4.${op === 'argmax' ? 'gt' : 'lt'}${sign}` as SimpleOp, x, y);
    const within = g.op(`${shape}.${op === 'argmax' ? 'le' : 'ge'}`, x, y);
    return thin(g.op('v128.andnot', g.op(`${shape}.eq`, y, y), within));
  };
  const merge = (hold: (n: Node) => Node, x: Node, i: Node, y: Node, j: Node): readonly [Node, Node] => {
    const take = hold(wins(x, i, y, j));
    return [hold(g.blend(x, y, maskFor(g, take, d))), hold(g.blend(i, j, take))];
  };
  return {
    init: () => [...best.map((b) => set(b, literal(g, identity(op, d), d))), ...at.map((a) => set(a, g.i32x4(0)))],
    update: (k, value, valid, position) => {
      const { statements, hold } = holder(spec, Infinity);
      const [b, a] = [best[k % accumulators]!, at[k % accumulators]!];
      if (ascending) {
        const v = hold(masked(spec, value, valid));
        const take = hold(beats(v, g.mutable('v128', b)));
        statements.push(
          set(b, g.blend(v, g.mutable('v128', b), maskFor(g, take, d))),
          set(a, g.blend(position(), g.mutable('v128', a), take)),
        );
        return statements;
      }
      const [x, i] = merge(
        hold,
        hold(masked(spec, value, valid)),
        hold(position()),
        hold(g.mutable('v128', b)),
        hold(g.mutable('v128', a)),
      );
      return [...statements, set(b, x), set(a, i)];
    },
    flush: () => [],
    finish: () => {
      const { statements, hold } = holder(spec, level);
      let [x, i] = [hold(g.mutable('v128', best[0]!)), hold(g.mutable('v128', at[0]!))];
      for (let k = 1; k < accumulators; k++) {
        [x, i] = merge(hold, hold(g.mutable('v128', best[k]!)), hold(g.mutable('v128', at[k]!)), x, i) as [Node, Node];
      }
      if (across) {
        const words = rotations(lanes, 'int32');
        rotations(lanes, d).forEach((r, n) => {
          [x, i] = merge(hold, g.shuffle(x, x, ...r), g.shuffle(i, i, ...words[n]!), x, i) as [Node, Node];
        });
      }
      return { statements, value: i };
    },
  };
};
