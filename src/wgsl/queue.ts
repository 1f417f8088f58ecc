// Work for the GPU in the order it was asked for, although some of it waits for shaders to compile.

/** How a piece of work stands. `settled` never rejects: the error is kept for whoever reads a result. */
export interface Completion {
  state: 'pending' | 'done' | 'failed';
  error?: unknown;
  readonly settled: Promise<void>;
}

export interface WorkQueue {
  /**
   * Runs `work` after everything pushed before it, when `ready` has resolved: at once, if nothing is to wait for. It does
   * not run where something in `needs` failed; that failure becomes its own. Work that fails at once throws.
   */
  push(work: () => void, needs?: readonly Completion[], ready?: Promise<void>): Completion;
  /** Pieces of work that wait. */
  readonly waiting: number;
}

const settled = Promise.resolve();
const done: Completion = { state: 'done', settled };

interface Job {
  readonly work: () => void;
  readonly needs: readonly Completion[];
  readonly ready: Promise<void> | undefined;
  readonly completion: Completion;
  readonly settle: () => void;
}

export const createQueue = (): WorkQueue => {
  const jobs: Job[] = [];
  let draining = false;

  const perform = ({ work, needs, completion, settle }: Job): void => {
    const failed = needs.find((n) => n.state === 'failed');
    try {
      if (failed !== undefined) throw failed.error;
      work();
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
      perform(job);
      jobs.shift();
    }
    draining = false;
  };

  return {
    push: (work, needs = [], ready) => {
      if (!draining && ready === undefined) {
        const failed = needs.find((n) => n.state === 'failed');
        if (failed === undefined) {
          work();
          return done;
        }
        return failed;
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
