// A program on a WebGPU device: its pipelines, the memory a run needs, and the one submission that a run is.
import type { DType } from '../core/dtype.ts';
import { DeviceError } from '../core/errors.ts';
import { HostStorage } from '../core/host.ts';
import type { ConcreteTensor, Storage } from '../core/tensor.ts';
import type { Executable } from '../jit/backend.ts';
import type { Plan } from '../jit/kernel.ts';
import { fillGroup, groupsOf, placeGroup } from './arena-memory.ts';
import { createEncoder, partOf, type Copy, type Span } from './encode.ts';
import type { Module } from './module.ts';
import type { Pipelines } from './pipelines.ts';
import type { Block } from './pool.ts';
import type { Completion } from './queue.ts';
import type { FixedPlace } from './steps.ts';
import { WebGpuStorage, type Home } from './storage.ts';
import { toWords, wordBytes } from './types.ts';

// A host value of this size stays on the device once it was used; smaller ones are sent with each call.
const worthKeeping = 1024;
/** `dtypes`: those of the results as the caller knows them, which differ from the plan's for weak scalars. */
export const createExecutable = (
  home: Home,
  pipelines: Pipelines,
  plan: Plan,
  module: Module,
  dtypes: readonly DType[],
  donated: ReadonlySet<number>,
): Executable => {
  const { gpu, pool, queue } = home;
  const encoder = createEncoder(home, pipelines, module.steps);
  let failure: Error | undefined;
  let compiling = encoder.compiling?.then(
    () => {
      compiling = undefined;
    },
    (error: Error) => {
      compiling = undefined;
      failure = error;
    },
  );
  const outputs = plan.outputs.map((id, j) => {
    const p = plan.places.get(id)!;
    const own = p.kind === 'output' && p.position === j;
    return { own, place: p, length: plan.buffers.get(id)!.length, over: own ? plan.aliases.get(j) : undefined };
  });

  const groups = groupsOf(module, plan.aliases, (i) => plan.buffers.get(plan.inputs[i]!)!.length);
  const grouped = new Set(groups.flatMap((g) => g.members.map((m) => m.at)));
  const inArena = new Map(
    module.arenas.flatMap((a, arena) => (a.of === 'output' ? a.members.map((m) => [m.at, { arena, m }] as const) : [])),
  );

  const submit = (
    spanOf: (p: FixedPlace) => Span,
    before: readonly Copy[],
    after: readonly Copy[],
  ): void | Promise<void> => {
    if (failure !== undefined) throw failure;
    return encoder.submit(spanOf, before, after);
  };

  const run = (inputs: readonly ConcreteTensor[]): readonly Storage[] => {
    home.check();
    // What goes back to the pool if the call fails, and what when it is queued.
    const fresh: Block[] = [];
    const passing: Block[] = [];
    const take = (bytes: number): Span => {
      const block = pool.take(bytes);
      fresh.push(block);
      return { block, offset: 0, bytes };
    };
    try {
      const needs: Completion[] = [];
      const storages = inputs.map((x, i) => arrive(home, x, grouped.has(i)));
      const write = (to: Span, from: HostStorage): void => {
        const words = toWords(from.elements);
        needs.push(queue.push(() => gpu.queue.writeBuffer(to.block.buffer, to.offset, words)));
      };
      const uses = new Map<Block, number>();
      const ins: Span[] = [];
      storages.forEach((s, i) => {
        if (s instanceof WebGpuStorage) {
          needs.push(s.completion);
          uses.set(s.block, (uses.get(s.block) ?? 0) + 1);
          ins[i] = { block: s.block, offset: s.offset, bytes: s.bytes };
        } else if (!grouped.has(i)) write((ins[i] = take(s.elements.length * wordBytes)), s);
      });
      const before: Copy[] = [];
      const arenas: Span[] = [];
      const moved: number[] = [];
      const shared: { readonly block: Block; readonly holders: number }[] = [];
      for (const g of groups) {
        const placed = placeGroup(g, storages, uses, take);
        if (g.arena !== undefined) arenas[g.arena] = placed.span;
        for (const m of g.members) ins[m.at] = partOf(placed.span, m);
        if (!placed.moved) continue;
        before.push(...fillGroup(g, placed.span, storages, write));
        moved.push(...g.members.map((m) => m.at));
        shared.push({ block: placed.span.block, holders: g.members.length });
      }
      module.arenas.forEach((a, i) => {
        if (a.of === 'input') return;
        arenas[i] = take(a.words * wordBytes);
        shared.push({ block: arenas[i].block, holders: a.members.length });
      });
      const temporaries = [...module.slots, module.scratchBytes].map((bytes) => {
        const span = take(bytes);
        passing.push(span.block);
        return span;
      });
      const after: Copy[] = [];
      const outs: Span[] = [];
      outputs.forEach((o, j) => {
        const home = inArena.get(j);
        const span =
          o.over !== undefined
            ? ins[o.over]!
            : home !== undefined
              ? partOf(arenas[home.arena]!, home.m)
              : take(o.length * wordBytes);
        if (!o.own)
          after.push({
            from:
              o.place.kind === 'input'
                ? ins[o.place.position]!
                : outs[(o.place as { readonly position: number }).position]!,
            to: span,
          });
        outs.push(span);
      });
      const spanOf = (p: FixedPlace): Span =>
        p.kind === 'input'
          ? ins[p.at]!
          : p.kind === 'output'
            ? outs[p.at]!
            : p.kind === 'arena'
              ? arenas[p.at]!
              : temporaries[p.kind === 'slot' ? p.at : module.slots.length]!;
      const completion = queue.push(() => submit(spanOf, before, after), needs, compiling);

      const handedOn = new Set(outputs.flatMap((o) => (o.over === undefined ? [] : [o.over])));
      const left = new Set(moved);
      for (const i of handedOn) {
        const s = storages[i]!;
        if (!(s instanceof WebGpuStorage)) continue;
        if (left.has(i)) s.dispose();
        else s.surrender();
      }
      for (const { block, holders } of shared) block.holders = holders;
      const results = outputs.map(
        (o, j) => new WebGpuStorage(home, dtypes[j]!, outs[j]!.block, outs[j]!.offset, o.length, completion),
      );
      for (const i of donated) if (!handedOn.has(i)) storages[i]!.dispose();
      storages.forEach((s, i) => {
        if (!(s instanceof WebGpuStorage) && !handedOn.has(i)) passing.push(ins[i]!.block);
      });
      const give = (): void => passing.forEach((b) => pool.give(b));
      // Another program may use them behind this one; nobody may free them before.
      if (encoder.waits) void completion.settled.then(give);
      else give();
      return results;
    } catch (error) {
      for (const b of fresh) pool.give(b);
      throw error;
    }
  };
  return { plan, run };
};

/** The storage of an input: on this device, or elements of the host to be sent along. */
const arrive = (home: Home, x: ConcreteTensor, replaced: boolean): WebGpuStorage | HostStorage => {
  const { storage } = x;
  if (storage instanceof WebGpuStorage && storage.device === home.device) return storage;
  if (!(storage instanceof HostStorage))
    throw new DeviceError(
      'webgpu',
      `a value is on the device ${storage.device.name}, the program runs on ${home.device.name}; move it with devicePut(x, device)`,
    );
  if (replaced || x.size * wordBytes < worthKeeping) return storage;
  const moved = uploadTo(home, storage.elements, x.dtype);
  x.relocate(moved);
  return moved;
};

/** A copy of elements in a buffer of the device. */
export const uploadTo = (home: Home, elements: Parameters<typeof toWords>[0], dtype: DType): WebGpuStorage => {
  const words = toWords(elements);
  const block = home.pool.take(words.byteLength);
  const completion = home.queue.push(() => home.gpu.queue.writeBuffer(block.buffer, 0, words));
  return new WebGpuStorage(home, dtype, block, 0, words.length, completion);
};
