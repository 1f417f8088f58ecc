// Transposed convolutions: the map from a convolution's output back to its input, for upsampling networks.
import { showShape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Window } from './contract.ts';
import { checkLayout, convolveWindows, perAxis, type ConvOptions } from './conv.ts';
import { promotePair } from './matmul.ts';
import { permuteAxes, reshapeTo } from './structure.ts';

export interface ConvTransposeOptions extends ConvOptions {
  /** Added to one side of the output, where several output sizes belong to one input size. */
  readonly outputPadding?: number | readonly number[];
  /**
   * true: the kernel is the one of the convolution that is transposed, so that this is exactly its input gradient, as in PyTorch
   * (the default for channelsFirst). false: the kernel is applied unflipped, [...spatial, in/groups, out], as in JAX (the default
   * for channelsLast).
   */
  readonly transposeKernel?: boolean;
}

// Padding of the convolution being transposed, and the output size, per axis (`lax.conv_transpose` for 'same' and 'valid').
const outputOf = (
  op: string,
  padding: ConvOptions['padding'],
  axis: number,
  axes: number,
  size: number,
  stride: number,
  extent: number,
): { readonly before: number; readonly size: number } => {
  if (padding === 'same') {
    const ahead = stride > extent - 1 ? extent - 1 : Math.ceil((extent + stride - 2) / 2);
    return { before: extent - 1 - ahead, size: size * stride };
  }
  if (padding === undefined || padding === 'valid')
    return { before: 0, size: size === 0 ? 0 : (size - 1) * stride + Math.max(extent, stride) };
  if (typeof padding === 'string')
    throw new ArgumentError(
      op,
      `unknown padding '${String(padding)}'; use 'same', 'valid', a number, or one entry per spatial axis`,
    );
  if (typeof padding !== 'number' && padding.length !== axes)
    throw new ArgumentError(op, `padding has ${padding.length} entries for ${axes} spatial axes`);
  const p = typeof padding === 'number' ? padding : padding[axis]!;
  const [lo, hi] = typeof p === 'number' ? [p, p] : p;
  return { before: lo, size: Math.max(0, (size - 1) * stride + extent - lo - hi) };
};

/**
 * Transposed convolution of any number of spatial axes (`lax.conv_transpose`; `torch.nn.functional.conv_transpose2d` with layout
 * channelsFirst): x [n, ...spatial, c], kernel [...spatial, c/groups, o] -> [n, ...spatial', o]. Numeric padding is that of the convolution being
 * transposed: the output has (in - 1) * stride - before - after + dilation * (k - 1) + 1 + outputPadding elements.
 * @example
 * convTranspose(tensor([[[1], [2]]]), tensor([[[1]], [[10]]]), { stride: 2, transposeKernel: true }); // [[[1], [10], [2], [20]]]
 */
export const convTranspose = (x: Tensor, kernel: Tensor, options: ConvTransposeOptions = {}): Tensor => {
  const op = 'convTranspose';
  checkLayout(op, options.layout);
  const first = options.layout === 'channelsFirst';
  const asForward = options.transposeKernel ?? first;
  const [a, w] = promotePair(op, ['x', 'kernel'], x, kernel);
  const d = a.rank - 2;
  if (d < 1 || w.rank !== a.rank)
    throw new ShapeError(
      op,
      `x ${showShape(a.shape)} and kernel ${showShape(w.shape)} must have the same rank: batch, channels and the spatial axes`,
    );
  const axes = Array.from({ length: d }, (_, i) => i);
  const input = first ? permuteAxes(a, [0, ...axes.map((i) => i + 2), 1]) : a;
  // [...spatial, I, O] of the kernel as given; O is the input's channels where it is the forward convolution's.
  const given = first ? permuteAxes(w, [...axes.map((i) => i + 2), 1, 0]) : w;
  const groups = perAxis(op, 'groups', options.groups, 1, 1, 1)[0]!;
  const [inner, outer] = [given.shape[d]!, given.shape[d + 1]!];
  if ((asForward ? outer : inner * groups) !== input.shape[d + 1] || outer % groups !== 0)
    throw new ShapeError(
      op,
      `x ${showShape(a.shape)} has ${input.shape[d + 1]} channels, which does not fit the kernel ${showShape(w.shape)} with groups ${groups} and transposeKernel ${String(asForward)}`,
    );
  const spatial = given.shape.slice(0, d);
  const swapped = asForward
    ? reshapeTo(
        permuteAxes(reshapeTo(given, [...spatial, inner, groups, outer / groups]), [...axes, d + 2, d + 1, d]),
        [...spatial, outer / groups, groups * inner],
      )
    : given;

  const strides = perAxis(op, 'stride', options.stride, d, 1, 1);
  const dilations = perAxis(op, 'dilation', options.dilation, d, 1, 1);
  const extra = perAxis(op, 'outputPadding', options.outputPadding, d, 0, 0);
  const windows = axes.map((i): Window => {
    const [s, q, k] = [strides[i]!, dilations[i]!, spatial[i]!];
    const { before, size } = outputOf(op, options.padding, i, d, input.shape[i + 1]!, s, q * (k - 1) + 1);
    return {
      spread: s,
      stride: 1,
      dilation: asForward ? -q : q,
      offset: asForward ? before : before - q * (k - 1),
      size: size + extra[i]!,
    };
  });
  const out = convolveWindows(op, input, swapped, windows, groups);
  return first ? permuteAxes(out, [0, d + 1, ...axes.map((i) => i + 1)]) : out;
};
