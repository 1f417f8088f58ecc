// Cases of products of matrices against a plain interpreter: layouts, prologues, epilogues, batches.
import { call, lit, type Expr } from '../../../src/core/expr.ts';
import { constant, linearize, sub, variable } from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { acc, at, guarded, load, of, store, vars } from './build.ts';
import { contractCase } from './case.ts';
import { random, type Buffers } from './plans.ts';

const sizes = [1, 3, 4, 5, 8, 17, 33];

export const cases: readonly Case[] = [
  ...['NN', 'NT', 'TN', 'TT'].map((layout) =>
    contractCase(`${layout} of every size class`, (checkContract) => {
      for (const d of ['float32', 'float64', 'int32'] as const) {
        for (const M of sizes) {
          for (const N of sizes) {
            // Integers go the same ways as floats: a few sizes will do.
            if (d === 'int32' && M !== N) continue;
            for (const K of layout === 'NN' ? [0, 1, 5, 16, 40] : [1, 5, 40]) {
              const [m, n, k] = vars(M, N, K);
              const a = load(0, layout[0] === 'N' ? at(m, k) : at(k, m), d);
              const b = load(1, layout[1] === 'N' ? at(k, n) : at(n, k), d);
              checkContract(
                {
                  dtype: d,
                  batch: [],
                  m: [m],
                  n: [n],
                  k: [k],
                  a,
                  b,
                  epilogue: [store(2, at(m, n), acc(d))],
                },
                { inputs: of(d, M * K, K * N), outputs: of(d, M * N) },
                [random(d, M * K, 1), random(d, K * N, 2)],
                d === 'float32' ? 2e-5 : 1e-12,
              );
            }
          }
        }
      }
    }),
  ),

  ...(
    [
      [64, 64, 64],
      [65, 50, 130],
      [128, 10, 300],
      [16, 10, 1000],
      [1, 100, 100],
      [100, 1, 100],
      [7, 513, 33],
    ] as const
  ).map(([M, N, K]) =>
    contractCase(`prologue, bias, relu, transposed and second outputs, [${M}, ${N}, ${K}]`, (checkContract) => {
      for (const d of ['float32', 'float64'] as const) {
        const [m, n, k] = vars(M, N, K);
        const a = load(0, at(m, k), d);
        const b = load(1, at(k, n), d);
        const biased = call('max', d, call('add', d, acc(d), load(2, variable(n), d)), lit(0, d));
        const epilogue = [store(3, at(m, n), biased), store(4, at(n, m), call('neg', d, acc(d)))] as const;
        const buffers: Buffers = { inputs: of(d, M * K, K * N, N), outputs: of(d, M * N, M * N) };
        const inputs = [random(d, M * K, 1), random(d, K * N, 2), random(d, N, 3)];
        const tolerance = d === 'float32' ? 1e-4 : 1e-11;
        checkContract({ dtype: d, batch: [], m: [m], n: [n], k: [k], a, b, epilogue }, buffers, inputs, tolerance);
        const squared = call('mul', d, a, a);
        const halved = call('mul', d, b, lit(0.5, d));
        checkContract(
          { dtype: d, batch: [], m: [m], n: [n], k: [k], a: squared, b: halved, epilogue: [epilogue[0]] },
          { ...buffers, outputs: of(d, M * N) },
          inputs,
          tolerance * 4,
        );
        checkContract(
          {
            dtype: d,
            batch: [],
            m: [m],
            n: [n],
            k: [k],
            a,
            b: halved,
            epilogue: [store(3, at(n, m), acc(d))],
          },
          { ...buffers, outputs: of(d, M * N) },
          inputs,
          tolerance,
        );
      }
    }),
  ),

  contractCase('batches, and axes in any order', (checkContract) => {
    const d = 'float32';
    const [b1, b2, m, n, k] = vars(3, 2, 12, 20, 24);
    for (const shared of [false, true]) {
      const a = load(0, at(b1, m, b2, k), d);
      const b = load(1, shared ? at(k, n) : at(b1, b2, n, k), d);
      for (const value of [acc(d), call('mul', d, acc(d), lit(0.25, d))]) {
        checkContract(
          {
            dtype: d,
            batch: [b1, b2],
            m: [m],
            n: [n],
            k: [k],
            a,
            b,
            epilogue: [store(2, at(b1, m, b2, n), value)],
          },
          { inputs: of(d, 3 * 2 * 12 * 24, shared ? 480 : 6 * 480), outputs: of(d, 6 * 240) },
          [random(d, 6 * 12 * 24, 1), random(d, shared ? 480 : 6 * 480, 2)],
          1e-4,
        );
      }
    }
    const [p, q, r, s] = vars(3, 4, 5, 6);
    checkContract(
      {
        dtype: d,
        batch: [],
        m: [p, q],
        n: [r],
        k: [s],
        a: load(0, at(q, s, p), d),
        b: load(1, at(s, r), d),
        epilogue: [store(2, at(p, r, q), acc(d))],
      },
      { inputs: of(d, 72, 30), outputs: of(d, 60) },
      [random(d, 72, 1), random(d, 30, 2)],
      1e-4,
    );
  }),

  contractCase('a masked prologue and a gathered operand', (checkContract) => {
    const d = 'float32';
    const [m, n, k] = vars(30, 22, 50);
    const causal: Expr = guarded(
      { index: sub(variable(m), variable(k)), lo: 0, hi: 1000 },
      load(0, at(m, k), d),
      lit(0, d),
    );
    const reversed = load(1, linearize([sub(constant(49), variable(k)), variable(n)], [50, 22]), d);
    checkContract(
      {
        dtype: d,
        batch: [],
        m: [m],
        n: [n],
        k: [k],
        a: causal,
        b: reversed,
        epilogue: [store(2, at(m, n), acc(d))],
      },
      { inputs: of(d, 1500, 1100), outputs: of(d, 660) },
      [random(d, 1500, 1), random(d, 1100, 2)],
      1e-4,
    );
  }),
];
