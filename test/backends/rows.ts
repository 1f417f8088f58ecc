// Cases of the tables: each row's values by its own definition, its gradient and batches of that by the reference.
import { DTypeError, devicePut, jit, stack, vmap, type Tensor } from '../../src/index.ts';
import { isFloat } from '../../src/core/dtype.ts';
import { hostTensor } from '../../src/core/host.ts';
import { closeTo, withGradient, type Many } from '../tables/agreement.ts';
import { drawInput, generator, label, toHost, type Row } from '../tables/row.ts';
import { elementary, functions, structural } from '../tables/rows.ts';
import { resultsOf, type Case, type On, type Result } from './case.ts';
import { onReference } from './reference.ts';

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
