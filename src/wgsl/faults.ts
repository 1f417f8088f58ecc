// What goes wrong on a GPU, as typed errors of those whose values it concerns: loss of the device, lack of memory, refused work.
import { DeviceError } from '../core/errors.ts';
import type { GpuDevice } from './gpu.ts';

export type FaultKind = 'validation' | 'out-of-memory' | 'internal';
const kinds: readonly FaultKind[] = ['validation', 'out-of-memory', 'internal'];

/** An error that a GPU reports; WebGPU tells its kind by the scope that caught it. */
export interface GpuFault {
  readonly kind: FaultKind;
  readonly message: string;
}

export interface Faults {
  /** Throws where the device was lost. */
  check(): void;
  /** The error of a value made when so many submissions were, where the GPU reported an error of nobody's at that time. */
  strayFor(born: number): Error | undefined;
  /** Runs f; errors that the GPU reports of it become the rejection of `verdict`, as `explain` words them. */
  scoped<T>(f: () => T, explain: (fault: GpuFault) => Error): { readonly result: T; readonly verdict: Promise<void> };
  /** Opens scopes; what it returns closes them. Between the two, no others may be left open. */
  watch(explain: (fault: GpuFault) => Error): () => Promise<void>;
  /** The error of a rejected promise of the GPU's: the loss of the device, if that is why. */
  reason(error: unknown, doing: string): Promise<Error>;
  /** Everything up to so many submissions is known to have gone well. */
  clean(submitted: number): void;
}

// Only the first error says what is wrong; it has been caught where it belongs.
const consequence = /due to a previous error|label is invalid/i;

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The first lines of a report; the rest tells where in the encoder's calls it was. */
export const briefly = (message: string): string => message.trim().split('\n').slice(0, 3).join(' ');

export const createFaults = (gpu: GpuDevice, submitted: () => number): Faults => {
  let loss: string | undefined;
  let cleanUntil = 0;
  const strays: { readonly after: number; readonly until: number; readonly error: Error }[] = [];

  gpu.addEventListener?.('uncapturederror', (event) => {
    (event as { preventDefault?: () => void }).preventDefault?.();
    const message = (event as { readonly error?: { readonly message?: string } }).error?.message ?? 'no message';
    if (consequence.test(message) || strays.length >= 8) return;
    const error = new DeviceError('webgpu', `the GPU reported an error: ${briefly(message)}`);
    strays.push({ after: cleanUntil, until: submitted(), error });
  });
  void gpu.lost.then(({ message, reason }) => {
    const why = message === '' || reason === 'destroyed' ? '' : ` (${briefly(message)})`;
    loss = `the GPU device was ${reason === 'destroyed' ? 'destroyed' : 'lost'}${why}, with every value on it; get a new one with await devices.webgpu(), and put copies that the host has there with devicePut`;
  });

  const faults: Faults = {
    check: () => {
      if (loss !== undefined) throw new DeviceError('webgpu', loss);
    },
    strayFor: (born) => strays.find((s) => s.after < born && born <= s.until)?.error,
    watch: (explain) => {
      for (const kind of kinds) gpu.pushErrorScope(kind);
      return async () => {
        const found = await Promise.all(
          [...kinds].reverse().map(async (kind): Promise<GpuFault | undefined> => {
            // A lost device has no scopes.
            const error = await gpu.popErrorScope().catch(() => null);
            return error === null ? undefined : { kind, message: error.message };
          }),
        );
        // Lack of memory makes the rest invalid.
        const first = found.find((x) => x?.kind === 'out-of-memory') ?? found.find((x) => x !== undefined);
        if (first !== undefined) throw explain(first);
      };
    },
    scoped: (f, explain) => {
      const close = faults.watch(explain);
      try {
        const result = f();
        const verdict = close();
        verdict.catch(() => undefined);
        return { result, verdict };
      } catch (error) {
        close().catch(() => undefined);
        throw error;
      }
    },
    reason: async (error, doing) => {
      // A read may be refused a moment before the loss is told.
      for (let i = 0; i < 3 && loss === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 1));
      return new DeviceError('webgpu', loss ?? `${doing}: ${briefly(textOf(error))}`, { cause: error });
    },
    clean: (until) => {
      cleanUntil = Math.max(cleanUntil, until);
    },
  };
  return faults;
};
