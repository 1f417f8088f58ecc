// What a dispatch costs the CPU, in Node through Dawn: a compiled program of ours beside raw loops over the same dispatches. A process of its own:
// `npm run bench -- --dispatch`, which bundles it; its argument is a backend of Dawn's, or nothing, and it prints one line of JSON.
import { create, globals } from 'webgpu';
import { defaultDevice, jit, matmul, tensor, type Tensor } from '../src/index.ts';
import { createWebGpuDevice } from '../src/wgsl/device.ts';
import { wantedFeatures, wantedLimits } from '../src/wgsl/limits.ts';
import { encode, record } from './recorder.ts';

/** Kernels of the program: each needs the one before, and none can be fused. */
const KERNELS = 200;
/** A real driver executes what it is given, the null backend does not. */
const ROUNDS = process.argv[2] === 'null' ? 100 : 8;
const BLOCK = 8;

/** Microseconds a dispatch, from call to return: the GPU may be at work still. */
export interface DispatchCost {
  readonly what: string;
  readonly dispatches: number;
  readonly best: number;
  readonly median: number;
}

export interface DispatchReport {
  readonly backend: string;
  readonly adapter: string;
  readonly rounds: number;
  readonly costs: readonly DispatchCost[];
}

Object.assign(globalThis, globals);
const backend = process.argv[2] ?? '';
const gpu = create(backend === '' ? [] : [`backend=${backend}`]);
const adapter = await gpu.requestAdapter();
if (adapter === null) throw new Error(`Dawn has no adapter for the backend ${backend}`);
const limits = adapter.limits as unknown as Readonly<Record<string, number>>;
const device = await adapter.requestDevice({
  requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, limits[name]!])),
  requiredFeatures: wantedFeatures.filter((name) => adapter.features.has(name)) as GPUFeatureName[],
});
const recorder = record(device);
let submits = 0;
const submit = device.queue.submit.bind(device.queue);
device.queue.submit = (list) => {
  submits++;
  submit(list);
};
defaultDevice(createWebGpuDevice(device));

// Two kernels in turn, so that each dispatch sets its pipeline.
const eye = (rows: number, columns: number): Tensor =>
  tensor(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => (i === j ? 1 : 0))));
const wide = eye(8, 16);
const tall = eye(16, 8);
const program = jit(
  (y: Tensor, a: Tensor, b: Tensor): Tensor => {
    for (let i = 0; i < KERNELS; i += 2) y = matmul(matmul(y, a), b);
    return y;
  },
  { donate: 0 },
);

// Waiting for the queue ends the process on the null backend, which has nothing to wait for.
const staging = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
const idle = async (): Promise<unknown> => {
  if (backend !== 'null') return device.queue.onSubmittedWorkDone();
  await staging.mapAsync(GPUMapMode.READ);
  return staging.unmap();
};

let x = eye(8, 8);
for (let i = 0; i < 5; i++) {
  x = program(x, wide, tall);
  await x.data();
}
recorder.take();
[submits] = [0];
x = program(x, wide, tall);
const list = recorder.take();
const steady = submits;
await x.data();
if (list.length === 0) throw new Error('the program was not submitted when its call returned');
recorder.stop();
device.queue.submit = submit;

const groups = list.map((r) => r.groups.map(([i, g]) => [i, recorder.descriptor(g)!] as const));
const ways: readonly (readonly [string, () => void])[] = [
  [
    `cotangent: a call of the program, ${steady} submit`,
    () => {
      x = program(x, wide, tall);
    },
  ],
  [
    'raw: bind groups kept, one pass, one submit',
    () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      encode(pass, list);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
  ],
  [
    'raw: encoder, pass, bind group and submit for each',
    () => {
      for (const [k, { pipeline, size }] of list.entries()) {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        for (const [i, descriptor] of groups[k]!) pass.setBindGroup(i, device.createBindGroup(descriptor));
        pass.dispatchWorkgroups(...(size as [number, number?, number?]));
        pass.end();
        device.queue.submit([encoder.finish()]);
      }
    },
  ],
];
const times = ways.map((): number[] => []);
// In blocks, so that the garbage of one way is not collected in the time of another; the first rounds are the engine's to compile in.
for (let round = -ROUNDS / 4; round < ROUNDS; round++)
  for (const [i, [, run]] of ways.entries()) {
    const block: number[] = [];
    for (let k = -2; k < BLOCK; k++) {
      const t = performance.now();
      run();
      const us = (1000 * (performance.now() - t)) / list.length;
      await (i === 0 ? x.data() : idle());
      if (k >= 0) block.push(us);
    }
    if (round >= 0) times[i]!.push(...block);
  }
const costs = ways.map(([what], i): DispatchCost => {
  const sorted = times[i]!.sort((a, b) => a - b);
  return { what, dispatches: list.length, best: sorted[0]!, median: sorted[sorted.length >> 1]! };
});
const { vendor, architecture, description } = adapter.info;
const answer: DispatchReport = {
  backend,
  adapter: [vendor, architecture, description].join(' ').trim(),
  rounds: ROUNDS * BLOCK,
  costs,
};
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
