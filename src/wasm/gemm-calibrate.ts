// Which micro-kernel of GEMM is fastest on this engine and machine: measured once a process, among variants that give the same bits.
import { moduleBuilder } from './encode.ts';
import { features } from './features.ts';
import { stripeKernel } from './gemm-kernel.ts';
import type { GemmType } from './gemm-kernel.ts';
import type { GemmVariant } from './gemm-plan.ts';

/** Best or nearly so wherever nothing has been measured: eight sums fit in the registers of every engine we know. */
const DEFAULT: GemmVariant = { mr: 4, nv: 2, ku: 1 };

/**
 * Without fused multiply-add, whose product needs a register more, 4x8 wins, or 6x8 where there are 32 registers; with
 * it 3x12 or 6x8, or 6x16 where the engine joins pairs of 128-bit instructions into 256-bit ones, which only timing can
 * tell.
 */
const candidates = (fma: boolean): readonly GemmVariant[] =>
  fma
    ? [DEFAULT, { mr: 3, nv: 3, ku: 1 }, { mr: 6, nv: 2, ku: 1 }, { mr: 6, nv: 4, ku: 1 }]
    : [DEFAULT, { mr: 6, nv: 2, ku: 1 }];

const STEPS = 256;
/** A multiple of every candidate's rows; enough that A comes from L2, as it does in use. */
const ROWS = 48;
const C_ROW = 256;
/** Engines start with slow code; this is how long we wait for the optimised one, per variant. */
const PATIENCE_MS = 10;

export interface Calibration {
  readonly variant: GemmVariant;
  readonly measured: readonly { readonly variant: GemmVariant; readonly gflops: number }[];
  readonly milliseconds: number;
}

let cached: Calibration | null = null;

/** Times the candidates (20 to 40 ms on V8, most of them waiting for its optimised code); later calls return the same. */
export const calibrate = (): Calibration => (cached ??= measure());

const measure = (): Calibration => {
  const began = performance.now();
  const { relaxedSimd: fma } = features();
  const m = moduleBuilder({ memory: { minPages: 3 } });
  const variants = candidates(fma);
  variants.forEach((variant, i) => {
    const { mr, nv, ku } = variant;
    m.export(
      `v${i}`,
      stripeKernel(m, {
        type: 'f32',
        mr,
        nv,
        ku,
        fma,
        aRow: STEPS,
        aStep: 1,
        bStep: nv * 4,
        cRow: C_ROW,
        lastLanes: 4,
        padded: true,
      }),
    );
  });
  const kernels = new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports;
  const [aAt, bAt, cAt] = [0, STEPS * ROWS * 4, STEPS * (ROWS + 16) * 4];

  // a browser's clock may tick every 0.1 ms
  let tick = performance.now();
  const from = tick;
  while (tick === from) tick = performance.now();
  const sliceMs = tick - from > 0.02 ? 2 : 0.1;

  const runs = variants.map((variant, i) => ({
    variant,
    kernel: kernels[`v${i}`] as (...args: readonly number[]) => void,
    repeat: 1,
    first: 0,
    best: 0,
  }));
  const slice = (run: (typeof runs)[number]): void => {
    const { kernel, variant } = run;
    const start = performance.now();
    for (let i = 0; i < run.repeat; i++) kernel(aAt, bAt, cAt, STEPS, ROWS / variant.mr, 1);
    const ms = performance.now() - start;
    const speed = (2 * ROWS * variant.nv * 4 * STEPS * run.repeat) / Math.max(ms, sliceMs / 8) / 1e6;
    if (run.first === 0) run.first = speed;
    if (ms < sliceMs) run.repeat *= 2;
    else run.best = Math.max(run.best, speed);
  };
  // the first call compiles; the second shows the speed of the slow code
  for (const { kernel, variant } of runs) kernel(aAt, bAt, cAt, STEPS, ROWS / variant.mr, 1);
  const optimised = (): boolean => runs.every(({ first, best }) => best > 2 * first);
  while (!optimised() && performance.now() - began < PATIENCE_MS * runs.length) runs.forEach(slice);
  for (let i = 0; i < 4; i++) runs.forEach(slice);

  const ranking = [...runs].sort((x, y) => y.best - x.best);
  return {
    variant: ranking[0]!.variant,
    measured: runs.map(({ variant, best }) => ({ variant, gflops: best })),
    milliseconds: performance.now() - began,
  };
};

/** Below this many multiplications in one product (3 to 6 ms), measuring would cost more than it brings. */
const WORTH_MEASURING = 2 ** 27;

/** The register tile to use for a product of that many multiplications. */
export const favouriteVariant = (type: GemmType, multiplications: number): GemmVariant => {
  if (type === 'i32') return DEFAULT;
  if (multiplications >= WORTH_MEASURING) return calibrate().variant;
  return cached?.variant ?? DEFAULT;
};
