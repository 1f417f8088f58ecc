// Work for the GPU in the order it was asked for, although some of it waits for shaders to compile or for the GPU itself.

/** How a piece of work stands. `settled` never rejects: the error is kept for whoever reads a result. */
export interface Completion {
  state: 'pending' | 'done' | 'failed';
  error?: unknown;
  readonly settled: Promise<void>;
}

/**
 * What a piece of work leaves behind: `rest`, which later work waits for, and `verdict`, which says whether it went well and which only
 * those wait for who read a result. Both reject where it failed.
 */
export interface Outcome {
  readonly rest?: Promise<void> | undefined;
  readonly verdict?: Promise<void> | undefined;
}

export type Work = () => Outcome | void;

export interface WorkQueue {
  /**
   * Runs `work` after everything pushed before it, when `ready` has resolved: at once, if nothing is to wait for. It does
   * not run where something in `needs` failed; that failure becomes its own, also one that turns out later. Work that fails at once throws.
   */
  push(work: Work, needs?: readonly Completion[], ready?: Promise<void>): Completion;
  /** Pieces of work that wait. */
  readonly waiting: number;
}

const settled = Promise.resolve();
export const done: Completion = { state: 'done', settled };

/** A completion that is what a promise becomes. */
export const completionOf = (promise: Promise<void>): Completion => {
  const completion: Completion = {
    state: 'pending',
    settled: promise.then(
      () => {
        completion.state = 'done';
      },
      (error: unknown) => {
        completion.state = 'failed';
        completion.error = error;
      },
    ),
  };
  return completion;
};

const isFailed = (c: Completion): boolean => c.state === 'failed';

/** Resolves when all of `needs` have settled, and rejects with the error of the first one that failed. */
const allOf = async (needs: readonly Completion[], verdict: Promise<void> | undefined): Promise<void> => {
  // Both wait at once, so that no rejection goes unheard.
  await Promise.all([verdict, ...needs.map((n) => n.settled)]);
  const failed = needs.find(isFailed);
  if (failed !== undefined) throw failed.error;
};

/** What is left to wait for once work was done; undefined where nothing is. */
const afterwards = (needs: readonly Completion[], verdict: Promise<void> | undefined): Promise<void> | undefined => {
  const open = needs.filter((n) => n.state === 'pending');
  return open.length === 0 ? verdict : allOf(open, verdict);
};

interface Job {
  readonly work: Work;
  readonly needs: readonly Completion[];
  readonly ready: Promise<void> | undefined;
  /** Called when the work was done or failed, with what is left to wait for. */
  readonly finish: (rest: Promise<void> | undefined) => void;
}

export const createQueue = (): WorkQueue => {
  const jobs: Job[] = [];
  let draining = false;

  const perform = async ({ work, needs, finish }: Job): Promise<void> => {
    try {
      const failed = needs.find(isFailed);
      if (failed !== undefined) throw failed.error;
      const outcome = work();
      // Heard by whoever waits for the completion.
      outcome?.verdict?.catch(() => undefined);
      if (outcome?.rest !== undefined) await outcome.rest;
      finish(afterwards(needs, outcome?.verdict));
    } catch (error) {
      finish(Promise.reject(error as Error));
    }
  };

  const drain = async (): Promise<void> => {
    draining = true;
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      if (job.ready !== undefined) await job.ready;
      await perform(job);
      jobs.shift();
    }
    draining = false;
  };

  return {
    push: (work, needs = [], ready) => {
      if (!draining && ready === undefined) {
        const failed = needs.find(isFailed);
        if (failed !== undefined) return failed;
        const outcome = work();
        if (outcome?.rest === undefined) {
          const left = afterwards(needs, outcome?.verdict);
          return left === undefined ? done : completionOf(left);
        }
        work = () => outcome;
      }
      const completion = completionOf(
        new Promise((resolve) => {
          jobs.push({ work, needs, ready, finish: resolve });
        }),
      );
      if (!draining) void drain();
      return completion;
    },
    get waiting() {
      return jobs.length;
    },
  };
};
