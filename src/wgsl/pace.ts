// How far programs run ahead of the GPU, and when the engine is made to collect values that nobody holds.
import type { GpuDevice } from './gpu.ts';
import { macrotask } from '../core/macrotask.ts';

/** Submissions that may be under way when an await goes on. */
export const mostAhead = 3;
// A loop that never awaits is not held up, so that it needs no more fences than this.
const mostFences = 8;

export interface Pace {
  /** Submissions of programs so far. */
  readonly submitted: number;
  /** Call after each submission. */
  step(): void;
  /** Resolves when at most `mostAhead` submissions are under way. */
  catchUp(): Promise<void>;
}

interface Fence {
  readonly at: number;
  readonly passed: Promise<void>;
}

export const createPace = ({ queue }: GpuDevice): Pace => {
  let submitted = 0;
  const fences: Fence[] = [];

  const fence = (): Fence => {
    const made: Fence = {
      at: submitted,
      // A lost device passes everything; whoever reads a value hears of the loss.
      passed: queue.onSubmittedWorkDone().then(
        () => drop(made),
        () => drop(made),
      ),
    };
    fences.push(made);
    return made;
  };
  const drop = (f: Fence): void => {
    const at = fences.indexOf(f);
    if (at >= 0) fences.splice(at, 1);
  };

  return {
    get submitted() {
      return submitted;
    },
    step: () => {
      submitted++;
      if (fences.length < mostFences) fence();
    },
    catchUp: async () => {
      const until = submitted - mostAhead;
      const behind = fences.filter((f) => f.at <= until);
      // More are under way than have fences: then everything so far is waited for.
      const uncounted = fences.length > 0 && until - fences.at(-1)!.at > 0;
      await (uncounted ? fence() : behind.at(-1))?.passed;
    },
  };
};

// Enough garbage for an engine to look for more, in pieces that no system commits memory for as long as nobody writes to them.
const pressure = 64 * 2 ** 20;
const mostTries = 24;

export interface Collector {
  /** Counts bytes of a value that goes when the engine collects it. */
  count(bytes: number): void;
  /** Makes the engine collect if enough was counted since it last did. */
  collect(): Promise<void>;
}

/**
 * Engines do not see the memory of a GPU, so they leave its values lying about. Once `limit` bytes were made and may be garbage, buffers
 * of JS are thrown away until a collection is seen to happen, which takes the values with it.
 */
export const createCollector = (limit: number, used: () => number): Collector => {
  let made = 0;
  let seen = false;
  let running: Promise<void> | undefined;
  const witness = new FinalizationRegistry<undefined>(() => {
    seen = true;
  });
  const run = async (): Promise<void> => {
    seen = false;
    witness.register({}, undefined);
    for (let i = 0; i < mostTries && !seen; i++) {
      new ArrayBuffer(pressure);
      await macrotask();
    }
    // Finalizers of one collection come in several tasks.
    await macrotask();
    made = 0;
  };
  return {
    count: (bytes) => {
      made += bytes;
    },
    collect: async () => {
      if (running === undefined && (made < limit || used() < limit)) return;
      running ??= run().finally(() => {
        running = undefined;
      });
      await running;
    },
  };
};
