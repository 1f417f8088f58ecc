// A program on a WebGPU device: its pipelines, the memory a run needs, and the one submission that a run is.
import type { DType, TypedArray } from '../core/dtype.ts';
import { DeviceError } from '../core/errors.ts';
import { HostStorage } from '../core/host.ts';
import type { ConcreteTensor, Storage } from '../core/tensor.ts';
import type { Executable } from '../jit/backend.ts';
import type { Plan } from '../jit/kernel.ts';
import { align } from './arena.ts';
import { fillGroup, groupsOf, placeGroup } from './arena-memory.ts';
import { createEncoder, partOf, type Copy, type Span } from './encode.ts';
import { briefly, type GpuFault } from './faults.ts';
import type { Module } from './module.ts';
import type { Pipelines } from './pipelines.ts';
import { smallBytes, type Block } from './pool.ts';
import type { Completion, Outcome } from './queue.ts';
import { dispatchCount, dispatchesOf, type FixedPlace } from './steps.ts';
import { WebGpuStorage, type Home } from './storage.ts';
import { toWords, wordBytes } from './types.ts';

/** `dtypes`: those of the results as the caller knows them, which differ from the plan's for weak scalars. */
export const createExecutable = (
  home: Home,
  pipelines: Pipelines,
  plan: Plan,
  module: Module,
  dtypes: readonly DType[],
  donated: ReadonlySet<number>,
): Executable => {
  const { gpu, pool, queue, faults, pace } = home;
  const counts = [plan.inputs.length, plan.outputs.length, module.arenas.length, module.slots.length];
  const first = counts.map((_, i) => counts.slice(0, i).reduce((a, b) => a + b, 0));
  const kinds: readonly FixedPlace['kind'][] = ['input', 'output', 'arena', 'slot'];
  const numberOf = ({ kind, at }: FixedPlace): number =>
    kind === 'scratch' ? first[3]! + module.slots.length : first[kinds.indexOf(kind)]! + at;
  const encoder = createEncoder(home, pipelines, module.steps, numberOf);
  const temporaryBytes = [...module.slots, module.scratchBytes];
  const names = [...new Set(dispatchesOf(module.steps).map((d) => d.name))];
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

  /** What each number had as its own for the last run: it has it again if it can, since it is bound there. */
  const usual: (Block | undefined)[] = [];

  /** The GPU says what is wrong with a program only once it has been run; its first run is watched. */
  let proven = false;
  const explain = ({ kind, message }: GpuFault): Error => {
    const culprit = names.find((n) => message.includes(`"${n}"`)) ?? names.slice(0, 3).join(', ');
    if (kind === 'out-of-memory') {
      proven = false;
      return new DeviceError(
        culprit,
        'the GPU has no memory left to run this program; dispose of values or donate arguments to jit',
      );
    }
    return (failure = new DeviceError(culprit, `the GPU refused the program (${kind}): ${briefly(message)}`));
  };
  const submit = (spans: readonly Span[], before: readonly Copy[], after: readonly Copy[]): Outcome => {
    if (failure !== undefined) throw failure;
    faults.check();
    if (proven) {
      const outcome = encoder.submit(spans, before, after);
      pace.step();
      return outcome;
    }
    proven = true;
    const close = faults.watch(explain);
    try {
      const { rest, verdict } = encoder.submit(spans, before, after, names.slice(0, 3).join(', '));
      pace.step();
      // The scopes stay open until what waits for the GPU has been encoded, too.
      const closed = rest === undefined ? close() : rest.then(close, (error: unknown) => close().then(() => { throw error; })); // prettier-ignore
      return { rest, verdict: Promise.all([closed, verdict]).then(() => undefined) };
    } catch (error) {
      close().catch(() => undefined);
      throw error;
    }
  };

  const run = (inputs: readonly ConcreteTensor[]): readonly Storage[] => {
    faults.check();
    const needs: Completion[] = [];
    // What goes back to the pool if the call fails, and what when it is queued.
    const fresh: Span[] = [];
    const passing: Span[] = [];
    const own = (span: Span): Span => {
      fresh.push(span);
      if (span.block.made !== undefined) needs.push(span.block.made);
      return span;
    };
    const take = (bytes: number, at: number): Span => {
      const span = pool.take(bytes, usual[at]);
      usual[at] = span.block;
      return own(span);
    };
    const borrow = (bytes: number, at: number): Span => {
      const span = take(bytes, at);
      passing.push(span);
      return span;
    };
    const write = (to: Span, words: TypedArray): void => {
      if (words.length > 0) needs.push(queue.push(() => gpu.queue.writeBuffer(to.block.buffer, to.offset, words)));
    };
    const before: Copy[] = [];
    const after: Copy[] = [];
    try {
      const storages = inputs.map((x, i) => arrive(home, x, grouped.has(i)));
      const spans: Span[] = new Array<Span>(first[3]! + temporaryBytes.length);
      const uses = new Map<Block, number>();
      // Small elements of the host travel together, each from where a binding may begin.
      const packed: { readonly at: number; readonly words: TypedArray; readonly offset: number }[] = [];
      let packedWords = 0;
      storages.forEach((s, i) => {
        if (s instanceof WebGpuStorage) {
          needs.push(s.completion);
          const stray = faults.strayFor(s.born);
          if (stray !== undefined) throw stray;
          uses.set(s.block, s.block.slots === undefined ? (uses.get(s.block) ?? 0) + 1 : Infinity);
          spans[i] = s.span;
          if (s.block.slots === undefined || grouped.has(i)) return;
          // Shaders are bound to the same memory at each call, wherever small values are.
          before.push({ from: s.span, to: (spans[i] = borrow(s.bytes, i)) });
        } else if (!grouped.has(i)) {
          const words = toWords(s.elements);
          if (words.byteLength > smallBytes) write((spans[i] = borrow(words.byteLength, i)), words);
          else {
            packed.push({ at: i, words, offset: packedWords });
            packedWords += align(words.length);
          }
        }
      });
      if (packed.length > 0) {
        const all = new Uint8Array(packedWords * wordBytes);
        const { block } = borrow(all.byteLength, spans.length);
        for (const { at, words, offset } of packed) {
          all.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), offset * wordBytes);
          spans[at] = { block, offset: offset * wordBytes, bytes: words.byteLength };
        }
        write({ block, offset: 0, bytes: all.byteLength }, all);
      }
      const moved = new Set<number>();
      const shared: { readonly block: Block; readonly holders: number }[] = [];
      for (const g of groups) {
        const number = g.arena === undefined ? g.members[0]!.at : first[2]! + g.arena;
        const placed = placeGroup(g, storages, uses, (bytes) => take(bytes, number));
        if (g.arena !== undefined) spans[first[2]! + g.arena] = placed.span;
        for (const m of g.members) spans[m.at] = partOf(placed.span, m);
        if (!placed.moved) continue;
        before.push(...fillGroup(g, placed.span, storages, (to, from) => write(to, toWords(from.elements))));
        g.members.forEach((m) => moved.add(m.at));
        shared.push({ block: placed.span.block, holders: g.members.length });
      }
      module.arenas.forEach((a, i) => {
        if (a.of === 'input') return;
        const { block } = (spans[first[2]! + i] = take(a.words * wordBytes, first[2]! + i));
        shared.push({ block, holders: a.members.length });
      });
      temporaryBytes.forEach((bytes, i) => {
        spans[first[3]! + i] = borrow(bytes, first[3]! + i);
      });
      const outs = outputs.map((o, j): Span => {
        const bytes = o.length * wordBytes;
        const place = inArena.get(j);
        if (o.over !== undefined) return (spans[first[1]! + j] = spans[o.over]!);
        if (place !== undefined) return (spans[first[1]! + j] = partOf(spans[first[2]! + place.arena]!, place.m));
        if (o.own && bytes > smallBytes) return (spans[first[1]! + j] = take(bytes, first[1]! + j));
        const span = own(pool.takePart(bytes));
        const { kind, position } = o.place as { readonly kind: 'input' | 'output'; readonly position: number };
        // As for small arguments; and a result that is an argument or another result is a copy.
        const from = o.own
          ? (spans[first[1]! + j] = borrow(bytes, first[1]! + j))
          : spans[(kind === 'input' ? 0 : first[1]!) + position]!;
        after.push({ from, to: span });
        spans[first[1]! + j] ??= span;
        return span;
      });
      const completion = queue.push(() => submit(spans, before, after), needs, compiling);

      const handedOn = new Set(outputs.flatMap((o) => (o.over === undefined ? [] : [o.over])));
      for (const { block, holders } of shared) block.holders = holders;
      const leaving: WebGpuStorage[] = [];
      for (const i of new Set([...handedOn, ...donated])) {
        const s = storages[i]!;
        if (!(s instanceof WebGpuStorage)) continue;
        if (handedOn.has(i) && !moved.has(i)) s.surrender();
        else leaving.push(s);
      }
      const results = outputs.map(
        (o, j) => new WebGpuStorage(home, dtypes[j]!, outs[j]!, o.length, completion, o.over !== undefined),
      );
      const give = (): void => {
        for (const s of leaving) s.dispose();
        // Backwards, so that the next run gets the same in the same order.
        for (let i = passing.length - 1; i >= 0; i--) pool.give(passing[i]!);
      };
      // Another program may use them behind this one; nobody may free them before.
      if (encoder.waits) void completion.settled.then(give);
      else give();
      return results;
    } catch (error) {
      for (let i = fresh.length - 1; i >= 0; i--) pool.give(fresh[i]!);
      throw error;
    }
  };
  return { plan, dispatches: dispatchCount(module.steps), run };
};

/** The storage of an input: on this device, or elements of the host to be sent along. */
const arrive = (home: Home, x: ConcreteTensor, replaced: boolean): WebGpuStorage | HostStorage => {
  const { storage } = x;
  if (storage instanceof WebGpuStorage && storage.device === home.device) return storage;
  if (!(storage instanceof HostStorage)) throw new Error(`webgpu: a value is on the device ${storage.device.name}`);
  if (replaced || x.size * wordBytes <= smallBytes) return storage;
  // What comes once, as a batch does, is sent along; what comes again stays.
  if (!home.seen.has(storage)) {
    home.seen.add(storage);
    return storage;
  }
  const moved = uploadTo(home, storage.elements, x.dtype);
  x.relocate(moved);
  return moved;
};

/** A copy of elements in a buffer of the device. */
export const uploadTo = (home: Home, elements: TypedArray, dtype: DType): WebGpuStorage => {
  home.faults.check();
  const words = toWords(elements);
  const span = home.pool.takePart(words.byteLength);
  const { made } = span.block;
  const write = (): void => {
    if (words.length > 0) home.gpu.queue.writeBuffer(span.block.buffer, span.offset, words);
  };
  const completion = home.queue.push(write, made === undefined ? [] : [made]);
  return new WebGpuStorage(home, dtype, span, words.length, completion);
};
