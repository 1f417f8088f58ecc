// Random programs with loops and branches: the GPU and WebAssembly agree on values, gradients, batches and directional derivatives.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { devicePut, grad, jit, jvp, stack, sum, vmap, type Tensor } from '../../src/index.ts';
import { program, type ProgramOptions } from '../../src/testing/arbitraries.ts';
import { gpuDevice } from './device.ts';

const device = await gpuDevice();
const numRuns = Math.min(Number(process.env['FC_RUNS'] ?? 10), 100);

type F = (...xs: Tensor[]) => Tensor[];

/** Results may be sums that cancel: their error is measured against the largest of the numbers, or 1. */
const agree = async (f: F, xs: readonly Tensor[]): Promise<void> => {
  const want = jit(f)(...xs);
  const got = jit(f, { device })(...devicePut(xs, device));
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [await got[i]!.data(), await want[i]!.data()];
    const scale = Math.max(1, ...Array.from(b, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
    a.forEach((v, k) => {
      if (!Object.is(v, b[k]) && !(Math.abs(v - b[k]!) <= 2e-3 * scale))
        expect.fail(`result ${i} element ${k}: ${v} on the GPU, ${b[k]} in WebAssembly`);
    });
  }
};

const transforms: Readonly<Record<string, (f: F) => F>> = {
  values: (f) => f,
  gradients:
    (f) =>
    (...xs) => {
      const loss = (...ys: Tensor[]): Tensor =>
        f(...ys)
          .map((y) => sum(y.mul(y)))
          .reduce((a, b) => a.add(b));
      return grad(loss, { argnums: xs.map((_, i) => i) })(...xs) as unknown as Tensor[];
    },
  batches:
    (f) =>
    (...xs) =>
      vmap(f)(...xs.map((x) => stack([x, x.mul(-0.5), x.mul(0.25)]))) as Tensor[],
  'directional derivatives':
    (f) =>
    (...xs) =>
      jvp(f, xs, xs).flat(),
};

// Words that a software driver compiles for minutes where several of them fuse, and that have nothing to do with loops.
const slow = /takeAlongAxis|dynamicUpdateSlice|argsort/;
const interesting = /scan|cond|switch|foriLoop|whileLoop|map/;

test.each(Object.keys(transforms))(
  '%s',
  async (name) => {
    const options: ProgramOptions = { maxLength: 8, whiles: name !== 'gradients' };
    const programs = program(options).filter((p) => interesting.test(String(p)) && !slow.test(String(p)));
    await fc.assert(
      fc.asyncProperty(programs, (p) => agree(transforms[name]!(p.run), p.inputs())),
      { numRuns },
    );
  },
  180_000,
);
