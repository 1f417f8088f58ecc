// Cases of scatters, running reductions, sorts and several kernels as one, against plain JavaScript.
import { hostArray, type DType, type TypedArray } from '../../../src/core/dtype.ts';
import { call, lit } from '../../../src/core/expr.ts';
import { linearize, newVar, shift, valueIndex, variable } from '../../../src/core/index-expr.ts';
import type { CumulateOp, ScatterOp } from '../../../src/core/lowering.ts';
import type { CumulateKernel, LoopKernel, ScatterKernel, SortKernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { at, dtypes, load, of, once, store, vars } from './build.ts';
import { kernelCase } from './case.ts';
import { random } from './plans.ts';

const combine: Record<ScatterOp, (a: number, b: number) => number> = {
  set: (_, b) => b,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  min: Math.min,
  max: Math.max,
};

const running: Record<CumulateOp, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
  logsumexp: (a, b) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
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

  ...(['sum', 'prod', 'max', 'min', 'logsumexp'] as const).map((op) =>
    kernelCase(`running ${op}`, (check) => {
      for (const d of op === 'logsumexp'
        ? (['float32', 'float64'] as const)
        : (['float32', 'float64', 'int32', 'uint32'] as const)) {
        for (const [outer, length, inner] of [
          [1, 10, 1],
          [3, 7, 1],
          [2, 5, 3],
          [1, 1, 4],
          [2, 9, 17],
          [1, 1000, 1],
          [0, 4, 1],
        ] as const) {
          for (const reverse of [false, true]) {
            const n = outer * length * inner;
            const k: CumulateKernel = {
              kind: 'cumulate',
              name: 'c',
              op,
              dtype: d,
              source: 0,
              target: 1,
              outer,
              length,
              inner,
              reverse,
            };
            const x = random(d, n);
            if (op === 'prod') x.forEach((v, i) => (x[i] = d.startsWith('float') ? 1 + v * 0.01 : v));
            if (op === 'logsumexp' && n > 12) x[5] = -Infinity;
            const want = hostArray(d, n);
            for (let o = 0; o < outer; o++)
              for (let i = 0; i < inner; i++) {
                let a = 0;
                for (let s = 0; s < length; s++) {
                  const p = (o * length + (reverse ? length - 1 - s : s)) * inner + i;
                  a =
                    s === 0
                      ? x[p]!
                      : op === 'prod' && !d.startsWith('float')
                        ? Math.imul(a, x[p]!)
                        : running[op](a, x[p]!);
                  want[p] = a;
                }
              }
            check(k, { inputs: of(d, n), outputs: of(d, n) }, [x], {
              tolerance: d === 'float32' ? 1e-5 : 1e-12,
              want: () => [want],
            });
          }
        }
      }
    }),
  ),

  ...[0, 1, 2, 3, 7, 8, 33, 1000].map((length) =>
    kernelCase(`sorted runs of ${length}, along any axis, both ways, with a payload`, (check) => {
      for (const d of dtypes) {
        for (const [outer, inner] of [
          [1, 1],
          [3, 1],
          [2, 5],
        ] as const) {
          for (const descending of [false, true]) {
            const n = outer * length * inner;
            const k: SortKernel = {
              kind: 'sort',
              name: 's',
              sources: [0, 1],
              targets: [2, 3],
              dtypes: [d, 'int32'],
              outer,
              length,
              inner,
              descending,
            };
            const x = random(d, n, 3);
            if (d.startsWith('float') && n > 6) [x[0], x[3], x[4], x[5], x[6]] = [NaN, Infinity, -Infinity, 0, -0];
            const index = hostArray('int32', n).map((_, i) => i) as TypedArray;
            const [sorted, places] = [hostArray(d, n), hostArray('int32', n)];
            check(
              k,
              {
                inputs: [
                  [d, n],
                  ['int32', n],
                ],
                outputs: [
                  [d, n],
                  ['int32', n],
                ],
              },
              [x, index],
              { want: () => [sorted, places] },
            );
            for (let o = 0; o < outer; o++)
              for (let i = 0; i < inner; i++) {
                const at1 = (s: number): number => (o * length + s) * inner + i;
                const order = Array.from({ length }, (_, s) => at1(s)).sort((a, b) => {
                  const [p, q] = [x[a]!, x[b]!];
                  if (Number.isNaN(p) || Number.isNaN(q))
                    return Number(Number.isNaN(p)) - Number(Number.isNaN(q)) || a - b;
                  return (p === q ? 0 : (p < q ? -1 : 1) * (descending ? -1 : 1)) || a - b;
                });
                order.forEach((from, s) => {
                  places[at1(s)] = from;
                  sorted[at1(s)] = x[from]!;
                });
              }
          }
        }
      }
    }),
  ),

  kernelCase('several loops as one kernel: an update of parameters of many sizes, in place', (check) => {
    const sizes = [0, 1, 3, 4, 16, 17, 20, 33, 64, 1000];
    const inputs = sizes.map((n, i) => random('float32', n, i + 1));
    const grads = sizes.map((n, i) => random('float32', n, i + 101));
    const count = sizes.length;
    const parts = sizes.map((n, i): LoopKernel => {
      const v = newVar(n);
      const value = call(
        'sub',
        'float32',
        load(i, variable(v)),
        call('mul', 'float32', load(count + i, variable(v)), load(2 * count, linearize([], []))),
      );
      return {
        kind: 'loop',
        name: 'update',
        outer: [v],
        stages: [once(store(2 * count + 1 + i, variable(v), value))],
      };
    });
    check(
      { kind: 'multi', name: 'updates', parts },
      {
        inputs: [...sizes, ...sizes, 1].map((n): [DType, number] => ['float32', n]),
        outputs: sizes.map((n): [DType, number] => ['float32', n]),
      },
      [...inputs, ...grads, new Float32Array([0.5])],
      {
        aliases: new Map(sizes.map((_, i) => [i, i])),
        want: () =>
          sizes.map((_, i) =>
            Float32Array.from(inputs[i]!, (x, j) => Math.fround(x - Math.fround(grads[i]![j]! * 0.5))),
          ),
      },
    );
  }),
];
