// How a contraction is computed: which element of each operand meets which, as affine indices with guards (implicit GEMM for windows).
import type { Aval } from '../aval.ts';
import { add, constant, div, mod, provable, scale, shift, type Guard, type Index } from '../index-expr.ts';
import type { Access, Lowering } from '../lowering.ts';
import type { ContractionParams, Window } from './contract.ts';
import { solvePhases } from './phases.ts';

// One window's share of the computation: its output axis o and its kernel axis k as loops, and the input element they meet.
interface WindowLoops {
  /** Extent of the loop over outputs (per phase), of the loop over kernel elements (per phase), and of phases (1: none). */
  readonly outs: number;
  readonly taps: number;
  readonly phases: number;
  readonly o: (q: Index, r: Index) => Index;
  readonly k: (t: Index, r: Index) => Index;
  readonly h: (q: Index, t: Index, r: Index) => { readonly index: Index; readonly guards: readonly Guard[] };
}

const affine = (w: Window, o: Index, k: Index): Index => shift(add(scale(o, w.stride), scale(k, w.dilation)), w.offset);

/** Whether a spread input is better seen as one dense convolution for each phase of the output. */
export const hasPhases = (w: Window, kernel: number): boolean =>
  w.spread > 1 && kernel > 1 && solvePhases(w.spread, w.dilation, kernel).common === 1;

const windowLoops = (w: Window, kernel: number): WindowLoops => {
  const s = w.spread;
  if (!hasPhases(w, kernel) || w.size % s !== 0)
    return {
      outs: w.size,
      taps: kernel,
      phases: 1,
      o: (q) => q,
      k: (t) => t,
      h(q, t) {
        const p = affine(w, q, t);
        return s === 1 ? { index: p, guards: [] } : { index: div(p, s), guards: [{ index: mod(p, s), lo: 0, hi: 1 }] };
      },
    };
  // The gradient of a strided convolution is s dense convolutions, one for each phase r of the output, o = s q + r: none of them
  // meets the zeros between the input's elements.
  const phases = solvePhases(s, w.dilation, kernel);
  const at = (r: Index): Index => shift(scale(r, w.stride), w.offset);
  return {
    outs: w.size / s,
    taps: phases.taps,
    phases: s,
    o: (q, r) => add(scale(q, s), r),
    k: (t, r) => add(scale(t, phases.period), phases.first(at(r))),
    h: (q, t, r) => ({
      index: add(add(scale(q, w.stride), scale(t, phases.advance)), phases.quotient(at(r))),
      guards: [],
    }),
  };
};

const ascending = (axes: readonly number[]): number[] => [...axes].sort((a, b) => a - b);

/** m runs over what the output has of the left operand, in the output's order; k in the order of the right operand's axes. */
export const lowerContraction = (
  inputs: readonly Aval[],
  params: ContractionParams,
  outs: readonly Aval[],
): Lowering => {
  const { lhs, rhs, out } = params;
  const [x, y] = [inputs[0]!.shape, inputs[1]!.shape];
  const shape = outs[0]!.shape;
  const windows = params.windows.map((w, i) => windowLoops(w, y[rhs.window[i]!]!));
  const phased = windows.filter((w) => w.phases > 1);

  const bAxes = ascending(out.batch);
  const mAxes = ascending([...out.lhs, ...out.window]);
  const nAxes = ascending(out.rhs);
  const kAxes = ascending([...rhs.contract, ...rhs.window]);
  const place = (axes: readonly number[], of: readonly number[]): number[] => of.map((a) => axes.indexOf(a));
  const at = {
    batch: place(bAxes, out.batch),
    lhs: place(mAxes, out.lhs),
    windowOut: place(mAxes, out.window),
    rhs: place(nAxes, out.rhs),
    contract: place(kAxes, rhs.contract),
    windowKernel: place(kAxes, rhs.window),
    phase: windows.map((w) => bAxes.length + phased.indexOf(w)),
  };
  const zero = constant(0);
  const phase = (b: readonly Index[], i: number): Index => (windows[i]!.phases > 1 ? b[at.phase[i]!]! : zero);

  return {
    tag: 'contract',
    batch: [...bAxes.map((a) => shape[a]!), ...phased.map((w) => w.phases)],
    m: mAxes.map((a) => (out.window.includes(a) ? windows[out.window.indexOf(a)]!.outs : shape[a]!)),
    n: nAxes.map((a) => shape[a]!),
    k: kAxes.map((a) => (rhs.window.includes(a) ? windows[rhs.window.indexOf(a)]!.taps : y[a]!)),
    lhs(b, m, k): Access {
      const index: Index[] = new Array<Index>(x.length);
      const guards: Guard[] = [];
      lhs.batch.forEach((a, j) => (index[a] = b[at.batch[j]!]!));
      lhs.free.forEach((a, j) => (index[a] = m[at.lhs[j]!]!));
      lhs.contract.forEach((a, j) => (index[a] = k[at.contract[j]!]!));
      lhs.window.forEach((a, i) => {
        const h = windows[i]!.h(m[at.windowOut[i]!]!, k[at.windowKernel[i]!]!, phase(b, i));
        index[a] = h.index;
        guards.push(...h.guards, { index: h.index, lo: 0, hi: x[a]! });
      });
      return { input: 0, index, guards: guards.filter((g) => !provable(g)) };
    },
    rhs(b, n, k): Access {
      const index: Index[] = new Array<Index>(y.length);
      const guards: Guard[] = [];
      rhs.batch.forEach((a, j) => (index[a] = b[at.batch[j]!]!));
      rhs.free.forEach((a, j) => (index[a] = n[at.rhs[j]!]!));
      rhs.contract.forEach((a, j) => (index[a] = k[at.contract[j]!]!));
      rhs.window.forEach((a, i) => {
        index[a] = windows[i]!.k(k[at.windowKernel[i]!]!, phase(b, i));
        guards.push({ index: index[a], lo: 0, hi: y[a]! });
      });
      return { input: 1, index, guards: guards.filter((g) => !provable(g)) };
    },
    out(b, m, n) {
      const index: Index[] = new Array<Index>(shape.length);
      out.batch.forEach((a, j) => (index[a] = b[at.batch[j]!]!));
      out.lhs.forEach((a, j) => (index[a] = m[at.lhs[j]!]!));
      out.rhs.forEach((a, j) => (index[a] = n[at.rhs[j]!]!));
      out.window.forEach((a, i) => (index[a] = windows[i]!.o(m[at.windowOut[i]!]!, phase(b, i))));
      return index;
    },
  };
};
