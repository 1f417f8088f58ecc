// Losses stay finite and right at extreme inputs, in value and gradient, and name shapes and dtypes that do not fit; metrics add up over batches.
import { monoid as M } from 'fp-ts';
import { describe, expect, it } from 'vitest';
import { grad, jit, tensor, zeros, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';

const number = (x: Tensor): number => Number(x.itemSync());
const int = (x: number[]): Tensor => tensor(x, 'int32');
const ways: readonly (readonly [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor])[] = [
  ['eagerly', (f) => f],
  ['under jit', (f) => jit(f)],
];

describe.each(ways)('%s', (_, run) => {
  describe('softmaxCrossEntropy', () => {
    const loss =
      (labels: Tensor, options = {}) =>
      (x: Tensor): Tensor =>
        nn.softmaxCrossEntropy(x, labels, options);
    it('of logits 1e4 apart is exact, and so is its gradient', () => {
      const x = tensor([
        [1e4, -1e4, 0],
        [1e4, -1e4, 0],
      ]);
      const f = loss(int([0, 1]), { reduction: 'none' });
      expect(Array.from(run(f)(x).dataSync(), Math.abs)).toEqual([0, 2e4]);
      expect(run(grad((v: Tensor) => f(v).sum()) as typeof f)(x).arraySync()).toEqual([
        [0, 0, 0],
        [1, -1, 0],
      ]);
    });
    it('of equal logits of any size is log(classes)', () => {
      for (const size of [0, 1e4, -1e30])
        expect(number(run(loss(int([2])))(tensor([[size, size, size, size]])))).toBeCloseTo(Math.log(4), 5);
    });
    it('ignored labels count for nothing, in value and gradient', () => {
      const x = tensor([
        [1, 2, 3],
        [5, -5, 0],
      ]);
      const f = loss(int([1, -100]), { ignoreIndex: -100 });
      expect(number(run(f)(x))).toBeCloseTo(number(loss(int([1]))(tensor([[1, 2, 3]]))), 6);
      expect((run(grad(f) as typeof f)(x).arraySync() as number[][])[1]).toEqual([0, 0, 0]);
    });
    it('a label outside of the classes is loud: NaN, unless it is ignored', () => {
      const x = tensor([
        [1, 2, 3],
        [5, -5, 0],
      ]);
      for (const bad of [3, -1]) {
        expect(number(run(loss(int([2, bad])))(x))).toBeNaN();
        expect(number(run(loss(int([2, bad]), { labelSmoothing: 0.1 }))(x))).toBeNaN();
        expect(run(loss(int([2, bad]), { reduction: 'none' }))(x).arraySync()).toEqual([expect.any(Number), NaN]);
        expect(number(run(loss(int([2, bad]), { ignoreIndex: bad }))(x))).not.toBeNaN();
      }
    });

    it('labels and the same labels as probabilities agree', () => {
      const x = tensor([
        [0.1, 2, -3],
        [4, 0, 1],
      ]);
      for (const labelSmoothing of [0, 0.1])
        expect(number(run(loss(int([2, 0]), { labelSmoothing }))(x))).toBeCloseTo(
          number(
            loss(
              tensor([
                [0, 0, 1],
                [1, 0, 0],
              ]),
              { labelSmoothing },
            )(x),
          ),
          5,
        );
    });
    it('takes a class axis anywhere', () =>
      expect(run(loss(int([0, 1, 1]), { axis: 0, reduction: 'none' }))(zeros([2, 3])).shape).toEqual([3]));
  });

  it('sigmoidCrossEntropy of logits of 1e4 is exact, and so is its gradient', () => {
    const x = tensor([1e4, -1e4, 1e4, -1e4, 0]);
    const f = (v: Tensor): Tensor => nn.sigmoidCrossEntropy(v, tensor([1, 0, 0, 1, 0.5]), { reduction: 'sum' });
    expect(number(run(f)(x))).toBeCloseTo(2e4 + Math.LN2, 2);
    expect(run(grad(f) as typeof f)(x).arraySync()).toEqual([0, 0, 1, -1, 0]);
  });

  it('kinks have the derivatives of JAX', () => {
    const zero = tensor([0, 0]);
    expect(
      run(grad((x: Tensor) => nn.absoluteError(x, zero, { reduction: 'sum' })) as (x: Tensor) => Tensor)(
        tensor([0, 2]),
      ).arraySync(),
    ).toEqual([0, 1]);
    expect(
      run(grad((x: Tensor) => nn.huber(x, zero, { reduction: 'sum' })) as (x: Tensor) => Tensor)(
        tensor([1, -9]),
      ).arraySync(),
    ).toEqual([1, -1]);
  });

  it('huber of infinity is infinity, not NaN', () =>
    expect(number(run((x) => nn.huber(x, tensor([0])))(tensor([Infinity])))).toBe(Infinity));

  it('maskedMean of nothing is 0', () => {
    const f = (x: Tensor): Tensor => nn.maskedMean(x, tensor([false, false]));
    expect(number(run(f)(tensor([NaN, 3])))).toBe(0);
    expect(run(grad(f) as typeof f)(tensor([1, 3])).arraySync()).toEqual([0, 0]);
  });
});

describe('errors', () => {
  it('shapes that would broadcast are named', () => {
    for (const f of [nn.squaredError, nn.absoluteError, nn.huber, nn.sigmoidCrossEntropy])
      expect(() => f(zeros([4, 1]), zeros([4]))).toThrow(new RegExp(`${f.name || '.'}.*\\[4, 1\\].*\\[4\\]`));
  });
  it('labels that do not fit the logits', () => {
    expect(() => nn.softmaxCrossEntropy(zeros([4, 3]), int([0, 1]))).toThrow(/\[4, 3\].*\[2\]/);
    expect(() => nn.softmaxCrossEntropy(zeros([4, 3]), zeros([4, 2]))).toThrow(/\[4, 3\].*\[4, 2\]/);
    expect(() => nn.softmaxCrossEntropy(zeros([2, 3]), zeros([2]))).toThrow(/labels must be integers, got float32/);
  });
  it('class weights that do not fit', () =>
    expect(() => nn.softmaxCrossEntropy(zeros([4, 3]), int([0, 1, 2, 0]), { weight: zeros([2]) })).toThrow(
      /weight.*\[2\]|3.*2/s,
    ));
  it('an unknown reduction', () =>
    expect(() => nn.squaredError(zeros([2]), zeros([2]), { reduction: 'average' as never })).toThrow(
      /'mean', 'sum' or 'none', got average/,
    ));
});

describe('metrics', () => {
  const [labels, predicted] = [
    [0, 1, 2, 2, 1, 0, 2],
    [0, 2, 2, 2, 1, 1, 0],
  ];
  const cut = [
    [0, 2],
    [2, 3],
    [3, 7],
  ] as const;
  const same = (a: nn.Confusion, b: nn.Confusion): void => expect(a.counts.arraySync()).toEqual(b.counts.arraySync());
  const whole = nn.confusionOf(int(labels), int(predicted), 3);
  const parts = cut.map(([a, b]) => nn.confusionOf(int(labels.slice(a, b)), int(predicted.slice(a, b)), 3));
  const monoid = nn.confusion(3);
  it('confusion matrices of parts add up to that of the whole', () => {
    same(M.concatAll(monoid)(parts), whole);
    expect(whole.counts.arraySync()).toEqual([
      [1, 1, 0],
      [0, 1, 1],
      [1, 0, 2],
    ]);
  });
  it('obey the laws of a monoid', () => {
    const [a, b, c] = parts as [nn.Confusion, nn.Confusion, nn.Confusion];
    same(monoid.concat(monoid.concat(a, b), c), monoid.concat(a, monoid.concat(b, c)));
    same(monoid.concat(monoid.empty, a), a);
    same(monoid.concat(a, monoid.empty), a);
  });
  it('take scores for predictions', () => {
    const scores = tensor([
      [0.9, 0.1],
      [0.2, 0.8],
      [0.6, 0.4],
    ]);
    expect(nn.confusionOf(int([0, 1, 1]), scores, 2).counts.arraySync()).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
  it('a class that never occurs has figures 0, not NaN', () => {
    const r = nn.report([
      [3, 0, 0],
      [1, 2, 0],
      [0, 0, 0],
    ]);
    expect([r.precision[2], r.recall[2], r.f1[2]]).toEqual([0, 0, 0]);
    expect(
      nn.report([
        [0, 0],
        [0, 0],
      ]).accuracy,
    ).toBe(0);
  });
  it('means merge by count', async () => {
    const a = nn.accuracyOf(
      int([0, 1, 1]),
      tensor([
        [1, 0],
        [1, 0],
        [0, 1],
      ]),
    );
    const b = nn.accuracyOf(int([0]), tensor([[1, 0]]));
    expect(await nn.meanValue(nn.average.concat(a, b))).toBe(0.75);
    expect(await nn.meanValue(nn.average.concat(nn.average.empty, b))).toBe(1);
    expect(await nn.meanValue(nn.average.empty)).toBe(0);
  });
  it('name shapes that do not fit', () =>
    expect(() => nn.confusionOf(int([0, 1]), int([0]), 2)).toThrow(/\[2\].*\[1\]/));
});
