// Every function in a compute shader: GPU compilers reassociate and flush subnormal numbers, and it must still be within 4 ulp.
import { describe, expect, it } from 'vitest';
import { arg, call, visit, type Expr, type MathOp } from '../../src/core/expr.ts';
import { expandMath } from '../../src/core/math/index.ts';
import { scalar } from '../../src/reference/scalar.ts';
import { helperText } from '../../src/wgsl/helpers.ts';
import { operation } from '../../src/wgsl/operation.ts';
import { literal, registerType } from '../../src/wgsl/types.ts';
import { testGpuDevice } from '../setup/swiftshader.ts';
import { unary } from './functions.ts';
import { integers, line32, sweep32, ulps32 } from './ulp.ts';
import './specials.ts';

const shader = (e: Expr): string => {
  const used = new Set<Parameters<Parameters<typeof operation>[2]>[0]>();
  const use = (h: Parameters<Parameters<typeof operation>[2]>[0]): void => void used.add(h);
  const names = new Map<Expr, string>();
  const lines: string[] = [];
  visit(e, (node) => {
    if (node.op === 'const') names.set(node, literal(node.value, node.dtype, use));
    else if (node.op === 'arg') names.set(node, `x${node.arg}`);
    else if ('args' in node) {
      const name = `v${lines.length}`;
      const args = node.args.map((a) => names.get(a)!);
      lines.push(`let ${name}: ${registerType(node.dtype)} = ${operation(node, args, use)};`);
      names.set(node, name);
    }
  });
  return `${helperText(used)}
    @group(0) @binding(0) var<storage, read_write> a: array<f32>;
    @group(0) @binding(1) var<storage, read_write> b: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x >= arrayLength(&a)) { return; }
      let x0 = a[id.x];
      let x1 = b[id.x];
      ${lines.join('\n')}
      a[id.x] = ${names.get(e)!};
    }`;
};

const run = async (e: Expr, x: Float32Array, y: Float32Array): Promise<Float32Array> => {
  const device = await testGpuDevice();
  const [a, b] = [x, y].map((data) => {
    const buffer = device.createBuffer({
      size: data.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    device.queue.writeBuffer(buffer, 0, Float32Array.from(data));
    return buffer;
  }) as [GPUBuffer, GPUBuffer];
  const staging = device.createBuffer({ size: x.byteLength, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  // Both bindings are always read, so that one layout serves functions of one argument too.
  const layout = device.createBindGroupLayout({
    entries: [0, 1].map((binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: 'storage' as const },
    })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: shader(e) }) },
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [a, b].map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(Math.ceil(x.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(a, 0, staging, 0, x.byteLength);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const out = new Float32Array(staging.getMappedRange().slice(0));
  for (const buffer of [a, b, staging]) buffer.destroy();
  return out;
};

const subnormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126;

const check = async (
  op: MathOp,
  x: Float32Array,
  y?: Float32Array,
  size?: (x: number, want: number) => number,
): Promise<void> => {
  const args = y === undefined ? [arg(0, 'float32')] : [arg(0, 'float32'), arg(1, 'float32')];
  const got = await run(expandMath(call(op, 'float32', ...args)), x, y ?? x);
  x.forEach((v, i) => {
    const input = y === undefined ? [v] : [v, y[i]!];
    if (input.some(subnormal)) return; // a GPU may take them for zero
    const want = scalar(op, 'float32', ['float32', 'float32'], input);
    const cancelled = size !== undefined && Math.abs(got[i]! - want) <= 2 ** -21 * size(v, want);
    const ulps = cancelled ? 0 : ulps32(got[i]!, want);
    if (!(ulps <= 4)) expect.fail(`${op}(${input.join(', ')}) = ${got[i]}, not ${want}: ${ulps} ulp`);
  });
};

describe('in a compute shader', () => {
  const sweep = sweep32(60);
  for (const { op, dense, size } of unary)
    it(op, async () => {
      await check(op, sweep, undefined, size);
      for (const [from, to] of dense) await check(op, line32(from, to, 5001), undefined, size);
    });

  it('pow, atan2', async () => {
    const next = integers(5);
    const x = new Float32Array(new Int32Array(20_000).map(next).buffer);
    const y = x.map((v, i) => {
      const l = Math.abs(Math.log(Math.abs(v)));
      return Math.fround(i % 7 === 0 ? (i % 11) - 5 : ((next() / 2 ** 31) * 87) / Math.max(l, 1e-6));
    });
    await check('pow', x, y);
    await check('atan2', x, y);
  });
});
