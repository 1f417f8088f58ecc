// Learning rate schedules: functions from the number of updates made so far to a rate, usable inside jit.
import {
  abs,
  ArgumentError,
  clip,
  floor,
  less,
  maximum,
  minimum,
  mod,
  pow,
  scalar,
  sin,
  square,
  Tensor,
  where,
  type TensorLike,
} from '../public.ts';

/** The rate for update `count` (0, 1, 2, ...; a scalar tensor or a number), as a float32 scalar; float64 where the count is. */
export type Schedule = (count: TensorLike) => Tensor;
/** A fixed rate, or a schedule of them. */
export type Rate = TensorLike | Schedule;

export const toSchedule = (rate: Rate): Schedule => (typeof rate === 'function' ? rate : constant(rate));

const typeOf = (count: TensorLike): 'float32' | 'float64' =>
  count instanceof Tensor && count.dtype === 'float64' && !count.weak ? 'float64' : 'float32';
const steps = (count: TensorLike): Tensor =>
  count instanceof Tensor ? count.astype(typeOf(count)) : scalar(Number(count));

const positive = (op: string, name: string, n: number): void => {
  if (!(n > 0)) throw new ArgumentError(op, `${name} must be greater than 0, got ${String(n)}`);
};

/**
 * Always the same.
 * @example
 * constant(0.1)(5); // 0.1
 */
export const constant =
  (value: TensorLike): Schedule =>
  (count) =>
    value instanceof Tensor ? value : scalar(Number(value), { dtype: typeOf(count) });

/**
 * From `start` to `end` in equal steps over `transition` updates, then `end` (`optax.linear_schedule`).
 * @example
 * linear(0, 1, 4)(1); // 0.25
 */
export const linear = (start: number, end: number, transition: number): Schedule =>
  polynomial(start, end, 1, transition);

/** start to end as (1 - t/transition)^power (`optax.polynomial_schedule`). */
export const polynomial = (start: number, end: number, power: number, transition: number): Schedule => {
  positive('polynomial', 'transition', transition);
  return (count) => {
    const left = clip(
      steps(count)
        .mul(-1 / transition)
        .add(1),
      0,
      1,
    );
    return (power === 1 ? left : pow(left, power)).mul(start - end).add(end);
  };
};

/**
 * Half a cosine from `peak` to `alpha * peak` over `decay` updates, then constant (Loshchilov & Hutter, 2017;
 * `optax.cosine_decay_schedule`).
 * @example
 * cosine(1, 10)(10); // 0
 */
export const cosine = (
  peak: number,
  decay: number,
  options: { readonly alpha?: number; readonly wave?: boolean } = {},
): Schedule => {
  positive('cosine', 'decay', decay);
  const { alpha = 0, wave = false } = options;
  return (count) => {
    // Updates to the end. With `wave` the rate climbs again after it, as PyTorch's CosineAnnealingLR does.
    const left = wave ? abs(mod(steps(count), 2 * decay).sub(decay)) : minimum(steps(count), decay).neg().add(decay);
    // (1 + cos x) / 2 as sin((pi - x) / 2)^2, which cancels nothing near the end.
    const half = left.mul(Math.PI / (2 * decay));
    return square(sin(half))
      .mul((1 - alpha) * peak)
      .add(alpha * peak);
  };
};

/** Linear warm-up from `start` to `peak` over `warmup` updates, then half a cosine to `end` at `total` (`optax.warmup_cosine_decay_schedule`). */
export const warmupCosine = (
  peak: number,
  warmup: number,
  total: number,
  options: { readonly start?: number; readonly end?: number } = {},
): Schedule => {
  const { start = 0, end = 0 } = options;
  if (!(total > warmup))
    throw new ArgumentError('warmupCosine', `total (${total}) must be greater than warmup (${warmup})`);
  return join(
    [
      warmup === 0 ? constant(peak) : linear(start, peak, warmup),
      cosine(peak, total - warmup, { alpha: peak === 0 ? 0 : end / peak }),
    ],
    [warmup],
  );
};

/**
 * rate * decay^(count / every), the exponent rounded down with `staircase` (`optax.exponential_decay`).
 * @example
 * exponential(1, 0.5)(3); // 0.125
 */
export const exponential = (
  rate: number,
  decay: number,
  options: { readonly every?: number; readonly staircase?: boolean; readonly end?: number } = {},
): Schedule => {
  const { every = 1, staircase = false, end } = options;
  positive('exponential', 'every', every);
  return (count) => {
    const t = steps(count).div(every);
    const value = pow(decay, staircase ? floor(t) : t).mul(rate);
    return end === undefined ? value : decay < 1 ? maximum(value, end) : minimum(value, end);
  };
};

/**
 * The rate times every factor whose boundary has been reached (`optax.piecewise_constant_schedule`).
 * @example
 * piecewiseConstant(1, { 10: 0.1, 20: 0.5 })(15); // 0.1
 */
export const piecewiseConstant =
  (rate: number, factors: Readonly<Record<number, number>>): Schedule =>
  (count) =>
    Object.entries(factors).reduce(
      (value, [boundary, factor]) => where(less(steps(count), Number(boundary)), value, value.mul(factor)),
      constant(rate)(count),
    );

/** rate * gamma^floor(count / size) (PyTorch's StepLR). */
export const step = (rate: number, size: number, gamma = 0.1): Schedule =>
  exponential(rate, gamma, { every: size, staircase: true });

/** Schedules one after the other: the i-th runs from boundary i-1, counting anew (`optax.join_schedules`). */
export const join = (schedules: readonly Schedule[], boundaries: readonly number[]): Schedule => {
  if (schedules.length !== boundaries.length + 1)
    throw new ArgumentError(
      'join',
      `${schedules.length} schedules need ${schedules.length - 1} boundaries, got ${boundaries.length}`,
    );
  return (count) => {
    const t = steps(count);
    return boundaries.reduce((value, b, i) => where(less(t, b), value, schedules[i + 1]!(t.sub(b))), schedules[0]!(t));
  };
};

/** Cosine decay that restarts at `peak`; each period is `factor` times as long as the one before (SGDR, Loshchilov & Hutter, 2017). Periods listed for `restarts` of them. */
export const cosineRestarts = (
  peak: number,
  period: number,
  options: { readonly factor?: number; readonly end?: number; readonly restarts?: number } = {},
): Schedule => {
  const { factor = 1, end = 0, restarts = 16 } = options;
  const alpha = peak === 0 ? 0 : end / peak;
  if (factor === 1) return (count) => cosine(peak, period, { alpha })(mod(steps(count), period));
  const periods = Array.from({ length: restarts }, (_, i) => period * factor ** i);
  const boundaries = periods
    .slice(0, -1)
    .reduce<number[]>((list, p) => [...list, (list[list.length - 1] ?? 0) + p], []);
  return join(
    periods.map((p) => cosine(peak, p, { alpha })),
    boundaries,
  );
};
