// Scalar operations as SIMD instructions: 4 lanes of 32 bits, or 2 lanes of float64 with 32-bit values in the low words. A bool is a mask of 32-bit lanes.
import type { DType } from '../../core/dtype.ts';
import type { OpExpr } from '../../core/expr.ts';
import type { FuncHandle } from '../encode.ts';
import type { SimpleOp } from '../opcodes.ts';
import type { Graph, Node } from './node.ts';

export interface OpContext {
  readonly g: Graph;
  readonly lanes: 2 | 4;
  /** A helper function (f64, f64) -> f64: fmod. */
  readonly fmod: () => FuncHandle;
  /** Fused multiply-add where the engine has it. */
  readonly relaxed: boolean;
}

type Shape = 'f32x4' | 'f64x2' | 'i32x4';
export const shapeOf = (d: DType): Shape => (d === 'float32' ? 'f32x4' : d === 'float64' ? 'f64x2' : 'i32x4');

/** A mask of 32-bit lanes from one of 64-bit lanes, and back. */
export const narrow = (g: Graph, m: Node): Node => g.shuffle(m, m, 0, 2, 0, 2);
export const widen = (g: Graph, m: Node): Node => g.shuffle(m, m, 0, 0, 1, 1);

export const maskFor = (g: Graph, mask: Node, d: DType): Node => (d === 'float64' ? widen(g, mask) : mask);
const isZero = (n: Node): boolean => n.op === 'const' && n.bytes !== null && n.bytes.every((b) => b === 0);

// A choice is three instructions on x86; against zero it is one, and so is the smaller or larger of two.
export const select = (g: Graph, mask: Node, then: Node, otherwise: Node, d: DType): Node => {
  if (then === otherwise) return then;
  const [x, y] = mask.args;
  // pmin(a, b) = b < a ? b : a, and pmax(a, b) = a < b ? b : a, NaN and signed zeros as the comparison has them.
  if (
    d === 'float32' &&
    (mask.op === 'f32x4.lt' || mask.op === 'f32x4.gt') &&
    (then === x || then === y) &&
    (otherwise === x || otherwise === y)
  )
    return g.op((mask.op === 'f32x4.lt') === (then === x) ? 'f32x4.pmin' : 'f32x4.pmax', otherwise, then);
  if (isZero(then)) return g.op('v128.andnot', otherwise, maskFor(g, mask, d));
  if (isZero(otherwise)) return g.op('v128.and', then, maskFor(g, mask, d));
  return g.blend(then, otherwise, maskFor(g, mask, d));
};

export const literal = (g: Graph, value: number, d: DType): Node => {
  if (d === 'float32') return g.f32x4(value);
  if (d === 'float64') return g.f64x2(value);
  return g.i32x4(d === 'bool' ? (value !== 0 ? -1 : 0) : value | 0);
};

const ordered: Readonly<Record<string, string>> = { eq: 'eq', ne: 'ne', lt: 'lt', le: 'le', gt: 'gt', ge: 'ge' };

const compare = (c: OpContext, op: string, d: DType, a: Node, b: Node): Node => {
  const { g } = c;
  if (d === 'bool') {
    const not = (x: Node): Node => g.op('v128.not', x);
    switch (op) {
      case 'eq':
        return not(g.op('v128.xor', a, b));
      case 'ne':
        return g.op('v128.xor', a, b);
      case 'lt':
        return g.op('v128.andnot', b, a);
      case 'gt':
        return g.op('v128.andnot', a, b);
      case 'le':
        return g.op('v128.or', not(a), b);
      default:
        return g.op('v128.or', a, not(b));
    }
  }
  const sign =
    d === 'int32' && op !== 'eq' && op !== 'ne' ? '_s' : d === 'uint32' && op !== 'eq' && op !== 'ne' ? '_u' : '';
  const mask = g.op(`${shapeOf(d)}.${ordered[op]!}${sign}` as SimpleOp, a, b);
  return d === 'float64' ? narrow(g, mask) : mask;
};

const constantLane = (n: Node): number | null => {
  if (n.op !== 'const' || n.bytes === null) return null;
  return new Int32Array(Uint8Array.from(n.bytes).buffer)[0]!;
};

// Exact: the quotient of two 32-bit integers in float64 never rounds across an integer.
const integerDivide = ({ g, lanes }: OpContext, a: Node, b: Node, signed: boolean): Node => {
  const s = signed ? 's' : 'u';
  const half = (x: Node, y: Node): Node =>
    g.op(
      `i32x4.trunc_sat_f64x2_${s}_zero`,
      g.op('f64x2.div', g.op(`f64x2.convert_low_i32x4_${s}`, x), g.op(`f64x2.convert_low_i32x4_${s}`, y)),
    );
  const high = (x: Node): Node => (x.op === 'const' ? x : g.shuffle(x, x, 2, 3, 2, 3));
  let q = half(a, b);
  if (lanes === 4) q = g.shuffle(q, half(high(a), high(b)), 0, 1, 4, 5);
  const divisor = constantLane(b);
  // x / 0 is -1 (all ones), and the quotient that overflows wraps, as XLA has it.
  if (divisor === null || divisor === 0) q = g.op('v128.or', q, g.op('i32x4.eq', b, g.i32x4(0)));
  if (signed && (divisor === null || divisor === -1))
    q = g.blend(g.op('i32x4.neg', a), q, g.op('i32x4.eq', b, g.i32x4(-1)));
  return q;
};

const perLane = ({ g, lanes }: OpContext, f: (lane: number) => Node): Node => {
  let out = g.i32x4(0);
  for (let i = 0; i < lanes; i++) out = g.lane('i32x4.replace_lane', i, out, f(i));
  return out;
};

const shiftBy = (c: OpContext, op: 'shl' | 'shr', d: DType, x: Node, n: Node): Node => {
  const { g } = c;
  const name = op === 'shl' ? 'shl' : d === 'int32' ? 'shr_s' : 'shr_u';
  const count = constantLane(n);
  const all = op === 'shr' && d === 'int32';
  if (count !== null) {
    if (count >= 0 && count < 32) return count === 0 ? x : g.op(`i32x4.${name}` as SimpleOp, x, g.i32(count));
    return all ? g.op('i32x4.shr_s', x, g.i32(31)) : g.i32x4(0);
  }
  const extract = (v: Node, i: number): Node => g.lane('i32x4.extract_lane', i, v);
  const shifted = perLane(c, (i) =>
    g.op(`i32.${name}` as SimpleOp, extract(x, i), extract(all ? g.op('i32x4.min_u', n, g.i32x4(31)) : n, i)),
  );
  return all ? shifted : g.op('v128.and', shifted, g.op('i32x4.lt_u', n, g.i32x4(32)));
};

const convert = ({ g }: OpContext, x: Node, from: DType, to: DType): Node => {
  if (from === to) return x;
  if (to === 'bool') {
    if (from === 'float64') return narrow(g, g.op('f64x2.ne', x, g.f64x2(0)));
    return from === 'float32' ? g.op('f32x4.ne', x, g.f32x4(0)) : g.op('i32x4.ne', x, g.i32x4(0));
  }
  if (from === 'bool') {
    if (to === 'float64') return g.op('v128.and', widen(g, x), g.f64x2(1));
    return g.op('v128.and', x, to === 'float32' ? g.f32x4(1) : g.i32x4(1));
  }
  switch (from) {
    case 'float32':
      if (to === 'float64') return g.op('f64x2.promote_low_f32x4', x);
      return g.op(to === 'int32' ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f32x4_u', x);
    case 'float64':
      if (to === 'float32') return g.op('f32x4.demote_f64x2_zero', x);
      return g.op(to === 'int32' ? 'i32x4.trunc_sat_f64x2_s_zero' : 'i32x4.trunc_sat_f64x2_u_zero', x);
    default:
      if (to === 'float32') return g.op(from === 'int32' ? 'f32x4.convert_i32x4_s' : 'f32x4.convert_i32x4_u', x);
      if (to === 'float64')
        return g.op(from === 'int32' ? 'f64x2.convert_low_i32x4_s' : 'f64x2.convert_low_i32x4_u', x);
      return x;
  }
};

const floatRemainder = (c: OpContext, a: Node, b: Node, d: DType): Node => {
  const { g, lanes } = c;
  const f = c.fmod();
  let out = literal(g, 0, d);
  for (let i = 0; i < lanes; i++) {
    if (d === 'float64')
      out = g.lane(
        'f64x2.replace_lane',
        i,
        out,
        g.call(f, g.lane('f64x2.extract_lane', i, a), g.lane('f64x2.extract_lane', i, b)),
      );
    else {
      const wide = (x: Node): Node => g.op('f64.promote_f32', g.lane('f32x4.extract_lane', i, x));
      out = g.lane('f32x4.replace_lane', i, out, g.op('f32.demote_f64', g.call(f, wide(a), wide(b))));
    }
  }
  return out;
};

const BITWISE: Readonly<Record<string, SimpleOp>> = { and: 'v128.and', or: 'v128.or', xor: 'v128.xor' };
const ROUND: Readonly<Record<string, string>> = {
  floor: 'floor',
  ceil: 'ceil',
  trunc: 'trunc',
  round: 'nearest',
  sqrt: 'sqrt',
};

// Fused multiply-add, one rounding less, where the engine has it. A sum or difference of two products stays as it is: fusing one
// of them would make x * x - y * y differ from zero at x = y.
const isProduct = (n: Node): boolean => n.op === 'f32x4.mul' || n.op === 'f64x2.mul';
const fused = ({ g, relaxed }: OpContext, shape: Shape, a: Node, b: Node): Node | null => {
  if (!relaxed || isProduct(a) === isProduct(b)) return null;
  const [product, rest] = isProduct(a) ? [a, b] : [b, a];
  return g.op(`${shape}.relaxed_madd` as SimpleOp, product.args[0]!, product.args[1]!, rest);
};
const negated = ({ g, relaxed }: OpContext, shape: Shape, a: Node, b: Node): Node | null =>
  !relaxed || isProduct(a) || !isProduct(b)
    ? null
    : g.op(`${shape}.relaxed_nmadd` as SimpleOp, b.args[0]!, b.args[1]!, a);

/** One operation on vectors. `args` are rendered already. */
export const lowerOp = (c: OpContext, e: OpExpr, args: readonly Node[]): Node => {
  const { g } = c;
  const [a, b, third] = args as readonly [Node, Node, Node];
  const d = e.args[0]!.dtype;
  const shape = shapeOf(d);
  const op = (name: string, ...xs: readonly Node[]): Node => g.op(`${shape}.${name}` as SimpleOp, ...xs);
  const float = shape !== 'i32x4';
  switch (e.op) {
    case 'add':
      if (d === 'bool') return g.op('v128.or', a, b);
      return fused(c, shape, a, b) ?? op('add', a, b);
    case 'sub':
      return negated(c, shape, a, b) ?? op('sub', a, b);
    case 'mul':
      if (d === 'bool') return g.op('v128.and', a, b);
      return op('mul', a, b);
    case 'div':
      return float ? op('div', a, b) : integerDivide(c, a, b, d === 'int32');
    case 'rem': {
      if (float) return floatRemainder(c, a, b, d);
      return g.op('i32x4.sub', a, g.op('i32x4.mul', integerDivide(c, a, b, d === 'int32'), b));
    }
    case 'neg':
      return op('neg', a);
    case 'abs':
      return d === 'uint32' || d === 'bool' ? a : op('abs', a);
    case 'sqrt':
    case 'floor':
    case 'ceil':
    case 'trunc':
    case 'round':
      return float ? op(ROUND[e.op]!, a) : a;
    case 'min':
    case 'max':
      if (d === 'bool') return g.op(e.op === 'min' ? 'v128.and' : 'v128.or', a, b);
      return op(float ? e.op : `${e.op}_${d === 'int32' ? 's' : 'u'}`, a, b);
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return compare(c, e.op, d, a, b);
    case 'and':
    case 'or':
    case 'xor':
      return g.op(BITWISE[e.op]!, a, b);
    case 'not':
      return g.op('v128.not', a);
    case 'shl':
    case 'shr':
      return shiftBy(c, e.op, d, a, b);
    case 'select':
      return select(g, a, b, third, e.dtype);
    case 'convert':
      return convert(c, a, d, e.dtype);
    case 'bitcast':
      return a;
    case 'ldexp':
      if (d === 'float64')
        return g.op(
          'f64x2.mul',
          a,
          g.op('i64x2.shl', g.op('i64x2.extend_low_i32x4_s', g.op('i32x4.add', b, g.i32x4(1023))), g.i32(52)),
        );
      return g.op('f32x4.mul', a, g.op('i32x4.shl', g.op('i32x4.add', b, g.i32x4(127)), g.i32(23)));
    case 'exponent':
      if (d === 'float64') {
        const high = g.shuffle(a, a, 1, 3, 1, 3);
        return g.op('i32x4.sub', g.op('v128.and', g.op('i32x4.shr_u', high, g.i32(20)), g.i32x4(0x7ff)), g.i32x4(1023));
      }
      return g.op('i32x4.sub', g.op('v128.and', g.op('i32x4.shr_u', a, g.i32(23)), g.i32x4(0xff)), g.i32x4(127));
    case 'significand':
      if (d === 'float64')
        return g.op('v128.or', g.op('v128.and', a, g.i32x4(-1, 0x800fffff | 0, -1, 0x800fffff | 0)), g.f64x2(1));
      return g.op('v128.or', g.op('v128.and', a, g.i32x4(0x807fffff | 0)), g.f32x4(1));
    default:
      throw new Error(`wasm: the operation ${e.op} should have been expanded before code generation`);
  }
};
