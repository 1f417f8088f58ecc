// Cases of views, pads, joins and gathers against a plain interpreter of kernels.
import { call, type Expr } from '../../../src/core/expr.ts';
import {
  add,
  constant,
  div,
  linearize,
  mod,
  newVar,
  scale,
  shift,
  sub,
  unlinearize,
  valueIndex,
  variable,
  type Index,
} from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { at, dtypes, elementwise, guarded, indexValue, load, of, product, sizes, store, vars } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

const shapes = [
  [3, 5],
  [37, 50],
  [130, 192],
  [4, 4],
  [1, 7],
  [17, 3],
  [8, 64],
  [2, 3, 5],
  [4, 1, 9],
];
export const cases: readonly Case[] = [
  ...shapes.map((shape) =>
    kernelCase(`transpose, flip, broadcast, reshape of [${shape.join(', ')}]`, (check) => {
      for (const d of dtypes) {
        const n = product(shape);
        const vs = vars(...shape);
        const x = random(d, n);
        const reversed = [...vs].reverse();
        const views: Record<string, Index> = {
          transpose: at(...reversed),
          flip: linearize(
            vs.map((v) => sub(constant(v.extent - 1), variable(v))),
            shape,
          ),
          reshape: linearize(unlinearize(at(...reversed), shape), shape),
          twice: linearize(
            unlinearize(
              linearize(
                unlinearize(at(...vs), [n]).map((p) => mod(add(p, constant(2)), n)),
                [n],
              ),
              [...shape].reverse(),
            ),
            [...shape].reverse(),
          ),
        };
        for (const index of Object.values(views))
          check(elementwise(vs, store(1, at(...vs), load(0, index, d))), { inputs: of(d, n), outputs: of(d, n) }, [x]);
        const last = vs[vs.length - 1]!;
        check(
          elementwise(vs, store(1, at(...vs), load(0, variable(last), d))),
          { inputs: of(d, last.extent), outputs: of(d, n) },
          [random(d, last.extent)],
        );
        check(
          elementwise(vs, store(1, at(...vs), load(0, variable(vs[0]!), d))),
          { inputs: of(d, vs[0]!.extent), outputs: of(d, n) },
          [random(d, vs[0]!.extent)],
        );
      }
    }),
  ),

  kernelCase('reshape, transpose and reshape again leaves digits', (check) => {
    // [6, 10] -> [4, 15] -> transposed [15, 4]
    const vs = vars(15, 4);
    const position = linearize([variable(vs[1]!), variable(vs[0]!)], [4, 15]);
    const [r, c] = unlinearize(position, [6, 10]) as [Index, Index];
    const swapped = linearize([c, r], [10, 6]);
    for (const d of dtypes)
      check(elementwise(vs, store(1, at(...vs), load(0, swapped, d))), { inputs: of(d, 60), outputs: of(d, 60) }, [
        random(d, 60),
      ]);
  }),

  ...sizes
    .filter((n) => n > 0)
    .map((n) =>
      kernelCase(`pad, slice and concatenate, size ${n}`, (check) => {
        for (const d of dtypes) {
          const v = newVar(n + 5);
          const padded = load(0, shift(variable(v), -2), d, [{ index: variable(v), lo: 2, hi: 2 + n }], 1);
          check(elementwise([v], store(1, variable(v), padded)), { inputs: of(d, n), outputs: of(d, n + 5) }, [
            random(d, n),
          ]);
          const w = newVar(n);
          const strided = load(0, shift(scale(variable(w), 3), 1), d);
          check(elementwise([w], store(1, variable(w), strided)), { inputs: of(d, 3 * n), outputs: of(d, n) }, [
            random(d, 3 * n),
          ]);
          const [r, c] = vars(3, n + 6);
          const left: Expr = load(0, linearize([variable(r), variable(c)], [3, n]), d);
          const right: Expr = load(1, linearize([variable(r), shift(variable(c), -n)], [3, 6]), d);
          const both: Expr = guarded({ index: variable(c), lo: 0, hi: n }, left, right);
          check(
            elementwise([r, c], store(2, at(r, c), both)),
            { inputs: of(d, 3 * n, 18), outputs: of(d, 3 * (n + 6)) },
            [random(d, 3 * n, 1), random(d, 18, 2)],
          );
          const [q, p] = vars(n + 2, 9);
          const top: Expr = load(0, at(q, p), d);
          const bottom: Expr = load(1, linearize([shift(variable(q), -n), variable(p)], [2, 9]), d);
          const stacked: Expr = guarded({ index: variable(q), lo: 0, hi: n }, top, bottom);
          check(
            elementwise([q, p], store(2, at(q, p), stacked)),
            { inputs: of(d, n * 9, 18), outputs: of(d, 9 * (n + 2)) },
            [random(d, 9 * n, 1), random(d, 18, 2)],
          );
        }
      }),
    ),

  kernelCase('gather by rows and by elements, guards on run-time indices', (check) => {
    for (const d of dtypes) {
      const [rows, width, count] = [7, 5, 9];
      const [i, j] = vars(count, width);
      const index = random('int32', count);
      for (let k = 0; k < count; k++) index[k] = ((k * 5) % (rows + 2)) - 1;
      const picked = valueIndex(load(1, variable(i), 'int32'));
      const value = load(
        0,
        linearize([picked, variable(j)], [rows, width]),
        d,
        [{ index: picked, lo: 0, hi: rows }],
        1,
      );
      check(
        elementwise([i, j], store(2, at(i, j), value)),
        {
          inputs: [
            [d, rows * width],
            ['int32', count],
          ],
          outputs: of(d, count * width),
        },
        [random(d, rows * width), index],
      );
      const element = load(0, picked, d, [{ index: picked, lo: 0, hi: rows }], 0);
      check(
        elementwise([i], store(2, variable(i), element)),
        {
          inputs: [
            [d, rows],
            ['int32', count],
          ],
          outputs: of(d, count),
        },
        [random(d, rows), index],
      );
    }
  }),

  kernelCase('gathers that are padded or concatenated read nothing where they are not', (check) => {
    for (const d of dtypes) {
      const [rows, n] = [40, 9];
      const index = random('int32', n);
      for (let k = 0; k < n; k++) index[k] = (k * 7) % (rows + 1);
      const v = newVar(n + 6);
      const pick = (offset: number): Index => valueIndex(load(1, shift(variable(v), offset), 'int32'));
      const padded = load(
        0,
        pick(-3),
        d,
        [
          { index: variable(v), lo: 3, hi: 3 + n },
          { index: pick(-3), lo: 0, hi: rows },
        ],
        1,
      );
      const buffers = {
        inputs: [
          [d, rows],
          ['int32', n],
        ],
        outputs: of(d, n + 6),
      } as const;
      check(elementwise([v], store(2, variable(v), padded)), buffers, [random(d, rows), index]);
      const joined: Expr = guarded(
        { index: variable(v), lo: 6, hi: 6 + n },
        load(0, pick(-6), d, [{ index: pick(-6), lo: 0, hi: rows }]),
        load(0, variable(v), d),
      );
      check(elementwise([v], store(2, variable(v), joined)), buffers, [random(d, rows), index]);
    }
  }),

  kernelCase('digits of a position as values', (check) => {
    const n = 29;
    const v = newVar(n);
    const value = call(
      'add',
      'int32',
      indexValue(div(variable(v), 3)),
      indexValue(scale(mod(shift(variable(v), -7), 5), 10)),
    );
    check(elementwise([v], store(0, variable(v), value)), { inputs: [], outputs: of('int32', n) }, []);
  }),
];
