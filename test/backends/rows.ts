// Cases of the tables: each row's values by its own definition, its gradient and batches of that by the reference.
import { DTypeError, Tensor, devicePut, jit, stack, vjp, vmap } from '../../src/index.ts';
import { isFloat } from '../../src/core/dtype.ts';
import { hostTensor } from '../../src/core/host.ts';
import { drawInput, generator, toHost, type HostValue, type Row } from '../tables/row.ts';
import { elementary, functions, label, structural } from '../tables/rows.ts';
import { resultsOf, type Case, type On, type Result } from './case.ts';
import { onReference } from './reference.ts';

type Many = (...xs: Tensor[]) => readonly Tensor[];
const list = (y: Tensor | readonly Tensor[]): readonly Tensor[] => (y instanceof Tensor ? [y] : y);

/** Sums of terms that cancel are judged by the size of the terms. */
const closeTo = (what: string, got: Omit<Result, 'dtype'>, want: HostValue, rtol = 2e-5): void => {
  if (got.shape.join() !== want.shape.join())
    throw new Error(`${what}: shape [${got.shape.join(', ')}], wanted [${want.shape.join(', ')}]`);
  const scale = want.data.reduce((s, v) => Math.max(s, Number.isFinite(v) ? Math.abs(v) : 0), 0);
  want.data.forEach((w, i) => {
    const g = got.data[i]!;
    if (!Object.is(g, w) && g !== w && !(Math.abs(g - w) <= rtol * (Math.abs(w) + 0.1 * scale)))
      throw new Error(`${what}, element ${i}: ${g}, wanted ${w}`);
  });
};

/** Fixed weights of a result, to be pulled back. */
const weight = (y: Tensor): Tensor =>
  drawInput({ shape: y.shape }, generator(9), y.dtype === 'float64' ? 'float64' : 'float32');

/** The results of a row's function with the gradient of their weighted sum by every input that has one. */
const withGradient = (row: Row, xs: readonly Tensor[]): { readonly values: Many; readonly gradient: Many | null } => {
  const values: Many = (...vs) => list(row.apply(...vs));
  const free = xs.flatMap((x, i) => ((row.differentiable?.[i] ?? isFloat(x.dtype)) ? [i] : []));
  const gradient: Many = (...vs) => {
    const at: Many = (...us) => values(...vs.map((v, i) => us[free.indexOf(i)] ?? v)).filter((y) => isFloat(y.dtype));
    const [ys, pull] = vjp(at, ...free.map((i) => vs[i]!));
    return pull(ys.map(weight) as never) as unknown as readonly Tensor[];
  };
  return { values, gradient: free.length === 0 ? null : gradient };
};

/** A batch of two, twice the same, of what `f` is given. */
const batched =
  (f: Many): Many =>
  (...xs) =>
    vmap(f)(...xs.map((x) => stack([x, x]))) as unknown as readonly Tensor[];

const runRow = async (on: On, row: Row): Promise<void> => {
  // Drawn again for each device: a tensor stays where it was used.
  const draw = (): readonly Tensor[] => {
    const random = generator(3);
    return row.inputs.map((spec) => drawInput(spec, random, 'float32'));
  };
  const widened = (x: Tensor): Tensor =>
    x.dtype === 'float32' ? hostTensor(Float64Array.from(x.dataSync()), x.shape, 'float64') : x;
  const { values, gradient } = withGradient(row, draw());
  const plain = onReference(() => values(...draw()));
  const compiled = async (f: Many): Promise<readonly Result[]> =>
    resultsOf(jit(f, { device: on.device })(...devicePut(draw(), on.device)));

  if (!plain.every((y) => on.has(y.dtype))) {
    const refused = await compiled(values).then(
      () => null,
      (error: unknown) => error,
    );
    if (!(refused instanceof DTypeError)) throw new Error(`wanted a DTypeError, got ${String(refused)}`);
    return;
  }

  // What follows a number of float32 is another one in float64.
  const defined = row.primitive === 'nextafter' ? plain.map(toHost) : row.definition(...draw().map(toHost));
  const want = 'shape' in defined ? [defined] : [...defined];
  if (gradient === null || !plain.every((y) => isFloat(y.dtype))) {
    (await compiled(values)).forEach((y, k) => closeTo(`result ${k}`, y, want[k]!));
    return;
  }
  const slopes = onReference(() => gradient(...draw().map(widened))).map(toHost);
  const got = await compiled((...vs) => [...values(...vs), ...gradient(...vs)]);
  if (got.length !== want.length + slopes.length) throw new Error(`${got.length} results`);
  got.forEach((y, k) => closeTo(`result ${k}`, y, [...want, ...slopes][k]!));
  const both = await compiled(batched(gradient));
  both.forEach(({ shape, data }, k) =>
    [0, 1].forEach((i) => {
      const size = data.length / 2;
      const half = { shape: shape.slice(1), data: Array.from(data).slice(i * size, (i + 1) * size) };
      closeTo(`batch of the gradient, result ${k}, ${i}`, half, slopes[k]!);
    }),
  );
};

const rowCase = (row: Row): Case => ({ name: label(row), run: (on) => runRow(on, row) });

export const cases: readonly Case[] = [...elementary, ...structural, ...functions].map(rowCase);
