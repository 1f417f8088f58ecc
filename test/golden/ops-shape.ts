// The shape family of the golden vectors in terms of our operations.
import { concatenate, split, stack } from '../../src/core/ops/concat.ts';
import { diag, tril, triu } from '../../src/core/ops/diagonal.ts';
import { at, slice } from '../../src/core/ops/index.ts';
import { pad, repeat, roll, tile, type PadMode } from '../../src/core/ops/rearrange.ts';
import { searchsorted, unique } from '../../src/core/ops/search.ts';
import { oneHot } from '../../src/core/ops/segment.ts';
import { broadcastTo, permute, reshape } from '../../src/core/ops/shape.ts';
import { flip } from '../../src/core/ops/slice.ts';
import { argsort, sort, topK } from '../../src/core/ops/sort.ts';
import { putAlongAxis, take, takeAlongAxis } from '../../src/core/ops/take.ts';
import type { Tensor } from '../../src/core/tensor.ts';

type Inputs = Record<string, Tensor>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Op = (inputs: Inputs, params: any) => Inputs;

const numbered = (inputs: Inputs): Tensor[] => {
  const xs: Tensor[] = [];
  for (let i = 0; inputs[`x${i}`] !== undefined; i++) xs.push(inputs[`x${i}`]!);
  return xs;
};

export const ops: Record<string, Op> = {
  reshape: ({ x }, { shape }: { shape: number[] }) => ({ y: reshape(x!, shape) }),
  permute: ({ x }, { axes }: { axes: number[] }) => ({ y: permute(x!, axes) }),
  flip: ({ x }, { axes }: { axes: number[] }) => ({ y: flip(x!, axes) }),
  roll: ({ x }, { shifts, axes }: { shifts: number[]; axes: number[] | null }) => ({ y: roll(x!, shifts, axes) }),
  pad: ({ x }, p: { pad: [number, number][]; mode: PadMode; value: number | null }) => ({
    y: pad(x!, p.pad, { mode: p.mode, value: p.value ?? 0 }),
  }),
  concat: (inputs, { axis }: { axis: number }) => ({ y: concatenate(numbered(inputs), axis) }),
  stack: (inputs, { axis }: { axis: number }) => ({ y: stack(numbered(inputs), axis) }),
  split: ({ x }, { sizes, axis }: { sizes: number[]; axis: number }) =>
    Object.fromEntries(split(x!, { sizes }, axis).map((y, i) => [`y${i}`, y])),
  tile: ({ x }, { reps }: { reps: number[] }) => ({ y: tile(x!, reps) }),
  repeat: ({ x }, { repeats, axis }: { repeats: number | number[]; axis: number }) => ({
    y: repeat(x!, repeats, axis),
  }),
  broadcast_to: ({ x }, { shape }: { shape: number[] }) => ({ y: broadcastTo(x!, shape) }),
  slice: ({ x }, { slices }: { slices: (number | null)[][] }) => ({ y: slice(x!, ...slices) }),
  take_along_axis: ({ x, idx }, { axis }: { axis: number }) => ({ y: takeAlongAxis(x!, idx!, axis) }),
  take: ({ x, idx }, { axis }: { axis: number }) => ({ y: take(x!, idx!, { axis }) }),
  scatter_add: ({ x, idx, src }, { axis }: { axis: number }) => ({
    y: putAlongAxis(x!, idx!, src!, axis, { op: 'add' }),
  }),
  index_add: ({ x, idx, src }, { axis }: { axis: number }) => ({
    y: at(x!, ...Array.from({ length: axis }, () => []), idx!).add(src!),
  }),
  one_hot: ({ idx }, { num_classes }: { num_classes: number }) => ({
    y: oneHot(idx!, num_classes, { dtype: 'int32' }),
  }),
  tril: ({ x }, { k }: { k: number }) => ({ y: tril(x!, k) }),
  triu: ({ x }, { k }: { k: number }) => ({ y: triu(x!, k) }),
  diag: ({ x }, { k }: { k: number }) => ({ y: diag(x!, k) }),
  sort: ({ x }, p: { axis: number; descending: boolean }) => ({ values: sort(x!, p), indices: argsort(x!, p) }),
  topk: ({ x }, { k, axis, largest }: { k: number; axis: number; largest: boolean }) => {
    const [values, indices] = topK(x!, k, { axis, largest });
    return { values, indices };
  },
  searchsorted: ({ sorted, values }, { side }: { side: 'left' | 'right' }) => ({
    y: searchsorted(sorted!, values!, { side }),
  }),
  unique: ({ x }) => {
    const { values, inverse, counts } = unique(x!);
    return { values, inverse, counts };
  },
};
