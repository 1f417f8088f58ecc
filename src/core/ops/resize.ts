// Resampling of images: adaptive pooling and resizing, as separable products with small weight matrices.
import { showShape } from '../aval.ts';
import { isFloat } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { hostTensor } from '../host.ts';
import type { Tensor } from '../tensor.ts';
import { contractAxes } from './contract.ts';
import { checkLayout, perAxis } from './conv.ts';
import { takeAt } from './take.ts';
import { avgPool } from './pool.ts';
import { asTensor, cast, type TensorLike } from './promote.ts';
import { broadcastInto, reshapeTo } from './structure.ts';

export interface ResizeOptions {
  readonly method?: 'nearest' | 'bilinear';
  /** bilinear: the first and last samples of input and output coincide, instead of the outer edges of their pixels. */
  readonly alignCorners?: boolean;
  /** bilinear: when shrinking, average over all the pixels an output pixel covers (JAX's default; PyTorch's is off, as here). */
  readonly antialias?: boolean;
  /** nearest: sample at the centres of the output pixels (JAX), instead of at floor(i * in / out) (the default, PyTorch). */
  readonly halfPixel?: boolean;
  readonly layout?: 'channelsLast' | 'channelsFirst';
}

/** Applies weights [out, in] along an axis. */
const weigh = (x: Tensor, axis: number, out: number, weights: Float64Array): Tensor => {
  const n = x.shape[axis]!;
  const w =
    x.dtype === 'float64'
      ? hostTensor(weights, [n, out], 'float64')
      : hostTensor(Float32Array.from(weights), [n, out], 'float32');
  const rest = x.shape.map((_, i) => i).filter((i) => i !== axis);
  return contractAxes(x, w, [[axis], [0]], [[], []], { batch: [], lhs: rest, rhs: [axis] });
};

// weights[h, o]: each output's row sums to one.
const matrix = (n: number, out: number, row: (o: number) => readonly (readonly [number, number])[]): Float64Array => {
  const w = new Float64Array(n * out);
  for (let o = 0; o < out; o++) {
    const entries = row(o).filter(([h]) => h >= 0 && h < n);
    const total = entries.reduce((s, [, v]) => s + v, 0);
    for (const [h, v] of entries) w[h * out + o]! += v / total;
  }
  return w;
};

const spatial = (op: string, x: Tensor, layout: string | undefined): number[] => {
  checkLayout(op, layout);
  if (x.rank < 3)
    throw new ShapeError(
      op,
      `x needs a batch axis, a channel axis and at least one spatial axis, got ${showShape(x.shape)}`,
    );
  return Array.from({ length: x.rank - 2 }, (_, i) => i + (layout === 'channelsFirst' ? 2 : 1));
};

/**
 * Mean over nearly equal parts of the spatial axes, output i covering floor(i * in / out) to ceil((i + 1) * in / out)
 * (`torch.nn.functional.adaptive_avg_pool2d`).
 * @example
 * adaptiveAvgPool(tensor([[[1], [3], [5]]]), 2); // [[[2], [4]]]
 */
export const adaptiveAvgPool = (
  x: TensorLike,
  size: number | readonly number[],
  { layout }: { readonly layout?: 'channelsLast' | 'channelsFirst' } = {},
): Tensor => {
  const given = asTensor('adaptiveAvgPool', 'x', x);
  const t = isFloat(given.dtype) ? given : cast(given, 'float32');
  const axes = spatial('adaptiveAvgPool', t, layout);
  const outs = perAxis('adaptiveAvgPool', 'size', size, axes.length, 1, 1);
  if (axes.every((a, i) => t.shape[a]! % outs[i]! === 0 && t.shape[a]! > 0))
    return avgPool(t, {
      size: axes.map((a, i) => t.shape[a]! / outs[i]!),
      ...(layout === undefined ? {} : { layout }),
    });
  return axes.reduce((y, a, i) => {
    const [n, out] = [t.shape[a]!, outs[i]!];
    return weigh(
      y,
      a,
      out,
      matrix(n, out, (o) => {
        const [from, to] = [Math.floor((o * n) / out), Math.ceil(((o + 1) * n) / out)];
        return Array.from({ length: to - from }, (_, k) => [from + k, 1] as const);
      }),
    );
  }, t);
};

const nearest = (x: Tensor, axis: number, out: number, halfPixel: boolean): Tensor => {
  const n = x.shape[axis]!;
  if (out % n === 0) {
    const split = [...x.shape.slice(0, axis), n, out / n, ...x.shape.slice(axis + 1)];
    const shape = x.shape.map((d, i) => (i === axis ? out : d));
    return reshapeTo(broadcastInto(x, split, [axis + 1]), shape);
  }
  return takeAt(
    x,
    axis,
    Array.from({ length: out }, (_, i) => Math.min(n - 1, Math.floor(((i + (halfPixel ? 0.5 : 0)) * n) / out))),
  );
};

const bilinear = (x: Tensor, axis: number, out: number, { alignCorners, antialias }: ResizeOptions): Tensor => {
  const n = x.shape[axis]!;
  const scale = alignCorners === true ? (out > 1 ? (n - 1) / (out - 1) : 0) : n / out;
  const width = antialias === true ? Math.max(1, scale) : 1;
  return weigh(
    x,
    axis,
    out,
    matrix(n, out, (o) => {
      const free = alignCorners === true ? o * scale : (o + 0.5) * scale - 0.5;
      const s = antialias === true ? free : Math.min(Math.max(free, 0), n - 1);
      const from = Math.ceil(s - width);
      return Array.from(
        { length: Math.floor(s + width) - from + 1 },
        (_, k) => [from + k, 1 - Math.abs(from + k - s) / width] as const,
      );
    }),
  );
};

/**
 * The spatial axes at another size (`jax.image.resize`): 'bilinear' (default) or 'nearest'. Pixels are areas: without `alignCorners` the outer edges
 * of the images coincide.
 * @example
 * imageResize(tensor([[[1], [2]]]), 4, { method: 'nearest' }); // [[[1], [1], [2], [2]]]
 */
export const imageResize = (x: TensorLike, size: number | readonly number[], options: ResizeOptions = {}): Tensor => {
  const given = asTensor('imageResize', 'x', x);
  const method = options.method ?? 'bilinear';
  if (method !== 'nearest' && method !== 'bilinear')
    throw new ArgumentError('imageResize', `unknown method '${String(method)}'; use 'nearest' or 'bilinear'`);
  const t = isFloat(given.dtype) || method === 'nearest' ? given : cast(given, 'float32');
  const axes = spatial('imageResize', t, options.layout);
  const outs = perAxis('imageResize', 'size', size, axes.length, 1, 1);
  return axes.reduce((y, a, i) => {
    const [n, out] = [t.shape[a]!, outs[i]!];
    if (n === 0) throw new ShapeError('imageResize', `axis ${a} of ${showShape(t.shape)} is empty`);
    if (n === out) return y;
    return method === 'nearest' ? nearest(y, a, out, options.halfPixel === true) : bilinear(y, a, out, options);
  }, t);
};
