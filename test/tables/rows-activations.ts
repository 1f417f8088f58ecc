// Rows of the activations; their names stand for a primitive's.
import * as a from '../../src/nn/activations.ts';
import { alongAxis, bools, elementwise, floats, type Row } from './row.ts';

const add = (v: readonly number[]): number => v.reduce((x, y) => x + y, 0);
const mean = (v: readonly number[]): number => add(v) / v.length;
const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
const softmax = (run: readonly number[]): number[] => run.map((x) => Math.exp(x) / add(run.map(Math.exp)));
const unary = (
  name: string,
  f: (x: number) => number,
  apply: Row['apply'],
  domain: readonly [number, number] = [-3, 3],
): Row => elementwise(name, apply as never, f, [domain]);

export const rows: readonly Row[] = [
  unary(
    'relu6',
    (x) => Math.min(Math.max(x, 0), 6),
    (x) => a.relu6(x!),
    [-3, 9],
  ),
  unary(
    'leakyRelu',
    (x) => (x > 0 ? x : 0.1 * x),
    (x) => a.leakyRelu(x!, 0.1),
  ),
  unary(
    'elu',
    (x) => (x > 0 ? x : 1.5 * Math.expm1(x)),
    (x) => a.elu(x!, 1.5),
  ),
  unary(
    'celu',
    (x) => (x > 0 ? x : 1.5 * Math.expm1(x / 1.5)),
    (x) => a.celu(x!, 1.5),
  ),
  unary(
    'selu',
    (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
    (x) => a.selu(x!),
  ),
  unary(
    'gelu',
    (x) => x * sigma(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)),
    (x) => a.gelu(x!),
  ),
  unary(
    'silu',
    (x) => x * sigma(x),
    (x) => a.silu(x!),
  ),
  unary(
    'mish',
    (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
    (x) => a.mish(x!),
  ),
  unary(
    'softplus, beta 2',
    (x) => Math.log1p(Math.exp(2 * x)) / 2,
    (x) => a.softplus(x!, { beta: 2 }),
  ),
  unary(
    'logSigmoid',
    (x) => -Math.log1p(Math.exp(-x)),
    (x) => a.logSigmoid(x!),
  ),
  unary(
    'softSign',
    (x) => x / (1 + Math.abs(x)),
    (x) => a.softSign(x!),
  ),
  unary(
    'squareplus',
    (x) => (x + Math.sqrt(x * x + 4)) / 2,
    (x) => a.squareplus(x!),
  ),
  unary(
    'hardSigmoid',
    (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
    (x) => a.hardSigmoid(x!),
    [-5, 5],
  ),
  unary(
    'hardSwish',
    (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    (x) => a.hardSwish(x!),
    [-5, 5],
  ),
  unary(
    'hardTanh',
    (x) => Math.min(Math.max(x, -1), 1),
    (x) => a.hardTanh(x!),
  ),
  { primitive: 'softmax', inputs: [floats([3, 5])], apply: (x) => a.softmax(x!), definition: alongAxis(1, softmax) },
  {
    primitive: 'softmax, first axis',
    inputs: [floats([3, 5])],
    apply: (x) => a.softmax(x!, 0),
    definition: alongAxis(0, softmax),
  },
  {
    primitive: 'logSoftmax',
    inputs: [floats([3, 5])],
    apply: (x) => a.logSoftmax(x!),
    definition: alongAxis(1, (v) => softmax(v).map(Math.log)),
  },
  {
    primitive: 'softmax, masked',
    inputs: [floats([3, 5]), bools([3, 5])],
    apply: (x, m) => a.softmax(x, { axis: 1, where: m }),
    definition: (x, m) => {
      const weight = { shape: x.shape, data: x.data.map((v, i) => Math.exp(v) * m.data[i]!) };
      return alongAxis(1, (v) => v.map((e) => e / (add(v) === 0 ? 1 : add(v))))(weight);
    },
  },
  {
    primitive: 'logmeanexp',
    inputs: [floats([3, 5])],
    apply: (x) => a.logmeanexp(x!, 1),
    definition: alongAxis(1, (v) => [Math.log(mean(v.map(Math.exp)))], false),
  },
  unary(
    'sparsePlus',
    (x) => (x < -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x),
    (x) => a.sparsePlus(x),
  ),
  {
    primitive: 'standardize',
    inputs: [floats([3, 5])],
    apply: (x) => a.standardize(x!),
    definition: alongAxis(1, (v) =>
      v.map((x) => (x - mean(v)) / Math.sqrt(mean(v.map((y) => (y - mean(v)) ** 2)) + 1e-5)),
    ),
  },
  {
    primitive: 'glu',
    inputs: [floats([2, 4])],
    apply: (x) => a.glu(x!),
    definition: (x) => ({ shape: [2, 2], data: [0, 1, 4, 5].map((i) => x!.data[i]! * sigma(x!.data[i + 2]!)) }),
  },
];
