// Axes: ranges of data, round numbers to mark on them, and where a value falls between the ends.

/** One axis of a picture. */
export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  /** The text of a tick. */
  readonly label: (tick: number) => string;
  /** A value's place, 0 at `min` and 1 at `max`. */
  readonly place: (value: number) => number;
}

/** Bounds that leave room for the arithmetic of spans: what lies outside is as good as infinite, or as zero. */
export const smallest = 1e-290;
export const largest = 1e290;

/** The step of 1, 2 or 5 times a power of ten that cuts a span into at most `count` parts. */
const niceStep = (span: number, count: number): number => {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((m) => m * power >= rough * (1 - 1e-9)) ?? 10);
};

const linearLabel = (step: number, size: number): ((tick: number) => string) => {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return size >= 1e6 || decimals > 5
    ? (tick) => (tick === 0 ? '0' : tick.toExponential(1))
    : (tick) => tick.toFixed(decimals);
};

/**
 * A linear axis over finite values. `whole` allows whole ticks alone; `round` widens the ends to ticks. A single value
 * stands in the middle of an axis of its own size.
 */
export const linearAxis = (
  values: readonly number[],
  {
    count = 5,
    whole = false,
    round = false,
  }: { readonly count?: number; readonly whole?: boolean; readonly round?: boolean } = {},
): Axis => {
  const [low, high] = extent(values);
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Values that rounding can hardly tell apart stand in the middle, as a single one does.
  const pad = high - low > 1e-12 * size ? 0 : Math.max(whole ? 1 : 0, whole ? 1e-9 * size : size / 2) || 1;
  const [from, to] = [low - pad, high + pad];
  const step = whole ? Math.max(1, niceStep(to - from, count)) : niceStep(to - from, count);
  const [first, last] = round
    ? [Math.floor(from / step + 1e-9), Math.ceil(to / step - 1e-9)]
    : [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const [min, max] = round ? [first * step, last * step] : [from, to];
  return { min, max, ticks, label: linearLabel(step, Math.max(-min, max)), place: (v) => (v - min) / (max - min) };
};

/** A logarithmic axis over positive values, from a power of ten to a power of ten. */
export const logAxis = (values: readonly number[]): Axis => {
  const [low, high] = extent(values.filter((v) => v >= smallest));
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(high) - 1e-9));
  const step = Math.ceil((to - from) / 6);
  const powers = Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
  return {
    min: 10 ** from,
    max: 10 ** to,
    ticks: powers.map((p) => 10 ** p),
    label: (tick) =>
      tick >= 1e-4 && tick < 1e6 ? String(Number(tick.toPrecision(1))) : `1e${Math.round(Math.log10(tick))}`,
    place: (v) => (Math.log10(v) - from) / (to - from),
  };
};

/** The least and the greatest finite value; 0 and 1 where there is none. */
const extent = (values: readonly number[]): readonly [number, number] => {
  const finite = values.filter((v) => Math.abs(v) < largest).map((v) => (Math.abs(v) < smallest ? 0 : v));
  return finite.length === 0
    ? [0, 1]
    : [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
};
