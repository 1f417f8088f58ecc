// Cases of convolution as a contraction, in its three directions, against a plain interpreter.
import type { DType, TypedArray } from '../../../src/core/dtype.ts';
import type { Expr } from '../../../src/core/expr.ts';
import {
  add,
  linearize,
  newVar,
  scale,
  shift,
  sub,
  unlinearize,
  variable,
  type Guard,
  type Index,
  type Var,
} from '../../../src/core/index-expr.ts';
import type { ContractKernel } from '../../../src/jit/kernel.ts';
import type { Case } from '../case.ts';
import { kernelCase, type Check } from './case.ts';
import { random, type Buffers } from './plans.ts';

const load = (
  buffer: number,
  index: Index,
  dtype: DType = 'float32',
  guards: readonly Guard[] = [],
  fill = 0,
): Expr => ({ op: 'load', dtype, buffer, index, guards, fill });
const at = (...vs: readonly Var[]): Index =>
  linearize(
    vs.map(variable),
    vs.map((v) => v.extent),
  );
const vars = (...extents: readonly number[]): Var[] => extents.map(newVar);
const acc = (dtype: DType): Expr => ({ op: 'acc', dtype });

type Contract = (
  k: Omit<ContractKernel, 'kind' | 'name'>,
  b: Buffers,
  inputs: readonly TypedArray[],
  tolerance: number,
) => void;
const contractCase = (name: string, body: (checkContract: Contract) => void): Case =>
  kernelCase(name, (check: Check) =>
    body((k, b, inputs, tolerance) => check({ kind: 'contract', name: 'c', ...k }, b, inputs, tolerance)),
  );

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
        const [nn, h, w, c, o, kh, kw] = vars(N, OH, OW, C, O, KH, KW) as [Var, Var, Var, Var, Var, Var, Var];
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
            epilogue: [{ kind: 'store', buffer: 2, index: at(nn, h, w, o), value: acc(d) }],
          },
          {
            inputs: [
              [d, nx],
              [d, nf],
            ],
            outputs: [[d, ny]],
          },
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
            epilogue: [{ kind: 'store', buffer: 2, index: at(kh, kw, c, o), value: acc(d) }],
          },
          {
            inputs: [
              [d, nx],
              [d, ny],
            ],
            outputs: [[d, nf]],
          },
          [random(d, nx, 1), random(d, ny, 2)],
          tolerance * 10,
        );
        if (stride !== 1) return;
        const [ih, iw] = vars(H, W) as [Var, Var];
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
            epilogue: [{ kind: 'store', buffer: 2, index: at(nn, ih, iw, c), value: acc(d) }],
          },
          {
            inputs: [
              [d, ny],
              [d, nf],
            ],
            outputs: [[d, nx]],
          },
          [random(d, ny, 1), random(d, nf, 2)],
          tolerance,
        );
      },
    ),
  ),

  contractCase('an image given flat: rows by digits', (checkContract) => {
    const d = 'float32';
    const [M, K, N] = [24, 18, 9];
    const [m, n, k] = vars(M, N, K) as [Var, Var, Var];
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
        epilogue: [{ kind: 'store', buffer: 2, index: at(m, n), value: acc(d) }],
      },
      {
        inputs: [
          [d, M * K],
          [d, K * N],
        ],
        outputs: [[d, M * N]],
      },
      [random(d, M * K, 1), random(d, K * N, 2)],
      1e-4,
    );
  }),
];
