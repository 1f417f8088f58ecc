// The steps of a module, encoded: pipelines and bind groups ready, loops written out, one submission for all if it is not too long.
import type { Part } from './arena.ts';
import { createCombinations, type Prepared as PreparedDispatch } from './combinations.ts';
import { offsetOf } from './counters.ts';
import type { GpuComputePass, GpuEncoder, GpuObject } from './gpu.ts';
import { createHostCalls, type At } from './host-calls.ts';
import type { Pipelines } from './pipelines.ts';
import type { Span } from './pool.ts';
import type { Outcome } from './queue.ts';
import type { FixedPlace, HostStep, Loop, Place, Rounds, Step } from './steps.ts';
import type { Home } from './storage.ts';
import { wordBytes } from './types.ts';

export type { Span } from './pool.ts';

export interface Copy {
  readonly from: Span;
  readonly to: Span;
}

/** A part of a range. */
export const partOf = (span: Span, part: Part | undefined): Span =>
  part === undefined
    ? span
    : { block: span.block, offset: span.offset + part.offset * wordBytes, bytes: part.words * wordBytes };

// Longer programs are submitted in pieces, so that no submission is too large for a driver.
const mostDispatches = 16_384;
// Rounds of a loop of unknown length between two looks at whether it goes on: more and more.
const firstBurst = 8;
const longestBurst = 256;

interface PreparedLoop {
  readonly kind: 'loop';
  readonly loop: Loop | Rounds;
  readonly steps: readonly Prepared[];
  /** Whether something inside waits for the GPU. */
  readonly waits: boolean;
}
interface PreparedCall {
  readonly kind: 'call';
  readonly step: HostStep;
}
type Prepared = PreparedDispatch | PreparedLoop | PreparedCall;

const waiting = (s: Prepared): boolean => (s.kind === 'loop' ? s.waits : s.kind === 'call' && !s.step.effect);

export interface Encoder {
  /** Resolves when every pipeline was compiled; undefined where that is so already. */
  readonly compiling: Promise<void> | undefined;
  /**
   * Submits copies, all steps, and other copies. `spans`: the program's memory, numbered as it was for the encoder. It leaves a rest where
   * the length of a loop is up to the GPU or JS computes in the middle, and a verdict where JS is called for its effect.
   */
  submit(spans: readonly Span[], before: readonly Copy[], after: readonly Copy[], label?: string): Outcome;
  /** Whether it leaves a rest. */
  readonly waits: boolean;
}

/** `at`: the number of a place among the program's memory. */
export const createEncoder = (
  home: Home,
  pipelines: Pipelines,
  steps: readonly Step[],
  at: (p: FixedPlace) => number,
): Encoder => {
  const { gpu, counters, staging, faults, effects } = home;
  const all: PreparedDispatch[] = [];
  const used = new Set<number>();
  const use = (p: Place): void => {
    if (p.kind !== 'turn') used.add(at(p));
    else [p.even, p.odd].forEach(use);
  };
  const prepare = (step: Step, level: number): Prepared => {
    if ('call' in step) return { kind: 'call', step };
    if ('steps' in step) {
      const inside = step.steps.map((s) => prepare(s, level + 1));
      return { kind: 'loop', loop: step, steps: inside, waits: 'flag' in step || inside.some(waiting) };
    }
    const { digits, gate, bindings } = step;
    bindings.forEach((b) => use(b.place));
    if (gate !== undefined && gate !== 'open') use(gate.place);
    const [x, y, z] = step.workgroups;
    const prepared: PreparedDispatch = {
      kind: 'dispatch',
      dispatch: step,
      pipeline: pipelines.get(step),
      at: all.length,
      level,
      numbers: digits.length === 0 ? undefined : counters.group(digits.length),
      x,
      y,
      z,
      groups: new Map(),
    };
    all.push(prepared);
    return prepared;
  };
  const prepared = steps.map((s) => prepare(s, 0));
  const waits = prepared.some(waiting);
  const combinations = createCombinations(gpu, [...used], () => all.length);

  const submit = (spans: readonly Span[], before: readonly Copy[], after: readonly Copy[], label?: string): Outcome => {
    const labels = label === undefined ? undefined : { label };
    const combination = combinations.of(spans);
    const { bound: bounds } = combination;
    let encoder: GpuEncoder | undefined;
    let pass: GpuComputePass | undefined;
    let current: GpuObject | undefined;
    let dispatched = 0;
    // The slice that each loop is at, and a bit for each where the steps left are odd in number.
    const slices: number[] = [];
    let turns = 0;
    const spanOf = (p: Place): Span =>
      p.kind === 'turn' ? spanOf((turns >> p.level) & 1 ? p.odd : p.even) : partOf(spans[at(p)]!, p.part);
    const here: At = { spanOf, slice: (level) => slices[level]! };
    const calls = createHostCalls(home, effects.previous);

    const outside = (): GpuEncoder => {
      pass?.end();
      pass = current = undefined;
      return (encoder ??= gpu.createCommandEncoder(labels));
    };
    const flush = (): void => {
      pass?.end();
      if (encoder !== undefined) gpu.queue.submit([encoder.finish()]);
      [encoder, pass, current, dispatched] = [undefined, undefined, undefined, 0];
    };
    const put = (d: PreparedDispatch): void => {
      if (dispatched === mostDispatches) flush();
      dispatched++;
      pass ??= (encoder ??= gpu.createCommandEncoder(labels)).beginComputePass(labels);
      const { pipeline } = d.pipeline;
      if (pipeline !== current) pass.setPipeline((current = pipeline!));
      const turn = turns & ((1 << d.level) - 1);
      const bound = bounds[d.at]![turn] ?? combinations.bind(combination, d, turn, spanOf);
      pass.setBindGroup(0, bound.group);
      if (d.numbers !== undefined)
        pass.setBindGroup(
          1,
          d.numbers,
          d.dispatch.digits.map(({ level, digit }) => offsetOf(slices[level]!, digit)),
        );
      if (bound.gate !== undefined) return pass.dispatchWorkgroupsIndirect(bound.gate, bound.gateOffset);
      // Numbers that are not passed need not cross over to the engine's native side.
      if (d.z !== 1) pass.dispatchWorkgroups(d.x, d.y, d.z);
      else if (d.y !== 1) pass.dispatchWorkgroups(d.x, d.y);
      else pass.dispatchWorkgroups(d.x);
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
        if (s.kind === 'dispatch') put(s);
        else if (s.kind === 'call') calls.note(s.step, here, outside());
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
      const landing = staging.take(wordBytes);
      outside().copyBufferToBuffer(block.buffer, offset + word * wordBytes, landing.buffer, 0, wordBytes);
      flush();
      try {
        return await staging.read(landing, wordBytes, (bytes) => new Uint32Array(bytes)[0]!);
      } catch (error) {
        throw await faults.reason(error, 'reading whether a loop goes on failed');
      }
    };
    const putWaiting = async (list: readonly Prepared[]): Promise<void> => {
      for (const s of list) {
        if (s.kind === 'dispatch' || !waiting(s)) putAll([s]);
        else if (s.kind === 'call') await calls.compute(s.step, here, outside(), flush);
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
      for (const { from, to } of copies)
        if (to.bytes > 0)
          outside().copyBufferToBuffer(from.block.buffer, from.offset, to.block.buffer, to.offset, to.bytes);
    };
    const finish = (): Promise<void> | undefined => {
      copyAll(after);
      flush();
      const delivered = calls.deliver();
      return delivered === undefined ? undefined : effects.follow(delivered);
    };

    copyAll(before);
    if (waits) {
      const rest = putWaiting(prepared).then(() => {
        verdict = finish();
      });
      let verdict: Promise<void> | undefined;
      return { rest, verdict: rest.then(() => verdict) };
    }
    putAll(prepared);
    return { verdict: finish() };
  };

  return {
    compiling: all.every((d) => d.pipeline.pipeline !== undefined)
      ? undefined
      : Promise.all(all.map((d) => d.pipeline.compiled)).then(() => undefined),
    submit,
    waits,
  };
};
