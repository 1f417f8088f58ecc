// The network of the digits examples: two convolutions with pooling, then two dense layers.
import { maxPool, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import type { Key } from '../../src/random/index.ts';

/** Channels of the two convolutions, units of the hidden layer. */
export interface NetworkSize {
  readonly channels: readonly [number, number];
  readonly hidden: number;
}

export interface Params {
  readonly conv1: nn.DenseParams;
  readonly conv2: nn.DenseParams;
  readonly dense1: nn.DenseParams;
  readonly dense2: nn.DenseParams;
}

export interface Network {
  readonly init: nn.Init<Params>;
  /** Logits [batch, 10] of images [batch, 28, 28, 1]; dropout where there is a key. */
  readonly logits: (p: Params, x: Tensor, dropoutKey: Key | null) => Tensor;
}

export const full: NetworkSize = { channels: [32, 64], hidden: 128 };

export const digitsNetwork = ({ channels: [first, second], hidden }: NetworkSize = full): Network => {
  const layers = {
    conv1: nn.conv(1, first, [3, 3]),
    conv2: nn.conv(first, second, [3, 3]),
    dense1: nn.dense(7 * 7 * second, hidden),
    dense2: nn.dense(hidden, 10),
  };
  return {
    init: nn.struct({
      conv1: layers.conv1.init,
      conv2: layers.conv2.init,
      dense1: layers.dense1.init,
      dense2: layers.dense2.init,
    }),
    logits: (p, x, dropoutKey) => {
      const a = maxPool(nn.relu(layers.conv1.apply(p.conv1, x)), { size: 2 });
      const b = maxPool(nn.relu(layers.conv2.apply(p.conv2, a)), { size: 2 });
      const c = nn.relu(layers.dense1.apply(p.dense1, b.reshape([x.shape[0]!, -1])));
      return layers.dense2.apply(p.dense2, nn.dropout(dropoutKey, 0.4, c));
    },
  };
};
