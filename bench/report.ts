// What a benchmark run leaves: a table on the terminal, and a JSON and a markdown file with hardware, versions and date.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Library, Place } from './peer.ts';
import type { Workload } from './workloads.ts';

export interface Row {
  readonly workload: string;
  readonly library: string;
  /** Why there is no figure. */
  readonly cannot?: string;
  readonly best?: number;
  readonly median?: number;
  readonly runs?: number;
  /** Milliseconds of all threads of the process together for a run, where they can be counted: a software driver has several. */
  readonly cpuMs?: number;
  /** First call in a fresh process, tracing and compiling included. */
  readonly firstMs?: number;
  /** Largest relative difference to the reference library. */
  readonly error?: number;
}

export interface LatencyRow {
  readonly workload: string;
  readonly library: string;
  readonly importMs: number;
  readonly coldMs: number;
  readonly warmMs: number;
}

export interface MemoryRow {
  readonly workload: string;
  readonly library: string;
  readonly runs: number;
  readonly peakBytes: number;
  /** Least squares over the second half of the runs. */
  readonly slopeBytesPerStep: Readonly<Record<string, number>>;
}

export interface Report {
  readonly date: string;
  /** The commit measured, with a plus when files differed from it. */
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  /** Processes that wanted to run in the minute before: with more than cores, times say little. */
  readonly load: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly v8: string;
  /** Where the libraries used WebGPU, if that is what was measured. */
  readonly place?: Place;
  readonly relaxedByDefault: boolean;
  readonly rounds: number;
  readonly versions: Record<string, Readonly<Record<string, string>>>;
  readonly rows: Row[];
  readonly latency: LatencyRow[];
  readonly memory: MemoryRow[];
}

const commit = (): string => {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { cwd: import.meta.dirname })
      .stdout?.toString()
      .trim() ?? '';
  const hash = git('rev-parse', '--short', 'HEAD');
  return hash === '' ? 'unknown' : hash + (git('status', '--porcelain', '--', '../src') === '' ? '' : '+');
};

export const machine = (): Pick<Report, 'date' | 'commit' | 'cpu' | 'cores' | 'load' | 'memoryGiB'> => ({
  date: new Date().toISOString().slice(0, 10),
  commit: commit(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  load: Math.round(loadavg()[0]! * 10) / 10,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
});

export const figure = (x: number | undefined): string =>
  x === undefined ? '—' : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);

const cellOf = (row: Row | undefined): string =>
  row === undefined ? '—' : row.best === undefined ? 'cannot' : `${figure(row.best)} (${figure(row.median)})`;

/** Best to best on the CPU; medians on a GPU, whose driver may have threads of its own. */
const ratio = (rows: readonly Row[], name: string, to: string, by: 'best' | 'median'): string => {
  const find = (l: string): number | undefined => rows.find((r) => r.library === l)?.[by];
  const [a, b] = [find(name), find(to)];
  return a === undefined || b === undefined ? '—' : `${(a / b).toFixed(2)}`;
};

/** One line a workload: best (median) of each library, and our ratios to the others that matter there. */
const table = (
  list: readonly Workload[],
  used: readonly Library[],
  rows: readonly Row[],
): { readonly head: string[]; readonly body: string[][] } => {
  const ours = used.filter((l) => l.adapter === 'cotangent').map((l) => l.name);
  const subjects = ours.length > 0 ? ours : used.filter((l) => l.adapter === 'jaxjs').map((l) => l.name);
  const gpu = used.some((l) => l.gpu !== undefined);
  const ratios = subjects.flatMap((s) => ['tfjs', gpu ? 'jaxjs' : 'torch'].map((to) => [s, to] as const));
  return {
    head: ['workload', 'unit', ...used.map((l) => l.name), ...ratios.map(([s, to]) => `${s}/${to}`)],
    body: list.map((w) => {
      const mine = rows.filter((r) => r.workload === w.name);
      return [
        w.title,
        w.unit,
        ...used.map((l) => cellOf(mine.find((r) => r.library === l.name))),
        ...ratios.map(([s, to]) => ratio(mine, s, to, gpu ? 'median' : 'best')),
      ];
    }),
  };
};

export const printTable = (list: readonly Workload[], used: readonly Library[], rows: readonly Row[]): void => {
  const { head, body } = table(list, used, rows);
  const widths = head.map((h, i) => Math.max(h.length, ...body.map((r) => r[i]!.length), i === 0 ? 46 : 15));
  const line = (cells: readonly string[]): string => cells.map((c, i) => c.padEnd(widths[i]!)).join('  ');
  console.log(
    [
      line(head),
      ...body.map(line),
      ...(used.some((l) => l.gpu === 'dawn')
        ? [`  threads, ms: ${rows.map((r) => `${r.library} ${figure(r.cpuMs)}`).join(', ')}`]
        : []),
      ...rows.filter((r) => r.cannot !== undefined).map((r) => `  ${r.library}: ${r.cannot}`),
    ].join('\n'),
  );
};

export const markdownTable = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export const slug = (s: string): string =>
  s
    .toLowerCase()
    .replace(/\((r|tm)\)/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** Rows of a GPU on which another library was faster, and why if that is known. */
const slower = (r: Report, list: readonly Workload[], used: readonly Library[]): string[] => {
  const named = (name: string): Library | undefined => used.find((l) => l.name === name);
  const timed = r.rows.filter((row) => row.median !== undefined && named(row.library)?.gpu !== undefined);
  const ours = timed.filter((row) => named(row.library)!.adapter === 'cotangent');
  return ours.flatMap((mine) =>
    timed
      .filter((row) => row.workload === mine.workload && row.median! < mine.median!)
      .map(({ library, workload }) => {
        const { title, gpuNote } = list.find((w) => w.name === workload)!;
        return `- ${title}: ${library}${gpuNote === undefined ? '' : `. ${gpuNote}`}`;
      }),
  );
};

const gpuOf = (r: Report): string =>
  Object.values(r.versions).find((v) => v['gpu'] !== undefined)?.['gpu'] ?? 'unknown GPU';
export const isSoftware = (gpu: string): boolean => /swiftshader|llvmpipe|software/i.test(gpu);

/** A GPU in the name of a file. */
export const shortGpu = (gpu: string): string => (/swiftshader/i.test(gpu) ? 'swiftshader' : slug(gpu));

const places = { dawn: 'Dawn in Node', chromium: 'headless Chromium' } as const;

/** How it was measured, in words. */
const preamble = (r: Report): string => {
  const machine = `${r.cpu}, ${r.cores} cores (load ${r.load} at the start), ${r.memoryGiB} GiB; Node ${r.node} (V8 ${r.v8})`;
  const protocol = `each library in its own process, ${r.rounds} rounds of alternation (at most 3 of one run each where it takes more than 1.5 s, 2 above 5 s, 1 above 15 s); every result compared with that of the first library (relative 1e-3) before timing. Best (median), lower is better.`;
  if (r.place === undefined)
    return `${machine}, relaxed SIMD ${r.relaxedByDefault ? 'on' : 'off'} by default; commit ${r.commit}. One thread each, ${protocol} \`cotangent\` runs without relaxed SIMD, \`cotangent-relaxed\` with it, the others as the engine has it.`;
  const gpu = gpuOf(r);
  const software = isSoftware(gpu)
    ? ' That is a software driver on the CPU named above: **real GPUs are unmeasured, none could be reached**, and the figures say how much work the shaders do and how well they suit a CPU, not how fast a GPU is.'
    : '';
  return `WebGPU through ${places[r.place]} on ${gpu}; ${machine}; commit ${r.commit}.${software} PyTorch is on the CPU with one thread, for comparison of results; ${protocol} A run is complete when the GPU has done it; of a training step, when its loss has been read. Ratios are of medians.`;
};

const markdown = (r: Report, list: readonly Workload[], used: readonly Library[]): string => {
  const main = table(
    list.filter((w) => r.rows.some((row) => row.workload === w.name)),
    used,
    r.rows,
  );
  const versions = Object.entries(r.versions).map(
    ([name, v]) =>
      `- ${name}: ${Object.entries(v)
        .map(([k, x]) => `${k} ${x}`)
        .join(', ')}`,
  );
  const cannot = r.rows
    .filter((row) => row.cannot !== undefined)
    .map((row) => `- ${row.library}, ${row.workload}: ${row.cannot}`);
  const faster = slower(r, list, used);
  const sections = [
    `# Benchmark of ${r.date}`,
    preamble(r),
    versions.join('\n'),
    ...(r.rows.length > 0 ? [markdownTable(main.head, main.body)] : []),
    ...(faster.length > 0 ? [`Where another library is faster:\n\n${faster.join('\n')}`] : []),
    ...(cannot.length > 0 ? [`What could not be measured:\n\n${cannot.join('\n')}`] : []),
    ...(r.latency.length > 0
      ? [
          '## First call of a training step',
          'Import of the library; then building, tracing, compiling and running the step once in a fresh process (cold) and again in the same process (warm), ms.',
          markdownTable(
            ['step', 'library', 'import', 'cold', 'warm'],
            r.latency.map((l) => [l.workload, l.library, figure(l.importMs), figure(l.coldMs), figure(l.warmMs)]),
          ),
        ]
      : []),
    ...(r.memory.length > 0
      ? [
          '## Memory',
          "Peak resident set of the process, and slopes over the second half of the steps (least squares): resident set, JS array buffers, and bytes by the library's own count.",
          markdownTable(
            ['step', 'library', 'steps', 'peak', 'slope, bytes a step'],
            r.memory.map((m) => [
              m.workload,
              m.library,
              String(m.runs),
              mib(m.peakBytes),
              Object.entries(m.slopeBytesPerStep)
                .map(([k, v]) => `${k} ${v.toFixed(0)}`)
                .join(', '),
            ]),
          ),
        ]
      : []),
  ];
  return `${sections.join('\n\n')}\n`;
};

/** Writes `<date>-<cpu>-node<version>.json` and `.md`, of a GPU `<date>-<cpu>-webgpu-<gpu>-<place>`; returns their common path. */
export const writeReport = (r: Report, list: readonly Workload[], used: readonly Library[], folder: string): string => {
  const gpu = gpuOf(r);
  const subject = r.place === undefined ? `node${r.node}` : `webgpu-${shortGpu(gpu)}-${r.place}`;
  return writeBoth(folder, `${r.date}-${slug(r.cpu)}-${subject}`, r, markdown(r, list, used));
};

/** Writes a result as data and as text; returns their common path. */
export const writeBoth = (folder: string, name: string, data: object, text: string): string => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(`${path}.json`, `${JSON.stringify(data, null, 2)}\n`);
  writeFileSync(`${path}.md`, text);
  return `${path}.{json,md}`;
};
