// Runs the four kinds of loop for long and watches memory: npm run soak [-- 100000 iterations]
import { add, devicePut, devices, fromTypedArray, jit, mul, type Tensor } from '../src/index.ts';

const iterations = Number(process.argv[2] ?? 30_000);
if (!Number.isInteger(iterations) || iterations < 1000) throw new Error('soak: give a whole number of at least 1000');

const elements = 16_384;
const budget = 32 * 2 ** 20;
const mb = (n: number): string => `${(n / 2 ** 20).toFixed(1)} MB`.padStart(10);

const update = (y: Tensor, x: Tensor): Tensor => add(mul(y, 0.5), x);
const compiled = jit(update);
const donating = jit(update, { donate: [0] });
const loops: Readonly<Record<string, (y: Tensor, x: Tensor, i: number) => Tensor | Promise<Tensor>>> = {
  'eager, synchronous': update,
  'eager, awaiting': async (y, x) => {
    const next = update(y, x);
    await next.data();
    return next;
  },
  'jitted, read every tenth': async (y, x, i) => {
    const next = compiled(y, x);
    if (i % 10 === 0) await next.data();
    return next;
  },
  'jitted, donating': donating,
};

console.log(
  `${iterations} iterations of ${mb(4 * elements).trim()} values, budget ${mb(budget).trim()}: highest, by halves`,
);
console.log(`${''.padEnd(26)} resident bytes           JS buffers               process`);
for (const [name, step] of Object.entries(loops)) {
  const device = devices.wasm({ budget });
  const x = devicePut(fromTypedArray(new Float32Array(elements).fill(1), [elements]), device);
  const peaks = [0, 1].map(() => ({ resident: 0, buffers: 0, process: 0 }));
  // A start of its own: donation consumes it, and x is needed in every step.
  let y = mul(x, 1);
  for (let i = 0; i < iterations; i++) {
    const next = step(y, x, i);
    // No await in a synchronous loop: collecting within one job is what it is about.
    y = next instanceof Promise ? await next : next;
    if (i < 500 || i % 20 !== 0) continue;
    const half = peaks[i < iterations / 2 ? 0 : 1];
    if (half === undefined) continue;
    const { arrayBuffers, rss } = process.memoryUsage();
    half.resident = Math.max(half.resident, device.memory().residentBytes);
    half.buffers = Math.max(half.buffers, arrayBuffers);
    half.process = Math.max(half.process, rss);
  }
  const row = (['resident', 'buffers', 'process'] as const).map((k) => peaks.map((p) => mb(p[k])).join(' '));
  const worst = Math.max(...peaks.map((p) => p.resident));
  const flat = worst <= 1.05 * budget;
  console.log(`${name.padEnd(26)} ${row.join('    ')}  ${flat ? 'flat' : 'OVER THE BUDGET'}`);
  if (!flat) process.exitCode = 1;
}
