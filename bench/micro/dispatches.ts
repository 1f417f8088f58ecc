// Times every dispatch of a workload by itself, of any library on WebGPU. Run:
// npx tsx scripts/with-swiftshader.ts npx tsx bench/micro/dispatches.ts <cotangent|tfjs|jaxjs> <workload> [code]
import { create, globals } from 'webgpu';
import type { Adapter } from '../adapters/adapter.ts';
import { encode, record, type Recorded, type Recorder } from '../recorder.ts';
import { workloads } from '../workloads.ts';

const [library = 'cotangent', wanted = 'mlp', ...more] = process.argv.slice(2);

let device: GPUDevice | undefined;
let recorder: Recorder | undefined;
Object.assign(globalThis, globals, { VERSIONS: {} });
const gpu = create([]);
const requestAdapter = gpu.requestAdapter.bind(gpu);
gpu.requestAdapter = async (...args) => {
  const adapter = await requestAdapter(...args);
  if (adapter !== null) {
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (...a) => {
      device = await requestDevice(...a);
      recorder = record(device);
      return device;
    };
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
recorder!.take();
const begin = performance.now();
await c.run();
const whole = performance.now() - begin;

const run = recorder!.take();
const d = device!;
recorder!.stop();
// Of a software driver the time of all threads matters too: it does not depend on what else the machine does.
const best = run.map(() => Infinity);
const busy = run.map(() => Infinity);
const replay = async (list: readonly Recorded[]): Promise<number> => {
  const t = performance.now();
  const encoder = d.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass, list);
  pass.end();
  d.queue.submit([encoder.finish()]);
  await d.queue.onSubmittedWorkDone();
  return performance.now() - t;
};
for (let round = 0, started = performance.now(); round < 8 && performance.now() - started < 20_000; round++)
  for (const [i, r] of run.entries()) {
    const before = process.cpuUsage();
    best[i] = Math.min(best[i]!, await replay([r]));
    const { user, system } = process.cpuUsage(before);
    busy[i] = Math.min(busy[i]!, (user + system) / 1000);
  }
const [total, work] = [best, busy].map((list) => list.reduce((a, b) => a + b, 0)) as [number, number];
console.log('          wall   threads');
run.forEach((r, i) => {
  const size = typeof r.size[0] === 'number' ? r.size.join('x') : 'indirect';
  const source = recorder!.source(r.pipeline);
  const group = /@workgroup_size\(([^)]*)\)/.exec(source)?.[1]?.replaceAll(/\s/g, '') ?? '?';
  const share = `${((100 * busy[i]!) / work).toFixed(0)}%`;
  console.log(
    `${String(i).padStart(3)} ${best[i]!.toFixed(2).padStart(9)} ${busy[i]!.toFixed(2).padStart(9)} ms ${share.padStart(4)}  ${size.padEnd(12)} of ${group.padEnd(8)} ${recorder!.name(r.pipeline)}`,
  );
  if (more.includes('code')) console.log(source);
});
console.log(
  `${total.toFixed(1)} (threads ${work.toFixed(1)}) ms in ${run.length} dispatches one by one; one run ${whole.toFixed(1)} ms`,
);
process.exit(0);
