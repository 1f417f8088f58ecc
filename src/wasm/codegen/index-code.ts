// Index expressions as code: addresses' terms, positions and digits, scalar where all lanes agree and int32 lanes where not; guards as conditions.
import type { DType } from '../../core/dtype.ts';
import type { Expr } from '../../core/expr.ts';
import { range, type Guard, type Index, type Var } from '../../core/index-expr.ts';
import type { Graph, Node } from './node.ts';

export interface Memory {
  readonly dtype: DType;
  readonly length: number;
  readonly base: Node;
  /** A row whose elements are vectors (one lane an outer point): bytes between elements and the first one's offset. */
  readonly vector?: { readonly stride: number; readonly offset: number };
  /** A row: its loads stay below this loop level. */
  readonly level?: number;
}

/** One vector's worth of points: the values of the loop variables, and which variable runs along the lanes. */
export interface Points {
  readonly g: Graph;
  readonly lanes: 2 | 4;
  /** Lanes that are points; the others compute something that nobody stores. */
  readonly valid: number;
  readonly vector: Var | null;
  /** The points are row `row` of a square tile whose rows lie along `axis` (and whose columns are the lanes). */
  readonly tile?: { readonly axis: Var; readonly row: number };
  /** A variable's value in lane 0: node + offset. */
  readonly at: (v: Var) => { readonly node: Node; readonly offset: number };
  readonly memory: (buffer: number) => Memory;
  readonly expr: (e: Expr) => Node;
  readonly varsOf: (e: Expr) => ReadonlySet<number>;
}

export interface Form {
  readonly terms: readonly { readonly node: Node; readonly coef: number }[];
  readonly constant: number;
  /** Step from lane to lane. */
  readonly step: number;
  /** What varies otherwise from lane to lane, as i32x4. */
  readonly lanewise: Node | null;
}

const dependsOn = (i: Index, v: Var, varsOf: (e: Expr) => ReadonlySet<number>): boolean =>
  i.terms.some(({ atom }) => {
    if (atom.kind === 'var') return atom.var.id === v.id;
    return atom.kind === 'digit' ? dependsOn(atom.of, v, varsOf) : varsOf(atom.value).has(v.id);
  });

export const decompose = (p: Points, i: Index): Form => {
  const { g } = p;
  const terms: { node: Node; coef: number }[] = [];
  let constant = i.offset;
  let step = 0;
  let lanewise: Node | null = null;
  const addLanes = (x: Node, coef: number): void => {
    const scaled = coef === 1 ? x : g.op('i32x4.mul', x, g.i32x4(coef));
    lanewise = lanewise === null ? scaled : g.op('i32x4.add', lanewise, scaled);
  };
  for (const { coef, atom } of i.terms) {
    const varies = p.vector !== null && dependsOn({ offset: 0, terms: [{ coef, atom }] }, p.vector, p.varsOf);
    if (atom.kind === 'var') {
      const { node, offset } = p.at(atom.var);
      if (varies) step += coef;
      constant += coef * offset;
      terms.push({ node, coef });
    } else if (atom.kind === 'value') {
      const value = p.expr(atom.value);
      if (varies) addLanes(value, coef);
      else terms.push({ node: scalarOf(g, value), coef });
    } else if (varies) addLanes(laneDigit(p, atom.of, atom.div, atom.mod), coef);
    else terms.push({ node: scalarDigit(p, atom.of, atom.div, atom.mod), coef });
  }
  return { terms, constant, step, lanewise };
};

const scalarOf = (g: Graph, v: Node): Node =>
  v.op === 'v128.load32_splat' ? g.load('i32.load', v.args[0]!, v.imm, v.level) : g.lane('i32x4.extract_lane', 0, v);

export const sum = (g: Graph, f: Form, unit: number, constant: number, ...more: readonly Node[]): Node =>
  g.add(...more, ...f.terms.map((t) => g.times(t.node, t.coef * unit)), g.i32(constant * unit));

const scalarDigit = (p: Points, of: Index, div: number, mod: number): Node => {
  const { g } = p;
  const form = decompose(p, of);
  const [lo, hi] = range(of);
  if (lo > -(2 ** 30) && hi < 2 ** 30) {
    // Shifted by whole periods, so that the division is one of natural numbers.
    const period = mod === Infinity ? div : div * mod;
    const periods = lo < 0 ? Math.ceil(-lo / period) : 0;
    let x = sum(g, form, 1, form.constant + periods * period);
    if (div > 1) x = g.op('i32.div_u', x, g.i32(div));
    return mod === Infinity ? g.add(x, g.i32(-periods)) : g.op('i32.rem_u', x, g.i32(mod));
  }
  const floorDiv = (x: Node, d: number): Node =>
    d === 1
      ? x
      : g.op('i32.div_s', g.op('i32.sub', x, g.op('i32.and', g.op('i32.shr_s', x, g.i32(31)), g.i32(d - 1))), g.i32(d));
  const q = floorDiv(sum(g, form, 1, form.constant), div);
  return mod === Infinity ? q : g.op('i32.sub', q, g.times(floorDiv(q, mod), mod));
};

// Exact in float64: a 32-bit quotient that is not an integer is further from one than a rounding error.
const laneDigit = (p: Points, of: Index, div: number, mod: number): Node => {
  const { g } = p;
  const floorDiv = (x: Node, d: number): Node => {
    if (d === 1) return x;
    const half = (y: Node): Node =>
      g.op(
        'i32x4.trunc_sat_f64x2_s_zero',
        g.op('f64x2.floor', g.op('f64x2.div', g.op('f64x2.convert_low_i32x4_s', y), g.f64x2(d))),
      );
    return p.lanes === 2 ? half(x) : g.shuffle(half(x), half(g.shuffle(x, x, 2, 3, 2, 3)), 0, 1, 4, 5);
  };
  const q = floorDiv(laneIndex(p, decompose(p, of)), div);
  return mod === Infinity ? q : g.op('i32x4.sub', q, g.op('i32x4.mul', floorDiv(q, mod), g.i32x4(mod)));
};

export const laneIndex = (p: Points, f: Form, shift = 0): Node => {
  const { g } = p;
  const uniform = sum(g, f, 1, f.constant + shift);
  let out = g.op('i32x4.splat', uniform);
  if (f.step !== 0) out = g.op('i32x4.add', out, g.i32x4(0, f.step, 2 * f.step, 3 * f.step));
  return f.lanewise === null ? out : g.op('i32x4.add', out, f.lanewise);
};

/** An index as int32 lanes. */
export const indexValue = (p: Points, i: Index): Node => laneIndex(p, decompose(p, i));

export interface Condition {
  /** 0 or 1, the same for all lanes; null: true. */
  readonly uniform: Node | null;
  /** A mask; null: true. */
  readonly lanes: Node | null;
}

export const condition = (p: Points, guards: readonly Guard[]): Condition => {
  const { g } = p;
  let uniform: Node | null = null;
  let lanes: Node | null = null;
  const checks = guards
    .map((guard) => ({ guard, form: decompose(p, guard.index) }))
    .sort((a, b) => level(a.form) - level(b.form));
  for (const { guard, form } of checks) {
    const width = guard.hi - guard.lo;
    if (form.step === 0 && form.lanewise === null) {
      const holds = g.op('i32.lt_u', sum(g, form, 1, form.constant - guard.lo), g.i32(width));
      uniform = uniform === null ? holds : g.op('i32.and', uniform, holds);
    } else {
      const holds = g.op('i32x4.lt_u', laneIndex(p, form, -guard.lo), g.i32x4(width));
      lanes = lanes === null ? holds : g.op('v128.and', lanes, holds);
    }
  }
  return { uniform, lanes };
};
const level = (f: Form): number => Math.max(0, ...f.terms.map((t) => t.node.level));

export const maskOf = (g: Graph, c: Condition): Node | null => {
  if (c.uniform === null) return c.lanes;
  const mask = g.mask(c.uniform);
  return c.lanes === null ? mask : g.op('v128.and', mask, c.lanes);
};
