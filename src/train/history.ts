// The history of a run: a list of rows of numbers that grows by making a new list, and the curves in it.

/** What was measured at one moment: `{ epoch: 2, loss: 0.31, validLoss: 0.35 }`. */
export type Row = Readonly<Record<string, number>>;

/** Rows in the order they were recorded; plain data, so `JSON.stringify` saves it. */
export type History<R extends Row = Row> = readonly R[];

/** A line of a picture. A point that is not finite leaves a gap. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/**
 * The history with one more row.
 *
 * @example
 * const history = [{ epoch: 1, loss: 0.5 }].reduce(record, [] as History);
 */
export const record = <R extends Row>(history: History<R>, row: R): History<R> => [...history, row];

/**
 * One curve of a history: column `y` over column `x`. Rows that lack either are left out, so that what is measured now
 * and then can stand beside what is measured always.
 *
 * @example
 * series([{ epoch: 1, loss: 0.5 }, { epoch: 2, loss: 0.3 }], 'epoch', 'loss', 'train').points // [[1, 0.5], [2, 0.3]]
 */
export const series = <R extends Row>(
  history: History<R>,
  x: keyof R & string,
  y: keyof R & string,
  name: string = y,
): Series => ({
  name,
  points: history.flatMap((row) => (x in row && y in row ? [[row[x] as number, row[y] as number] as const] : [])),
});
