// The text of larger kernels, each in a file of its own under snapshots/: changes of a template are there to be read.
import { describe, expect, test } from 'vitest';
import * as ct from '../../src/index.ts';
import { cond, conv2d, grad, jit, matmul, scan, take, tanh, tensor, zeros, type Tensor } from '../../src/index.ts';
import { planProgram } from '../../src/jit/plan.ts';
import { simplify } from '../../src/jit/simplify.ts';
import * as nn from '../../src/nn/index.ts';
import { adam, applyUpdates } from '../../src/optim/index.ts';
import { leastLimits } from '../../src/wgsl/limits.ts';
import { renderModule } from '../../src/wgsl/module.ts';
import { dispatchesOf } from '../../src/wgsl/steps.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type F = (...args: any[]) => unknown;

/** The dispatches of a program, traced and rendered anew; every shader once. */
const text = (f: F, args: readonly unknown[]): string => {
  const { program } = jit(f as (...xs: readonly unknown[]) => unknown).trace(...args);
  const module = renderModule(planProgram(simplify(program), { buffers: 7, row: 65536 }), leastLimits);
  const seen = new Set<string>();
  return dispatchesOf(module.steps)
    .map((d) => {
      const head = `// ${d.name}: ${d.workgroups.join(' x ')} workgroups\n`;
      if (seen.has(d.wgsl)) return `${head}// (the same shader as before)\n`;
      seen.add(d.wgsl);
      return `${head}${d.wgsl}`;
    })
    .join('\n');
};

const labels = tensor([0, 3, 1, 2, 0, 1, 2, 3], { dtype: 'int32' });
const rows = tensor([2, 0, 5, 2], { dtype: 'int32' });
const optimizer = adam(1e-3);
const params = { b: zeros([10]), w: zeros([20, 10]) };

const programs: Readonly<Record<string, readonly [f: F, args: readonly unknown[]]>> = {
  'elementwise by fours': [(x: Tensor, y: Tensor) => tanh(x.mul(y)).add(1), [zeros([64, 32]), zeros([64, 32])]],
  'row softmax': [(x: Tensor) => nn.softmax(x), [zeros([16, 128])]],
  'gradient of layer norm': [
    (x: Tensor, scale: Tensor, bias: Tensor) =>
      grad(
        (z: Tensor, s: Tensor, b: Tensor) =>
          nn
            .layerNorm(64)
            .apply({ scale: s, bias: b } as never, z)
            .mul(z)
            .sum(),
        { argnums: [0, 1, 2] },
      )(x, scale, bias),
    [zeros([32, 64]), zeros([64]), zeros([64])],
  ],
  'gradient of cross-entropy': [
    (x: Tensor) => grad((z: Tensor) => nn.softmaxCrossEntropy(z, labels).mean())(x),
    [zeros([8, 4])],
  ],
  'matrix product NN': [(a: Tensor, b: Tensor) => matmul(a, b), [zeros([96, 80]), zeros([80, 72])]],
  'matrix product NT': [(a: Tensor, b: Tensor) => matmul(a, b.transpose()), [zeros([96, 80]), zeros([72, 80])]],
  'matrix product TN': [(a: Tensor, b: Tensor) => matmul(a.transpose(), b), [zeros([80, 96]), zeros([80, 72])]],
  'matrix product of few outputs and many terms': [
    (a: Tensor, b: Tensor) => matmul(a, b),
    [zeros([16, 8192]), zeros([8192, 16])],
  ],
  'convolution with bias and relu': [
    (x: Tensor, w: Tensor, b: Tensor) => nn.relu(conv2d(x, w, { padding: 'same' }).add(b)),
    [zeros([4, 16, 16, 8]), zeros([3, 3, 8, 16]), zeros([16])],
  ],
  'sum of columns': [(x: Tensor) => x.sum({ axis: 0 }), [zeros([512, 64])]],
  'gather of rows': [(x: Tensor) => take(x, rows, { axis: 0 } as never), [zeros([8, 16])]],
  'scatter-add of rows': [
    (x: Tensor) =>
      grad((z: Tensor) =>
        take(z, rows, { axis: 0 } as never)
          .square()
          .sum(),
      )(x),
    [zeros([8, 16])],
  ],
  sort: [(x: Tensor) => ct.sort(x), [zeros([4, 100])]],
  'running sum': [(x: Tensor) => ct.cumsum(x, { axis: 1 } as never), [zeros([4, 1000])]],
  'update of all parameters by Adam': [
    (p: typeof params, s: ReturnType<typeof optimizer.init>, g: typeof params) => {
      const [u, next] = optimizer.update(g, s, p);
      return [applyUpdates(p, u), next];
    },
    [params, optimizer.init(params), params],
  ],
  'steps of a scan': [
    (s: Tensor, xs: Tensor, w: Tensor) => scan((c: Tensor, x: Tensor) => [tanh(matmul(w, c).add(x)), c.sum()], s, xs),
    [zeros([8]), zeros([10, 8]), zeros([8, 8])],
  ],
  'a branch': [
    (p: Tensor, x: Tensor) =>
      cond(
        p,
        (z: Tensor) => z.mul(2),
        (z: Tensor) => z.sort(),
        x,
      ),
    [tensor(true), zeros([64])],
  ],
};

describe('programs as text', () => {
  test.each(Object.entries(programs))('%s', async (name, [f, args]) => {
    const wgsl = text(f, args);
    expect(text(f, args)).toBe(wgsl);
    await expect(wgsl).toMatchFileSnapshot(`snapshots/${name.replaceAll(' ', '-')}.wgsl`);
  });
});
