// Indexing in random programs: reads, writes and accumulations at places that depend on values, and orders of elements.
import * as ct from '../public.ts';
import type { Tensor } from '../public.ts';
import { axis, type Op } from './vocabulary.ts';

/** An index below n that depends on y: how many of its elements are above 0.1. */
export const indexFrom = (y: Tensor, n: number): Tensor =>
  ct.mod(ct.astype(ct.sum(ct.astype(ct.greater(y, 0.1), 'int32')), 'int32'), n);
export const indexCode = (y: string, n: string): string => `mod(sum(astype(greater(${y}, 0.1), 'int32')), ${n})`;

/** An operation on the axes from 1 on at an index along axis 0. */
const indexed = (
  name: string,
  code: (x: string, i: string, y: string) => string,
  f: (x: Tensor, i: Tensor, y: Tensor) => Tensor,
): Op => ({
  name,
  code: (x, y) => code(x, indexCode(y, `${x}.shape[0]`), y),
  apply: (x, y) => (x.rank === 0 || x.shape[0] === 0 ? undefined : f(x, indexFrom(y, x.shape[0]!), y)),
});
const zeros = (x: Tensor): Tensor[] => x.shape.slice(1).map(() => ct.tensor(0, 'int32'));

export const indexing: readonly Op[] = [
  indexed(
    'set',
    (x, i, y) => `${x}.at(${i}).set(mean(${y}))`,
    (x, i, y) => x.at(i).set(ct.mean(y)),
  ),
  indexed(
    'accumulate',
    (x, i, y) => `${x}.at(stack([i, 0, i])).add(mul(mean(${y}), 0.5)), i = ${i}`,
    (x, i, y) => x.at(ct.stack([i, ct.tensor(0, 'int32'), i])).add(ct.mul(ct.mean(y), 0.5)),
  ),
  indexed(
    'dynamicSlice',
    (x, i) => `dynamicSlice(${x}, [${i}, 0..], half of the first axis)`,
    (x, i) => ct.dynamicSlice(x, [i, ...zeros(x)], [Math.ceil(x.shape[0]! / 2), ...x.shape.slice(1)]),
  ),
  indexed(
    'dynamicUpdateSlice',
    (x, i) => `dynamicUpdateSlice(${x}, sin(${x}.slice([0, 1])), [${i}, 0..])`,
    (x, i) => ct.dynamicUpdateSlice(x, ct.sin(x.slice([0, 1])), [i, ...zeros(x)]),
  ),
  {
    name: 'take at values',
    code: (x, y, c) => `take(${x}, stack([i, 0, i]), { axis: ${c} }), i = ${indexCode(y, `${x}.shape[${c}]`)}`,
    apply: (x, y, c) => {
      const n = x.shape[axis(x, c)];
      if (n === undefined || n === 0 || x.size > 60) return undefined;
      const i = indexFrom(y, n);
      return ct.take(x, ct.stack([i, ct.tensor(0, 'int32'), i]), { axis: axis(x, c) });
    },
  },
  {
    // The elements in order, whichever of equals comes first.
    name: 'argsort',
    code: (x, _, c) => `takeAlongAxis(${x}, argsort(${x}, { axis: ${c} }), ${c})`,
    apply: (x, _, c) =>
      x.rank === 0 ? undefined : ct.takeAlongAxis(x, ct.argsort(x, { axis: axis(x, c) }), axis(x, c)),
  },
  {
    name: 'mul at the largest',
    code: (x, y) =>
      `${x}.at(arange(0, ${x}.shape[0]), argmax(${x}, { axis: 1 })).mul(tanh(mean(${y})), { unique: true })`,
    apply: (x, y) => {
      if (x.rank !== 2 || x.size === 0) return undefined;
      const places = x.at(ct.arange(0, x.shape[0]!, 1, { dtype: 'int32' }), ct.argmax(x, { axis: 1 }));
      return places.mul(ct.tanh(ct.mean(y)), { unique: true });
    },
  },
];
