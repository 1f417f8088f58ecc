// The benchmark: every library on every workload, in alternation, results compared before any is timed. `npm run bench -- --help`.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { attempt, latencyOf, memoryOf, timeWorkload } from './measure.ts';
import { closeBrowsers } from './chromium.ts';
import { dispatchCost, roofline } from './gpu-only.ts';
import {
  buildChildren,
  findTorch,
  gpuLibraries,
  libraries,
  type Library,
  type Place,
  type StartOptions,
} from './peer.ts';
import { machine, printTable, writeReport, type Report } from './report.ts';
import { gpuWorkloads, workloads, type Workload } from './workloads.ts';

const HELP = `npm run bench -- [options]
  --only <regex>     workloads whose name matches (default all, with --gpu ${gpuWorkloads.join(', ')})
  --libs <a,b>       of ${libraries.map((l) => l.name).join(', ')} (default all; --gpu has no cotangent-relaxed)
  --gpu              the libraries on WebGPU: a table for each place
  --place <a,b>      with --gpu: dawn (Node), chromium (default both)
  --dispatch         only: what a dispatch costs the CPU in Node through Dawn
  --roofline         only: kernels against what the GPU itself was measured to do
  --size <n>         with --roofline: side of the matrix product (default 4096, on a software driver 512)
  --node <path>      the Node that runs the JavaScript libraries (default this one)
  --rounds <n>       rounds of alternation (default 5)
  --latency          also: import, first call cold and warm of each training step
  --memory           also: peak memory and its slope over --runs steps (default 1000)
  --no-timing        only what --latency and --memory ask for
  --out <folder>     where the report goes (default bench/results); --no-report writes none`;

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

const options = ((): ReturnType<typeof read> => {
  try {
    return read();
  } catch (e) {
    return fail(`${(e as Error).message}\n\n${HELP}`);
  }
})();
function read() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      libs: { type: 'string' },
      gpu: { type: 'boolean', default: false },
      place: { type: 'string', default: 'dawn,chromium' },
      dispatch: { type: 'boolean', default: false },
      roofline: { type: 'boolean', default: false },
      size: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      rounds: { type: 'string', default: '5' },
      latency: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
      runs: { type: 'string', default: '1000' },
      'no-timing': { type: 'boolean', default: false },
      'no-report': { type: 'boolean', default: false },
      out: { type: 'string', default: join(import.meta.dirname, 'results') },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const chosen = workloads.filter((w) =>
  options.only === undefined && options.gpu
    ? gpuWorkloads.includes(w.name)
    : new RegExp(options.only ?? '.').test(w.name),
);
const wanted = options.libs?.split(',');
for (const name of wanted ?? [])
  if (!libraries.some((l) => l.name === name)) fail(`no library named ${name}\n\n${HELP}`);
const among = (all: readonly Library[]): readonly Library[] =>
  all.filter((l) => wanted === undefined || wanted.includes(l.name));
const places = options.place.split(',').map((place): Place => {
  if (place !== 'dawn' && place !== 'chromium') return fail(`no place named ${place}\n\n${HELP}`);
  return place;
});
/** Each becomes a table and a report. */
const sessions: readonly { readonly place?: Place; readonly used: readonly Library[] }[] = options.gpu
  ? places.map((place) => ({ place, used: among(gpuLibraries(place)) }))
  : [{ used: among(libraries) }];
const everyone = sessions.flatMap(({ used }) => used);
const count = (name: 'rounds' | 'runs'): number => {
  const n = Number(options[name]);
  return Number.isInteger(n) && n > 0 ? n : fail(`--${name} takes a positive whole number, not ${options[name]}`);
};
const rounds = count('rounds');
const runs = count('runs');

if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  console.log('installing the libraries to compare with (npm ci in bench/)');
  execFileSync('npm', ['--prefix', import.meta.dirname, 'ci'], { stdio: 'inherit' });
}
await buildChildren(everyone);
const nodeInfo = JSON.parse(
  execFileSync(options.node, ['-p', 'JSON.stringify({node:process.versions.node,v8:process.versions.v8})']).toString(),
) as { node: string; v8: string };
const probe =
  'process.exit(WebAssembly.validate(Uint8Array.from([0,97,115,109,1,0,0,0,1,8,1,96,3,123,123,123,1,123,3,2,1,0,10,13,1,11,0,32,0,32,1,32,2,253,133,2,11]))?0:1)';
const needsRelaxedFlag = spawnSync(options.node, ['-e', probe]).status !== 0;
const python = everyone.some((l) => l.adapter === 'torch') ? findTorch() : undefined;
if (options.dispatch || options.roofline) {
  const out = options['no-report'] ? undefined : options.out;
  if (options.dispatch) await dispatchCost(options.node, nodeInfo, out);
  if (options.roofline) await roofline(options.node, nodeInfo, out, options.size);
  process.exit(0);
}
const startFor = (w: Workload): StartOptions => ({ node: options.node, needsRelaxedFlag, python, calls: w.calls });

/** Keeps a row, or says why there is none. */
const keep = <T extends object>(rows: T[], library: string, row: T | string | undefined): void => {
  if (typeof row === 'object') rows.push(row);
  console.log(library, row ?? 'no figure');
};

for (const { place, used } of sessions) {
  const report: Report = {
    ...machine(),
    ...nodeInfo,
    ...(place === undefined ? {} : { place }),
    relaxedByDefault: !needsRelaxedFlag,
    rounds,
    versions: {},
    rows: [],
    latency: [],
    memory: [],
  };
  for (const w of chosen) {
    if (!options['no-timing']) {
      const rows = await timeWorkload(w, used, rounds, startFor(w), report.versions);
      report.rows.push(...rows);
      printTable([w], used, rows);
    }
    if (!w.step) continue;
    for (const library of used) {
      if (options.latency) keep(report.latency, library.name, await attempt(() => latencyOf(w, library, startFor(w))));
      if (options.memory)
        keep(report.memory, library.name, await attempt(() => memoryOf(w, library, startFor(w), runs)));
    }
  }
  if (!options['no-report']) console.log(`\nwritten: ${writeReport(report, workloads, used, options.out)}`);
}
await closeBrowsers();
