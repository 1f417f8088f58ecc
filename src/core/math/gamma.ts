// lgamma and digamma: a polynomial about 2 (or the root of digamma), Stirling's series beyond, reflection for negative arguments.
import type { Expr } from '../expr.ts';
import {
  abs,
  add,
  and,
  by,
  constant,
  div,
  eq,
  ge,
  gt,
  is32,
  le,
  lt,
  mul,
  ne,
  neg,
  or,
  poly,
  round,
  sel,
  sub,
} from './build.ts';
import { logPositive } from './log.ts';

// lgamma(u) / ((u - 1)(u - 2)) in u - 1.75 on [1, 2.5].
const between1And2: readonly [readonly number[], readonly number[]] = [
  [
    0.4501393139362335, -0.11948158591985703, 0.04452059045433998, -0.01905416138470173, 0.00877346284687519,
    -0.004223373252898455, 0.002116888528689742, -0.001077144406735897, 0.00047542547690682113, -0.00023683134349994361,
    0.0002474170469213277, -0.00013734045205637813,
  ],
  [
    0.4501393121092563, -0.11948158662524266, 0.04452044719850938, -0.01905395783026139, 0.008776370425280046,
    -0.004226194125163537, 0.002095533879164508, -0.0010605660943539018, 0.0005448970037876191, -0.00028319035376001955,
    0.0001485166285835442, -7.8464098538731e-5, 4.17063281451091e-5, -2.226798970571121e-5, 1.194563707057126e-5,
    -6.488547429891362e-6, 3.5173987857964733e-6, -1.7662729444850316e-6, 9.406997500915073e-7, -7.579765084187687e-7,
    4.3674183595076517e-7, 3.5266248261333506e-8, -3.480893072694333e-8, -1.5815137598948037e-7, 9.155519175214132e-8,
  ],
];
// (lgamma(x) - (x - 1/2)(log x - 1) - (log(2 pi) - 1) / 2) x in 1 / x^2 for x >= 4.5.
const stirling: readonly [readonly number[], readonly number[]] = [
  [0.0833333283662796, -0.0027770446613430977, 0.0007528777350671589],
  [
    0.08333333333333333, -0.00277777777776656, 0.0007936507873642218, -0.0005952367318020275, 0.000841601227809074,
    -0.0019081353413668756, 0.0060518504394686335, -0.020989065727217777, 0.04863436013992679,
  ],
];
// sin(pi r) / r in r^2 on |r| <= 1/2.
const sinPi: readonly [readonly number[], readonly number[]] = [
  [3.1415927410125732, -5.167709827423096, 2.550069808959961, -0.5982421636581421, 0.07756040245294571],
  [
    3.141592653589793, -5.167712780049969, 2.550164039877294, -0.5992645293187382, 0.0821458865698921,
    -0.007370430478756855, 0.00046629968874222904, -2.190318533577076e-5, 7.69472640505608e-7,
  ],
];

/** lgamma(a) for a > 0; anything for a = 0. */
const lgammaPositive = (a: Expr): Expr => {
  // One step up or two down reach [1, 2.5); what they multiply up to is under one logarithm.
  const low = lt(a, 1);
  const [high, higher, large] = [ge(a, 2.5), ge(a, 3.5), ge(a, 4.5)];
  const one = sub(a, 1);
  const two = sub(a, 2);
  // t = u - 1, written so that nothing near 1 or 2 is lost.
  const t = sel(low, a, sel(high, sel(higher, sub(two, 1), two), one));
  const down = sel(high, sel(higher, mul(one, two), one), constant(1, a));
  const l = logPositive(sel(or(large, low), a, down));
  const near = mul(mul(t, sub(t, 1)), poly(sub(t, 0.75), by(a, ...between1And2)));
  const small = add(near, sel(low, neg(l), l));
  const inverse = div(1, a);
  const series = mul(inverse, poly(mul(inverse, inverse), by(a, ...stirling)));
  const half = (Math.log(2 * Math.PI) - 1) / 2;
  return sel(large, add(mul(sub(a, 0.5), sub(l, 1)), add(series, half)), small);
};

/** log |gamma(x)|; +inf at 0, -1, -2, ... and at both infinities. Near its negative zeros the error is absolute, not relative. */
export const lgamma = (x: Expr): Expr => {
  const a = abs(x);
  const y = lgammaPositive(a);
  const r = abs(sub(a, round(a)));
  const sine = mul(r, poly(mul(r, r), by(x, ...sinPi)));
  const reflected = sub(logPositive(div(Math.PI, mul(a, sine)), true), y);
  // Below the threshold both signs have the same logarithm, and a * sine would underflow.
  const negative = and(lt(x, 0), gt(a, by(x, 2 ** -30, 2 ** -60)));
  const pole = and(le(x, 0), eq(r, 0));
  const finite = sel(pole, constant(Infinity, x), sel(negative, reflected, y));
  return sel(lt(a, Infinity), finite, a);
};

const root: readonly [readonly [number, number], readonly [number, number]] = [
  [1.4616321325302124, 1.2438149938918909e-8],
  [1.4616321449683622, 9.549995429965697e-17],
];
// digamma(1.5 + t) / (1.5 + t - root) on |t| <= 1/2.
const aboutRoot: readonly [readonly number[], readonly number[]] = [
  [
    0.9510558843612671, -0.42362746596336365, 0.24053838849067688, -0.1483999639749527, 0.09511739015579224,
    -0.062039997428655624, 0.03936187922954559, -0.025872405618429184, 0.023924225941300392, -0.016221214085817337,
  ],
  [
    0.951055876031833, -0.4236274212814606, 0.24054248424077398, -0.1484049230538901, 0.09498872445497232,
    -0.061922133274692794, 0.04076083381081932, -0.026975796691369517, 0.017907252481262702, -0.011908219417048463,
    0.007926944019855314, -0.0052799462861165165, 0.0035190121134399364, -0.0023454205564524145, 0.0015565995369764148,
    -0.0010368432207637393, 0.0007234363441314957, -0.00048472712647971674, 0.00022702633502178518,
    -0.0001469830169600589, 0.000259850485995856, -0.0001765591703044426,
  ],
];
// (log x - 1 / (2 x) - digamma(x)) x^2 in 1 / x^2, for x >= 2 (float32) or 3 (float64).
const asymptotic: readonly [readonly number[], readonly number[]] = [
  [0.0833333283662796, -0.008331883698701859, 0.003913101740181446, -0.0034046820364892483, 0.0024730840232223272],
  [
    0.08333333333333327, -0.008333333333184957, 0.0039682538999089075, -0.004166654253841388, 0.00757457830404332,
    -0.021025308119082608, 0.08079998927056266, -0.37696334775697654, 1.7744444819194023, -6.896951604980441,
    17.980735624382913, -22.469846271688603,
  ],
];
// pi r cot(pi r) / (1 - 4 r^2) in r^2 on |r| <= 1/2.
const cotPi: readonly [readonly number[], readonly number[]] = [
  [
    1, 0.7101265788078308, 0.67621248960495, 0.6611346006393433, 0.750882089138031, 0.21643292903900146,
    1.764856219291687,
  ],
  [
    1, 0.7101318663035299, 0.6758809977970359, 0.6688378666002973, 0.6671967929204152, 0.6667965369301914,
    0.666731228845084, 0.6661558253445756, 0.672598776336689, 0.6184199524393894, 0.94627956588838,
    -0.47054310601143134, 3.7935602540071525, -4.695698128499526, 5.351687159084243,
  ],
];

// digamma(a + low) for a > 0; low is below a's last bit.
const digammaPositive = (a: Expr, low: Expr): Expr => {
  const largeFrom = by(a, 2, 3);
  const below1 = lt(a, 1);
  const between = ge(a, 2);
  // digamma(a) = digamma(a + 1) - 1 / a = digamma(a - 1) + 1 / (a - 1).
  const less = sub(a, 1);
  const u: Expr = is32(a) ? sel(below1, add(a, 1), a) : sel(below1, add(a, 1), sel(between, less, a));
  const [rootHigh, rootLow] = by(a, ...root);
  const near = mul(add(sub(u, rootHigh), sub(low, rootLow)), poly(sub(u, 1.5), by(a, ...aboutRoot)));
  const inverse = div(1, a);
  const step: Expr = is32(a) ? sel(below1, neg(inverse), 0) : sel(below1, neg(inverse), sel(between, div(1, less), 0));
  const z = mul(inverse, inverse);
  const far = sub(logPositive(a, true), add(mul(inverse, 0.5), mul(z, poly(z, by(a, ...asymptotic)))));
  return sel(ge(a, largeFrom), sel(lt(a, Infinity), far, a), add(near, step));
};

/** The derivative of lgamma; NaN at negative integers, -inf at 0 and +inf at -0. Near its negative zeros the error is absolute. */
export const digamma = (x: Expr): Expr => {
  const negative = le(x, 0);
  // Past abs, no compiler takes 1 - (1 - x) for x.
  const mirror = abs(sub(1, x));
  const lost = sub(sub(1, mirror), x);
  const y = digammaPositive(sel(negative, mirror, x), sel(negative, lost, 0));
  const r = sub(x, round(x));
  const a = abs(r);
  const cot = div(mul(mul(mul(sub(0.5, a), add(a, 0.5)), 4), poly(mul(r, r), by(x, ...cotPi))), r);
  const reflected = sel(ne(r, 0), sub(y, cot), NaN);
  return sel(negative, sel(eq(x, 0), div(-1, x), reflected), y);
};
