// Initialisers: Init<A> = Reader<Key, A>, and how trees of them draw each value from a key of its own name.
import { reader as R } from 'fp-ts';
import { ArgumentError, full, type DType, type Shape, type Tensor } from '../public.ts';
import {
  foldIn,
  normal as drawNormal,
  truncatedNormal as drawTruncated,
  uniform as drawUniform,
  type Key,
} from '../random/index.ts';

/** A recipe for initial values: a function of a random key. */
export type Init<A> = R.Reader<Key, A>;

// FNV-1a over UTF-16 units: the number folded into a key for a field's name.
const hashName = (name: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

/**
 * A record of initialisers as an initialiser of records. Each field's key is derived from its name, so adding or removing
 * a field changes no other value.
 * @example
 * struct({ w: glorotUniform([2, 3]), b: zeros([3]) })(key(0)).b; // [0, 0, 0]
 */
export const struct =
  <A extends Readonly<Record<string, unknown>>>(fields: { readonly [K in keyof A]: Init<A[K]> }): Init<A> =>
  (key) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, init]) => [name, (init as Init<unknown>)(foldIn(key, hashName(name)))]),
    ) as unknown as A;

/** The same for a tuple: keys are derived from positions. */
export const tuple =
  <A extends readonly unknown[]>(...items: { readonly [K in keyof A]: Init<A[K]> }): Init<A> =>
  (key) =>
    (items as readonly Init<unknown>[]).map((init, i) => init(foldIn(key, i))) as unknown as A;

/** An initialiser's result changed by a function. */
export const map: <A, B>(f: (a: A) => B) => (init: Init<A>) => Init<B> = R.map;

export interface InitOptions {
  readonly dtype?: 'float32' | 'float64';
}

const filled =
  (value: number) =>
  (shape: Shape, options: { readonly dtype?: DType } = {}): Init<Tensor> =>
  () =>
    full(shape, value, { dtype: options.dtype ?? 'float32' });
export const zeros: (shape: Shape, options?: { readonly dtype?: DType }) => Init<Tensor> = filled(0);
export const ones: (shape: Shape, options?: { readonly dtype?: DType }) => Init<Tensor> = filled(1);
/** Always one value. */
export const constant = (shape: Shape, value: number, options: { readonly dtype?: DType } = {}): Init<Tensor> =>
  filled(value)(shape, options);
/** Normal with mean 0 and standard deviation `stddev`. */
export const normal =
  (shape: Shape, stddev = 0.01, options: InitOptions = {}): Init<Tensor> =>
  (key) =>
    drawNormal(key, shape, options).mul(stddev);
/** Uniform in [0, scale). */
export const uniform =
  (shape: Shape, scale = 0.01, options: InitOptions = {}): Init<Tensor> =>
  (key) =>
    drawUniform(key, shape, options).mul(scale);
/** Normal cut off at two standard deviations on either side. */
export const truncatedNormal =
  (shape: Shape, stddev = 0.01, options: InitOptions = {}): Init<Tensor> =>
  (key) =>
    drawTruncated(key, -2, 2, shape, options).mul(stddev);

type Mode = 'fanIn' | 'fanOut' | 'fanAvg';
export type Distribution = 'normal' | 'uniform' | 'truncatedNormal';

/** Fan in and out of a weight: the last axis is the output, the one before the input, the others a receptive field. */
const fans = (shape: Shape): readonly [number, number] => {
  if (shape.length < 2)
    throw new ArgumentError(
      'varianceScaling',
      `needs a weight of at least two axes [..., in, out], got [${shape.join(', ')}]`,
    );
  const field = shape.slice(0, -2).reduce((n, d) => n * d, 1);
  return [shape[shape.length - 2]! * field, shape[shape.length - 1]! * field];
};

/** Values of variance scale / fan (`jax.nn.initializers.variance_scaling`). */
export const varianceScaling =
  (
    shape: Shape,
    options: InitOptions & { readonly scale: number; readonly mode: Mode; readonly distribution: Distribution },
  ): Init<Tensor> =>
  (key) => {
    const [fanIn, fanOut] = fans(shape);
    const variance =
      options.scale /
      Math.max(1, options.mode === 'fanIn' ? fanIn : options.mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2);
    switch (options.distribution) {
      case 'normal':
        return drawNormal(key, shape, options).mul(Math.sqrt(variance));
      case 'truncatedNormal':
        // The constant is the standard deviation of a normal cut off at two of its own.
        return drawTruncated(key, -2, 2, shape, options).mul(Math.sqrt(variance) / 0.87962566103423978);
      case 'uniform':
        return drawUniform(key, shape, { ...options, minval: -1, maxval: 1 }).mul(Math.sqrt(3 * variance));
    }
  };

const scaled =
  (scale: number, mode: Mode, distribution: Distribution) =>
  (shape: Shape, options: InitOptions = {}): Init<Tensor> =>
    varianceScaling(shape, { ...options, scale, mode, distribution });
type Weight = (shape: Shape, options?: InitOptions) => Init<Tensor>;
/** Glorot & Bengio, 2010. */
export const glorotUniform: Weight = scaled(1, 'fanAvg', 'uniform');
export const glorotNormal: Weight = scaled(1, 'fanAvg', 'truncatedNormal');
/** He et al., 2015. */
export const heUniform: Weight = scaled(2, 'fanIn', 'uniform');
export const heNormal: Weight = scaled(2, 'fanIn', 'truncatedNormal');
/** LeCun et al., 1998. */
export const lecunUniform: Weight = scaled(1, 'fanIn', 'uniform');
export const lecunNormal: Weight = scaled(1, 'fanIn', 'truncatedNormal');
