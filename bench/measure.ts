// How figures are taken: children made ready, results compared, rounds of alternation, first calls, memory over many steps.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startPeer, writeInputs, type Library, type Peer, type StartOptions } from './peer.ts';
import type { LatencyRow, MemoryRow, Row } from './report.ts';
import type { Workload } from './workloads.ts';

/** Slower runs get few rounds, of one run each. */
const SLOW_MS = 1500;
const roundsFor = (ms: number): number => (ms > 15_000 ? 1 : ms > 5_000 ? 2 : ms > SLOW_MS ? 3 : Infinity);
const RTOL = 1e-3;
/** Longest time given to one row of the memory table. */
const MEMORY_MS = 180_000;

const median = (xs: readonly number[]): number => {
  const s = [...xs].sort((a, b) => a - b);
  return s.length % 2 === 1 ? s[s.length >> 1]! : (s[s.length / 2 - 1]! + s[s.length / 2]!) / 2;
};

const shuffled = <T>(xs: readonly T[]): T[] =>
  xs
    .map((x) => [Math.random(), x] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, x]) => x);

/**
 * Largest |a - b| / (|b| + scale), the measure that has to stay under the tolerance; the scale is the root mean square of b, or
 * for a training step the largest change of the loss (its first loss counts by itself). Infinite when the shapes or NaNs differ.
 */
const difference = (w: Workload, a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length) return Infinity;
  const scale = w.step ? Math.max(...b.slice(1).map(Math.abs)) : Math.sqrt(b.reduce((s, v) => s + v * v, 0) / b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!) / (Math.abs(b[i]!) + (w.step && i === 0 ? 0 : scale) + 1e-30);
    if (!(d <= worst)) worst = Number.isNaN(d) ? Infinity : d;
  }
  return worst;
};

const readValues = (file: string): Float32Array => new Float32Array(new Uint8Array(readFileSync(file)).buffer);

/** The value, or the message of what was thrown. */
export const attempt = async <T>(f: () => Promise<T>): Promise<T | string> => {
  try {
    return await f();
  } catch (e) {
    return (e as Error).message;
  }
};

interface Ready {
  readonly peer: Peer;
  readonly firstMs: number;
  readonly values: Float32Array;
}

/** Starts a library on a workload and takes its result, or says why it can not. */
const prepare = async (library: Library, w: Workload, folder: string, start: StartOptions): Promise<Ready | string> => {
  const peer = await attempt(() => startPeer(library, start));
  if (typeof peer === 'string') return peer;
  const setup = await attempt(() => peer.ask({ command: 'setup', workload: w.name, folder }));
  if (typeof setup === 'string') return setup;
  const no = setup.cannot ?? setup.error;
  if (no !== undefined) {
    peer.quit();
    return no;
  }
  const file = join(folder, `result-${library.name}.bin`);
  const result = await attempt(() => peer.ask({ command: 'result', file }));
  if (typeof result === 'string') return result;
  if (result.error !== undefined) {
    peer.quit();
    return result.error;
  }
  return { peer, firstMs: setup.firstMs!, values: readValues(file) };
};

/** One workload on every library: results compared first, then rounds in shuffled order. */
export const timeWorkload = async (
  w: Workload,
  used: readonly Library[],
  rounds: number,
  start: StartOptions,
  versions: Record<string, Readonly<Record<string, string>>>,
): Promise<Row[]> => {
  const folder = writeInputs(w);
  const rows: Row[] = [];
  const ready: Ready[] = [];
  let reference: Ready | undefined;
  for (const library of used) {
    const r = await prepare(library, w, folder, start);
    if (typeof r === 'string') {
      rows.push({ workload: w.name, library: library.name, cannot: r.split('\n')[0]! });
      continue;
    }
    versions[library.name] = r.peer.versions;
    reference ??= r;
    const error = difference(w, r.values, reference.values);
    if (error > RTOL) {
      rows.push({
        workload: w.name,
        library: library.name,
        cannot: `result differs from ${reference.peer.library.name} by ${error.toExponential(1)}`,
        error,
      });
      r.peer.quit();
    } else ready.push(r);
  }
  const times = new Map(ready.map((r) => [r, [] as number[]]));
  const cpu = new Map(ready.map((r) => [r, [] as number[]]));
  const failed = new Map<Ready, string>();
  for (let round = -1; round < rounds; round++) {
    for (const r of shuffled(ready)) {
      const fastest = Math.min(...times.get(r)!, r.firstMs);
      const slow = fastest > SLOW_MS;
      if (failed.has(r) || (slow && (round === -1 || round >= roundsFor(fastest)))) continue;
      const answer = await attempt(() =>
        r.peer.ask({
          command: 'time',
          minMs: round === -1 ? 400 : 250,
          minRuns: slow ? 1 : 5,
          maxMs: slow ? 1 : 4000,
        }),
      );
      if (typeof answer === 'string' || answer.times === undefined) {
        failed.set(r, typeof answer === 'string' ? answer : (answer.error ?? 'no times'));
        continue;
      }
      if (round < 0) continue;
      times.get(r)!.push(...answer.times);
      if (typeof answer.cpuMs === 'number') cpu.get(r)!.push(answer.cpuMs / w.calls);
    }
  }
  for (const [r, all] of times) {
    r.peer.quit();
    const why = failed.get(r);
    if (why !== undefined) {
      rows.push({ workload: w.name, library: r.peer.library.name, cannot: why.split('\n')[0]! });
      continue;
    }
    const per = all.map((ms) => (w.unit === 'us' ? ms * 1000 : ms) / w.calls);
    rows.push({
      workload: w.name,
      library: r.peer.library.name,
      best: Math.min(...per),
      median: median(per),
      runs: per.length,
      ...(cpu.get(r)!.length > 0 ? { cpuMs: median(cpu.get(r)!) } : {}),
      firstMs: r.firstMs,
      error: difference(w, r.values, reference!.values),
    });
  }
  rmSync(folder, { recursive: true });
  return rows;
};

/** Import and first calls of a training step in a fresh process; undefined where the library can not. */
export const latencyOf = async (
  w: Workload,
  library: Library,
  start: StartOptions,
): Promise<LatencyRow | undefined> => {
  const folder = writeInputs(w);
  try {
    const peer = await startPeer(library, start);
    const cold = await peer.ask({ command: 'setup', workload: w.name, folder });
    if (cold.firstMs === undefined) {
      peer.quit();
      return undefined;
    }
    const warm = await peer.ask({ command: 'setup', workload: w.name, folder });
    peer.quit();
    return {
      workload: w.name,
      library: library.name,
      importMs: peer.importMs,
      coldMs: cold.firstMs,
      warmMs: warm.firstMs!,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Least-squares slope in units of y for one x. */
const slope = (points: readonly (readonly [number, number])[]): number => {
  const mean = (k: 0 | 1): number => points.reduce((s, p) => s + p[k], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  return points.reduce((s, [x, y]) => s + (x - mx) * (y - my), 0) / points.reduce((s, [x]) => s + (x - mx) ** 2, 0);
};

/** Peak and slopes of memory over many steps in a fresh process; undefined where the library can not, or is too slow to wait for. */
export const memoryOf = async (
  w: Workload,
  library: Library,
  start: StartOptions,
  most: number,
): Promise<MemoryRow | undefined> => {
  const folder = writeInputs(w);
  try {
    const peer = await startPeer(library, start);
    const first = await peer.ask({ command: 'setup', workload: w.name, folder });
    const paced =
      first.firstMs === undefined
        ? undefined
        : await peer.ask({ command: 'time', minMs: 1000, minRuns: 3, maxMs: 5000 });
    if (paced?.times === undefined || median(paced.times) > SLOW_MS) {
      peer.quit();
      return undefined;
    }
    // A slow peer is not worth more than some minutes.
    const runs = Math.min(most, Math.floor(MEMORY_MS / median(paced.times)));
    const answer = await peer.ask({ command: 'memory', runs, every: Math.max(1, Math.floor(runs / 40)) });
    peer.quit();
    if (answer.samples === undefined) throw new Error(`${library.name} on ${w.name}: ${answer.error}`);
    const late = answer.samples.filter((s) => s['run']! > runs / 2);
    const slopes = Object.fromEntries(
      ['rss', 'arrayBuffers', 'own']
        .filter((k) => late[0]?.[k] !== undefined)
        .map((k) => [k, slope(late.map((s) => [s['run']!, s[k]!]))]),
    );
    return { workload: w.name, library: library.name, runs, peakBytes: answer.peak!, slopeBytesPerStep: slopes };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
