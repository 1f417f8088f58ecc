// Rows of the contractions: matrix products and convolutions.
import { convTranspose } from '../../src/core/ops/conv-transpose.ts';
import { convGeneral, type ConvGeneralOptions } from '../../src/core/ops/conv.ts';
import { dotGeneral } from '../../src/core/ops/matmul.ts';
import { elementAt, floats, forEachIndex, type HostValue, type InputSpec, type Row, tabulate } from './row.ts';

/** A convolution of any rank by its definition: every output, every kernel element, one product. */
const convolution =
  (
    { stride = 1, dilation = 1, inputDilation = 1, featureGroupCount = 1, batchGroupCount = 1 }: ConvGeneralOptions,
    before: number,
  ) =>
  (x: HostValue, k: HostValue): HostValue => {
    const [s, d, e] = [stride as number, dilation as number, inputDilation as number];
    const n = x.shape.length - 2;
    const features = k.shape[n + 1]!;
    const sizes = Array.from(
      { length: n },
      (_, i) => Math.floor(((x.shape[i + 1]! - 1) * e + 1 + 2 * before - (k.shape[i]! - 1) * d - 1) / s) + 1,
    );
    const batch = x.shape[0]! / batchGroupCount;
    return tabulate([batch, ...sizes, features], (at) => {
      const o = at[n + 1]!;
      const group = Math.floor((o * featureGroupCount) / features);
      const row = at[0] + Math.floor((o * batchGroupCount) / features) * batch;
      let total = 0;
      forEachIndex(k.shape.slice(0, -1), (kAt) => {
        const places = sizes.map((_, i) => at[i + 1]! * s + kAt[i]! * d - before);
        if (places.some((p) => p % e !== 0)) return;
        const channel = group * k.shape[n]! + kAt[n]!;
        total += (elementAt(x, [row, ...places.map((p) => p / e), channel]) ?? 0) * elementAt(k, [...kAt, o])!;
      });
      return total;
    });
  };

const conv = (
  name: string,
  x: readonly number[],
  kernel: readonly number[],
  options: ConvGeneralOptions,
  before = 0,
): Row => ({
  primitive: 'conv',
  name,
  apply: (a, b) => convGeneral(a, b, { ...options, padding: before }),
  inputs: [floats(x), floats(kernel)],
  definition: convolution(options, before),
});

const pair = (x: readonly number[], y: readonly number[]): InputSpec[] => [floats(x), floats(y)];

export const rows: readonly Row[] = [
  {
    primitive: 'dotGeneral',
    name: 'matrix product',
    apply: (x, y) => dotGeneral(x, y, { contract: [[1], [0]] }),
    inputs: pair([3, 4], [4, 2]),
    definition: (x, y) =>
      tabulate([3, 2], ([i, j]) => [0, 1, 2, 3].reduce((s, k) => s + elementAt(x, [i, k])! * elementAt(y, [k, j])!, 0)),
  },
  {
    primitive: 'dotGeneral',
    name: 'two axes, in different order',
    apply: (x, y) =>
      dotGeneral(x, y, {
        contract: [
          [0, 2],
          [2, 0],
        ],
      }),
    inputs: pair([2, 3, 4], [4, 2, 2]),
    definition: (x, y) =>
      tabulate([3, 2], ([i, j]) => {
        let s = 0;
        forEachIndex([2, 4], ([p, q]) => (s += elementAt(x, [p!, i, q!])! * elementAt(y, [q!, j, p!])!));
        return s;
      }),
  },
  {
    primitive: 'dotGeneral',
    name: 'batched',
    apply: (x, y) => dotGeneral(x, y, { contract: [[2], [0]], batch: [[1], [2]] }),
    inputs: pair([3, 2, 4], [4, 2, 2]),
    definition: (x, y) =>
      tabulate([2, 3, 2], ([b, i, j]) =>
        [0, 1, 2, 3].reduce((s, k) => s + elementAt(x, [i, b, k])! * elementAt(y, [k, j, b])!, 0),
      ),
  },
  conv('plain', [2, 5, 4, 2], [3, 2, 2, 3], {}),
  conv('padded and strided', [1, 6, 5, 2], [3, 3, 2, 2], { stride: 2 }, 1),
  conv('stride 3, even output of the gradient', [2, 9, 1], [4, 1, 2], { stride: 3 }, 2),
  conv('one element, strided', [1, 5, 6, 2], [1, 1, 2, 3], { stride: 2 }),
  conv('one element, strided and padded', [1, 5, 2], [1, 2, 2], { stride: 3 }, 1),
  conv('dilated', [1, 7, 2], [3, 2, 2], { dilation: 2 }, 2),
  conv('stride and dilation with a common factor', [1, 9, 1], [3, 1, 2], { stride: 2, dilation: 2 }, 1),
  conv('spread input', [1, 4, 2], [3, 2, 2], { inputDilation: 2 }, 1),
  conv('spread input, strided and dilated', [1, 5, 1], [3, 1, 1], { inputDilation: 3, stride: 2, dilation: 2 }, 2),
  conv('feature groups', [1, 4, 4], [2, 2, 6], { featureGroupCount: 2, stride: 2 }, 1),
  conv('depthwise', [1, 4, 4, 3], [3, 3, 1, 3], { featureGroupCount: 3 }, 1),
  conv('batch groups', [4, 4, 2], [2, 2, 4], { batchGroupCount: 2 }),
  conv('cropping', [1, 6, 1], [2, 1, 1], {}, -1),
  {
    primitive: 'conv',
    name: 'transposed',
    apply: (x, k) => convTranspose(x, k, { stride: 2, padding: 1, outputPadding: 1, transposeKernel: true }),
    inputs: pair([1, 4, 2], [3, 3, 2]),
    definition: (x, k) =>
      tabulate([1, 8, 3], ([n, o, c]) => {
        let s = 0;
        forEachIndex([4, 3, 2], ([i, t, f]) => {
          if (2 * i! + t! - 1 === o) s += elementAt(x, [n, i!, f!])! * elementAt(k, [t!, c, f!])!;
        });
        return s;
      }),
  },
];
