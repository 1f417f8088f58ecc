// Memory planning: where every buffer of a schedule lives, so that no two live ones overlap and donated inputs are written over.
import { byteSize } from '../core/dtype.ts';
import type { Program } from '../core/program.ts';
import { buffersOf } from './buffers.ts';
import type { Limits } from './cluster.ts';
import type { BufferInfo, Kernel, Place, Plan } from './kernel.ts';
import { callsHost, type PlanPart } from './control.ts';
import { updateInPlace } from './in-place.ts';
import { writeOutRoutines } from './routines.ts';
import { schedule } from './schedule.ts';

const align = (n: number, to: number): number => Math.ceil(n / to) * to;
const bytes = (b: BufferInfo): number => b.length * byteSize(b.dtype);

/** First kernel that writes a buffer and last one that touches it. */
interface Life {
  readonly id: number;
  readonly bytes: number;
  readonly from: number;
  to: number;
}

/** Offsets such that buffers alive at the same kernel do not overlap: largest first, each at the lowest free place. */
export const packLives = (
  lives: readonly Life[],
  alignment: number,
): { readonly offsets: ReadonlyMap<number, number>; readonly total: number } => {
  const offsets = new Map<number, number>();
  const placed: { readonly life: Life; readonly at: number }[] = [];
  let total = 0;
  for (const life of [...lives].sort((a, b) => b.bytes - a.bytes || a.from - b.from)) {
    const others = placed.filter((p) => p.life.from <= life.to && life.from <= p.life.to).sort((a, b) => a.at - b.at);
    let at = 0;
    for (const o of others) {
      if (at + life.bytes <= o.at) break;
      at = Math.max(at, align(o.at + o.life.bytes, alignment));
    }
    offsets.set(life.id, at);
    placed.push({ life, at });
    total = Math.max(total, at + life.bytes);
  }
  return { offsets, total: align(total, alignment) };
};

/**
 * True where an output may be written over the donated input buffer `input`. `chain`: the buffers that share the output's memory, each an
 * update in place of the one before.
 */
const mayOverwrite = (kernels: readonly Kernel[], input: number, chain: readonly number[]): boolean => {
  const out = chain[0]!;
  let writer = -1;
  let lastRead = -1;
  kernels.forEach((k, i) => {
    const b = buffersOf(k);
    if (b.writes.includes(out)) writer = writer < 0 ? i : -2;
    if (b.reads.includes(input)) lastRead = i;
  });
  if (writer < 0 || lastRead > writer) return false;
  if (lastRead < writer) return true;
  const { readAt, writtenAt, readIn, writtenIn } = buffersOf(kernels[writer]!);
  // A later stage of the same kernel would read the result in place of the input.
  if ((readIn.get(input) ?? 0) > (writtenIn.get(out) ?? 0)) return false;
  const at = writtenAt.get(out);
  const reads = readAt.get(input);
  return at !== undefined && reads !== undefined && reads.size === 1 && reads.has(at);
};

/** True where a function of JS runs once `out` is being written: if it throws, what was there must still be there. */
const mayThrowAfter = (kernels: readonly Kernel[], out: number): boolean => {
  const writer = kernels.findIndex((k) => buffersOf(k).writes.includes(out));
  return kernels.some((k, i) => i >= writer && callsHost(k));
};

/** How memory may be shared. */
export interface PlanOptions {
  /** Positions of inputs whose memory any output may take. */
  readonly donated?: ReadonlySet<number>;
  /** Outputs that should take the memory of one certain input, as a loop's carry does. */
  readonly over?: ReadonlyMap<number, number>;
  /** No output shares memory with another or with an input (but as `over` says). */
  readonly own?: boolean;
}

const none: ReadonlySet<number> = new Set();

/** Schedules a simplified program and places its buffers. */
export const planProgram = (
  program: Program,
  limits: Limits,
  { donated = none, over, own = false }: PlanOptions = {},
): Plan => {
  const part: PlanPart = (p, pairs) => planProgram(p, limits, { over: pairs, own: true });
  const written = writeOutRoutines(program, limits);
  const fitting = limits.rewrite?.(written) ?? written;
  const scheduled = schedule(fitting, limits, part, own);
  const { inputs, outputs } = scheduled;
  const { kernels, buffers, chains, aliases } =
    limits.inPlace === true
      ? updateInPlace(scheduled.kernels, {
          ...scheduled,
          mayTake: (j, i, order, first) =>
            over?.has(j) === true ? over.get(j) === i : donated.has(i) && !mayThrowAfter(order, first),
        })
      : { ...scheduled, chains: [], aliases: new Map<number, number>() };
  const places = new Map<number, Place>();
  inputs.forEach((id, position) => places.set(id, { kind: 'input', position }));
  outputs.forEach((id, position) => {
    if (!places.has(id)) places.set(id, { kind: 'output', position });
  });

  // Buffers that share memory live in the place of the output among them, or as one.
  const shares = new Map<number, number>();
  for (const chain of chains) {
    const one = chain.find((id) => places.get(id)?.kind === 'output') ?? chain[0]!;
    for (const id of chain) if (id !== one && !places.has(id)) shares.set(id, one);
  }

  const lives = new Map<number, Life>();
  kernels.forEach((k, i) => {
    const { reads, writes } = buffersOf(k);
    for (const buffer of [...writes, ...reads]) {
      const id = shares.get(buffer) ?? buffer;
      if (places.has(id)) continue;
      const life = lives.get(id);
      if (life === undefined) lives.set(id, { id, bytes: bytes(buffers.get(id)!), from: i, to: i });
      else life.to = i;
    }
  });
  const { offsets, total } = packLives([...lives.values()], 64);
  for (const [id, offset] of offsets) places.set(id, { kind: 'arena', offset });
  for (const [id, one] of shares) places.set(id, places.get(one)!);

  const taken = new Set<number>(aliases.values());
  outputs.forEach((id, j) => {
    const place = places.get(id)!;
    if (place.kind !== 'output' || place.position !== j || aliases.has(j)) return;
    const chain = chains.find((c) => c.includes(id)) ?? [id];
    const only = over?.get(j);
    if (only === undefined && donated.size > 0 && mayThrowAfter(kernels, chain[0]!)) return;
    for (const i of only === undefined ? donated : [only]) {
      const from = inputs[i]!;
      if (taken.has(i) || outputs.includes(from)) continue;
      const [a, b] = [buffers.get(from)!, buffers.get(id)!];
      if (a.length !== b.length || a.dtype !== b.dtype || !mayOverwrite(kernels, from, chain)) continue;
      aliases.set(j, i);
      taken.add(i);
      break;
    }
  });
  return { buffers, places, kernels, inputs, outputs, aliases, arenaBytes: total };
};
