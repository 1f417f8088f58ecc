// Functions of JS that a program calls: their operands leave in what is submitted, and they are called when these have arrived.
import type { TypedArray } from '../core/dtype.ts';
import type { GpuEncoder } from './gpu.ts';
import type { Span } from './pool.ts';
import type { HostStep, HostValue, Place } from './steps.ts';
import type { Landing } from './staging.ts';
import type { Home } from './storage.ts';
import { fromWords, toWords, wordBytes } from './types.ts';

/** Where things are at the point of the program that a call stands at. */
export interface At {
  spanOf(p: Place): Span;
  /** The slice that the loop at a level is at. */
  slice(level: number): number;
}

const spanOfValue = ({ site, length }: HostValue, at: At): Span => {
  const { block, offset } = at.spanOf(site.place);
  const slice = site.slices.reduce((n, { loop, words }) => n + at.slice(loop.level) * words, 0);
  return { block, offset: offset + slice * wordBytes, bytes: length * wordBytes };
};

/** The ranges that a call needs: its operands, and the word that says whether it happens, if it may not. */
const wanted = (step: HostStep, at: At): readonly Span[] => {
  const { alive, operands } = step;
  const flag = alive === undefined ? undefined : at.spanOf(alive.place);
  return [
    ...operands.map((v) => spanOfValue(v, at)),
    ...(flag === undefined
      ? []
      : [{ block: flag.block, offset: flag.offset + alive!.word * wordBytes, bytes: wordBytes }]),
  ];
};

/** Calls the function with what arrived; undefined where the branch or the loop around it did not run. */
const callWith = (step: HostStep, bytes: ArrayBuffer, from: number): readonly TypedArray[] | undefined => {
  let offset = from;
  const operands = step.operands.map(({ dtype, length }) => {
    const own = bytes.slice(offset, offset + length * wordBytes);
    offset += length * wordBytes;
    return fromWords(own, dtype, length);
  });
  if (step.alive !== undefined && new Uint32Array(bytes.slice(offset, offset + wordBytes))[0] === 0) return undefined;
  return step.call(operands);
};

interface Parcel {
  readonly landing: Landing;
  bytes: number;
  readonly calls: { readonly step: HostStep; readonly from: number }[];
}

export interface HostCalls {
  /** Encodes the copies of an effect's operands. */
  note(step: HostStep, at: At, encoder: GpuEncoder): void;
  /** Calls the effects noted, in order, once what they were encoded in was submitted; undefined where none were. */
  deliver(): Promise<void> | undefined;
  /** Computes a call's results: `submit` sends what is encoded so far, the copies of the operands included. */
  compute(step: HostStep, at: At, encoder: GpuEncoder, submit: () => void): Promise<void>;
}

// Effects of one submission share buffers of this size, or of what one of them needs.
const parcelBytes = 65536;

/** The order of effects among the runs of a device. */
export interface Effects {
  /** Resolves when all effects so far were called, or failed. */
  previous(): Promise<void>;
  /** Makes later ones wait for these. */
  follow(delivered: Promise<void>): Promise<void>;
}

export const createEffects = (): Effects => {
  let last = Promise.resolve();
  const nothing = (): void => undefined;
  return {
    previous: () => last,
    follow: (delivered) => {
      last = delivered.then(nothing, nothing);
      return delivered;
    },
  };
};

/** The calls of one run. */
export const createHostCalls = ({ gpu, staging, faults }: Home, previous: () => Promise<void>): HostCalls => {
  let parcels: Parcel[] = [];

  const copyOut = (spans: readonly Span[], encoder: GpuEncoder): { readonly parcel: Parcel; readonly from: number } => {
    const need = spans.reduce((n, s) => n + s.bytes, 0);
    let parcel = parcels.at(-1);
    if (parcel === undefined || parcel.bytes + need > parcel.landing.size) {
      parcel = {
        landing: staging.take(Math.max(need, parcels.length === 0 ? 1024 : parcelBytes)),
        bytes: 0,
        calls: [],
      };
      parcels.push(parcel);
    }
    const from = parcel.bytes;
    for (const { block, offset, bytes } of spans) {
      if (bytes > 0) encoder.copyBufferToBuffer(block.buffer, offset, parcel.landing.buffer, parcel.bytes, bytes);
      parcel.bytes += bytes;
    }
    return { parcel, from };
  };
  const arrived = async ({ landing, bytes }: Parcel): Promise<ArrayBuffer> => {
    try {
      return await staging.read(landing, Math.max(bytes, wordBytes), (all) => all.slice(0));
    } catch (error) {
      throw await faults.reason(error, 'reading the arguments of a function of JS failed');
    }
  };
  const deliverAll = async (list: readonly Parcel[]): Promise<void> => {
    const before = previous();
    // All are mapped, also those whose calls are off because one before them threw.
    const bytes = await Promise.all(list.map(arrived));
    await before;
    list.forEach(({ calls }, i) => calls.forEach(({ step, from }) => callWith(step, bytes[i]!, from)));
  };

  return {
    note: (step, at, encoder) => {
      const { parcel, from } = copyOut(wanted(step, at), encoder);
      parcel.calls.push({ step, from });
    },
    deliver: () => {
      const list = parcels;
      parcels = [];
      return list.length === 0 ? undefined : deliverAll(list);
    },
    compute: async (step, at, encoder, submit) => {
      const effects = parcels;
      parcels = [];
      const { parcel } = copyOut(wanted(step, at), encoder);
      parcels = [];
      submit();
      const bytes = arrived(parcel);
      if (effects.length > 0) await deliverAll(effects);
      const results = callWith(step, await bytes, 0);
      faults.check();
      if (results === undefined) return;
      step.results.forEach((v, i) => {
        const { block, offset } = spanOfValue(v, at);
        if (v.length > 0) gpu.queue.writeBuffer(block.buffer, offset, toWords(results[i]!));
      });
    },
  };
};
