// The steps of a module, encoded: pipelines and bind groups ready, loops written out, one submission for all if it is not too long.
import type { Part } from './arena.ts';
import { offsetOf } from './counters.ts';
import { mapRead, usage, type GpuBuffer, type GpuComputePass, type GpuEncoder, type GpuObject } from './gpu.ts';
import type { Pipeline, Pipelines } from './pipelines.ts';
import type { Block } from './pool.ts';
import type { Dispatch, FixedPlace, Loop, Place, Rounds, Step } from './steps.ts';
import type { Home } from './storage.ts';
import { wordBytes } from './types.ts';

/** A range of a buffer. */
export interface Span {
  readonly block: Block;
  readonly offset: number;
  readonly bytes: number;
}

export interface Copy {
  readonly from: Span;
  readonly to: Span;
}

/** A part of a range. */
export const partOf = (span: Span, part: Part | undefined): Span =>
  part === undefined
    ? span
    : { block: span.block, offset: span.offset + part.offset * wordBytes, bytes: part.words * wordBytes };

// Combinations of buffers whose bind groups are kept, for each dispatch and each turn of the carries around it.
const keptGroups = 16;
// Longer programs are submitted in pieces, so that no submission is too large for a driver.
const mostDispatches = 16_384;
// Rounds of a loop of unknown length between two looks at whether it goes on: more and more.
const firstBurst = 8;
const longestBurst = 256;

// Shaders may see memory as vectors of four: the last one is there as a whole, since blocks and ranges of them end later.
const vectorBytes = 4 * wordBytes;
const boundBytes = (bytes: number): number => Math.max(1, Math.ceil(bytes / vectorBytes)) * vectorBytes;

interface PreparedDispatch {
  readonly dispatch: Dispatch;
  readonly pipeline: Pipeline;
  readonly groups: Map<string, GpuObject>;
  readonly numbers: GpuObject | undefined;
  /** The number of loops around it. */
  readonly level: number;
}
interface PreparedLoop {
  readonly loop: Loop | Rounds;
  readonly steps: readonly Prepared[];
  /** Whether something inside waits for the GPU. */
  readonly waits: boolean;
}
type Prepared = PreparedDispatch | PreparedLoop;

const waiting = (s: Prepared): boolean => 'loop' in s && s.waits;

export interface Encoder {
  /** Resolves when every pipeline was compiled; undefined where that is so already. */
  readonly compiling: Promise<void> | undefined;
  /** Submits copies, all steps, and other copies. A promise where the length of a loop is up to the GPU. */
  submit(spanOf: (p: FixedPlace) => Span, before: readonly Copy[], after: readonly Copy[]): void | Promise<void>;
  /** Whether it returns promises. */
  readonly waits: boolean;
}

export const createEncoder = (
  { gpu, counters, check }: Home,
  pipelines: Pipelines,
  steps: readonly Step[],
): Encoder => {
  const all: PreparedDispatch[] = [];
  const prepare = (step: Step, level: number): Prepared => {
    if ('steps' in step) {
      const inside = step.steps.map((s) => prepare(s, level + 1));
      return { loop: step, steps: inside, waits: 'flag' in step || inside.some(waiting) };
    }
    const count = step.digits.length;
    const prepared: PreparedDispatch = {
      dispatch: step,
      pipeline: pipelines.get(step),
      groups: new Map(),
      numbers: count === 0 ? undefined : counters.group(count),
      level,
    };
    all.push(prepared);
    return prepared;
  };
  const prepared = steps.map((s) => prepare(s, 0));
  const waits = prepared.some(waiting);
  // Programs take turns, and so do their looks at a flag.
  let staging: GpuBuffer | undefined;

  const groupFor = (d: PreparedDispatch, spanOf: (p: Place) => Span): GpuObject => {
    const spans = d.dispatch.bindings.map((b) => spanOf(b.place));
    const key = spans.map((x) => `${x.block.id}+${x.offset}:${x.bytes}`).join();
    let group = d.groups.get(key);
    if (group === undefined) {
      if (d.groups.size >= keptGroups << d.level) d.groups.delete(d.groups.keys().next().value!);
      group = gpu.createBindGroup({
        layout: d.pipeline.layout,
        entries: spans.map(({ block, offset, bytes }, binding) => ({
          binding,
          resource: { buffer: block.buffer, offset, size: boundBytes(bytes) },
        })),
      });
      d.groups.set(key, group);
    }
    return group;
  };

  const submit = (
    spanAt: (p: FixedPlace) => Span,
    before: readonly Copy[],
    after: readonly Copy[],
  ): void | Promise<void> => {
    let encoder: GpuEncoder | undefined;
    let pass: GpuComputePass | undefined;
    let current: GpuObject | undefined;
    let dispatched = 0;
    // The slice that each loop is at, and a bit for each where the steps left are odd in number.
    const slices: number[] = [];
    let turns = 0;
    const spanOf = (p: Place): Span =>
      p.kind === 'turn' ? spanOf((turns >> p.level) & 1 ? p.odd : p.even) : partOf(spanAt(p), p.part);
    const groups = new Map<PreparedDispatch, (GpuObject | undefined)[]>();

    const flush = (): void => {
      pass?.end();
      if (encoder !== undefined) gpu.queue.submit([encoder.finish()]);
      [encoder, pass, current, dispatched] = [undefined, undefined, undefined, 0];
    };
    const put = (d: PreparedDispatch): void => {
      if (dispatched === mostDispatches) flush();
      dispatched++;
      encoder ??= gpu.createCommandEncoder();
      pass ??= encoder.beginComputePass();
      const { pipeline } = d.pipeline;
      if (pipeline !== current) pass.setPipeline((current = pipeline!));
      // Each turn's bind group is looked up once.
      let known = groups.get(d);
      if (known === undefined) groups.set(d, (known = []));
      const turn = turns & ((1 << d.level) - 1);
      pass.setBindGroup(0, (known[turn] ??= groupFor(d, spanOf)));
      if (d.numbers !== undefined)
        pass.setBindGroup(
          1,
          d.numbers,
          d.dispatch.digits.map(({ level, digit }) => offsetOf(slices[level]!, digit)),
        );
      const { gate, workgroups } = d.dispatch;
      if (gate === undefined || gate === 'open') return void pass.dispatchWorkgroups(...workgroups);
      const { block, offset } = spanOf(gate.place);
      pass.dispatchWorkgroupsIndirect(block.buffer, offset + gate.word * wordBytes);
    };
    const setTurn = (level: number, odd: number): void => {
      turns = (turns & ~(1 << level)) | (odd << level);
    };
    const setSlice = ({ level, length, reverse }: Loop, left: number): void => {
      slices[level] = reverse ? left - 1 : length - left;
      setTurn(level, left & 1);
    };
    const putAll = (list: readonly Prepared[]): void => {
      for (const s of list) {
        if (!('loop' in s)) put(s);
        else if ('length' in s.loop)
          for (let left = s.loop.length; left > 0; left--) {
            setSlice(s.loop, left);
            putAll(s.steps);
          }
      }
    };
    /** What is submitted so far comes before the word is read. */
    const read = async ({ place, word }: Rounds['flag']): Promise<number> => {
      const { block, offset } = spanOf(place);
      pass?.end();
      pass = undefined;
      encoder ??= gpu.createCommandEncoder();
      staging ??= gpu.createBuffer({ size: wordBytes, usage: usage.staging });
      encoder.copyBufferToBuffer(block.buffer, offset + word * wordBytes, staging, 0, wordBytes);
      flush();
      await staging.mapAsync(mapRead);
      check();
      const found = new Uint32Array(staging.getMappedRange())[0]!;
      staging.unmap();
      return found;
    };
    const putWaiting = async (list: readonly Prepared[]): Promise<void> => {
      for (const s of list) {
        if (!('loop' in s) || !s.waits) putAll([s]);
        else if ('length' in s.loop)
          for (let left = s.loop.length; left > 0; left--) {
            setSlice(s.loop, left);
            await putWaiting(s.steps);
          }
        else await putRounds(s.loop, s.steps);
      }
    };
    const putRounds = async ({ level, flag }: Rounds, inside: readonly Prepared[]): Promise<void> => {
      const plain = !inside.some(waiting);
      let round = 0;
      // Where a round waits itself, one too many costs more than a look.
      for (let burst = plain ? firstBurst : 1; ; burst = plain ? Math.min(2 * burst, longestBurst) : 1) {
        for (const end = round + burst; round < end; round++) {
          setTurn(level, round & 1);
          if (plain) putAll(inside);
          else await putWaiting(inside);
        }
        if ((await read(flag)) === 0) return;
      }
    };
    const copyAll = (copies: readonly Copy[]): void => {
      pass?.end();
      pass = undefined;
      for (const { from, to } of copies)
        if (to.bytes > 0) {
          encoder ??= gpu.createCommandEncoder();
          encoder.copyBufferToBuffer(from.block.buffer, from.offset, to.block.buffer, to.offset, to.bytes);
        }
    };
    const finish = (): void => {
      copyAll(after);
      flush();
    };

    copyAll(before);
    if (waits) return putWaiting(prepared).then(finish);
    putAll(prepared);
    finish();
  };

  return {
    compiling: all.every((d) => d.pipeline.pipeline !== undefined)
      ? undefined
      : Promise.all(all.map((d) => d.pipeline.compiled)).then(() => undefined),
    submit,
    waits,
  };
};
