// Times every kernel of a workload's compiled program by itself. Run: npx tsx bench/micro/kernels.ts <workload> [code]
import { byteSize, hostView } from '../../src/core/dtype.ts';
import { defaultDevice } from '../../src/index.ts';
import type { Backend } from '../../src/jit/backend.ts';
import type { Plan } from '../../src/jit/kernel.ts';
import { disassemble } from '../../src/wasm/disassemble.ts';
import { features } from '../../src/wasm/features.ts';
import { emitModule } from '../../src/wasm/module.ts';
import { random } from '../../test/wasm/kernels.ts';
import { adapter } from '../adapters/cotangent.ts';
import { workloads } from '../workloads.ts';

const wanted = process.argv[2] ?? 'mlp';
const plans: Plan[] = [];
const device = defaultDevice() as { compile: Backend['compile'] };
const compile = device.compile;
device.compile = (program, donated) => {
  const e = compile(program, donated);
  plans.push((e as unknown as { plan: Plan }).plan);
  return e;
};

const w = workloads.find((x) => x.name === wanted)!;
const { cases } = await adapter.load();
const setup = cases[wanted];
if (typeof setup !== 'function') throw new Error(`no workload ${wanted}`);
const c = await setup(w.inputs());
await c.run();
await c.run();
const plan = plans.reduce((a, b) => (b.kernels.length > a.kernels.length ? b : a));

const relaxed = features().relaxedSimd;
let at = 1024;
const take = (bytes: number): number => {
  const start = at;
  at = Math.ceil((at + bytes + 64) / 64) * 64;
  return start;
};
const bytesOf = (id: number): number => plan.buffers.get(id)!.length * byteSize(plan.buffers.get(id)!.dtype);
const parts = plan.kernels.map((k) => emitModule({ ...plan, kernels: [k] }, { relaxed }));
const inputs = plan.inputs.map((id) => take(bytesOf(id)));
const outputs = plan.outputs.map((id, j) => (plan.aliases.has(j) ? inputs[plan.aliases.get(j)!]! : take(bytesOf(id))));
const arena = take(plan.arenaBytes + Math.max(...parts.map((p) => p.scratchBytes)));
const table = take(4 * (1 + inputs.length + outputs.length));
const memory = new WebAssembly.Memory({ initial: Math.ceil((at + 65536) / 65536) });
plan.inputs.forEach((id, i) => {
  const { dtype, length } = plan.buffers.get(id)!;
  const x = random(dtype, length, i + 1);
  if (dtype === 'int32') x.forEach((v, j) => (x[j] = Math.abs(v) % 10));
  hostView(dtype, memory.buffer, inputs[i]!, length).set(x as never);
});
new Int32Array(memory.buffer, table).set([arena, ...inputs, ...outputs]);
const runs = parts.map(({ bytes }) => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), { env: { memory } });
  return () => (exports['run'] as (t: number) => void)(table);
});
const best = runs.map(() => Infinity);
for (let round = 0; round < 40; round++) {
  runs.forEach((run, i) => {
    const [t, u] = [performance.now(), process.cpuUsage()];
    run();
    const { user, system } = process.cpuUsage(u);
    const wall = performance.now() - t;
    best[i] = Math.min(best[i]!, wall > 2 ? Math.min(wall, (user + system) / 1000) : wall);
  });
}
const describe = (i: number): string => {
  const k = plan.kernels[i]!;
  const size = (vs: readonly { readonly extent: number }[]): string => `[${vs.map((v) => v.extent).join()}]`;
  if (k.kind === 'loop')
    return `${size(k.outer)} ${k.stages.map((s) => `${size(s.axes)}${s.actions.map((a) => a.kind[0]).join('')}`).join(' ')}`;
  if (k.kind === 'contract')
    return `${size(k.batch)} m ${size(k.m)} n ${size(k.n)} k ${size(k.k)} ${k.a.op} ${k.b.op} -> ${k.epilogue.map((s) => s.value.op).join()}`;
  return k.kind === 'multi' ? `${k.parts.length} parts` : '';
};
best.forEach((ms, i) => {
  const k = plan.kernels[i]!;
  console.log(
    `${String(i).padStart(3)} ${ms.toFixed(3).padStart(8)} ms ${k.kind.padEnd(9)} ${k.name.padEnd(30)} ${describe(i)}  ${parts[i]!.bytes.length} bytes`,
  );
  if (process.argv.includes('code'))
    for (const g of disassemble(parts[i]!.bytes))
      for (const l of g.innerLoops) console.log(`      ${g.name}: ${l.length} ${l.join(' ').slice(0, 600)}`);
});
console.log(`${best.reduce((a, b) => a + b, 0).toFixed(2)} ms in ${best.length} kernels`);
