// Initialisers and layers: variances, independence of the fields, shapes, training and evaluation, and errors that name the shapes.
import { describe, expect, it } from 'vitest';
import {
  grad,
  jit,
  mean,
  ones,
  square,
  sum,
  tanh,
  tensor,
  tree,
  variance,
  vmap,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import {
  batchNorm,
  conv,
  dense,
  dropout,
  init,
  layerNorm,
  relu,
  sequential,
  struct,
  tuple,
  type Init,
} from '../../src/nn/index.ts';
import { key, normal, split } from '../../src/random/index.ts';

const number = (x: Tensor): number => Number(x.itemSync());
const shapes = (t: unknown): unknown => tree.map((x) => x.shape, t);

describe('initialisers', () => {
  const shape = [5, 40, 80];
  const [fanIn, fanOut] = [5 * 40, 5 * 80];
  const rows: Record<string, readonly [Init<Tensor>, number, number]> = {
    glorotUniform: [init.glorotUniform(shape), 2 / (fanIn + fanOut), Math.sqrt(6 / (fanIn + fanOut))],
    glorotNormal: [init.glorotNormal(shape), 2 / (fanIn + fanOut), Infinity],
    heUniform: [init.heUniform(shape), 2 / fanIn, Math.sqrt(6 / fanIn)],
    heNormal: [init.heNormal(shape), 2 / fanIn, Infinity],
    lecunUniform: [init.lecunUniform(shape), 1 / fanIn, Math.sqrt(3 / fanIn)],
    lecunNormal: [init.lecunNormal(shape), 1 / fanIn, 2 / Math.sqrt(fanIn) / 0.8796],
    normal: [init.normal(shape, 0.3), 0.09, Infinity],
    truncatedNormal: [init.truncatedNormal(shape, 1), 0.7737, 2],
  };
  it.each(Object.entries(rows))('%s has its variance and bound', (_, [make, wanted, bound]) => {
    const x = make(key(3));
    expect(x.shape).toEqual(shape);
    expect(Math.abs(number(mean(x)))).toBeLessThan(5 * Math.sqrt(wanted / x.size));
    expect(Math.abs(number(variance(x)) / wanted - 1)).toBeLessThan(0.05);
    expect(number(x.abs().max())).toBeLessThanOrEqual(bound * 1.0001);
    expect(make(key(3)).arraySync()).toEqual(x.arraySync());
    expect(make(key(4)).arraySync()).not.toEqual(x.arraySync());
  });
  it('float64 on request', () => expect(init.heNormal([4, 4], { dtype: 'float64' })(key(0)).dtype).toBe('float64'));
  it('refuses the fan of a vector', () => expect(() => init.glorotUniform([3])(key(0))).toThrow(/two axes.*\[3\]/));
  it('zeros, ones and constants', () =>
    expect([init.zeros([2]), init.ones([2]), init.constant([2], 7)].map((i) => i(key(0)).arraySync())).toEqual([
      [0, 0],
      [1, 1],
      [7, 7],
    ]));

  it('a field added, removed or moved changes no other value', () => {
    const w = init.normal([3]);
    const small = struct({ a: w, b: w })(key(1));
    const large = struct({ z: w, b: w, extra: struct({ q: w }), a: w })(key(1));
    expect(large.a.arraySync()).toEqual(small.a.arraySync());
    expect(large.b.arraySync()).toEqual(small.b.arraySync());
    expect(small.a.arraySync()).not.toEqual(small.b.arraySync());
  });
  it('nested records and tuples have values of their own', () => {
    const w = init.normal([2]);
    const p = struct({ l1: struct({ w }), l2: struct({ w }), list: tuple(w, w) })(key(1));
    const all = tree.leaves(p).map((x) => JSON.stringify(x.arraySync()));
    expect(new Set(all).size).toBe(4);
  });
  it('run under jit and vmap with the same values', () => {
    const make = struct({ w: init.heNormal([3, 2]), b: init.zeros([2]) });
    const [a, b] = [make(key(5)).w.dataSync(), jit(make)(key(5)).w.dataSync()];
    a.forEach((v, i) => expect(Math.abs(v - b[i]!)).toBeLessThan(1e-6));
    expect(vmap(make)(split(key(0), 4)).w.shape).toEqual([4, 3, 2]);
  });
});

describe('layers', () => {
  it('dense', () => {
    const l = dense(3, 2);
    expect(shapes(l.init(key(0)))).toEqual({ w: [3, 2], b: [2] });
    expect(
      l
        .apply(
          {
            w: tensor([
              [1, 2],
              [3, 4],
              [5, 6],
            ]),
            b: tensor([10, 20]),
          },
          tensor([1, 1, 1]),
        )
        .arraySync(),
    ).toEqual([19, 32]);
    expect(l.apply(l.init(key(0)), zeros([5, 4, 3])).shape).toEqual([5, 4, 2]);
    expect(() => l.apply(l.init(key(0)), zeros([5, 4]))).toThrow(/4.*3/s);
  });
  it.each([
    [[3], [2, 9, 4], {}, [2, 9, 6]],
    [[3, 3], [2, 8, 9, 4], {}, [2, 8, 9, 6]],
    [[3, 3], [2, 8, 9, 4], { padding: 'valid' as const }, [2, 6, 7, 6]],
    [[3, 3], [2, 8, 9, 4], { stride: 2 }, [2, 4, 5, 6]],
    [[3, 3], [2, 8, 9, 4], { groups: 2, padding: 1, dilation: 2 }, [2, 6, 7, 6]],
    [[2, 2, 2], [1, 3, 4, 5, 4], {}, [1, 3, 4, 5, 6]],
  ])('conv %j on %j with %j', (kernel, input, options, output) => {
    const l = conv(4, 6, kernel, options);
    expect(l.apply(l.init(key(0)), zeros(input)).shape).toEqual(output);
  });
  it('conv says what it cannot do', () => {
    expect(() => conv(1, 1, [])).toThrow(/one to three sizes/);
    const l = conv(4, 6, [3, 3]);
    expect(() => l.apply(l.init(key(0)), zeros([2, 8, 8, 3]))).toThrow(/3/);
  });
  it('layerNorm gives each row mean 0 and variance 1', () => {
    const l = layerNorm(64);
    const y = l.apply(l.init(key(0)), normal(key(1), [10, 64]).mul(30).add(1000));
    (mean(y, { axis: -1 }).arraySync() as number[]).forEach((m) => expect(Math.abs(m)).toBeLessThan(1e-4));
    (variance(y, { axis: -1 }).arraySync() as number[]).forEach((v) => expect(Math.abs(v - 1)).toBeLessThan(1e-3));
    expect(() => l.apply(l.init(key(0)), zeros([10, 32]))).toThrow(/32|64/);
  });
  it('sequential', () => {
    const l = sequential(dense(3, 4), relu, dense(4, 2), tanh);
    const p = l.init(key(0));
    expect(l.apply(p, zeros([7, 3])).shape).toEqual([7, 2]);
    const g = grad((q: typeof p) => sum(square(l.apply(q, ones([7, 3])))))(p);
    expect(tree.structure(g)).toEqual(tree.structure(p));
  });
});

describe('dropout', () => {
  const x = ones([100, 100]);
  const y = dropout(key(0), 0.3, x);
  it('zeroes the asked share, scales the rest, keeps the mean', () => {
    const values = Array.from(y.dataSync());
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
    expect(Math.abs(values.filter((v) => v === 0).length / 1e4 - 0.3)).toBeLessThan(0.02);
    expect(Math.abs(number(mean(y)) - 1)).toBeLessThan(0.03);
  });
  it('is determined by its key, eagerly and under jit', () => {
    expect(dropout(key(0), 0.3, x).dataSync()).toEqual(y.dataSync());
    expect(jit((k: ReturnType<typeof key>, v: Tensor) => dropout(k, 0.3, v))(key(0), x).dataSync()).toEqual(
      y.dataSync(),
    );
    expect(dropout(key(1), 0.3, x).dataSync()).not.toEqual(y.dataSync());
  });
  it('passes the gradient of what it kept', () => {
    const g = grad((v: Tensor) => sum(dropout(key(0), 0.3, v)))(x) as Tensor;
    expect(g.dataSync()).toEqual(y.dataSync());
  });
  it('is the identity in evaluation and at rate 0', () => {
    expect(dropout(null, 0.5, x)).toBe(x);
    expect(dropout(key(0), 0, x)).toBe(x);
  });
  it('keeps no infinity alive', () =>
    expect(
      dropout(key(0), 0.9, tensor([Infinity, Infinity, Infinity, Infinity]))
        .dataSync()
        .some(Number.isNaN),
    ).toBe(false));
  it.each([1, -0.1, NaN])('refuses the rate %d', (rate) =>
    expect(() => dropout(key(0), rate, x)).toThrow(/rate must be in \[0, 1\)/),
  );
});

describe('batchNorm', () => {
  const layer = batchNorm(3);
  const p = layer.init(key(0));
  const x = normal(key(1), [64, 5, 3])
    .mul(tensor([1, 2, 10]))
    .add(tensor([0, 5, -100]));
  const axis = [0, 1];
  it('training gives each channel mean 0 and variance 1 and moves the statistics', () => {
    const [y, s] = layer.train(p, layer.initState(key(0)), x);
    (mean(y, { axis }).arraySync() as number[]).forEach((m) => expect(Math.abs(m)).toBeLessThan(1e-4));
    (variance(y, { axis }).arraySync() as number[]).forEach((v) => expect(Math.abs(v - 1)).toBeLessThan(1e-3));
    const [m, v] = [mean(x, { axis }).dataSync(), variance(x, { axis, ddof: 1 }).dataSync()];
    s.mean.dataSync().forEach((got, i) => expect(got).toBeCloseTo(0.1 * m[i]!, 3));
    s.variance.dataSync().forEach((got, i) => expect(got).toBeCloseTo(0.9 + 0.1 * v[i]!, 3));
  });
  it('evaluation uses the statistics, which training approaches', () => {
    let s = layer.initState(key(0));
    const step = jit((state: typeof s) => layer.train(p, state, x)[1]);
    for (let i = 0; i < 200; i++) s = step(s);
    const [trained, evaluated] = [layer.train(p, s, x)[0].dataSync(), layer.apply(p, s, x).dataSync()];
    trained.forEach((v, i) => expect(Math.abs(v - evaluated[i]!)).toBeLessThan(0.02));
  });
  it('the statistics carry no gradient', () => {
    const g = grad((v: Tensor) => sum(layer.train(p, layer.initState(key(0)), v)[1].mean))(x) as Tensor;
    expect(number(g.abs().max())).toBe(0);
  });
  it('refuses to train on one value a channel', () =>
    expect(() => layer.train(p, layer.initState(key(0)), zeros([1, 3]))).toThrow(/two values a channel.*\[1, 3\]/));
});
