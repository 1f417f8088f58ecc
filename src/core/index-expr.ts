// Index expressions: integer affine forms over loop variables, with quotients and remainders kept as digits of a mixed-radix number.
import type { Expr } from './expr.ts';

/** A loop variable with values 0 .. extent-1. Compared by id. */
export interface Var {
  readonly id: number;
  readonly extent: number;
}

/**
 * What an affine form is linear in: a loop variable; a digit `floor(of / div) mod mod` (mod = Infinity: no remainder);
 * or an integer computed at run time (an index tensor's element).
 */
export type Atom =
  | { readonly kind: 'var'; readonly key: string; readonly var: Var }
  | { readonly kind: 'digit'; readonly key: string; readonly of: Index; readonly div: number; readonly mod: number }
  | { readonly kind: 'value'; readonly key: string; readonly value: Expr };

export interface Term {
  readonly coef: number;
  readonly atom: Atom;
}

/** offset + sum of coef * atom; terms are sorted by key, have non-zero coefficients and distinct atoms. */
export interface Index {
  readonly offset: number;
  readonly terms: readonly Term[];
}

/** lo <= index < hi, checked at run time unless the ranges prove it. */
export interface Guard {
  readonly index: Index;
  readonly lo: number;
  readonly hi: number;
}

let nextVar = 0;
export const newVar = (extent: number): Var => ({ id: nextVar++, extent });

export const constant = (offset: number): Index => ({ offset, terms: [] });
export const zero: Index = constant(0);

export const variable = (v: Var): Index =>
  v.extent === 1 ? zero : { offset: 0, terms: [{ coef: 1, atom: { kind: 'var', key: `v${v.id}`, var: v } }] };

// Value atoms are the same when they are the same expression object.
const valueIds = new WeakMap<object, number>();
let nextValue = 0;
export const valueIndex = (value: Expr): Index => {
  if (value.op === 'const') return constant(value.value);
  if (value.op === 'index') return value.index;
  let id = valueIds.get(value);
  if (id === undefined) valueIds.set(value, (id = nextValue++));
  return { offset: 0, terms: [{ coef: 1, atom: { kind: 'value', key: `e${id}`, value } }] };
};

export const indexKey = (e: Index): string => {
  let s = String(e.offset);
  for (const t of e.terms) s += `+${t.coef}${t.atom.key}`;
  return s;
};

const fromTerms = (offset: number, terms: Term[]): Index => {
  terms.sort((a, b) => (a.atom.key < b.atom.key ? -1 : a.atom.key > b.atom.key ? 1 : 0));
  const out: Term[] = [];
  for (const t of terms) {
    const last = out[out.length - 1];
    if (last !== undefined && last.atom.key === t.atom.key)
      out[out.length - 1] = { coef: last.coef + t.coef, atom: t.atom };
    else out.push(t);
  }
  return joinDigits(
    offset,
    out.filter((t) => t.coef !== 0),
  );
};

// k*digit(x,d,m) + k*m*digit(x,d*m,m') = k*digit(x,d,m*m'): a reshape and its inverse cancel.
const joinDigits = (offset: number, terms: Term[]): Index => {
  for (let i = 0; i < terms.length; i++) {
    const low = terms[i]!;
    if (low.atom.kind !== 'digit' || low.atom.mod === Infinity) continue;
    const { of, div: d, mod: m } = low.atom;
    const ofKey = indexKey(of);
    for (let j = 0; j < terms.length; j++) {
      const high = terms[j]!;
      if (i === j || high.coef !== low.coef * m || high.atom.kind !== 'digit') continue;
      if (high.atom.div !== d * m || indexKey(high.atom.of) !== ofKey) continue;
      const rest = terms.filter((_, k) => k !== i && k !== j);
      return add({ offset, terms: rest }, scale(digit(of, d, m * high.atom.mod), low.coef));
    }
  }
  return { offset, terms };
};

export const add = (a: Index, b: Index): Index =>
  a.terms.length === 0 || b.terms.length === 0
    ? { offset: a.offset + b.offset, terms: a.terms.length === 0 ? b.terms : a.terms }
    : fromTerms(a.offset + b.offset, [...a.terms, ...b.terms]);

export const scale = (a: Index, k: number): Index =>
  k === 0
    ? zero
    : k === 1
      ? a
      : { offset: a.offset * k, terms: a.terms.map((t) => ({ coef: t.coef * k, atom: t.atom })) };

export const sub = (a: Index, b: Index): Index => add(a, scale(b, -1));
export const shift = (a: Index, by: number): Index => ({ offset: a.offset + by, terms: a.terms });

const atomRange = (a: Atom): readonly [number, number] => {
  if (a.kind === 'var') return [0, a.var.extent - 1];
  if (a.kind === 'value') return [-2147483648, 2147483647];
  const [lo, hi] = range(a.of);
  const q: readonly [number, number] = [Math.floor(lo / a.div), Math.floor(hi / a.div)];
  return a.mod === Infinity ? q : [0, Math.min(a.mod - 1, q[0] >= 0 ? q[1] : a.mod - 1)];
};

/** The smallest and largest value an index can take. */
export const range = (e: Index): readonly [number, number] => {
  let lo = e.offset;
  let hi = e.offset;
  for (const t of e.terms) {
    const [a, b] = atomRange(t.atom);
    lo += t.coef > 0 ? t.coef * a : t.coef * b;
    hi += t.coef > 0 ? t.coef * b : t.coef * a;
  }
  return [lo, hi];
};

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
const floorMod = (a: number, n: number): number => ((a % n) + n) % n;

// floor(e / d) mod m, simplified as far as ranges and divisibility allow.
const digit = (e: Index, d: number, m: number): Index => {
  if (m === 1) return zero;
  if (d === 1 && m === Infinity) return e;
  // e = d * q + r with r's coefficients not divisible by d.
  if (d > 1) {
    const whole = e.terms.filter((t) => t.coef % d === 0);
    const part = e.terms.filter((t) => t.coef % d !== 0);
    const off = floorMod(e.offset, d);
    const q: Index = { offset: (e.offset - off) / d, terms: whole.map((t) => ({ coef: t.coef / d, atom: t.atom })) };
    const r: Index = { offset: off, terms: part };
    const [lo, hi] = range(r);
    if (lo >= 0 && hi < d) return digit(q, 1, m);
    if (q.terms.length > 0 || q.offset !== 0)
      return m === Infinity ? add(q, digit(r, d, Infinity)) : digit(add(q, digit(r, d, Infinity)), 1, m);
    // Common factor: floor((g*r' + o) / d) = floor(r' / (d/g)) for 0 <= o < g.
    let g = d;
    for (const t of part) g = gcd(g, t.coef);
    if (g > 1) {
      const inner: Index = {
        offset: (off - (off % g)) / g,
        terms: part.map((t) => ({ coef: t.coef / g, atom: t.atom })),
      };
      return digit(inner, d / g, m);
    }
    const only = part.length === 1 && off === 0 ? part[0]! : undefined;
    if (only !== undefined && only.coef === 1 && only.atom.kind === 'digit') {
      const { of, div, mod } = only.atom;
      if (mod === Infinity) return digit(of, div * d, m);
      if (mod % d === 0 && (m >= mod / d || (mod / d) % m === 0)) return digit(of, div * d, Math.min(m, mod / d));
    }
    const [, top] = range(e);
    if (m !== Infinity && lo >= 0 && Math.floor(top / d) < m) return digit(e, d, Infinity);
    return digitAtom(e, d, m);
  }
  // d = 1, a remainder: drop what the modulus divides.
  const keep = e.terms.filter((t) => t.coef % m !== 0);
  const r: Index = { offset: floorMod(e.offset, m), terms: keep };
  const [lo, hi] = range(r);
  if (lo >= 0 && hi < m) return r;
  let g = m;
  for (const t of keep) g = gcd(g, t.coef);
  if (g > 1) {
    const o = r.offset % g;
    const inner: Index = { offset: (r.offset - o) / g, terms: keep.map((t) => ({ coef: t.coef / g, atom: t.atom })) };
    return shift(scale(digit(inner, 1, m / g), g), o);
  }
  const only = keep.length === 1 && r.offset === 0 ? keep[0]! : undefined;
  if (
    only !== undefined &&
    only.coef === 1 &&
    only.atom.kind === 'digit' &&
    (only.atom.mod === Infinity || only.atom.mod % m === 0)
  )
    return digit(only.atom.of, only.atom.div, m);
  return digitAtom(r, 1, m);
};

const digitAtom = (of: Index, div: number, mod: number): Index => ({
  offset: 0,
  terms: [{ coef: 1, atom: { kind: 'digit', key: `(${indexKey(of)})/${div}%${mod}`, of, div, mod } }],
});

/** floor(e / by) for by >= 1. */
export const div = (e: Index, by: number): Index => (by === 1 ? e : digit(e, by, Infinity));
/** e mod by, in 0 .. by-1, for by >= 1. */
export const mod = (e: Index, by: number): Index => digit(e, 1, by);

/** Row-major linear position of a multi-index. */
export const linearize = (index: readonly Index[], shape: readonly number[]): Index => {
  let out = zero;
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    out = add(out, scale(index[i]!, stride));
    stride *= shape[i]!;
  }
  return out;
};

/** Multi-index of a row-major linear position. */
export const unlinearize = (position: Index, shape: readonly number[]): Index[] => {
  const out: Index[] = new Array<Index>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const d = shape[i]!;
    out[i] = d <= 1 || stride === 0 ? zero : digit(position, stride, i === 0 ? Infinity : d);
    stride *= d;
  }
  return out;
};

/** Points of the space of some variables. */
export const count = (vars: readonly Var[]): number => vars.reduce((n, v) => n * v.extent, 1);
/** The number of a point of that space, in row-major order. */
export const rowMajor = (vars: readonly Var[]): Index =>
  linearize(
    vars.map(variable),
    vars.map((v) => v.extent),
  );

/** Replaces loop variables (and rewrites value atoms by `onValue`), simplifying again. */
export const substitute = (e: Index, by: (v: Var) => Index | undefined, onValue?: (x: Expr) => Expr): Index => {
  let out = constant(e.offset);
  for (const t of e.terms) {
    let s: Index;
    if (t.atom.kind === 'var') s = by(t.atom.var) ?? { offset: 0, terms: [{ coef: 1, atom: t.atom }] };
    else if (t.atom.kind === 'digit') s = digit(substitute(t.atom.of, by, onValue), t.atom.div, t.atom.mod);
    else
      s = onValue === undefined ? { offset: 0, terms: [{ coef: 1, atom: t.atom }] } : valueIndex(onValue(t.atom.value));
    out = add(out, scale(s, t.coef));
  }
  return out;
};

/** The loop variables an index depends on, those inside digits and index values' own loads included by `into`. */
export const visitVars = (e: Index, onVar: (v: Var) => void, onValue?: (x: Expr) => void): void => {
  for (const t of e.terms) {
    if (t.atom.kind === 'var') onVar(t.atom.var);
    else if (t.atom.kind === 'digit') visitVars(t.atom.of, onVar, onValue);
    else onValue?.(t.atom.value);
  }
};

/** The number an index has under an assignment of its variables. */
export const evaluateIndex = (e: Index, at: (v: Var) => number, value: (x: Expr) => number): number => {
  let out = e.offset;
  for (const t of e.terms) {
    if (t.atom.kind === 'var') out += t.coef * at(t.atom.var);
    else if (t.atom.kind === 'value') out += t.coef * value(t.atom.value);
    else {
      const q = Math.floor(evaluateIndex(t.atom.of, at, value) / t.atom.div);
      out += t.coef * (t.atom.mod === Infinity ? q : floorMod(q, t.atom.mod));
    }
  }
  return out;
};

/** True where the ranges prove lo <= index < hi. */
export const provable = (g: Guard): boolean => {
  const [lo, hi] = range(g.index);
  return lo >= g.lo && hi < g.hi;
};
