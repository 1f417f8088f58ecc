// Measurements of the GPU backend alone, each in a process of its own: what a dispatch costs the CPU, and kernels against the GPU's own limits.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { swiftShaderEnv } from '../test/setup/swiftshader.ts';
import type { DispatchReport } from './dispatch.ts';
import { built, bundleScript } from './peer.ts';
import { figure, isSoftware, machine, markdownTable, shortGpu, slug, writeBoth } from './report.ts';
import type { RooflineReport } from './roofline.ts';

type Engine = { readonly node: string; readonly v8: string };

/** The last line of what a script prints, as JSON; bundled, so that no loader stands in the measured path. */
const run = async (node: string, script: string, args: readonly string[]): Promise<unknown> => {
  await bundleScript(script);
  const { status, signal, stdout } = spawnSync(node, [join(built, script.replace(/ts$/, 'js')), ...args], {
    env: { ...process.env, ...swiftShaderEnv() },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${signal ?? status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
};

const hardware = (gpu: string): string =>
  isSoftware(gpu)
    ? `${gpu}, a software driver: **real GPUs are unmeasured, none could be reached**`
    : gpu === ''
      ? 'no GPU at all (calls are validated and recorded, nothing is executed)'
      : gpu;

const finish = (out: string | undefined, name: string, data: object, text: string): void => {
  console.log(text);
  if (out !== undefined) console.log(`written: ${writeBoth(out, name, data, text)}`);
};

export const dispatchCost = async (node: string, engine: Engine, out: string | undefined): Promise<void> => {
  const reports: DispatchReport[] = [];
  for (const backend of ['null', '']) reports.push((await run(node, 'dispatch.ts', [backend])) as DispatchReport);
  const about = { ...machine(), ...engine };
  const text = [
    `# Cost of a dispatch, ${about.date}`,
    `${about.cpu}, ${about.cores} cores; Node ${about.node} (V8 ${about.v8}), Dawn of the package webgpu; commit ${about.commit}. Time from call to return, before the GPU is done, divided by the dispatches: a jitted program of kernels that depend on each other and cannot be fused, and raw loops over the same dispatches with the same pipelines and buffers; the three alternate in one process. Microseconds a dispatch, lower is better.`,
    ...reports.flatMap((r) => [
      `${r.backend === 'null' ? "Dawn's null backend" : "The system's driver"}: ${hardware(r.adapter)}; ${r.rounds} rounds.`,
      markdownTable(
        ['what', 'dispatches', 'best', 'median'],
        r.costs.map((c) => [c.what, String(c.dispatches), figure(c.best), figure(c.median)]),
      ),
    ]),
  ].join('\n\n');
  const gpu = shortGpu(reports[1]!.adapter);
  finish(out, `${about.date}-${slug(about.cpu)}-webgpu-${gpu}-dispatch`, { ...about, reports }, `${text}\n`);
};

export const roofline = async (
  node: string,
  engine: Engine,
  out: string | undefined,
  size: string | undefined,
): Promise<void> => {
  const r = (await run(node, 'roofline.ts', size === undefined ? [] : [size])) as RooflineReport;
  const about = { ...machine(), ...engine };
  const text = [
    `# Kernels against the limits of the GPU, ${about.date}`,
    `${hardware(r.adapter)}; driver ${r.driver}; ${about.cpu}, ${about.cores} cores; Node ${about.node} (V8 ${about.v8}); commit ${about.commit}.${isSoftware(r.adapter) ? ' Sizes are small here: the figures show that the measurement works, nothing else.' : ''}`,
    `Measured limits: ${figure(r.peakGflops)} GF/s of float32 multiply-adds in registers, ${figure(r.copyGBs)} GB/s copying ${(r.copyBytes / 2 ** 20).toFixed(0)} MiB (reading and writing both counted). Each time is of ${r.chained} chained runs and one wait, median of ${r.rounds}.`,
    markdownTable(
      ['what', 'ms', 'achieved', 'limit', 'share of it'],
      r.rows.map((x) => [
        x.what,
        figure(x.ms),
        `${figure(x.achieved)} ${x.unit}`,
        `${figure(x.limit)} ${x.unit}`,
        `${(100 * x.share).toFixed(0)} %`,
      ]),
    ),
  ].join('\n\n');
  finish(
    out,
    `${about.date}-${slug(about.cpu)}-webgpu-${shortGpu(r.adapter)}-roofline`,
    { ...about, ...r },
    `${text}\n`,
  );
};
