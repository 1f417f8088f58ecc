// Rows of the primitives that line values up: broadcast, reshape, transpose.
import { moveaxis, reshape, transpose } from '../../src/core/ops/shape.ts';
import { broadcastTo } from '../../src/core/ops/structure.ts';
import { elementAt, floats, tabulate, type Row } from './row.ts';

export const rows: readonly Row[] = [
  {
    primitive: 'broadcast',
    name: 'new axes in front and inside',
    inputs: [floats([3, 1])],
    apply: (x) => broadcastTo(x, [2, 3, 4]),
    definition: (x) => tabulate([2, 3, 4], ([, i]) => elementAt(x, [i, 0])!),
  },
  {
    primitive: 'reshape',
    inputs: [floats([2, 6])],
    apply: (x) => reshape(x, [3, 4]),
    definition: (x) => ({ shape: [3, 4], data: x.data }),
  },
  {
    primitive: 'reshape',
    name: 'to a scalar',
    inputs: [floats([1, 1])],
    apply: (x) => reshape(x, []),
    definition: (x) => ({ shape: [], data: x.data }),
  },
  {
    primitive: 'transpose',
    inputs: [floats([2, 3, 4])],
    apply: (x) => transpose(x, [2, 0, 1]),
    definition: (x) => tabulate([4, 2, 3], ([k, i, j]) => elementAt(x, [i, j, k])!),
  },
  {
    primitive: 'transpose',
    name: 'one axis moved',
    inputs: [floats([2, 3, 4])],
    apply: (x) => moveaxis(x, 2, 1),
    definition: (x) => tabulate([2, 4, 3], ([i, k, j]) => elementAt(x, [i, j, k])!),
  },
];
