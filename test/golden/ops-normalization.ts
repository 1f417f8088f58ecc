// The normalization family of the golden vectors in terms of our layers: PyTorch's layouts, channels on axis 1.
import { moveaxis } from '../../src/core/ops/shape.ts';
import { ones, zeros } from '../../src/core/ops/creation.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { batchNorm, layerNorm, type NormParams } from '../../src/nn/layers.ts';
import type { GoldenOp, GoldenOps } from './run.ts';

const affine = (x: Tensor, shape: readonly number[], w: Tensor | undefined, b: Tensor | undefined): NormParams => ({
  scale: w ?? ones(shape, { dtype: x.dtype }),
  bias: b ?? zeros(shape, { dtype: x.dtype }),
});

interface BatchNormParams {
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
}
const batchNormed: GoldenOp = (
  { x, w, b, running_mean, running_var },
  { training, momentum, eps }: BatchNormParams,
): Record<string, Tensor> => {
  const channels = x!.shape[1]!;
  const layer = batchNorm(channels, { momentum, eps });
  const params = affine(x!, [channels], w, b);
  const state = { mean: running_mean!, variance: running_var! };
  const input = moveaxis(x!, 1, -1);
  if (!training) return { y: moveaxis(layer.apply(params, state, input), -1, 1) };
  const [y, next] = layer.train(params, state, input);
  return { y: moveaxis(y, -1, 1), running_mean: next.mean, running_var: next.variance };
};

export const ops: GoldenOps = {
  batch_norm: batchNormed,
  layer_norm: ({ x, w, b }, { normalized_shape, eps }: { normalized_shape: number[]; eps: number }) => ({
    y: layerNorm(normalized_shape, { eps }).apply(affine(x!, normalized_shape, w, b), x!),
  }),
};
