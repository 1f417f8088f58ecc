// Early stopping as a reducer: watches a value, keeps the best state, and says when to stop.

/** When to stop. */
export interface EarlyStoppingOptions {
  /** Stop after that many observations in a row without improvement, as in Keras. */
  readonly patience: number;
  /** Whether smaller values are better (a loss, the default) or larger ones (an accuracy). */
  readonly mode?: 'min' | 'max';
  /** By how much a value must be better than the best to count; 0 unless told. */
  readonly minDelta?: number;
}

/** What is known so far: plain data, a tree if `S` is one. */
export interface EarlyStopping<S> {
  readonly options: Readonly<Required<EarlyStoppingOptions>>;
  /** The best value; `Infinity` (or `-Infinity`) before the first. */
  readonly best: number;
  /** What came with it. */
  readonly bestState: S | undefined;
  /** Number of the observation that brought it, from 0; -1 before the first. */
  readonly bestAt: number;
  /** How many values were observed. */
  readonly count: number;
  readonly stopped: boolean;
}

/**
 * The state before the first observation.
 *
 * @example
 * let stopping = earlyStopping<Params>({ patience: 3 });
 */
export const earlyStopping = <S>({ patience, mode = 'min', minDelta = 0 }: EarlyStoppingOptions): EarlyStopping<S> => ({
  options: { patience, mode, minDelta },
  best: mode === 'min' ? Infinity : -Infinity,
  bestState: undefined,
  bestAt: -1,
  count: 0,
  stopped: false,
});

/**
 * Whether a value beats the best by more than `minDelta`; NaN never does. To ask before `observe` saves making a copy
 * of a large state that would be thrown away.
 */
export const improves = ({ options, best, bestAt }: EarlyStopping<unknown>, value: number): boolean => {
  const gain = options.mode === 'min' ? best - value : value - best;
  // The first value is an improvement on none, even an infinite one.
  return bestAt < 0 ? !Number.isNaN(value) : gain > options.minDelta;
};

/**
 * The state after one more value, which came with `state`. In a loop that donates its parameters, give a copy:
 * `observe(stopping, loss, await snapshot(params))`.
 *
 * @example
 * stopping = observe(stopping, validLoss, params);
 * if (stopping.stopped) params = stopping.bestState ?? params;
 */
export const observe = <S>(stopping: EarlyStopping<S>, value: number, state: S): EarlyStopping<S> => {
  const { options, bestAt, count, stopped } = stopping;
  return improves(stopping, value)
    ? { ...stopping, best: value, bestState: state, bestAt: count, count: count + 1 }
    : { ...stopping, count: count + 1, stopped: stopped || count - bestAt >= options.patience };
};
