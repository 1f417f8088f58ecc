// Speed of the generated matrix products in GF/s: `npx tsx bench/micro/gemm.ts [sizes...]`; sizes are n or MxNxK.
// `--variant=mr,nv,ku` fixes the register tile; `--cpu` counts processor time instead of the clock's, for machines that are busy otherwise.
import { moduleBuilder } from '../../src/wasm/encode.ts';
import { features } from '../../src/wasm/features.ts';
import { emitGemm } from '../../src/wasm/gemm.ts';
import type { GemmSpec, GemmVariant } from '../../src/wasm/gemm.ts';

const FORMS = ['NN', 'NT', 'TN', 'TT'] as const;
const sizes = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const shapes = (sizes.length > 0 ? sizes : ['128', '256', '512', '768', '1024']).map((size) => {
  const [m, n = m, k = m] = size.split('x').map(Number) as [number, number?, number?];
  return { m, n, k };
});
const now = process.argv.includes('--cpu')
  ? (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
  : (): number => performance.now();
const option = process.argv
  .find((arg) => arg.startsWith('--variant='))
  ?.slice(10)
  .split(',')
  .map(Number);
const variant: GemmVariant | null =
  option === undefined ? null : { mr: option[0]!, nv: option[1]!, ku: option[2] ?? 1 };

const time = (
  { m, n, k }: (typeof shapes)[number],
  form: (typeof FORMS)[number],
): { readonly gflops: number; readonly ms: number; readonly mode: string } => {
  const spec: GemmSpec = {
    type: 'f32',
    m,
    n,
    k,
    a: { kind: 'strided', ...(form[0] === 'N' ? { m: k, k: 1 } : { m: 1, k: m }) },
    b: { kind: 'strided', ...(form[1] === 'N' ? { k: n, n: 1 } : { k: 1, n: k }) },
    c: { kind: 'output', row: n },
    ...(variant === null ? {} : { variant }),
  };
  const module = moduleBuilder({ memory: { import: ['env', 'memory'] } });
  const gemm = emitGemm(module, spec);
  module.export('gemm', gemm.func);
  const [a, b, c, scratch] = [0, 4 * m * k, 4 * (m * k + k * n), Math.ceil((m * k + k * n + m * n) / 16) * 64] as const;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((scratch + gemm.scratchBytes) / 65536) + 1 });
  const data = new Float32Array(memory.buffer, 0, m * k + k * n);
  for (let i = 0; i < data.length; i++) data[i] = ((i * 7919) % 1000) / 1000 - 0.5;
  const run = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } }).exports['gemm'] as (
    ...args: readonly number[]
  ) => void;
  const repeat = Math.max(1, Math.floor(2e6 / (m * n * k)));
  const once = (): number => {
    const start = now();
    for (let i = 0; i < repeat; i++) run(a, b, c, scratch, 0, gemm.rows);
    return (now() - start) / repeat;
  };
  const warm = performance.now();
  while (performance.now() - warm < 150) once();
  let ms = Infinity;
  const start = performance.now();
  while (performance.now() - start < 400) ms = Math.min(ms, once());
  return { gflops: (2 * m * n * k) / ms / 1e6, ms, mode: gemm.plan.mode };
};

console.log(
  `node ${process.version}, relaxed SIMD ${features().relaxedSimd}${variant === null ? '' : `, variant ${JSON.stringify(variant)}`}; best of runs: GF/s (ms)`,
);
for (const shape of shapes) {
  const cells = FORMS.map((form) => {
    const { gflops, ms, mode } = time(shape, form);
    return `${form} ${gflops.toFixed(1)} (${ms.toPrecision(4)} ${mode})`;
  });
  console.log(`${shape.m}x${shape.n}x${shape.k}`.padEnd(16), cells.join('  '));
}
