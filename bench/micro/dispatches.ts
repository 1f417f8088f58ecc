// Times every dispatch of a workload by itself, of any library on WebGPU. Run:
// npx tsx scripts/with-swiftshader.ts npx tsx bench/micro/dispatches.ts <cotangent|tfjs|jaxjs> <workload> [code]
import { create, globals } from 'webgpu';
import type { Adapter } from '../adapters/adapter.ts';
import { workloads } from '../workloads.ts';

const [library = 'cotangent', wanted = 'mlp', ...more] = process.argv.slice(2);

interface Recorded {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly (readonly [number, GPUBindGroup, readonly number[]])[];
  readonly size: readonly number[] | readonly [GPUBuffer, number];
}
const sources = new WeakMap<object, string>();
const names = new WeakMap<object, string>();
let device: GPUDevice | undefined;
let recorded: Recorded[] = [];

const recording = (encoder: GPUCommandEncoder): GPUCommandEncoder => {
  const begin = encoder.beginComputePass.bind(encoder);
  encoder.beginComputePass = (...args) => {
    const pass = begin(...args);
    let pipeline: GPUComputePipeline;
    let groups = new Map<number, readonly [number, GPUBindGroup, readonly number[]]>();
    const [setPipeline, setBindGroup] = [pass.setPipeline.bind(pass), pass.setBindGroup.bind(pass)];
    const [direct, indirect] = [pass.dispatchWorkgroups.bind(pass), pass.dispatchWorkgroupsIndirect.bind(pass)];
    pass.setPipeline = (p) => setPipeline((pipeline = p));
    pass.setBindGroup = (i: number, group: GPUBindGroup, ...rest: unknown[]) => {
      groups = new Map(groups).set(i, [i, group, (rest[0] ?? []) as readonly number[]]);
      (setBindGroup as (...a: unknown[]) => void)(i, group, ...rest);
    };
    pass.dispatchWorkgroups = (...size) => {
      recorded.push({ pipeline, groups: [...groups.values()], size: size as number[] });
      direct(...size);
    };
    pass.dispatchWorkgroupsIndirect = (...where) => {
      recorded.push({ pipeline, groups: [...groups.values()], size: where });
      indirect(...where);
    };
    return pass;
  };
  return encoder;
};

const watched = (d: GPUDevice): GPUDevice => {
  device = d;
  const [module, sync, async, encoder] = [
    d.createShaderModule.bind(d),
    d.createComputePipeline.bind(d),
    d.createComputePipelineAsync.bind(d),
    d.createCommandEncoder.bind(d),
  ];
  d.createShaderModule = (o) => {
    const made = module(o);
    sources.set(made, o.code);
    names.set(made, o.label ?? '');
    return made;
  };
  const known = (p: GPUComputePipeline, o: GPUComputePipelineDescriptor): GPUComputePipeline => {
    sources.set(p, sources.get(o.compute.module) ?? '');
    names.set(p, o.label ?? names.get(o.compute.module) ?? '');
    return p;
  };
  d.createComputePipeline = (o) => known(sync(o), o);
  d.createComputePipelineAsync = async (o) => known(await async(o), o);
  d.createCommandEncoder = (...args) => recording(encoder(...args));
  return d;
};

Object.assign(globalThis, globals, { VERSIONS: {} });
const gpu = create([]);
const requestAdapter = gpu.requestAdapter.bind(gpu);
gpu.requestAdapter = async (...args) => {
  const adapter = await requestAdapter(...args);
  if (adapter !== null) {
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (...a) => watched(await requestDevice(...a));
  }
  return adapter;
};
Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'Node' }, configurable: true });

const w = workloads.find((x) => x.name === wanted);
if (w === undefined) throw new Error(`no workload ${wanted}`);
const { adapter } = (await import(`../adapters/${library}.ts`)) as { readonly adapter: Adapter };
const { cases } = await adapter.load('webgpu');
const setup = cases[wanted];
if (typeof setup !== 'function') throw new Error(setup ?? `no case ${wanted}`);
const c = await setup(w.inputs());
await c.run();
await c.run();
recorded = [];
const begin = performance.now();
await c.run();
const whole = performance.now() - begin;

const run = recorded;
recorded = [];
const d = device!;
const best = run.map(() => Infinity);
const replay = async (list: readonly Recorded[]): Promise<number> => {
  const t = performance.now();
  const encoder = d.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const r of list) {
    pass.setPipeline(r.pipeline);
    for (const [i, group, offsets] of r.groups) pass.setBindGroup(i, group, offsets as number[]);
    if (typeof r.size[0] === 'number') pass.dispatchWorkgroups(...(r.size as [number, number, number]));
    else pass.dispatchWorkgroupsIndirect(...(r.size as [GPUBuffer, number]));
  }
  pass.end();
  d.queue.submit([encoder.finish()]);
  await d.queue.onSubmittedWorkDone();
  return performance.now() - t;
};
for (let round = 0, started = performance.now(); round < 8 && performance.now() - started < 20_000; round++)
  for (const [i, r] of run.entries()) best[i] = Math.min(best[i]!, await replay([r]));
const total = best.reduce((a, b) => a + b, 0);
run.forEach((r, i) => {
  const size = typeof r.size[0] === 'number' ? r.size.join('x') : 'indirect';
  const source = sources.get(r.pipeline) ?? '';
  const group = /@workgroup_size\(([^)]*)\)/.exec(source)?.[1]?.replaceAll(/\s/g, '') ?? '?';
  const share = `${((100 * best[i]!) / total).toFixed(0)}%`;
  console.log(
    `${String(i).padStart(3)} ${best[i]!.toFixed(2).padStart(9)} ms ${share.padStart(4)}  ${size.padEnd(12)} of ${group.padEnd(8)} ${names.get(r.pipeline) ?? ''}`,
  );
  if (more.includes('code')) console.log(source);
});
console.log(`${total.toFixed(1)} ms in ${run.length} dispatches one by one; one run ${whole.toFixed(1)} ms`);
process.exit(0);
