// Products of float16 numbers: the text of tiles that keep them in 16 bits, which a compiler accepts, and their results with that type played by rounding.
import { afterAll, describe, expect, test, vi } from 'vitest';
import { create } from 'webgpu';
import {
  conv2d,
  fromTypedArray,
  grad,
  jit,
  matmul,
  pad,
  reducePrecision,
  take,
  tensor,
  vjp,
  zeros,
  type Tensor,
} from '../../src/index.ts';
import { planProgram } from '../../src/jit/plan.ts';
import { simplify } from '../../src/jit/simplify.ts';
import type * as Config from '../../src/wgsl/contract/config.ts';
import type { Choice } from '../../src/wgsl/contract/config.ts';
import { createWebGpuDevice, type WebGpuDevice } from '../../src/wgsl/device.ts';
import { leastLimits, type GpuLimits } from '../../src/wgsl/limits.ts';
import { renderModule } from '../../src/wgsl/module.ts';
import { dispatchesOf } from '../../src/wgsl/steps.ts';
import { requestGpu } from '../setup/gpu.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { changed } from './device.ts';

const forced: { choice: Choice | undefined } = { choice: undefined };
vi.mock('../../src/wgsl/contract/config.ts', async (original) => {
  const config = await original<typeof Config>();
  return {
    ...config,
    chooseTile: (...args: Parameters<typeof config.chooseTile>) => forced.choice ?? config.chooseTile(...args),
  };
});
const { tileShapes } = await vi.importActual<typeof Config>('../../src/wgsl/contract/config.ts');

const half = (x: Tensor): Tensor => reducePrecision(x, { exponentBits: 5, mantissaBits: 10 });
type F = (...xs: readonly Tensor[]) => unknown;

/** The shaders of a program's products. */
const products = (f: F, args: readonly Tensor[], limits: GpuLimits): readonly string[] => {
  const { program } = jit(f).trace(...args);
  const plan = planProgram(simplify(program), { buffers: 7, row: 65536, sums: true });
  return dispatchesOf(renderModule(plan, limits).steps)
    .filter((d) => /^(dotGeneral|conv)/.test(d.name))
    .map((d) => d.wgsl);
};
const without = leastLimits;
const withHalf: GpuLimits = { ...leastLimits, float16: true };

const both: F = (x, y) => matmul(half(x!), half(y!));
const [a, b] = [zeros([96, 80]), zeros([80, 72])];
const image = zeros([4, 12, 12, 16]);
const filters = zeros([3, 3, 16, 32]);
const programs: Readonly<Record<string, readonly [f: F, args: readonly Tensor[], sides: number]>> = {
  'both operands': [both, [a, b], 2],
  'the left one': [(x, y) => matmul(half(x!), y!), [a, b], 1],
  'the right one, transposed': [(x, y) => matmul(x!, half(y!).transpose()), [a, zeros([72, 80])], 1],
  'both transposed': [
    (x, y) => matmul(half(x!).transpose(), half(y!.transpose())),
    [zeros([80, 96]), zeros([72, 80])],
    2,
  ],
  ragged: [both, [zeros([95, 79]), zeros([79, 71])], 2],
  'a batch': [(x, y) => matmul(half(x!), half(y!)), [zeros([3, 96, 80]), zeros([3, 80, 72])], 2],
  moved: [
    (x, y) =>
      matmul(
        pad(half(x!), [
          [0, 4],
          [0, 0],
        ]).reshape([100, 80]),
        half(y!),
      ),
    [a, b],
    2,
  ],
  'of fewer bits': [(x, y) => matmul(reducePrecision(x!, { exponentBits: 4, mantissaBits: 3 }), y!), [a, b], 1],
  'a convolution': [(x, w) => conv2d(half(x!), half(w!), { padding: 1 }), [image, filters], 2],
  'a sum of an operand beside': [
    (x, w, d) => vjp((u: Tensor, c: Tensor) => matmul(half(x!), u).add(c), w!, zeros([72]))[1](half(d!)),
    [zeros([640, 80]), b, zeros([640, 72])],
    2,
  ],
  'the gradient of a product': [(x, y) => grad((u: Tensor) => matmul(half(u), half(y!)).square().sum())(x!), [a, b], 3],
};
const count = (text: string): number => text.split('vec4<f16>, ').length - 1;

describe('text', () => {
  test.each(Object.entries(programs))('%s', (_, [f, args, sides]) => {
    const [plain, halved] = [products(f, args, without), products(f, args, withHalf)];
    expect(halved.length).toBe(plain.length);
    expect(plain.join()).not.toContain('f16');
    expect(halved.reduce((n, t) => n + count(t), 0)).toBe(sides);
    // Nothing differs but where an operand is kept, and how it comes in and out.
    const back = halved.map((t) =>
      t
        .replace('enable f16;\n', '')
        .replaceAll('array<vec4<f16>,', 'array<vec4<f32>,')
        .replaceAll(/vec4<f16>\((vec4<f32>\([^;]*\)|\w+)\)/g, '$1')
        .replaceAll(/vec4<f32>\(((?:left|right)\[[^\]]*\])\)/g, '$1'),
    );
    expect(back).toEqual(plain);
  });

  test.each<[string, F]>([
    ['not rounded', (x, y) => matmul(x!, y!)],
    ['bfloat16', (x, y) => matmul(reducePrecision(x!, { exponentBits: 8, mantissaBits: 7 }), y!)],
    ['more bits', (x, y) => matmul(reducePrecision(x!, { exponentBits: 5, mantissaBits: 11 }), y!)],
    ['computed with', (x, y) => matmul(half(x!).add(1), y!)],
    [
      'padded with another number',
      (x, y) =>
        matmul(
          pad(
            half(x!),
            [
              [0, 4],
              [0, 0],
            ],
            { value: 0.1 } as never,
          ),
          y!,
        ),
    ],
    ['of integers', (x, y) => matmul(take(x!, tensor([1, 2], { dtype: 'int32' }), { axis: 0 } as never), y!)],
  ])('as it is: %s', (_, f) => {
    expect(products(f, [a, b], withHalf)).toEqual(products(f, [a, b], without));
    expect(products(f, [a, b], withHalf).join()).not.toContain('f16');
  });

  test('as a whole', async () => {
    await expect(products(both, [a, b], withHalf)[0]).toMatchFileSnapshot(
      'snapshots/matrix-product-of-float16-numbers.wgsl',
    );
  });
});

describe('a compiler accepts', () => {
  // Dawn's null backend has every feature and runs nothing; shaders are parsed and checked as everywhere.
  const gpu = create(['backend=null']);
  const device = requestGpu(gpu);
  // Dawn must not lose its instance before its devices.
  afterAll(async () => [(await device).destroy(), gpu]);
  /** What is wrong with a shader. */
  const verdict = async (code: string): Promise<string | undefined> => {
    const d = await device;
    d.pushErrorScope('validation');
    d.createComputePipeline({ layout: 'auto', compute: { module: d.createShaderModule({ code }) } });
    return (await d.popErrorScope())?.message;
  };
  const accept = async (code: string): Promise<void> => expect(await verdict(code)).toBe(undefined);

  test('and would not accept a wrong one', async () => {
    expect((await device).features.has('shader-f16')).toBe(true);
    const text = products(both, [a, b], withHalf)[0]!;
    expect(await verdict(text.replace('enable f16;', ''))).toContain('f16');
    expect(await verdict(text.replace(/vec4<f16>\((\w+)\)/, '$1'))).toContain(
      "cannot assign 'vec4<f32>' to 'vec4<f16>'",
    );
  });

  test.each(Object.entries(programs))('%s', async (_, [f, args]) => {
    for (const code of products(f, args, withHalf)) await accept(code);
  });

  test.each(tileShapes.map((shape) => [shape.join(' '), shape] as const))('tiles %s', async (_, shape) => {
    const [rows, columns, eachRows, eachColumns] = shape;
    try {
      for (const parts of [1, 3]) {
        forced.choice = { rows, columns, eachRows, eachColumns, depth: 16, parts };
        const codes = products(both, [zeros([rows + 4, 400]), zeros([400, columns + 3])], withHalf);
        expect(codes.join()).toContain('enable f16;');
        for (const code of codes) await accept(code);
      }
    } finally {
      forced.choice = undefined;
    }
  });
});

/** A device that claims to have numbers of 16 bits, and not to be played by a processor; it computes with numbers rounded to those. */
const played = (real: GPUDevice, float16: boolean, seen: string[]): WebGpuDevice => {
  return createWebGpuDevice(
    changed(real, {
      features: { has: (name: string) => (name === 'shader-f16' ? float16 : real.features.has(name)) },
      adapterInfo: { description: 'a GPU', subgroupMinSize: real.adapterInfo.subgroupMinSize },
      createShaderModule: (d: GPUShaderModuleDescriptor) => {
        seen.push(d.code);
        const code = d.code
          .replace('enable f16;\n', '')
          .replaceAll('array<vec4<f16>,', 'array<vec4<f32>,')
          .replaceAll('vec4<f16>(', 'quantizeToF16(');
        return real.createShaderModule({ ...d, code });
      },
    }),
  );
};

describe('results', () => {
  const draw = (shape: readonly number[], seed: number): Tensor => {
    const n = shape.reduce((p, q) => p * q, 1);
    return fromTypedArray(
      Float32Array.from({ length: n }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 3),
      shape,
    );
  };

  test.each(Object.entries(programs))('%s', async (_, [f, args]) => {
    // A GPU of this program alone: it has no shaders from before.
    const real = await testGpuDevice();
    const [plain, halved]: readonly [string[], string[]] = [[], []];
    const drawn = (): Tensor[] => args.map((x, i) => draw(x.shape, i + 1));
    const run = async (float16: boolean, seen: string[]): Promise<Float32Array[]> => {
      const out = jit(f, { device: played(real, float16, seen) })(...drawn());
      return Promise.all([out].flat(2).map(async (y) => (await (y as Tensor).data()) as Float32Array));
    };
    const want = await run(false, plain);
    const got = await run(true, halved);
    expect(plain.join()).not.toContain('f16');
    expect(halved.join()).toContain('array<vec4<f16>,');
    expect(got).toEqual(want);
    real.destroy();
    const wasm = await Promise.all([jit(f)(...drawn())].flat(2).map((y) => (y as Tensor).data()));
    wasm.forEach((w, i) => {
      const scale = Math.max(...w.map(Math.abs));
      w.forEach((v, j) => expect(Math.abs(v - got[i]![j]!)).toBeLessThan(2e-5 * scale));
    });
  });
});
