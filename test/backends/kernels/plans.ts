// Plans made of single kernels, and fixed random numbers for their inputs.
import { byteSize, hostArray, type DType, type TypedArray } from '../../../src/core/dtype.ts';
import type { BufferInfo, Kernel, Place, Plan } from '../../../src/jit/kernel.ts';

export interface Buffers {
  readonly inputs: readonly (readonly [DType, number])[];
  readonly outputs: readonly (readonly [DType, number])[];
}

/** Inputs are buffers 0.., outputs follow, then temporaries. */
export const planOf = (
  kernels: readonly Kernel[],
  b: Buffers,
  temporaries: readonly (readonly [DType, number])[] = [],
  aliases: ReadonlyMap<number, number> = new Map(),
): Plan => {
  const buffers = new Map<number, BufferInfo>();
  const places = new Map<number, Place>();
  let id = 0;
  let arena = 0;
  const inputs = b.inputs.map(([dtype, length], position) => {
    buffers.set(id, { id, dtype, length });
    places.set(id, { kind: 'input', position });
    return id++;
  });
  const outputs = b.outputs.map(([dtype, length], position) => {
    buffers.set(id, { id, dtype, length });
    places.set(id, { kind: 'output', position });
    return id++;
  });
  for (const [dtype, length] of temporaries) {
    buffers.set(id, { id, dtype, length });
    places.set(id, { kind: 'arena', offset: arena });
    arena += Math.ceil((length * byteSize(dtype)) / 64) * 64;
    id++;
  }
  return { buffers, places, kernels, inputs, outputs, aliases, arenaBytes: arena };
};

/** Random numbers of a dtype: small integers for integers, bits for bool. */
export const random = (dtype: DType, length: number, seed = 1): TypedArray => {
  let s = seed * 2654435761 + 12345;
  const next = (): number => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
  const a = hostArray(dtype, length);
  for (let i = 0; i < length; i++)
    a[i] =
      dtype === 'bool'
        ? Number(next() > 0.5)
        : dtype === 'int32'
          ? Math.floor(next() * 201) - 100
          : dtype === 'uint32'
            ? Math.floor(next() * 200)
            : next() * 4 - 2;
  return a;
};
