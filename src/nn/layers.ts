// Layers: pairs of an initialiser of parameters and a pure function of parameters and input.
import {
  add,
  ArgumentError,
  conv1d,
  conv2d,
  conv3d,
  matmul,
  mean,
  mul,
  rsqrt,
  square,
  stopGradient,
  sub,
  where,
  type Shape,
  type Tensor,
} from '../public.ts';
import { bernoulli, type Key } from '../random/index.ts';
import { glorotUniform, heNormal, ones, struct, tuple, zeros, type Init } from './init.ts';

/** A layer of parameters P. */
export interface Layer<P> {
  readonly init: Init<P>;
  readonly apply: (params: P, x: Tensor) => Tensor;
}

export interface DenseParams {
  readonly w: Tensor;
  readonly b: Tensor;
}
export interface WeightOptions {
  /** Initialiser of the weight, given its shape. Default glorotUniform (dense), heNormal (conv). */
  readonly weight?: (shape: Shape) => Init<Tensor>;
}

/**
 * A fully connected layer: x [..., in] -> x @ w + b [..., out].
 * @example
 * dense(2, 3).apply(dense(2, 3).init(key(0)), zeros([4, 2])).shape; // [4, 3]
 */
export const dense = (inputs: number, outputs: number, options: WeightOptions = {}): Layer<DenseParams> => ({
  init: struct<{ w: Tensor; b: Tensor }>({
    w: (options.weight ?? glorotUniform)([inputs, outputs]),
    b: zeros([outputs]),
  }),
  apply: ({ w, b }, x) => add(matmul(x, w), b),
});

export interface ConvOptions extends WeightOptions {
  readonly stride?: number | readonly number[];
  readonly padding?: 'same' | 'valid' | number | readonly number[];
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}

/**
 * A convolution over one to three spatial axes, channels last: x [batch, ...spatial, in] -> [batch, ...spatial', out];
 * `kernel` has one size a spatial axis. Padding 'same' unless told otherwise.
 * @example
 * conv(1, 8, [3, 3]).apply(conv(1, 8, [3, 3]).init(key(0)), zeros([2, 5, 5, 1])).shape; // [2, 5, 5, 8]
 */
export const conv = (
  inputs: number,
  outputs: number,
  kernel: readonly number[],
  options: ConvOptions = {},
): Layer<DenseParams> => {
  const { weight = heNormal, stride = 1, padding = 'same', dilation = 1, groups = 1 } = options;
  const f = [conv1d, conv2d, conv3d][kernel.length - 1];
  if (f === undefined)
    throw new ArgumentError('conv', `kernel must list one to three sizes, got [${kernel.join(', ')}]`);
  return {
    init: struct<{ w: Tensor; b: Tensor }>({ w: weight([...kernel, inputs / groups, outputs]), b: zeros([outputs]) }),
    apply: ({ w, b }, x) => add(f(x, w, { stride, padding, dilation, groups }), b),
  };
};

/**
 * Zeroes each element with probability `rate` and scales the others by 1 / (1 - rate) (Srivastava et al., 2014). Without a
 * key (evaluation) the identity.
 * @example
 * dropout(null, 0.5, tensor([1, 2])); // [1, 2]
 */
export const dropout = (key: Key | null, rate: number, x: Tensor): Tensor => {
  if (!(rate >= 0 && rate < 1)) throw new ArgumentError('dropout', `rate must be in [0, 1), got ${String(rate)}`);
  if (key === null || rate === 0) return x;
  const keep = bernoulli(key, 1 - rate, x.shape);
  // A choice, not a product with 0: what is dropped may be infinite.
  return where(keep, mul(x, 1 / (1 - rate)), 0);
};

export interface NormParams {
  readonly scale: Tensor;
  readonly bias: Tensor;
}

const standardise = (x: Tensor, axis: number | readonly number[], eps: number): Tensor => {
  const centred = sub(x, mean(x, { axis, keepdims: true }));
  return mul(centred, rsqrt(add(mean(square(centred), { axis, keepdims: true }), eps)));
};

/**
 * Layer normalisation over the last axis, or the last axes of shape `shape` (Ba et al., 2016).
 * @example
 * layerNorm(2).apply(layerNorm(2).init(key(0)), tensor([[1, 3]])); // [[-1, 1]]
 */
export const layerNorm = (shape: number | Shape, options: { readonly eps?: number } = {}): Layer<NormParams> => {
  const dims = typeof shape === 'number' ? [shape] : shape;
  const axis = dims.map((_, i) => i - dims.length);
  return {
    init: struct<{ scale: Tensor; bias: Tensor }>({ scale: ones(dims), bias: zeros(dims) }),
    apply: ({ scale, bias }, x) => add(mul(standardise(x, axis, options.eps ?? 1e-5), scale), bias),
  };
};

/** Running statistics of batch normalisation, one value a channel. */
export interface BatchNormState {
  readonly mean: Tensor;
  readonly variance: Tensor;
}
export interface BatchNorm {
  readonly init: Init<NormParams>;
  readonly initState: Init<BatchNormState>;
  /** Training: by the batch's own statistics; returns the output and the next running statistics. */
  readonly train: (params: NormParams, state: BatchNormState, x: Tensor) => [Tensor, BatchNormState];
  /** Evaluation: by the running statistics. */
  readonly apply: (params: NormParams, state: BatchNormState, x: Tensor) => Tensor;
}

/**
 * Batch normalisation over all axes but the last, the channels (Ioffe & Szegedy, 2015), with explicit state: running <-
 * (1 - momentum) * running + momentum * batch, with the unbiased variance.
 */
export const batchNorm = (
  channels: number,
  options: { readonly momentum?: number; readonly eps?: number } = {},
): BatchNorm => {
  const { momentum = 0.1, eps = 1e-5 } = options;
  return {
    init: struct<{ scale: Tensor; bias: Tensor }>({ scale: ones([channels]), bias: zeros([channels]) }),
    initState: struct<{ mean: Tensor; variance: Tensor }>({ mean: zeros([channels]), variance: ones([channels]) }),
    train: ({ scale, bias }, state, x) => {
      const axis = x.shape.slice(0, -1).map((_, i) => i);
      const n = x.size / channels;
      if (n < 2)
        throw new ArgumentError(
          'batchNorm',
          `training needs at least two values a channel, got input [${x.shape.join(', ')}]`,
        );
      const mu = mean(x, { axis });
      const centred = sub(x, mu);
      const variance = mean(square(centred), { axis });
      const blend = (running: Tensor, batch: Tensor): Tensor =>
        add(mul(running, 1 - momentum), mul(stopGradient(batch), momentum));
      return [
        add(mul(mul(centred, rsqrt(add(variance, eps))), scale), bias),
        { mean: blend(state.mean, mu), variance: blend(state.variance, mul(variance, n / (n - 1))) },
      ];
    },
    apply: ({ scale, bias }, state, x) =>
      add(mul(mul(sub(x, state.mean), rsqrt(add(state.variance, eps))), scale), bias),
  };
};

/** A layer of any parameters. */
export interface AnyLayer {
  readonly init: Init<unknown>;
  readonly apply: (params: never, x: Tensor) => Tensor;
}

/**
 * Layers and plain functions one after the other; its parameters are the list of theirs (null for functions).
 * @example
 * sequential(dense(2, 4), tanh, dense(4, 1)).apply(sequential(dense(2, 4), tanh, dense(4, 1)).init(key(0)), zeros([3, 2])).shape; // [3, 1]
 */
export const sequential = (...layers: readonly (AnyLayer | ((x: Tensor) => Tensor))[]): Layer<readonly unknown[]> => ({
  init: tuple(...layers.map((l): Init<unknown> => (typeof l === 'function' ? () => null : l.init))),
  apply: (params, x) =>
    layers.reduce((y, l, i) => (typeof l === 'function' ? l(y) : l.apply((params as never)[i]!, y)), x),
});
