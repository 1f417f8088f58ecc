// Phases: which elements of a kernel meet a position, when positions are multiples of a step (strided windows, seen from the input).
import { div, mod, scale, type Index } from '../index-expr.ts';

/** Solutions k in 0 .. kernel-1 of `dilation * k + e = 0 (mod step)`: k = first(e) + period * t for t in 0 .. taps-1. */
export interface Phases {
  /** gcd(step, dilation): there are solutions only where it divides e. */
  readonly common: number;
  readonly period: number;
  /** The most solutions any e has; for some e the last one lies beyond the kernel. */
  readonly taps: number;
  readonly first: (e: Index) => Index;
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
  return { common, period, taps: Math.ceil(kernel / period), first: (e) => mod(scale(div(e, common), back), period) };
};
