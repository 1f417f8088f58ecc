// The conv_pool family of the golden vectors in terms of our operations: PyTorch's layouts, channels first.
import { add } from '../../src/core/ops/arithmetic.ts';
import { convTranspose } from '../../src/core/ops/conv-transpose.ts';
import { conv1d, conv2d, conv3d, type ConvOptions } from '../../src/core/ops/conv.ts';
import { avgPool, maxPool } from '../../src/core/ops/pool.ts';
import { adaptiveAvgPool, imageResize } from '../../src/core/ops/resize.ts';
import { reshape } from '../../src/core/ops/shape.ts';
import type { Tensor } from '../../src/core/tensor.ts';

type Inputs = Record<string, Tensor>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Op = (inputs: Inputs, params: any) => Inputs;

const layout = 'channelsFirst';

const biased = (y: Tensor, b: Tensor | undefined): Inputs => ({
  y: b === undefined ? y : add(y, reshape(b, [b.size, ...y.shape.slice(2).map(() => 1)])),
});

interface ConvParams {
  readonly stride: number[];
  readonly padding: 'same' | number[];
  readonly dilation: number[];
  readonly groups: number;
  readonly output_padding?: number[];
}
const conv =
  (f: (x: Tensor, kernel: Tensor, options: ConvOptions) => Tensor): Op =>
  ({ x, w, b }, { stride, padding, dilation, groups }: ConvParams) =>
    biased(f(x!, w!, { stride, padding, dilation, groups, layout }), b);

const convTransposed: Op = ({ x, w, b }, { stride, padding, dilation, groups, output_padding }: ConvParams) =>
  biased(convTranspose(x!, w!, { stride, padding, dilation, groups, outputPadding: output_padding!, layout }), b);

interface PoolParams {
  readonly kernel: number[];
  readonly stride: number[];
  readonly padding: number[];
  readonly dilation: number[];
  readonly ceil_mode: boolean;
  readonly count_include_pad: boolean;
}
const maxPooled: Op = ({ x }, { kernel, stride, padding, dilation, ceil_mode }: PoolParams) => ({
  y: maxPool(x!, { size: kernel, stride, padding, dilation, ceilMode: ceil_mode, layout }),
});

export const ops: Record<string, Op> = {
  conv1d: conv(conv1d),
  conv2d: conv(conv2d),
  conv3d: conv(conv3d),
  conv_transpose1d: convTransposed,
  conv_transpose2d: convTransposed,
  max_pool1d: maxPooled,
  max_pool2d: maxPooled,
  avg_pool2d: ({ x }, { kernel, stride, padding, ceil_mode, count_include_pad }: PoolParams) => ({
    y: avgPool(x!, { size: kernel, stride, padding, ceilMode: ceil_mode, countIncludePad: count_include_pad, layout }),
  }),
  adaptive_avg_pool2d: ({ x }, { output_size }: { output_size: number[] }) => ({
    y: adaptiveAvgPool(x!, output_size, { layout }),
  }),
  upsample_nearest: ({ x }, { size }: { size: number[] }) => ({
    y: imageResize(x!, size, { method: 'nearest', layout }),
  }),
  upsample_bilinear: ({ x }, { size, align_corners }: { size: number[]; align_corners: boolean }) => ({
    y: imageResize(x!, size, { method: 'bilinear', alignCorners: align_corners, layout }),
  }),
};
