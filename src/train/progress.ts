// Progress of a loop as a value, and as a line of text: a bar, the metrics, the speed and the time that is left.

/** How far a loop has come. Times are in milliseconds of any clock that does not run backwards. */
export interface Progress {
  readonly total: number;
  readonly done: number;
  readonly startedAt: number;
  readonly at: number;
  /** The steps that were done at `at`. */
  readonly doneThen: number;
  /** Steps a second, averaged over the last few seconds; 0 before the first step. */
  readonly rate: number;
}

/**
 * A loop of `total` steps that begins now.
 *
 * @example
 * let progress = startProgress(batchCount(train, { size: 64 }), performance.now());
 */
export const startProgress = (total: number, now: number): Progress => ({
  total,
  done: 0,
  startedAt: now,
  at: now,
  doneThen: 0,
  rate: 0,
});

// The first steps compile, so that an average from the start would say too little for long; a window of seconds forgets.
const memory = 2000;

/**
 * The progress after `steps` more steps.
 *
 * @example
 * progress = advance(progress, performance.now());
 */
export const advance = (progress: Progress, now: number, steps = 1): Progress => {
  const time = now - progress.at;
  const done = progress.done + steps;
  // Ticks within the clock's resolution are timed together with the next one.
  if (!(time >= 1e-3)) return { ...progress, done };
  const weight = progress.rate === 0 ? 1 : 1 - Math.exp(-time / memory);
  const rate = progress.rate + weight * (((done - progress.doneThen) * 1000) / time - progress.rate);
  return { ...progress, done, at: now, doneThen: done, rate };
};

/** How the line looks. */
export interface LineOptions {
  /** What stands in front: `epoch 2/5`. */
  readonly label?: string;
  /** What is counted, and how many of it a step is: `{ unit: 'images', perStep: 64 }`; plain steps unless told. */
  readonly unit?: string;
  readonly perStep?: number;
  /** Cells of the bar; 20 unless told, 0 for none. */
  readonly bar?: number;
}

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '--:--';
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
};

/** A number in about four digits, of steady width while its size stays the same. */
export const showMetric = (value: number): string => {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 4);
};

const bar = (share: number, cells: number): string => {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return `${'━'.repeat(filled)}${'─'.repeat(cells - filled)}`;
};

/**
 * The line: `epoch 2/5 ━━━━━━━━━━────────── 59/118  loss 0.1234  4102 images/s  00:03 < 00:03`, the last two the time gone
 * and the time left.
 *
 * @example
 * progressLine(progress, { loss }, { label: `epoch ${epoch}`, unit: 'images', perStep: 64 });
 */
export const progressLine = (
  { total, done, startedAt, at, rate }: Progress,
  metrics: Readonly<Record<string, number>> = {},
  { label = '', unit = 'steps', perStep = 1, bar: cells = 20 }: LineOptions = {},
): string => {
  const count = `${String(done).padStart(String(total).length)}/${total}`;
  const head = [label, cells > 0 ? bar(total === 0 ? 1 : done / total, cells) : '', count]
    .filter((s) => s !== '')
    .join(' ');
  const values = Object.entries(metrics).map(([name, value]) => `${name} ${showMetric(value)}`);
  const speed = rate === 0 ? [] : [`${showSpeed(rate * perStep)} ${unit}/s`];
  const left = done >= total ? 0 : rate === 0 ? Infinity : (total - done) / rate;
  return [head, ...values, ...speed, `${duration((at - startedAt) / 1000)} < ${duration(left)}`].join('  ');
};

const showSpeed = (rate: number): string => (rate >= 10 ? String(Math.round(rate)) : rate.toPrecision(2));
