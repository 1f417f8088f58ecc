// Cases of reductions and row programs against a plain interpreter of kernels.
import { hostArray, type DType, type TypedArray } from '../../../src/core/dtype.ts';
import { call, lit } from '../../../src/core/expr.ts';
import { constant, linearize, newVar, variable } from '../../../src/core/index-expr.ts';
import type { ReduceOp } from '../../../src/core/lowering.ts';
import type { Case } from '../case.ts';
import { at, dtypes, kernel, load, local, of, once, over, product, reduce, row, sizes, store, vars } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

const layouts = [
  ['outer', 'inner'],
  ['inner', 'outer'],
  ['outer', 'inner', 'outer'],
  ['inner', 'outer', 'inner'],
];
const opsFor = (d: DType): readonly ReduceOp[] =>
  d === 'bool' ? ['any', 'all', 'argmax', 'argmin'] : ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'];

export const cases: readonly Case[] = [
  ...sizes.map((n) =>
    kernelCase(`every operation and layout, ${n} elements reduced`, (check) => {
      for (const d of dtypes) {
        for (const op of opsFor(d)) {
          for (const layout of layouts) {
            const extents = layout.map((l, i) =>
              l === 'inner'
                ? i === 0 || layout.indexOf('inner') === i
                  ? n
                  : 3
                : i === layout.indexOf('outer')
                  ? 6
                  : 5,
            );
            const vs = vars(...extents);
            const outer = vs.filter((_, i) => layout[i] === 'outer');
            const axes = vs.filter((_, i) => layout[i] === 'inner');
            const to: DType = op.startsWith('arg') ? 'int32' : d;
            const k = kernel(
              outer,
              over(axes, reduce(op, load(0, at(...vs), d), 0, to)),
              once(store(1, at(...outer), local(0, to))),
            );
            const x = random(d, product(extents), n + 1);
            if (op === 'prod' && d.startsWith('float')) x.forEach((v, i) => (x[i] = 1 + v * 1e-3));
            check(
              k,
              { inputs: of(d, product(extents)), outputs: of(to, product(outer.map((v) => v.extent))) },
              [x],
              d === 'float32' ? 2e-6 * Math.max(1, Math.sqrt(n)) : 1e-12,
            );
          }
        }
      }
    }),
  ),

  kernelCase('NaN is the largest and the smallest', (check) => {
    for (const d of ['float32', 'float64'] as const) {
      const n = 23;
      const i = newVar(n);
      for (const op of ['max', 'min', 'argmax', 'argmin'] as const) {
        const x = random(d, n);
        x[11] = NaN;
        x[17] = NaN;
        const to: DType = op.startsWith('arg') ? 'int32' : d;
        check(
          kernel([], over([i], reduce(op, load(0, variable(i), d), 0, to)), once(store(1, constant(0), local(0, to)))),
          { inputs: of(d, n), outputs: of(to, 1) },
          [x],
          { want: () => [op.startsWith('arg') ? Int32Array.of(11) : (hostArray(d, 1).fill(NaN) as TypedArray)] },
        );
      }
    }
  }),

  ...(
    [
      [3, 5],
      [4, 16],
      [5, 17],
      [2, 1000],
      [17, 3],
      [64, 1],
      [1, 64],
    ] as const
  ).map(([m, n]) =>
    kernelCase(`a row program: normalised rows of [${m}, ${n}], along either axis`, (check) => {
      for (const d of ['float32', 'float64'] as const) {
        for (const flipped of [false, true]) {
          const [i, j] = vars(m, n);
          const x = load(0, flipped ? linearize([variable(j), variable(i)], [n, m]) : at(i, j), d);
          const centred = call('sub', d, x, call('div', d, local(0, d), lit(n, d)));
          const k = kernel(
            [i],
            over([j], reduce('sum', x, 0, d)),
            over([j], reduce('sum', call('mul', d, centred, centred), 1, d), {
              kind: 'row',
              row: 0,
              dtype: d,
              value: centred,
            }),
            once(store(2, variable(i), local(1, d))),
            over(
              [j],
              store(
                1,
                flipped ? linearize([variable(j), variable(i)], [n, m]) : at(i, j),
                call('div', d, row(0, d), call('sqrt', d, call('add', d, local(1, d), lit(1, d)))),
              ),
            ),
          );
          check(
            k,
            { inputs: of(d, m * n), outputs: of(d, m * n, m) },
            [random(d, m * n)],
            d === 'float32' ? 1e-5 : 1e-12,
          );
        }
      }
    }),
  ),

  kernelCase('long sums of float32 are accurate', (check) => {
    const n = 10_000_000;
    const i = newVar(n);
    const k = kernel(
      [],
      over([i], reduce('sum', lit(0.1, 'float32'), 0, 'float32'), reduce('sum', load(0, variable(i)), 1, 'float32')),
      once(store(1, constant(0), local(0, 'float32')), store(2, constant(0), local(1, 'float32'))),
    );
    const x = new Float32Array(n).fill(0.1);
    const total = 1e7 * Math.fround(0.1);
    check(k, { inputs: of('float32', n), outputs: of('float32', 1, 1) }, [x], {
      tolerance: 1e-6,
      want: () => [Float32Array.of(total), Float32Array.of(total)],
    });
    const [r, c] = vars(1_000_000, 10);
    const columns = kernel(
      [c],
      over([r], reduce('sum', load(0, at(r, c)), 0, 'float32')),
      once(store(1, variable(c), local(0, 'float32'))),
    );
    check(columns, { inputs: of('float32', n), outputs: of('float32', 10) }, [x], {
      tolerance: 1e-6,
      want: () => [new Float32Array(10).fill(total / 10)],
    });
  }),
];
