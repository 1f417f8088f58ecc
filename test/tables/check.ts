// What every row of the primitives' tables must satisfy, on the reference evaluator in float64.
import { isFloat } from '../../src/core/dtype.ts';
import { hostTensor } from '../../src/core/host.ts';
import { mul } from '../../src/core/ops/arithmetic.ts';
import { stack } from '../../src/core/ops/concat.ts';
import { sum } from '../../src/core/ops/reduce.ts';
import { slice } from '../../src/core/ops/index.ts';
import { moveAxis } from '../../src/core/ops/structure.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { jvp, vjp } from '../../src/grad/index.ts';
import { vmap } from '../../src/vmap/index.ts';
import { applied, drawInput, generator, label, toHost, type HostValue, type Row } from './row.ts';

const compare = (what: string, got: HostValue, want: HostValue, tolerance: number): void => {
  if (got.shape.join() !== want.shape.join())
    throw new Error(`${what}: shape [${got.shape.join(', ')}], wanted [${want.shape.join(', ')}]`);
  for (let i = 0; i < want.data.length; i++) {
    const [g, w] = [got.data[i]!, want.data[i]!];
    const same = Object.is(g, w) || g === w || (Number.isFinite(w) && Math.abs(g - w) <= tolerance * (1 + Math.abs(w)));
    if (!same) throw new Error(`${what}: element ${i} is ${g}, wanted ${w}`);
  }
};

const noise = (shape: readonly number[], rng: () => number): Tensor => {
  const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng() * 2 - 1);
  return hostTensor(data, shape, 'float64');
};
const dotOf = (xs: readonly Tensor[], ys: readonly Tensor[]): number =>
  xs.reduce((s, x, i) => s + Number(sum(mul(x, ys[i]!)).dataSync()[0]), 0);

const adjoint = (what: string, left: number, right: number): void => {
  if (!(Math.abs(left - right) <= 1e-10 * (1 + Math.abs(left))))
    throw new Error(`${what}: <w, Jv> = ${left} and <J'w, v> = ${right}`);
};

/** The forward values against the row's own definition. */
export const checkForward = (row: Row, seed: number): void => {
  const rng = generator(seed);
  const xs = row.inputs.map((s) => drawInput(s, rng, 'float64'));
  const want = row.definition(...xs.map(toHost));
  const all = 'shape' in want ? [want] : want;
  const got = applied(row)(...xs);
  if (got.length !== all.length) throw new Error(`${label(row)}: ${got.length} outputs, wanted ${all.length}`);
  got.forEach((y, i) => compare(`${label(row)} output ${i}`, toHost(y), all[i]!, 1e-11));
};

/** vmap over every combination of mapped inputs, each along a drawn axis, against one application after the other. */
export const checkBatching = (row: Row, seed: number): void => {
  const rng = generator(seed);
  const n = row.inputs.length;
  for (const size of [3, 0])
    for (let mask = 1; mask < 1 << n; mask++) {
      const mapped = row.inputs.map((_, i) => ((mask >> i) & 1) === 1);
      const fronted = row.inputs.map((s, i) => drawInput(s, rng, 'float64', mapped[i]! ? [size] : []));
      const inAxes = row.inputs.map((s, i) => (mapped[i]! ? Math.floor(rng() * (s.shape.length + 1)) : null));
      const xs = fronted.map((x, i) => (inAxes[i] === null ? x : moveAxis(x, 0, inAxes[i]!)));
      const got = vmap(applied(row), { inAxes })(...xs);
      const what = `${label(row)} under vmap, inAxes [${inAxes.join(', ')}]`;
      if (size === 0) {
        if (got.some((y) => y.shape[0] !== 0))
          throw new Error(`${what}: a batch of 0 gives [${got[0]!.shape.join(', ')}]`);
        continue;
      }
      const each = Array.from({ length: size }, (_, b) =>
        applied(row)(...fronted.map((x, i) => (mapped[i]! ? slice(x, b) : x))),
      );
      got.forEach((y, k) => compare(`${what}, output ${k}`, toHost(y), toHost(stack(each.map((e) => e[k]!))), 1e-11));
    }
};

/** First and second derivatives: along a line against central differences, and the adjoint identity <w, J v> = <J'w, v>. */
export const checkDerivatives = (row: Row, seed: number): void => {
  const rng = generator(seed);
  const xs = row.inputs.map((s) => drawInput(s, rng, 'float64'));
  const at = xs.flatMap((x, i) => ((row.differentiable?.[i] ?? isFloat(x.dtype)) ? [i] : []));
  const primals = at.map((i) => xs[i]!);
  const f = (...vs: Tensor[]): readonly Tensor[] => {
    const all = [...xs];
    at.forEach((i, k) => (all[i] = vs[k]!));
    return applied(row)(...all).filter((y) => isFloat(y.dtype));
  };
  if (at.length === 0 || f(...primals).length === 0) return;
  const v = primals.map((x) => noise(x.shape, rng));
  const h = 1e-5;
  const moved = (by: number): Tensor[] =>
    primals.map((x, k) => {
      const step = v[k]!.dataSync();
      return hostTensor(
        Float64Array.from(x.dataSync(), (e, i) => e + by * step[i]!),
        x.shape,
        'float64',
      );
    });
  const difference = (g: (...vs: Tensor[]) => readonly Tensor[]): HostValue[] => {
    const [up, down] = [g(...moved(h)), g(...moved(-h))];
    return up.map((y, k) => ({
      shape: y.shape,
      data: Array.from(y.dataSync(), (e, i) => (e - down[k]!.dataSync()[i]!) / (2 * h)),
    }));
  };

  const [ys, dys] = jvp(f, primals, v);
  difference(f).forEach((d, k) => compare(`${label(row)} jvp, output ${k}`, toHost(dys[k]!), d, 1e-7));
  const w = ys.map((y) => noise(y.shape, rng));
  const pull = (...vs: Tensor[]): readonly Tensor[] => vjp(f, ...vs)[1](w);
  const pulled = pull(...primals);
  adjoint(label(row), dotOf(w, dys), dotOf(pulled, v));

  const [, second] = jvp(pull, primals, v);
  difference(pull).forEach((d, k) =>
    compare(`${label(row)} second derivative, input ${k}`, toHost(second[k]!), d, 1e-6),
  );
  const u = pulled.map((x) => noise(x.shape, rng));
  const back = vjp(pull, ...primals)[1](u);
  adjoint(`${label(row)}, second order`, dotOf(u, second), dotOf(back, v));

  // Per-example gradients: vmap of the pullback.
  const batched = vmap(pull)(...primals.map((x) => stack([x, x])));
  batched.forEach((g, k) =>
    compare(`${label(row)} vmap of the gradient, input ${k}`, toHost(slice(g, 1)), toHost(pulled[k]!), 1e-11),
  );
};
