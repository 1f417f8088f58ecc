// Our kernels against what the GPU was measured to do in the same run: multiply-adds in registers, and copying. A process of its own:
// `npm run bench -- --roofline`, which bundles it; its argument is the side of the matrix product, and it prints one line of JSON.
import { create, globals } from 'webgpu';
import { add, defaultDevice, fromTypedArray, jit, matmul, mul, tree, type Tensor } from '../src/index.ts';
import * as optim from '../src/optim/index.ts';
import { createWebGpuDevice } from '../src/wgsl/device.ts';
import { wantedFeatures, wantedLimits } from '../src/wgsl/limits.ts';
import { transformerStep } from './adapters/cotangent.ts';
import { isSoftware } from './report.ts';
import { workloads } from './workloads.ts';

export interface RooflineRow {
  readonly what: string;
  readonly ms: number;
  readonly achieved: number;
  readonly limit: number;
  readonly unit: 'GF/s' | 'GB/s';
  readonly share: number;
}

export interface RooflineReport {
  readonly adapter: string;
  readonly driver: string;
  readonly features: readonly string[];
  readonly peakGflops: number;
  readonly copyGBs: number;
  readonly copyBytes: number;
  readonly chained: number;
  readonly rounds: number;
  readonly rows: readonly RooflineRow[];
}

Object.assign(globalThis, globals);
const gpu = create([]);
const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
if (adapter === null) throw new Error('Dawn found no adapter');
const { vendor, architecture, device: model, description } = adapter.info;
const software = isSoftware(`${vendor} ${architecture} ${description}`);
const limits = adapter.limits as unknown as Readonly<Record<string, number>>;
const device = await adapter.requestDevice({
  requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, limits[name]!])),
  requiredFeatures: wantedFeatures.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
});
defaultDevice(createWebGpuDevice(device, { budget: Math.min(2 ** 34, limits['maxBufferSize']! * 8) }));

const side = process.argv[2] === undefined ? (software ? 512 : 4096) : Number(process.argv[2]);
const elements = software ? 2 ** 20 : 2 ** 26;
const rounds = software ? 1 : 15;
const chained = software ? 1 : 20;

/** Milliseconds of one of `chained` runs that are waited for once: the median over the rounds. */
const timed = async (run: () => void, done: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let round = software ? -1 : -3; round < rounds; round++) {
    const begin = performance.now();
    for (let i = 0; i < chained; i++) run();
    await done();
    if (round >= 0) times.push((performance.now() - begin) / chained);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
};
const idle = (): Promise<unknown> => device.queue.onSubmittedWorkDone();

/** A dispatch of a shader over buffers, ready to be timed. */
const raw = async (code: string, buffers: readonly GPUBuffer[], workgroups: number): Promise<() => void> => {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const wrong = await device.popErrorScope();
  if (wrong !== null) throw new Error(wrong.message);
  return () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(Math.min(workgroups, 65535), Math.ceil(workgroups / 65535));
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
};
const buffer = (size: number): GPUBuffer =>
  device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });

/** Multiply-adds of 16 independent vectors of four a thread: nothing but registers, the result kept so that it is computed. */
const peak = async (): Promise<number> => {
  const [steps, groups, chains] = [software ? 64 : 2048, software ? 64 : 4096, 16];
  const names = Array.from({ length: chains }, (_, i) => `a${i}`);
  const code = `@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(256) fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = out[id.x & 255u];
  ${names.map((n, i) => `var ${n} = x + ${i}.0;`).join(' ')}
  for (var i = 0u; i < ${steps}u; i++) { ${names.map((n) => `${n} = fma(${n}, x, x);`).join(' ')} }
  let sum = ${names.join(' + ')};
  if (sum.x == 1234.5) { out[id.x & 255u] = sum; }
}`;
  const ms = await timed(await raw(code, [buffer(4096)], groups), idle);
  return (groups * 256 * steps * chains * 4 * 2) / ms / 1e6;
};

/** One vector of four a thread, from one buffer to another. */
const copy = async (bytes: number): Promise<number> => {
  const code = `@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> target_: array<vec4f>;
@compute @workgroup_size(256) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * ${65535 * 256}u;
  if (i < ${bytes / 16}u) { target_[i] = source[i]; }
}`;
  const [a, b] = [buffer(bytes), buffer(bytes)];
  const ms = await timed(await raw(code, [a, b], Math.ceil(bytes / 16 / 256)), idle);
  a.destroy();
  b.destroy();
  return (2 * bytes) / ms / 1e6;
};

const values = (n: number, shape: readonly number[] = [n]): Tensor =>
  fromTypedArray(
    Float32Array.from({ length: n }, (_, i) => ((i * 2654435761) >>> 0) / 2 ** 32 - 0.5),
    shape,
  );

const ms = async (f: (...args: readonly Tensor[]) => Tensor, args: readonly Tensor[]): Promise<number> => {
  let last: Tensor | undefined;
  const program = jit(f);
  return timed(
    () => {
      last?.dispose();
      last = program(...args);
    },
    () => last!.ready(),
  );
};

const peakGflops = await peak();
const copyBytes = 4 * elements;
const copyGBs = await copy(copyBytes);
const row = (what: string, time: number, work: number, unit: RooflineRow['unit'], limit: number): RooflineRow => {
  const achieved = work / time / 1e6;
  console.error(`${what}: ${time} ms`);
  return { what, ms: time, achieved, limit, unit, share: achieved / limit };
};

const rows: RooflineRow[] = [];
{
  const shape = [side, side];
  const [a, b] = [values(side * side, shape), values(side * side, shape)] as const;
  const time = await ms((p, q) => matmul(p!, q!), [a, b]);
  rows.push(row(`matmul ${side} float32`, time, 2 * side ** 3, 'GF/s', peakGflops));
  a.dispose();
  b.dispose();
}
{
  const args = [values(elements), values(elements), values(elements)];
  const time = await ms((a, x, b) => add(mul(a!, x!), b!), args);
  rows.push(row(`a*x+b, ${elements} elements`, time, 16 * elements, 'GB/s', copyGBs));
  args.forEach((x) => x.dispose());
}
{
  // Parameter, gradient and two moments are read; parameter and moments are written.
  const optimizer = optim.adam(1e-3);
  type Params = { readonly x: Tensor };
  type S = { readonly params: Params; readonly state: ReturnType<typeof optimizer.init> };
  const params = { x: values(elements) };
  const gradient = { x: values(elements) };
  const step = jit(
    ({ params: p, state }: S, g: Params): S => {
      const [updates, next] = optimizer.update(g, state, p);
      return { params: optim.applyUpdates(p, updates), state: next };
    },
    { donate: 0 },
  );
  let s: S = { params, state: optimizer.init(params) };
  const time = await timed(
    () => {
      s = step(s, gradient);
    },
    () => s.params.x.ready(),
  );
  rows.push(row(`Adam of ${elements} parameters`, time, 28 * elements, 'GB/s', copyGBs));
  (tree.leaves(s) as readonly Tensor[]).forEach((x) => x.dispose());
}
{
  const w = workloads.find(({ name }) => name === 'transformer')!;
  const step = transformerStep(w.inputs());
  let loss: Tensor | undefined;
  const time = await timed(
    () => {
      loss = step();
    },
    () => loss!.ready(),
  );
  rows.push(row(w.title, time, w.flops!, 'GF/s', peakGflops));
}

const report: RooflineReport = {
  adapter: [vendor, architecture, model, description].filter((s) => s !== '').join(' '),
  driver: description,
  features: [...adapter.features].sort(),
  peakGflops,
  copyGBs,
  copyBytes,
  chained,
  rounds,
  rows,
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
