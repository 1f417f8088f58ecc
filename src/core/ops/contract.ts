// Contractions: the one primitive behind matrix products and convolutions, and all of their derivatives.
import { aval, type Aval, type Shape } from '../aval.ts';
import { bind1 } from '../interpreter.ts';
import type { BatchResult, Primitive, Tangent } from '../primitive.ts';
import { isLinear, refuseLinear } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';
import { addTangents } from './arithmetic.ts';
import { hasPhases, lowerContraction } from './contract-lower.ts';
import { identityAxis, moveAffine, type AffineAxis } from './slice.ts';

/**
 * A window ties three axes together: element k of the kernel meets element h of the input in element o of the output where
 * `spread * h = stride * o + dilation * k + offset`. Transposing a convolution exchanges the roles of h, o and k in this
 * equation and nothing else. `size` is the number of o.
 */
export interface Window {
  readonly stride: number;
  readonly dilation: number;
  readonly spread: number;
  readonly offset: number;
  readonly size: number;
}

/** What each axis of an operand is for: shared by all three (batch), kept (free), summed over (contract), or a window's. */
export interface OperandRoles {
  readonly batch: readonly number[];
  readonly free: readonly number[];
  readonly contract: readonly number[];
  readonly window: readonly number[];
}
/** Where batch axes, the free axes of both operands, and window axes stand in the output. */
export interface OutRoles {
  readonly batch: readonly number[];
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly window: readonly number[];
}
export interface ContractionParams {
  readonly lhs: OperandRoles;
  readonly rhs: OperandRoles;
  readonly out: OutRoles;
  readonly windows: readonly Window[];
}

const contractionShape = (x: Aval, y: Aval, { lhs, rhs, out, windows }: ContractionParams): Shape => {
  const shape: number[] = new Array<number>(out.batch.length + out.lhs.length + out.rhs.length + out.window.length);
  out.batch.forEach((a, i) => (shape[a] = x.shape[lhs.batch[i]!]!));
  out.lhs.forEach((a, i) => (shape[a] = x.shape[lhs.free[i]!]!));
  out.rhs.forEach((a, i) => (shape[a] = y.shape[rhs.free[i]!]!));
  out.window.forEach((a, i) => (shape[a] = windows[i]!.size));
  return shape;
};

// Given o, which h: stride * o = spread * h - dilation * k - offset, with the coefficient of o made positive.
const inputWindow = (w: Window, size: number): Window => {
  const sign = w.stride < 0 ? -1 : 1;
  return {
    spread: sign * w.stride,
    stride: sign * w.spread,
    dilation: -sign * w.dilation,
    offset: -sign * w.offset,
    size,
  };
};
const kernelWindow = (w: Window, size: number): Window => ({ ...w, stride: w.dilation, dilation: w.stride, size });

const lhsTranspose = ({ lhs, rhs, out, windows }: ContractionParams, shape: Shape): ContractionParams => ({
  lhs: { batch: out.batch, free: out.lhs, contract: out.rhs, window: out.window },
  rhs: { batch: rhs.batch, free: rhs.contract, contract: rhs.free, window: rhs.window },
  out: { batch: lhs.batch, lhs: lhs.free, rhs: lhs.contract, window: lhs.window },
  windows: windows.map((w, i) => inputWindow(w, shape[lhs.window[i]!]!)),
});
const rhsTranspose = ({ lhs, rhs, out, windows }: ContractionParams, shape: Shape): ContractionParams => ({
  lhs: { batch: lhs.batch, free: lhs.contract, contract: lhs.free, window: lhs.window },
  rhs: { batch: out.batch, free: out.rhs, contract: out.lhs, window: out.window },
  out: { batch: rhs.batch, lhs: rhs.contract, rhs: rhs.free, window: rhs.window },
  windows: windows.map((w, i) => kernelWindow(w, shape[rhs.window[i]!]!)),
});

/** Every role's axes as they are called once an axis has been inserted at `at`. */
const shiftRoles = <R extends OperandRoles | OutRoles>(roles: R, at: number): R =>
  Object.fromEntries(
    Object.entries(roles).map(([k, axes]) => [k, (axes as readonly number[]).map((a) => (a >= at ? a + 1 : a))]),
  ) as unknown as R;

// A batch axis of one operand only is one more free axis of that operand.
const batchRule = (
  bind: (x: Tensor, y: Tensor, params: ContractionParams) => Tensor,
  [x, y]: readonly Tensor[],
  [dx, dy]: readonly (number | null)[],
  p: ContractionParams,
): BatchResult => {
  const { windows } = p;
  if (dx !== null && dy !== null) {
    const [lhs, rhs, out] = [shiftRoles(p.lhs, dx!), shiftRoles(p.rhs, dy!), shiftRoles(p.out, 0)];
    const params: ContractionParams = {
      lhs: { ...lhs, batch: [dx!, ...lhs.batch] },
      rhs: { ...rhs, batch: [dy!, ...rhs.batch] },
      out: { ...out, batch: [0, ...out.batch] },
      windows,
    };
    return { outs: [bind(x!, y!, params)], axes: [0] };
  }
  if (dx !== null) {
    const [lhs, out] = [shiftRoles(p.lhs, dx!), shiftRoles(p.out, 0)];
    const params: ContractionParams = {
      lhs: { ...lhs, free: [dx!, ...lhs.free] },
      rhs: p.rhs,
      out: { ...out, lhs: [0, ...out.lhs] },
      windows,
    };
    return { outs: [bind(x!, y!, params)], axes: [0] };
  }
  // Beside the other free axes of the right operand, so that they stay one run of the output.
  const at =
    p.out.rhs.length === 0 ? p.out.batch.length + p.out.lhs.length + p.out.window.length : Math.min(...p.out.rhs);
  const [rhs, out] = [shiftRoles(p.rhs, dy!), shiftRoles(p.out, at)];
  const params: ContractionParams = {
    lhs: p.lhs,
    rhs: { ...rhs, free: [dy!, ...rhs.free] },
    out: { ...out, rhs: [at, ...out.rhs] },
    windows,
  };
  return { outs: [bind(x!, y!, params)], axes: [at] };
};

// Spread inputs (gradients of strided convolutions) without needless products: the output is rounded up to whole phases, see the
// lowering, and a kernel of one element computes only where it meets an element of the input.
const bindWhole = (
  primitive: Primitive<ContractionParams>,
  x: Tensor,
  y: Tensor,
  params: ContractionParams,
): Tensor => {
  const after: (AffineAxis | undefined)[] = [];
  const windows = params.windows.map((w, i): Window => {
    const kernel = y.shape[params.rhs.window[i]!]!;
    const n = x.shape[params.lhs.window[i]!]!;
    const single = w.spread > 1 && kernel === 1 && w.stride === 1 && n > 0;
    const size = hasPhases(w, kernel) ? Math.ceil(w.size / w.spread) * w.spread : w.size;
    after.push(
      single
        ? { stride: 1, spread: w.spread, offset: w.offset, size: w.size }
        : size === w.size
          ? undefined
          : identityAxis(w.size),
    );
    return single ? { stride: 1, dilation: 1, spread: 1, offset: 0, size: n } : { ...w, size };
  });
  if (after.every((a) => a === undefined)) return bind1(primitive, [x, y], params);
  const out = bind1(primitive, [x, y], { ...params, windows });
  const axes = out.shape.map(identityAxis);
  params.out.window.forEach((a, i) => (axes[a] = after[i] ?? axes[a]!));
  return moveAffine(out, axes);
};

const contractionPrimitive = (name: string): Primitive<ContractionParams> => {
  const bind = (x: Tensor, y: Tensor, params: ContractionParams): Tensor => bind1(self, [x, y], params);
  const self: Primitive<ContractionParams> = {
    name,
    shape: ([x, y], params) => [aval(contractionShape(x!, y!, params), x!.dtype, x!.weak && y!.weak)],
    jvp([x, y], [dx = null, dy = null], params) {
      const tangent: Tangent = addTangents(dx && bind(dx, y!, params), dy && bind(x!, dy, params));
      return { outs: [bind(x!, y!, params)], tangents: [tangent] };
    },
    transpose([ct], [x, y], params) {
      if (ct === null) return [null, null];
      if (!isLinear(x!))
        return [null, bindWhole(self, x!, ct!, rhsTranspose(params, (y as { aval: Aval }).aval.shape))];
      refuseLinear(name, y!);
      return [bindWhole(self, ct!, y as Tensor, lhsTranspose(params, x.aval.shape)), null];
    },
    batch: (inputs, axes, params) => batchRule(bind, inputs, axes, params),
    lower: lowerContraction,
  };
  return self;
};

/** Sums of products over axes, with batch axes (`lax.dot_general`). */
export const dotGeneralPrimitive: Primitive<ContractionParams> = contractionPrimitive('dotGeneral');
/** The same with windows: a convolution, its input gradient, its kernel gradient. */
export const convPrimitive: Primitive<ContractionParams> = contractionPrimitive('conv');

/** A convolution by roles and windows, without checks. */
export const convolve = (x: Tensor, kernel: Tensor, params: ContractionParams): Tensor =>
  bindWhole(convPrimitive, x, kernel, params);

const others = (rank: number, ...used: readonly (readonly number[])[]): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => used.every((u) => !u.includes(i)));

/** x and y contracted without checks: for rules. The output is batch, free axes of x, free axes of y, or these permuted by `out`. */
export const contractAxes = (
  x: Tensor,
  y: Tensor,
  [xc, yc]: readonly [readonly number[], readonly number[]],
  [xb, yb]: readonly [readonly number[], readonly number[]] = [[], []],
  out?: { readonly batch: readonly number[]; readonly lhs: readonly number[]; readonly rhs: readonly number[] },
): Tensor => {
  const xf = others(x.rank, xc, xb);
  const yf = others(y.rank, yc, yb);
  const canonical = {
    batch: xb.map((_, i) => i),
    lhs: xf.map((_, i) => xb.length + i),
    rhs: yf.map((_, i) => xb.length + xf.length + i),
  };
  return bind1(dotGeneralPrimitive, [x, y], {
    lhs: { batch: xb, free: xf, contract: xc, window: [] },
    rhs: { batch: yb, free: yf, contract: yc, window: [] },
    out: { ...(out ?? canonical), window: [] },
    windows: [],
  });
};
