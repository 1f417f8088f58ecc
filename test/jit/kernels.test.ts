// How many kernels well-known functions compile to: a count that grows fails here.
import { describe, expect, test } from 'vitest';
import { explain, grad, maxPool, sum, valueAndGrad, zeros, type Explanation, type Tensor } from '../../src/index.ts';
import * as nn from '../../src/nn/index.ts';
import { adam, applyUpdates } from '../../src/optim/index.ts';
import { key } from '../../src/random/index.ts';

const summary = (e: Explanation): string =>
  e.kernels.map((k) => `${k.kind} ${k.name} (${k.inputs} in, ${k.outputs} out)`).join('\n');
const labels = (n: number): Tensor => zeros([n], { dtype: 'int32' });
const optimizer = adam(1e-3);

const mlpSizes = [784, 512, 512, 10];
const mlpParams = mlpSizes.slice(1).map((n, i) => ({ w: zeros([mlpSizes[i]!, n]), b: zeros([n]) }));
type Dense = (typeof mlpParams)[number];
const mlp = (p: readonly Dense[], x: Tensor): Tensor =>
  p.reduce((h, { w, b }, i) => (i < 2 ? nn.relu(h.matmul(w).add(b)) : h.matmul(w).add(b)), x);

describe('kernel counts', () => {
  test('softmax is one kernel', () => {
    expect(summary(explain((x: Tensor) => nn.softmax(x))(zeros([4096, 1024])))).toMatchInlineSnapshot(
      `"loop max_exp_sum_div (1 in, 1 out)"`,
    );
  });

  test('layer norm is one kernel', () => {
    const layer = nn.layerNorm(1024);
    expect(summary(explain(layer.apply)(layer.init(key(0)), zeros([4096, 1024])))).toMatchInlineSnapshot(
      `"loop sum_add (3 in, 1 out)"`,
    );
  });

  test('cross-entropy, value and gradient, is two kernels', () => {
    const e = explain((x: Tensor, y: Tensor) => valueAndGrad((z: Tensor) => nn.softmaxCrossEntropy(z, y))(x))(
      zeros([128, 10]),
      labels(128),
    );
    expect(summary(e)).toMatchInlineSnapshot(`
      "loop max_exp_sum_add (2 in, 2 out)
      loop sum_div (2 in, 1 out)"
    `);
  });

  test('the gradient of layer norm is two kernels', () => {
    const layer = nn.layerNorm(64);
    const f = (p: nn.NormParams, x: Tensor): Tensor => sum(layer.apply(p, x).mul(x));
    expect(
      explain((p: nn.NormParams, x: Tensor) => grad(f, { argnums: [0, 1] })(p, x))(layer.init(key(0)), zeros([32, 64]))
        .kernels.length,
    ).toBe(2);
  });

  test('Adam over all parameters is two kernels: its scalars, and one update of everything', () => {
    const update = (p: readonly Dense[], s: ReturnType<typeof optimizer.init>, g: readonly Dense[]): unknown => {
      const [u, next] = optimizer.update(g, s, p);
      return [applyUpdates(p, u), next];
    };
    expect(summary(explain(update)(mlpParams, optimizer.init(mlpParams), mlpParams))).toMatchInlineSnapshot(`
      "loop add_neg (2 in, 4 out)
      multi add (27 in, 18 out)"
    `);
  });

  test('a training step of the MLP is fourteen kernels', () => {
    const step = (p: readonly Dense[], s: ReturnType<typeof optimizer.init>, x: Tensor, y: Tensor): unknown => {
      const [loss, g] = valueAndGrad((q: readonly Dense[]) => nn.softmaxCrossEntropy(mlp(q, x), y))(p);
      const [u, next] = optimizer.update(g, s, p);
      return [applyUpdates(p, u), next, loss];
    };
    const e = explain(step)(mlpParams, optimizer.init(mlpParams), zeros([128, 784]), labels(128));
    expect(summary(e)).toMatchInlineSnapshot(`
      "contract dotGeneral_relu (3 in, 1 out)
      contract dotGeneral_relu (3 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      loop max_exp_sum_add (3 in, 2 out)
      loop sum_div_add_neg (4 in, 5 out)
      loop sum (1 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      contract dotGeneral_select (3 in, 1 out)
      loop sum (1 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      contract dotGeneral_select (3 in, 1 out)
      loop sum (1 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      multi add (27 in, 18 out)"
    `);
    expect(e.kernels.length).toBeLessThanOrEqual(14);
  });

  test('a training step of the CNN is at most forty kernels', () => {
    const layers = {
      a: nn.conv(1, 32, [3, 3]),
      b: nn.conv(32, 64, [3, 3]),
      c: nn.dense(3136, 128),
      d: nn.dense(128, 10),
    };
    const params = {
      a: layers.a.init(key(0)),
      b: layers.b.init(key(1)),
      c: layers.c.init(key(2)),
      d: layers.d.init(key(3)),
    };
    const model = (p: typeof params, x: Tensor): Tensor => {
      const h = maxPool(nn.relu(layers.b.apply(p.b, maxPool(nn.relu(layers.a.apply(p.a, x)), { size: 2 }))), {
        size: 2,
      });
      return layers.d.apply(p.d, nn.relu(layers.c.apply(p.c, h.reshape([x.shape[0]!, -1]))));
    };
    const step = (p: typeof params, s: ReturnType<typeof optimizer.init>, x: Tensor, y: Tensor): unknown => {
      const [loss, g] = valueAndGrad((q: typeof params) => nn.softmaxCrossEntropy(model(q, x), y))(p);
      const [u, next] = optimizer.update(g, s, p);
      return [applyUpdates(p, u), next, loss];
    };
    const e = explain(step)(params, optimizer.init(params), zeros([64, 28, 28, 1]), labels(64));
    expect(summary(e)).toMatchInlineSnapshot(`
      "contract conv (2 in, 1 out)
      loop firstMax_argmax (2 in, 2 out)
      contract conv (2 in, 1 out)
      loop firstMax_argmax (2 in, 2 out)
      contract dotGeneral_relu (3 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      loop max_exp_sum_add (3 in, 2 out)
      loop sum_div_add_neg (4 in, 5 out)
      loop sum (1 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      contract dotGeneral_select (3 in, 1 out)
      loop sum (1 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      contract dotGeneral (2 in, 1 out)
      loop select (4 in, 1 out)
      loop sum (1 in, 1 out)
      contract conv (2 in, 1 out)
      contract conv (2 in, 1 out)
      loop select (4 in, 1 out)
      loop sum (1 in, 1 out)
      contract conv (2 in, 1 out)
      multi add (35 in, 24 out)"
    `);
    expect(e.kernels.length).toBeLessThanOrEqual(40);
  });

  test('a chain of elementwise operations and views is one kernel', () => {
    const f = (x: Tensor): Tensor => x.mul(2).add(1).tanh().transpose().reshape([-1]).exp().neg();
    expect(explain(f)(zeros([8, 16])).kernels.length).toBe(1);
  });

  test('bias and activation run in the epilogue of a matrix product', () => {
    expect(
      explain((x: Tensor, w: Tensor, b: Tensor) => nn.gelu(x.matmul(w).add(b)))(
        zeros([32, 16]),
        zeros([16, 8]),
        zeros([8]),
      ).kernels.map((k) => k.kind),
    ).toEqual(['contract']);
  });
});
