// Every row of the primitives' tables on the GPU agrees with WebAssembly, in value and (but for contractions) gradient.
import { describe, expect, test } from 'vitest';
import { vjp, Tensor } from '../../src/index.ts';
import { isFloat } from '../../src/core/dtype.ts';
import { drawInput, generator, type Row } from '../tables/row.ts';
import { rows as binary } from '../tables/rows-binary.ts';
import { rows as contract } from '../tables/rows-contract.ts';
import { rows as gather } from '../tables/rows-gather.ts';
import { rows as move } from '../tables/rows-move.ts';
import { rows as reductions } from '../tables/rows-reductions.ts';
import { rows as structure } from '../tables/rows-structure.ts';
import { rows as unary } from '../tables/rows-unary.ts';
import { agree, gpuDevice } from './device.ts';

const device = await gpuDevice();
const patience = 120_000;

const label = (row: Row): string => `${row.primitive}${row.name === undefined ? '' : ` (${row.name})`}`;
const outs = (row: Row, xs: readonly Tensor[]): readonly Tensor[] => {
  const y = row.apply(...xs);
  return y instanceof Tensor ? [y] : y;
};

/** Values, and the gradient of the sum of all float results. */
const both =
  (row: Row, differentiable: readonly number[]) =>
  (...xs: readonly Tensor[]): unknown => {
    const ys = outs(row, xs);
    const f = (...vs: Tensor[]): readonly Tensor[] => {
      const all = [...xs];
      differentiable.forEach((i, k) => (all[i] = vs[k]!));
      return outs(row, all).filter((y) => isFloat(y.dtype));
    };
    if (differentiable.length === 0 || !ys.some((y) => isFloat(y.dtype))) return ys;
    const [zs, pull] = vjp(f, ...differentiable.map((i) => xs[i]!));
    return [ys, pull(zs)];
  };

const refused = 'convert (to float64)';
test('a float64 result is refused by name', async () => {
  const row = unary.find((r) => label(r) === refused)!;
  const x = drawInput(row.inputs[0]!, generator(7), 'float32');
  await expect(agree(device, both(row, []), [x])).rejects.toThrow(
    /convert: a value is float64, which WebGPU does not have/,
  );
});

const tables = { structure, unary, binary, reductions, move, gather, contract };
for (const [name, rows] of Object.entries(tables)) {
  describe(name, () => {
    test.each(rows.map((row) => [label(row), row] as const).filter(([name]) => name !== refused))(
      '%s',
      async (_, row) => {
        const random = generator(7);
        const xs = row.inputs.map((s) => drawInput(s, random, 'float32'));
        // The gradient of a contraction is two more of them, which other rows are; each takes a second to compile in software.
        const at =
          rows === contract ? [] : xs.flatMap((x, i) => ((row.differentiable?.[i] ?? isFloat(x.dtype)) ? [i] : []));
        await agree(device, both(row, at), xs, 2e-5);
      },
      patience,
    );
  });
}
