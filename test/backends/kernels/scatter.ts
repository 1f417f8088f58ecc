// Cases of scatters, repeated and out of range, against plain JavaScript.
import { hostArray } from '../../../src/core/dtype.ts';
import { lit } from '../../../src/core/expr.ts';
import { linearize, shift, valueIndex, variable } from '../../../src/core/index-expr.ts';
import type { ScatterOp } from '../../../src/core/lowering.ts';
import type { ScatterKernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { at, load, of, vars } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

const combine: Record<ScatterOp, (a: number, b: number) => number> = {
  set: (_, b) => b,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  min: Math.min,
  max: Math.max,
};

export const cases: readonly Case[] = [
  ...(['set', 'add', 'mul', 'min', 'max'] as const).map((op) =>
    kernelCase(`scatter: ${op} of rows and of elements, repeated and out of range`, (check) => {
      for (const d of ['float32', 'float64', 'int32'] as const) {
        for (const width of [1, 3, 4, 9, 64]) {
          const [rows, count] = [6, 11];
          const [r, c, i, j] = vars(rows, width, count, width);
          const picked = valueIndex(load(1, variable(i), 'int32'));
          const k: ScatterKernel = {
            kind: 'scatter',
            name: 's',
            op,
            dtype: d,
            target: 3,
            init: { axes: [r, c], index: at(r, c), value: load(0, at(r, c), d) },
            axes: [i, j],
            index: linearize([picked, variable(j)], [rows, width]),
            guards: [{ index: picked, lo: 0, hi: rows }],
            value: load(2, at(i, j), d),
          };
          const x = random(d, rows * width, 1);
          const index = hostArray('int32', count);
          for (let n = 0; n < count; n++) index[n] = ((n * 7) % (rows + 2)) - 1;
          const y = random(d, count * width, 2);
          const want = x.slice();
          for (let n = 0; n < count; n++)
            for (let w = 0; w < width; w++) {
              const row = index[n]!;
              if (row >= 0 && row < rows)
                want[row * width + w] = combine[op](want[row * width + w]!, y[n * width + w]!);
            }
          check(
            k,
            {
              inputs: [
                [d, rows * width],
                ['int32', count],
                [d, count * width],
              ],
              outputs: of(d, rows * width),
            },
            [x, index, y],
            { tolerance: 1e-6, want: () => [want] },
          );
        }
      }
    }),
  ),

  kernelCase('many updates of one element, one after the other', (check) => {
    const [i, t] = vars(100, 1);
    const k: ScatterKernel = {
      kind: 'scatter',
      name: 's',
      op: 'add',
      dtype: 'float32',
      target: 1,
      init: { axes: [t], index: variable(t), value: lit(0, 'float32') },
      axes: [i],
      index: linearize([], []),
      guards: [],
      value: load(0, variable(i)),
    };
    const x = random('float32', 100);
    let sum = 0;
    for (const v of x) sum = Math.fround(sum + v);
    check(k, { inputs: of('float32', 100), outputs: of('float32', 1) }, [x], { want: () => [Float32Array.of(sum)] });
  }),

  kernelCase('a window of a matrix is set', (check) => {
    const [r, c, i, j] = vars(5, 7, 2, 5);
    const k: ScatterKernel = {
      kind: 'scatter',
      name: 's',
      op: 'set',
      dtype: 'bool',
      target: 2,
      init: { axes: [r, c], index: at(r, c), value: load(0, at(r, c), 'bool') },
      axes: [i, j],
      index: linearize([shift(variable(i), 2), shift(variable(j), 1)], [5, 7]),
      guards: [],
      value: load(1, at(i, j), 'bool'),
    };
    const [x, y] = [random('bool', 35, 1), random('bool', 10, 2)];
    const want = x.slice();
    for (let a = 0; a < 2; a++) for (let b = 0; b < 5; b++) want[(a + 2) * 7 + b + 1] = y[a * 5 + b]!;
    check(k, { inputs: of('bool', 35, 10), outputs: of('bool', 35) }, [x, y], { want: () => [want] });
  }),
];
