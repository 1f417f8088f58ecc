// Phases: which elements of a kernel meet a position, when positions are multiples of a step (strided windows, seen from the input).
import { add, div, mod, scale, type Index } from '../index-expr.ts';

/**
 * Solutions k in 0 .. kernel-1 of `dilation * k + e = step * q`: k = first(e) + period * t and q = quotient(e) + advance * t
 * for t in 0 .. taps-1.
 */
export interface Phases {
  /** gcd(step, dilation): there are solutions only where it divides e. */
  readonly common: number;
  readonly period: number;
  readonly advance: number;
  /** The most solutions any e has; for some e the last one lies beyond the kernel. */
  readonly taps: number;
  readonly first: (e: Index) => Index;
  readonly quotient: (e: Index) => Index;
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
const floorMod = (a: number, n: number): number => ((a % n) + n) % n;

const inverseModulo = (a: number, n: number): number => {
  for (let i = 0; i < n; i++) if (floorMod(a * i, n) === 1 % n) return i;
  throw new Error(`${a} has no inverse modulo ${n}`);
};

export const solvePhases = (step: number, dilation: number, kernel: number): Phases => {
  const common = gcd(step, dilation);
  const period = step / common;
  const back = floorMod(-inverseModulo(dilation / common, period), period);
  const first = (e: Index): Index => {
    const r = scale(div(e, common), back);
    return mod(
      {
        offset: floorMod(r.offset, period),
        terms: r.terms.map((t) => ({ ...t, coef: floorMod(t.coef, period) })).filter((t) => t.coef !== 0),
      },
      period,
    );
  };
  return {
    common,
    period,
    advance: (dilation * period) / step,
    taps: Math.ceil(kernel / period),
    first,
    // An exact quotient; with dilation -1 (an undilated kernel) the form that simplifies.
    quotient: (e) => (dilation === -1 ? div(e, step) : div(add(e, scale(first(e), dilation)), step)),
  };
};
