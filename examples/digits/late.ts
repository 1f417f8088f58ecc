// Numbers read a few steps late, so that a loop never waits for the step that it has just begun.
import type { Tensor } from '../../src/index.ts';

export interface LateReader {
  /** Asks for a scalar; resolves with those that have been asked for more than `ahead` calls ago, oldest first. */
  readonly read: (value: Tensor) => Promise<readonly number[]>;
  /** All that are still missing. */
  readonly rest: () => Promise<readonly number[]>;
}

/**
 * A reader that runs at most `ahead` values behind.
 * @example
 * const losses = lateReader(2);
 * for (const batch of data) {
 *   const [next, loss] = step(state, batch);
 *   state = next;
 *   for (const value of await losses.read(loss)) console.log(value);
 * }
 * for (const value of await losses.rest()) console.log(value);
 */
export const lateReader = (ahead: number): LateReader => {
  const waiting: Promise<number>[] = [];
  const upTo = async (left: number): Promise<readonly number[]> => {
    const values: number[] = [];
    while (waiting.length > left) values.push(await waiting.shift()!);
    return values;
  };
  return {
    read: (value) => {
      const reading = value.item().then(Number);
      // Whoever awaits it meets the error; nobody may, where an earlier one failed too.
      reading.catch(() => undefined);
      waiting.push(reading);
      return upTo(ahead);
    },
    rest: () => upTo(0),
  };
};
