// Options that do not exist are errors at run time too: nobody takes a default in silence.
import { expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { softmax } from '../../src/nn/index.ts';

type Loose = Readonly<Record<string, (...args: unknown[]) => unknown>>;
const loose = { ...ct, softmax } as unknown as Loose;
const x = ct.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const image = ct.zeros([1, 4, 4, 1]);
const same = (y: unknown): unknown => y;

const misspelt: readonly (readonly [string, string, readonly unknown[]])[] = [
  ['sum', "no option 'axes'", [x, { axes: 0 }]],
  ['mean', "no option 'dim'", [x, { dim: 0 }]],
  ['max', "no option 'keepDims'", [x, { axis: 0, keepDims: true }]],
  ['sum', 'axis', [x, { axis: '0' }]],
  ['variance', "no option 'correction'", [x, { correction: 1 }]],
  ['argmax', 'got an array', [x, [0, 1]]],
  ['softmax', "no option 'dim'", [x, { dim: 0 }]],
  ['sort', "no option 'descend'", [x, { descend: true }]],
  ['cumsum', "no option 'reversed'", [x, { reversed: true }]],
  ['pad', "no option 'constantValues'", [x, 1, { constantValues: 1 }]],
  ['quantile', "unknown method 'foo'", [x, 0.5, { method: 'foo' }]],
  ['conv2d', "no option 'strides'", [image, ct.zeros([2, 2, 1, 1]), { strides: 2 }]],
  ['maxPool', "no option 'window'", [image, { window: 2 }]],
  ['take', "no option 'dim'", [x, 0, { dim: 0 }]],
  ['takeAlongAxis', "no option 'fill'", [x, ct.zeros([2, 1], 'int32'), 1, { fill: 0 }]],
  ['putAlongAxis', "no option 'operation'", [x, ct.zeros([2, 1], 'int32'), 1, 1, { operation: 'add' }]],
  ['putAlongAxis', "unknown op 'sub'", [x, ct.zeros([2, 1], 'int32'), 1, 1, { op: 'sub' }]],
  ['gather', "no option 'axis'", [x, 0, { axis: 0 }]],
  ['scatter', "no option 'axis'", [x, 0, 1, { axis: 0 }]],
  ['oneHot', "no option 'numClasses'", [1, 3, { numClasses: 3 }]],
  ['stack', "no option 'dim'", [[x, x], { dim: 1 }]],
  ['concatenate', "no option 'dim'", [[x, x], { dim: 1 }]],
  ['unstack', "no option 'dim'", [x, { dim: 1 }]],
  ['split', "no option 'dim'", [x, 3, { dim: 1 }]],
  ['split', "no option 'size'", [x, { size: [1, 2] }, 1]],
  ['topK', "no option 'sorted'", [x, 1, { sorted: true }]],
  ['maxPool', 'needs the size of the window', [image]],
];
test.each(misspelt.map(([name, message], row) => ({ name, message, row })))(
  '$name: $message',
  ({ name, message, row }) => {
    const args = misspelt[row]![2];
    expect(() => loose[name]!(...args)).toThrow(ct.ArgumentError);
    expect(() => loose[name]!(...args)).toThrow(message);
  },
);

test.each<readonly [string, object]>([
  ['grad', { argnum: 0 }],
  ['vmap', { in_axes: 0 }],
  ['jit', { donated: 0 }],
])('%s with %j', (name, options) => {
  expect(() => (loose[name]!(same, options) as (y: unknown) => unknown)(ct.scalar(1))).toThrow('there is no option');
  expect(() => (loose[name]!(3) as (y: unknown) => unknown)(ct.scalar(1))).toThrow('needs a function');
});
