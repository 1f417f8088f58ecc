// The edge between tensors and host arrays: values are copied both ways.
import { copyIn } from '../core/host.ts';
import type { DType } from '../core/dtype.ts';
import type { Shape } from '../core/aval.ts';
import type { Tensor } from '../core/tensor.ts';
import type { HostArray } from './host.ts';

/**
 * A tensor with the elements of a host array, copied.
 *
 * @example
 * const x = fromHost({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
 */
export const fromHost = <D extends DType>(array: HostArray<D>): Tensor<Shape, D> =>
  copyIn('fromHost', array.data, array.shape, array.dtype) as Tensor<Shape, D>;

/**
 * A copy of a tensor's elements with its shape and dtype, when they are ready. Inside a transform it is a TracerError.
 *
 * @example
 * const { shape, data } = await toHost(x);
 */
export const toHost = async <D extends DType>(x: Tensor<Shape, D>): Promise<HostArray<D>> => ({
  dtype: x.dtype as D,
  shape: x.shape,
  data: (await (x as Tensor).data()) as HostArray<D>['data'],
});
