// fast-check arbitraries of tensors and trees of tensors.
import fc from 'fast-check';
import { fromTypedArray, type Tensor } from '../public.ts';
export { program, type ProgramOptions, type RandomProgram } from './program.ts';

export interface TensorOptions {
  /** A fixed shape; default a random one of rank up to 3 with sizes 0 to 8. */
  readonly shape?: readonly number[];
  readonly dtype?: 'float32' | 'float64' | 'int32' | 'bool';
  readonly min?: number;
  readonly max?: number;
}

/** Tensors of one dtype with elements between min and max (default -4 and 4). */
export const tensor = (options: TensorOptions = {}): fc.Arbitrary<Tensor> => {
  const { dtype = 'float32', min = -4, max = 4 } = options;
  const shapes =
    options.shape === undefined ? fc.array(fc.nat({ max: 8 }), { maxLength: 3 }) : fc.constant([...options.shape]);
  return shapes.chain((shape) => {
    const n = shape.reduce((a, b) => a * b, 1);
    const values =
      dtype === 'bool'
        ? fc.array(fc.nat({ max: 1 }), { minLength: n, maxLength: n })
        : dtype === 'int32'
          ? fc.array(fc.integer({ min: Math.ceil(min), max: Math.floor(max) }), { minLength: n, maxLength: n })
          : fc.array(fc.double({ min, max, noNaN: true, noDefaultInfinity: true }), { minLength: n, maxLength: n });
    return values.map((v) => {
      const data =
        dtype === 'bool'
          ? Uint8Array.from(v)
          : dtype === 'int32'
            ? Int32Array.from(v)
            : dtype === 'float64'
              ? Float64Array.from(v)
              : Float32Array.from(v);
      return fromTypedArray(data, shape);
    });
  });
};

/** Trees of such tensors: objects, arrays and leaves, a few levels deep. */
export const tree = (leaf: fc.Arbitrary<Tensor> = tensor({ shape: [2] })): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tie('tree'), { minKeys: 1, maxKeys: 3 }),
    ),
  })).tree;
