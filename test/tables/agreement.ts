// Rows on a device against their definitions: numbers compared, and the gradient of a row's results, with no need of Node.
import { vjp, type Tensor } from '../../src/index.ts';
import { isFloat } from '../../src/core/dtype.ts';
import { applied, drawInput, generator, type HostValue, type Row } from './row.ts';

export type Many = (...xs: Tensor[]) => readonly Tensor[];

/** Throws unless the numbers are the same ones, or finite and close; sums of terms that cancel are judged by the size of the terms. */
export const closeTo = (
  what: string,
  got: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  want: HostValue,
  rtol = 2e-5,
): void => {
  if (got.shape.join() !== want.shape.join())
    throw new Error(`${what}: shape [${got.shape.join(', ')}], wanted [${want.shape.join(', ')}]`);
  const scale = want.data.reduce((s, v) => Math.max(s, Number.isFinite(v) ? Math.abs(v) : 0), 0);
  want.data.forEach((w, i) => {
    const g = got.data[i]!;
    if (!Object.is(g, w) && g !== w && !(Number.isFinite(w) && Math.abs(g - w) <= rtol * (Math.abs(w) + 0.1 * scale)))
      throw new Error(`${what}, element ${i}: ${g}, wanted ${w}`);
  });
};

/** Fixed weights of a result, to be pulled back. */
const weight = (y: Tensor): Tensor =>
  drawInput({ shape: y.shape }, generator(9), y.dtype === 'float64' ? 'float64' : 'float32');

/** The results of a row's function, and the gradient of their weighted sum by every input that has one. */
export const withGradient = (
  row: Row,
  xs: readonly Tensor[],
): { readonly values: Many; readonly gradient: Many | null } => {
  const values: Many = applied(row);
  const free = xs.flatMap((x, i) => ((row.differentiable?.[i] ?? isFloat(x.dtype)) ? [i] : []));
  const gradient: Many = (...vs) => {
    const at: Many = (...us) => values(...vs.map((v, i) => us[free.indexOf(i)] ?? v)).filter((y) => isFloat(y.dtype));
    const [ys, pull] = vjp(at, ...free.map((i) => vs[i]!));
    return pull(ys.map(weight) as never) as unknown as readonly Tensor[];
  };
  return { values, gradient: free.length === 0 ? null : gradient };
};
