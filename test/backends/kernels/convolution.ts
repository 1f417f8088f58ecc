// Cases of convolution as a contraction, in its three directions, against a plain interpreter.
import { add, linearize, scale, shift, sub, unlinearize, variable, type Index } from '../../../src/core/index-expr.ts';
import type { Case } from '../case.ts';
import { acc, at, load, of, store, vars } from './build.ts';
import { contractCase } from './case.ts';
import { random } from './plans.ts';

const shapes = [
  { N: 2, H: 7, W: 9, C: 3, O: 8, KH: 3, KW: 3, stride: 1, pad: 1 },
  { N: 2, H: 8, W: 8, C: 1, O: 5, KH: 3, KW: 3, stride: 1, pad: 0 },
  { N: 1, H: 12, W: 12, C: 16, O: 20, KH: 3, KW: 3, stride: 2, pad: 1 },
  { N: 3, H: 6, W: 6, C: 8, O: 4, KH: 1, KW: 1, stride: 1, pad: 0 },
  { N: 1, H: 7, W: 6, C: 70, O: 12, KH: 3, KW: 3, stride: 1, pad: 1 },
];

export const cases: readonly Case[] = [
  ...shapes.map(({ N, H, W, C, O, KH, KW, stride, pad }) =>
    contractCase(
      `forward, by filter and by input: [${N}, ${H}, ${W}, ${C}] by [${KH}, ${KW}, ${C}, ${O}], stride ${stride}`,
      (checkContract) => {
        const [OH, OW] = [Math.floor((H + 2 * pad - KH) / stride) + 1, Math.floor((W + 2 * pad - KW) / stride) + 1];
        const d = 'float32';
        const [nn, h, w, c, o, kh, kw] = vars(N, OH, OW, C, O, KH, KW);
        const y = add(shift(scale(variable(h), stride), -pad), variable(kh));
        const x = add(shift(scale(variable(w), stride), -pad), variable(kw));
        const image = load(0, linearize([variable(nn), y, x, variable(c)], [N, H, W, C]), d, [
          { index: y, lo: 0, hi: H },
          { index: x, lo: 0, hi: W },
        ]);
        const filter = load(1, at(kh, kw, c, o), d);
        const nx = N * H * W * C;
        const nf = KH * KW * C * O;
        const ny = N * OH * OW * O;
        const tolerance = 1e-4;
        checkContract(
          {
            dtype: d,
            batch: [],
            m: [nn, h, w],
            n: [o],
            k: [kh, kw, c],
            a: image,
            b: filter,
            epilogue: [store(2, at(nn, h, w, o), acc(d))],
          },
          { inputs: of(d, nx, nf), outputs: of(d, ny) },
          [random(d, nx, 1), random(d, nf, 2)],
          tolerance,
        );
        checkContract(
          {
            dtype: d,
            batch: [],
            m: [kh, kw, c],
            n: [o],
            k: [nn, h, w],
            a: image,
            b: load(1, at(nn, h, w, o), d),
            epilogue: [store(2, at(kh, kw, c, o), acc(d))],
          },
          { inputs: of(d, nx, ny), outputs: of(d, nf) },
          [random(d, nx, 1), random(d, ny, 2)],
          tolerance * 10,
        );
        if (stride !== 1) return;
        const [ih, iw] = vars(H, W);
        const gy = sub(shift(variable(ih), pad), variable(kh));
        const gx = sub(shift(variable(iw), pad), variable(kw));
        const grad = load(0, linearize([variable(nn), gy, gx, variable(o)], [N, OH, OW, O]), d, [
          { index: gy, lo: 0, hi: OH },
          { index: gx, lo: 0, hi: OW },
        ]);
        checkContract(
          {
            dtype: d,
            batch: [],
            m: [nn, ih, iw],
            n: [c],
            k: [kh, kw, o],
            a: grad,
            b: filter,
            epilogue: [store(2, at(nn, ih, iw, c), acc(d))],
          },
          { inputs: of(d, ny, nf), outputs: of(d, nx) },
          [random(d, ny, 1), random(d, nf, 2)],
          tolerance,
        );
      },
    ),
  ),

  contractCase('an image given flat: rows by digits', (checkContract) => {
    const d = 'float32';
    const [M, K, N] = [24, 18, 9];
    const [m, n, k] = vars(M, N, K);
    const [i, j] = unlinearize(variable(m), [4, 6]) as [Index, Index];
    const a = load(0, linearize([j, variable(k), i], [6, K, 4]), d);
    checkContract(
      {
        dtype: d,
        batch: [],
        m: [m],
        n: [n],
        k: [k],
        a,
        b: load(1, at(k, n), d),
        epilogue: [store(2, at(m, n), acc(d))],
      },
      { inputs: of(d, M * K, K * N), outputs: of(d, M * N) },
      [random(d, M * K, 1), random(d, K * N, 2)],
      1e-4,
    );
  }),
];
