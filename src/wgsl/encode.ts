// The steps of a module, encoded: pipelines and bind groups ready, loops written out, one submission for all if it is not too long.
import { offsetOf, type Counters } from './counters.ts';
import type { GpuComputePass, GpuDevice, GpuEncoder, GpuObject } from './gpu.ts';
import type { Pipeline, Pipelines } from './pipelines.ts';
import type { Block } from './pool.ts';
import type { Dispatch, FixedPlace, Loop, Place, Step } from './steps.ts';
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

// Combinations of buffers whose bind groups are kept, for each dispatch and each turn of the carries around it.
const keptGroups = 16;
// Longer programs are submitted in pieces, so that no submission is too large for a driver.
const mostDispatches = 16_384;

interface PreparedDispatch {
  readonly dispatch: Dispatch;
  readonly pipeline: Pipeline;
  readonly groups: Map<string, GpuObject>;
  readonly numbers: GpuObject | undefined;
  /** The number of loops around it. */
  readonly level: number;
}
interface PreparedLoop {
  readonly loop: Loop;
  readonly steps: readonly Prepared[];
}
type Prepared = PreparedDispatch | PreparedLoop;

export interface Encoder {
  /** Resolves when every pipeline was compiled; undefined where that is so already. */
  readonly compiling: Promise<void> | undefined;
  /** Submits all steps, then copies. */
  submit(spanOf: (p: FixedPlace) => Span, copies: readonly Copy[]): void;
}

export const createEncoder = (
  gpu: GpuDevice,
  pipelines: Pipelines,
  counters: Counters,
  steps: readonly Step[],
): Encoder => {
  const all: PreparedDispatch[] = [];
  const prepare = (step: Step, level: number): Prepared => {
    if ('steps' in step) return { loop: step, steps: step.steps.map((s) => prepare(s, level + 1)) };
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
          resource: { buffer: block.buffer, offset, size: Math.max(bytes, wordBytes) },
        })),
      });
      d.groups.set(key, group);
    }
    return group;
  };

  const submit = (spanAt: (p: FixedPlace) => Span, copies: readonly Copy[]): void => {
    let encoder: GpuEncoder | undefined;
    let pass: GpuComputePass | undefined;
    let current: GpuObject | undefined;
    let dispatched = 0;
    // The slice that each loop is at, and a bit for each where the steps left are odd in number.
    const slices: number[] = [];
    let turns = 0;
    const spanOf = (p: Place): Span =>
      p.kind === 'turn' ? spanOf((turns >> p.level) & 1 ? p.odd : p.even) : spanAt(p);
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
      pass.dispatchWorkgroups(...d.dispatch.workgroups);
    };
    const putAll = (list: readonly Prepared[]): void => {
      for (const s of list) {
        if ('loop' in s) putLoop(s);
        else put(s);
      }
    };
    const putLoop = ({ loop, steps: inside }: PreparedLoop): void => {
      const { level, length, reverse } = loop;
      for (let left = length; left > 0; left--) {
        slices[level] = reverse ? left - 1 : length - left;
        turns = (turns & ~(1 << level)) | ((left & 1) << level);
        putAll(inside);
      }
    };

    putAll(prepared);
    pass?.end();
    pass = undefined;
    for (const { from, to } of copies)
      if (to.bytes > 0) {
        encoder ??= gpu.createCommandEncoder();
        encoder.copyBufferToBuffer(from.block.buffer, from.offset, to.block.buffer, to.offset, to.bytes);
      }
    flush();
  };

  return {
    compiling: all.every((d) => d.pipeline.pipeline !== undefined)
      ? undefined
      : Promise.all(all.map((d) => d.pipeline.compiled)).then(() => undefined),
    submit,
  };
};
