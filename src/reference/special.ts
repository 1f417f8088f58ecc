// Special functions in float64 by series, continued fractions and iteration: other algorithms than the compiled expansions, so that each checks the other.

/** exp(-x^2) without the error of a rounded square. */
const expMinusSquare = (x: number): number => {
  const h = Math.fround(x);
  return Math.exp(-h * h) * Math.exp((h - x) * (h + x));
};

// erf(x) = 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (2n+1)!!; every term has the sign of x (Abramowitz & Stegun 7.1.6).
const erfSeries = (x: number): number => {
  const z = 2 * x * x;
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= z / (2 * n + 1);
    sum += term;
    if (term <= sum * 1e-18 && x > 0) break;
  }
  return sum * expMinusSquare(x) * (2 / Math.sqrt(Math.PI));
};
// Continued fraction of Laplace (A&S 7.1.14), evaluated backwards; for x > 0.5.
const erfcFraction = (x: number): number => {
  let f = x;
  for (let n = Math.ceil(25 + 180 / (x * x)); n >= 1; n--) f = x + n / 2 / f;
  return expMinusSquare(x) / (f * Math.sqrt(Math.PI));
};

/** The error function. */
export const erf = (x: number): number => {
  const a = Math.abs(x);
  if (!(a < 6)) return Math.sign(x);
  if (a === 0) return x;
  return Math.sign(x) * (a < 0.75 ? erfSeries(a) : 1 - erfcFraction(a));
};

/** 1 - erf(x), right relative to its size in the tail. */
export const erfc = (x: number): number => {
  if (Number.isNaN(x)) return x;
  if (x > 28) return 0;
  if (x < -6) return 2;
  if (x < -0.5) return 2 - erfcFraction(-x);
  return x <= 0.5 ? 1 - Math.sign(x) * (x === 0 ? 0 : erfSeries(Math.abs(x))) : erfcFraction(x);
};

/** The inverse of erf on (-1, 1): Halley's iteration on erf, or on erfc near the ends. */
export const erfinv = (x: number): number => {
  const a = Math.abs(x);
  if (!(a <= 1)) return NaN;
  if (a === 1) return x * Infinity;
  if (a < 1e-9) return x * (Math.sqrt(Math.PI) / 2);
  // Winitzki's estimate, good to three digits.
  const l = Math.log1p(-a * a);
  const t = 2 / (Math.PI * 0.147) + l / 2;
  let y = Math.sqrt(Math.sqrt(t * t - l / 0.147) - t);
  for (let i = 0; i < 4; i++) {
    const f = a < 0.5 ? erf(y) - a : 1 - a - erfc(y);
    const u = f / (expMinusSquare(y) * (2 / Math.sqrt(Math.PI)));
    const step = u / (1 + y * u);
    y -= step;
    if (Math.abs(step) < 1e-9 * y) break; // cubic convergence: the next step would be below rounding
  }
  return Math.sign(x) * y;
};

// zeta(k) - 1 for k = 2 .. 70: direct terms up to 29, then Euler-Maclaurin.
const zetaMinus1: readonly number[] = Array.from({ length: 71 }, (_, k) => {
  if (k < 2) return 0;
  const n = 30;
  let sum = n ** (1 - k) / (k - 1) + n ** -k / 2;
  let rising = k * n ** (-k - 1);
  [12, -720, 30240, -1209600, 47900160].forEach((bernoulli, i) => {
    sum += rising / bernoulli;
    rising *= ((k + 2 * i + 1) * (k + 2 * i + 2)) / (n * n);
  });
  for (let i = n - 1; i >= 2; i--) sum += i ** -k;
  return sum;
});
const eulerGamma = 0.5772156649015329;
// lgamma(2 + z) for |z| <= 0.5 (A&S 6.1.33, shifted).
const lgammaNear2 = (z: number): number => {
  let sum = 0;
  for (let k = 70; k >= 2; k--) sum = sum * -z + zetaMinus1[k]! / k;
  return z * (1 - eulerGamma + z * sum);
};

// sin(pi x), exact in its zeros and signs.
const sinPi = (x: number): number => {
  const r = x - 2 * Math.round(x / 2);
  return Math.abs(r) <= 0.25
    ? Math.sin(Math.PI * r)
    : Math.abs(r) <= 0.75
      ? Math.sign(r) * Math.cos(Math.PI * (Math.abs(r) - 0.5))
      : Math.sin(Math.PI * (Math.sign(r) - r));
};

/** log |gamma(x)|; +inf at 0, -1, -2, ... */
export const lgamma = (x: number): number => {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) === Infinity) return Infinity;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x < 0) return Math.abs(x) < 1e-20 ? -Math.log(-x) : Math.log(Math.PI / Math.abs(x * sinPi(x))) - lgamma(-x);
  if (x < 0.5) return lgammaNear2(x) - Math.log1p(x) - Math.log(x);
  if (x < 1.5) return lgammaNear2(x - 1) - Math.log1p(x - 1);
  if (x <= 2.5) return lgammaNear2(x - 2);
  if (x < 15) {
    let product = 1;
    let y = x;
    while (y > 2.5) product *= --y;
    return Math.log(product) + lgammaNear2(y - 2);
  }
  const z = 1 / (x * x);
  const series =
    (1 / 12 + z * (-1 / 360 + z * (1 / 1260 + z * (-1 / 1680 + z * (1 / 1188 + z * (-691 / 360360)))))) / x;
  return x > 1e300
    ? x * (Math.log(x) - 1)
    : (x - 0.5) * (Math.log(x) - 1) + (0.5 * Math.log(2 * Math.PI) - 0.5) + series;
};

/** The derivative of lgamma; NaN at the negative integers and -inf or +inf at 0 by the sign of the zero. */
export const digamma = (x: number): number => {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x === -Infinity || (x < 0 && Number.isInteger(x))) return NaN;
  if (x < 0) {
    const r = x - Math.round(x);
    const cot = Math.abs(r) < 0.25 ? 1 / Math.tan(Math.PI * r) : Math.tan(Math.PI * (Math.sign(r) * 0.5 - r));
    return digamma(1 - x) - Math.PI * cot;
  }
  if (x === Infinity) return x;
  let y = x;
  let shift = 0;
  while (y < 12) shift += 1 / y++;
  const z = 1 / (y * y);
  const series =
    z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12))))));
  return Math.log(y) - 0.5 / y - series - shift;
};

// exp(-|x|) I_v(x), v = 0 or 1: the power series, every term positive, or Hankel's expansion (A&S 9.6.10, 9.7.1).
const besselIe = (x: number, order: 0 | 1): number => {
  const a = Math.abs(x);
  if (Number.isNaN(a)) return a;
  if (a === Infinity) return 0;
  if (a < 30) {
    const q = (a * a) / 4;
    let term = order === 0 ? 1 : a / 2;
    let sum = term;
    for (let k = 1; k < 120; k++) {
      term *= q / (k * (k + order));
      sum += term;
    }
    return sum * Math.exp(-a);
  }
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 25; k++) {
    term *= -(4 * order * order - (2 * k - 1) ** 2) / (k * 8 * a);
    sum += term;
  }
  return sum / Math.sqrt(2 * Math.PI * a);
};
/** exp(-|x|) I0(x). */
export const i0e = (x: number): number => besselIe(x, 0);
/** exp(-|x|) I1(x). */
export const i1e = (x: number): number => (x === 0 ? x : Math.sign(x) * besselIe(x, 1));
