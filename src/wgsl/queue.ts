// Work for the GPU in the order it was asked for, although some of it waits for shaders to compile.

/** How a piece of work stands. `settled` never rejects: the error is kept for whoever reads a result. */
export interface Completion {
  state: 'pending' | 'done' | 'failed';
  error?: unknown;
  readonly settled: Promise<void>;
}

export type Work = () => void | Promise<void>;

export interface WorkQueue {
  /**
   * Runs `work` after everything pushed before it, when `ready` has resolved: at once, if nothing is to wait for. It does
   * not run where something in `needs` failed; that failure becomes its own. Work that fails at once throws. What comes after
   * waits for work that returns a promise.
   */
  push(work: Work, needs?: readonly Completion[], ready?: Promise<void>): Completion;
  /** Pieces of work that wait. */
  readonly waiting: number;
}

const settled = Promise.resolve();
const done: Completion = { state: 'done', settled };

interface Job {
  readonly work: Work;
  readonly needs: readonly Completion[];
  readonly ready: Promise<void> | undefined;
  readonly completion: Completion;
  readonly settle: () => void;
}

export const createQueue = (): WorkQueue => {
  const jobs: Job[] = [];
  let draining = false;

  const perform = async ({ work, needs, completion, settle }: Job): Promise<void> => {
    const failed = needs.find((n) => n.state === 'failed');
    try {
      if (failed !== undefined) throw failed.error;
      const rest = work();
      if (rest !== undefined) await rest;
      completion.state = 'done';
    } catch (error) {
      completion.state = 'failed';
      completion.error = error;
    }
    settle();
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
        const failed = needs.find((n) => n.state === 'failed');
        if (failed !== undefined) return failed;
        const rest = work();
        if (rest === undefined) return done;
        work = () => rest;
      }
      let settle: () => void = () => undefined;
      const completion: Completion = {
        state: 'pending',
        settled: new Promise((resolve) => {
          settle = resolve;
        }),
      };
      jobs.push({ work, needs, ready, completion, settle });
      if (!draining) void drain();
      return completion;
    },
    get waiting() {
      return jobs.length;
    },
  };
};
