// Control flow in random programs: loops over the leading axis and for a number of steps, branches that depend on values, and each inside of another.
import * as ct from '../public.ts';
import type { Tensor } from '../public.ts';
import { indexCode, indexFrom } from './vocabulary-indexing.ts';
import type { Op } from './vocabulary.ts';

/** Loops over the slices of x along its leading axis, from zeros. */
const along = (
  name: string,
  code: (x: string, y: string) => string,
  f: (x: Tensor, y: Tensor, start: Tensor) => Tensor,
): Op => ({
  name,
  code,
  apply: (x, y) => (x.rank === 0 ? undefined : f(x, y, ct.zeros(x.shape.slice(1), x.dtype))),
});
const positive = (x: Tensor): Tensor => ct.greater(ct.mean(x), 0.1);
const rows = (x: Tensor): boolean => x.rank > 0 && x.shape[0]! > 0 && x.size > 0;

export const control: readonly Op[] = [
  along(
    'scan',
    (x) => `scan((c, v) => [tanh(add(c, v)), mul(c, v)], 0, ${x})[1]`,
    (x, _, start) => ct.scan((c: Tensor, v: Tensor) => [ct.tanh(ct.add(c, v)), ct.mul(c, v)], start, x)[1],
  ),
  along(
    'scan in reverse over a constant',
    (x, y) =>
      `scan((c, v) => [add(mul(c, 0.5), mul(sin(v), mean(${y}))), c], 0, ${x}, { reverse: true, unroll: 2 })[1]`,
    (x, y, start) =>
      ct.scan((c: Tensor, v: Tensor) => [ct.add(ct.mul(c, 0.5), ct.mul(ct.sin(v), ct.mean(y))), c], start, x, {
        reverse: true,
        unroll: 2,
      })[1],
  ),
  along(
    'scan of branches over a tree',
    (x, y) =>
      `scan(({ a, n }, v) => [{ a: cond(greater(mean(a), 0.1), sin, cos, add(a, v)), n: add(n, 1) }, null], { a: 0, n: 0 }, ${x})[0], a times n, times mean(${y})`,
    (x, y, start) => {
      const step = ({ a, n }: { a: Tensor; n: Tensor }, v: Tensor): [unknown, null] => [
        {
          a: ct.cond(
            positive(a),
            (z) => ct.sin(z),
            (z) => ct.cos(z),
            ct.add(a, v),
          ),
          n: ct.add(n, 1),
        },
        null,
      ];
      if (!rows(x)) return ct.mul(start, ct.mean(y));
      const [{ a, n }] = ct.scan(step, { a: start, n: ct.tensor(0, 'int32') }, x);
      return ct.mul(ct.mul(a, ct.astype(n, x.dtype)), ct.mul(ct.tanh(ct.mean(y)), 0.3));
    },
  ),
  {
    name: 'foriLoop',
    code: (x, y, c) => `foriLoop(0, ${c}, (i, v) => add(mul(v, 0.5), mul(sin(add(v, i)), tanh(mean(${y})))), ${x})`,
    apply: (x, y, c) =>
      ct.foriLoop(
        0,
        c,
        (i, v: Tensor) => ct.add(ct.mul(v, 0.5), ct.mul(ct.sin(ct.add(v, ct.astype(i, x.dtype))), ct.tanh(ct.mean(y)))),
        x,
      ),
  },
  {
    name: 'foriLoop that writes rows',
    code: (x, y) => `foriLoop(0, ${x}.shape[0], (i, v) => v.at(i).set(mul(sin(v.slice(i)), mean(${y}))), ${x})`,
    apply: (x, y) =>
      !rows(x)
        ? undefined
        : ct.foriLoop(
            0,
            x.shape[0]!,
            (i, v: Tensor) => v.at(i).set(ct.mul(ct.sin(ct.take(v, i, { axis: 0 })), ct.tanh(ct.mean(y)))),
            x,
          ),
  },
  {
    name: 'cond',
    code: (x, y) => `cond(greater(mean(${y}), 0.1), sin, (v) => mul(v, tanh(mean(${y}))), ${x})`,
    apply: (x, y) =>
      ct.cond(
        positive(y),
        (v: Tensor) => ct.sin(v),
        (v: Tensor) => ct.mul(v, ct.tanh(ct.mean(y))),
        x,
      ),
  },
  {
    name: 'switch',
    code: (x, y) =>
      `switchCase(${indexCode(y, '3')}, [neg, (v) => v, (v) => foriLoop(0, 2, (_, w) => tanh(add(w, v)), v)], ${x})`,
    apply: (x, y) =>
      ct.switchCase(
        indexFrom(y, 3),
        [
          (v: Tensor) => ct.neg(v),
          (v: Tensor) => v,
          (v: Tensor) => ct.foriLoop(0, 2, (_, w: Tensor) => ct.tanh(ct.add(w, v)), v),
        ],
        x,
      ),
  },
  {
    name: 'map',
    code: (x, y, c) =>
      `map((v) => mul(cos(v), tanh(add(sum(v), mean(${y})))), ${x}${c === 0 ? '' : `, { batchSize: ${c} }`})`,
    apply: (x, y, c) =>
      !rows(x)
        ? undefined
        : ct.map(
            (v: Tensor) => ct.mul(ct.cos(v), ct.tanh(ct.add(ct.sum(v), ct.mean(y)))),
            x,
            c === 0 ? {} : { batchSize: c },
          ),
  },
  {
    name: 'vmap of cond',
    code: (x) => `vmap((v) => cond(greater(mean(v), 0.1), sin, neg, v))(${x})`,
    apply: (x) =>
      !rows(x)
        ? undefined
        : ct.vmap((v: Tensor) =>
            ct.cond(
              positive(v),
              (z) => ct.sin(z),
              (z) => ct.neg(z),
              v,
            ),
          )(x),
  },
];

/** Loops without reverse mode: at most four steps. */
export const whiles: readonly Op[] = [
  {
    name: 'whileLoop',
    code: (x, y) =>
      `whileLoop(({ k, v }) => k < 4 && mean(square(v)) > 0.2, ({ k, v }) => ({ k: add(k, 1), v: add(mul(v, 0.6), mul(mean(${y}), 0.1)) }), ${x})`,
    apply: (x, y) =>
      ct.whileLoop(
        ({ k, v }) => ct.logicalAnd(ct.less(k, 4), ct.greater(ct.mean(ct.square(v)), 0.2)),
        ({ k, v }) => ({ k: ct.add(k, 1), v: ct.add(ct.mul(v, 0.6), ct.mul(ct.mean(y), 0.1)) }),
        { k: ct.tensor(0, 'int32'), v: x },
      ).v,
  },
  {
    name: 'vmap of foriLoop',
    code: (x) => `vmap((v) => foriLoop(0, ${indexCode('v', '4')}, (_, w) => tanh(add(w, v)), v))(${x})`,
    apply: (x) =>
      !rows(x)
        ? undefined
        : ct.vmap((v: Tensor) => ct.foriLoop(0, indexFrom(v, 4), (_, w: Tensor) => ct.tanh(ct.add(w, v)), v))(x),
  },
];
