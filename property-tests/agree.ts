// Two functions of tensors that mean the same: compared in value and under every transform, on the reference device and compiled.
import {
  disableJit,
  fromTypedArray,
  grad,
  jit,
  jvp,
  linearize,
  logicalNot,
  stack,
  sum,
  vjp,
  vmap,
  type Tensor,
} from '../src/index.ts';
import { isFloat } from '../src/core/dtype.ts';
import { expect } from 'vitest';
import { onReference } from '../test/backends/reference.ts';
import { expectClose } from './compare.ts';

export type F = (...xs: Tensor[]) => Tensor[];

/** Fixed numbers in [-1, 1), another row of them for each seed. */
export const direction = (x: Tensor, seed: number): Tensor => {
  const data = Float64Array.from(
    { length: x.size },
    (_, i) => ((i * 0.7548776662 + seed * 0.5698402909 + 0.31) % 1) * 2 - 1,
  );
  return fromTypedArray(x.dtype === 'float64' ? data : Float32Array.from(data), x.shape);
};

/** A function of the float arguments that `mask` takes (of those alone if there are any), with its float results. */
const floats = (f: F, args: readonly Tensor[], mask: number): { readonly at: number[]; readonly f: F } => {
  const all = args.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  const some = all.filter((_, k) => ((mask >> k) & 1) === 1);
  const at = some.length > 0 ? some : all;
  return {
    at,
    f: (...xs) => {
      const full = [...args];
      at.forEach((i, k) => (full[i] = xs[k]!));
      return f(...full).filter((y) => isFloat(y.dtype));
    },
  };
};

const pull = (f: F, xs: readonly Tensor[], seed: number): Tensor[] => {
  const [ys, back] = vjp(f, ...xs);
  return back(ys.map((y, i) => direction(y, seed + i))) as unknown as Tensor[];
};
const scalar = (ys: readonly Tensor[]): Tensor =>
  ys.map((y, i) => sum(y.mul(direction(y, 31 + i)))).reduce((a, b) => a.add(b));
const gradient = (f: F, xs: readonly Tensor[]): Tensor[] =>
  grad((...ys: Tensor[]) => scalar(f(...ys)), { argnums: xs.map((_, i) => i) })(...xs) as unknown as Tensor[];
const copies = (x: Tensor): Tensor =>
  x.dtype === 'bool'
    ? stack([x, logicalNot(x), x])
    : isFloat(x.dtype)
      ? stack([x, x.mul(-0.5), x.mul(0.25).add(0.1)])
      : stack([x, x.add(1), x.add(2)]);

/** Which arguments a transform takes part in, by bits. */
export type Transform = (f: F, mask: number) => F;
type Derive = (f: F, xs: readonly Tensor[], mask: number) => Tensor[];

const derived =
  (derive: Derive): Transform =>
  (f, mask) =>
  (...args) => {
    const part = floats(f, args, mask);
    const xs = part.at.map((i) => args[i]!);
    return xs.length === 0 || part.f(...xs).length === 0 ? [] : derive(part.f, xs, mask);
  };
const tangents = (xs: readonly Tensor[], seed: number): Tensor[] => xs.map((x, i) => direction(x, seed + i));

const value: Transform = (f) => f;
const batched: Transform =
  (f, mask) =>
  (...args) => {
    const mapped = args.map((_, i) => mask === 0 || ((mask >> i) & 1) === 1);
    if (!mapped.some(Boolean)) mapped[0] = true;
    // The mapped axis is last where the next bit says so.
    const last = args.map((_, i) => ((mask >> (i + 1)) & 1) === 0);
    const inAxes = args.map((_, i) => (mapped[i]! ? (last[i]! ? -1 : 0) : null));
    const xs = args.map((x, i) =>
      mapped[i]! ? (last[i]! ? copies(x).transpose([...x.shape.map((_, a) => a + 1), 0]) : copies(x)) : x,
    );
    return vmap(f, { inAxes, outAxes: mask % 3 === 0 ? -1 : 0 })(...xs) as Tensor[];
  };

/** Transforms that ask for forward mode alone. */
export const forward: Readonly<Record<string, Transform>> = {
  value,
  jvp: derived((f, xs) => jvp(f, xs, tangents(xs, 3)).flat()),
  'jvp of jvp': derived((f, xs) =>
    jvp((...ys: Tensor[]) => jvp(f, ys, tangents(ys, 3)).flat(), xs, tangents(xs, 9)).flat(),
  ),
  vmap: batched,
  'vmap of jvp': (f, mask) => batched(forward['jvp']!(f, mask >> 2), mask),
  'jvp of vmap': (f, mask) => forward['jvp']!(batched(f, mask), mask >> 2),
  'jvp of jit': (f, mask) => forward['jvp']!(jit(f), mask),
  disableJit:
    (f) =>
    (...args) =>
      disableJit(() => f(...args)),
  'jvp of disableJit': (f, mask) => forward['jvp']!(forward['disableJit']!(f, mask), mask),
  'vmap of vmap': (f, mask) => batched(batched(f, mask), mask >> 1),
};

/** Those that ask for reverse mode. */
export const reverse: Readonly<Record<string, Transform>> = {
  vjp: derived((f, xs) => pull(f, xs, 5)),
  linearize: derived((f, xs) => linearize(f, ...xs)[1](...tangents(xs, 3)) as Tensor[]),
  'grad of grad': derived((f, xs) => gradient((...ys) => gradient(f, ys), xs)),
  'jvp of grad': derived((f, xs) => jvp((...ys: Tensor[]) => gradient(f, ys), xs, tangents(xs, 7)).flat()),
  'grad of jvp': derived((f, xs) => gradient((...ys) => jvp(f, ys, tangents(ys, 7))[1], xs)),
  'vmap of vjp': (f, mask) => batched(reverse['vjp']!(f, mask >> 2), mask),
  'vjp of vmap': (f, mask) => reverse['vjp']!(batched(f, mask), mask >> 2),
  'vjp of jit': (f, mask) => reverse['vjp']!(jit(f), mask),
  // The second half of the arguments is closed over by the inner derivative, and differentiated by the outer one.
  'grad of a closed-over value': derived((f, xs) => {
    const half = Math.ceil(xs.length / 2);
    return gradient((...outer) => gradient((...inner) => f(...inner, ...outer.slice(half)), outer.slice(0, half)), xs);
  }),
};

/** T(f) = T(g) on the reference, and T(f) jitted = T(g). */
export const agree = (
  what: string,
  transform: Transform,
  mask: number,
  f: F,
  g: F,
  args: readonly Tensor[],
  tolerance = 1e-8,
): void => {
  const want = onReference(() => transform(g, mask)(...args));
  const plain = onReference(() => transform(f, mask)(...args));
  expectClose(plain, want, tolerance, `${what}, reference`);
  const jitted = jit(transform(f, mask))(...args);
  expectClose(jitted, want, tolerance, `${what}, jitted`);
  for (const got of [plain, jitted]) expect(got.map((x) => x.dtype)).toEqual(want.map((x) => x.dtype));
};
