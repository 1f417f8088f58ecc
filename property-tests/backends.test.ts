// Random programs on all backends side by side: reference, WebAssembly and the GPU agree on values and under transforms.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { devicePut, devices, grad, jit, jvp, stack, sum, vmap, type Tensor } from '../src/index.ts';
import { defaultBackend, setDefaultBackend, type Backend } from '../src/jit/backend.ts';
import { program, type ProgramOptions } from '../src/testing/arbitraries.ts';
import { createWebGpuDevice } from '../src/wgsl/device.ts';
import { testGpuDevice } from '../test/setup/swiftshader.ts';
import type { F } from './agree.ts';

const gpu = await testGpuDevice();
afterAll(() => gpu.destroy());
const webgpu = createWebGpuDevice(gpu);
const reference = devices.reference();
const exact = devices.reference({ float64: true });
const wasm = defaultBackend();

// A software GPU compiles a kernel in tens of milliseconds, and a program has several.
const numRuns = Number(process.env['FC_RUNS'] ?? 12);

/** The results of a compiled function on a device; the arguments are made anew, for they stay where they were used. */
const results = async (device: Backend, f: F, args: () => readonly Tensor[]): Promise<readonly ArrayLike<number>[]> => {
  // Numbers in programs are on no device yet: what is computed of them while tracing goes to the default one.
  setDefaultBackend(device === webgpu ? wasm : device);
  try {
    const ys = jit(f, { device })(...devicePut(args(), device));
    return await Promise.all(ys.map((y) => y.data()));
  } finally {
    setDefaultBackend(wasm);
  }
};

/**
 * By class (NaN, infinities), and within what rounding does to this program: the reference's own float32 is compared with
 * its float64, and a number may be off by a multiple of that, or by a little of the largest of the result.
 */
const compare = (
  what: string,
  got: readonly ArrayLike<number>[],
  want: readonly ArrayLike<number>[],
  precise: readonly ArrayLike<number>[],
): void => {
  expect(got.map((y) => y.length)).toEqual(want.map((y) => y.length));
  want.forEach((w, r) => {
    const finite = Array.from(w, (v) => (Number.isFinite(v) ? Math.abs(v) : 0));
    const scale = Math.max(1, ...finite);
    const rounding = Math.max(0, ...Array.from(w, (v, i) => Math.abs(v - precise[r]![i]!)).filter(Number.isFinite));
    for (let i = 0; i < w.length; i++) {
      const [a, b] = [got[r]![i]!, w[i]!];
      if (Object.is(a, b) || a === b || Math.abs(a - b) <= 2e-4 * scale + 32 * rounding) continue;
      throw new Error(`${what}, result ${r}, element ${i}: ${a}, by the reference ${b}, in float64 ${precise[r]![i]}`);
    }
  });
};

const agree = async (f: F, args: () => readonly Tensor[]): Promise<void> => {
  const [want, precise] = [await results(reference, f, args), await results(exact, f, args)];
  compare('WebAssembly', await results(wasm, f, args), want, precise);
  compare('WebGPU', await results(webgpu, f, args), want, precise);
};

const gradient =
  (f: F): F =>
  (...xs) => {
    const loss = (...ys: Tensor[]): Tensor =>
      f(...ys)
        .map((y) => sum(y.mul(y)))
        .reduce((a, b) => a.add(b));
    return grad(loss, { argnums: xs.map((_, i) => i) })(...xs) as unknown as Tensor[];
  };
const batch =
  (f: F): F =>
  (...xs) =>
    vmap(f)(...xs.map((x) => stack([x, x.mul(-0.5), x.mul(0.25)]))) as Tensor[];
const tangent =
  (f: F): F =>
  (...xs) =>
    jvp(f, xs, xs).flat();

const transforms: Readonly<Record<string, readonly [transform: (f: F) => F, options?: ProgramOptions]>> = {
  values: [(f) => f, { whiles: true }],
  gradients: [gradient],
  batches: [batch, { whiles: true }],
  'directional derivatives': [tangent, { whiles: true }],
  'batches of gradients': [(f) => batch(gradient(f))],
};

test.each(Object.entries(transforms))(
  '%s',
  async (_, [transform, options]) => {
    await fc.assert(
      fc.asyncProperty(program({ maxLength: 8, ...options }), (p) => agree(transform(p.run), p.inputs)),
      { numRuns },
    );
  },
  60_000 + numRuns * 5000,
);
