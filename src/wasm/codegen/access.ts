// Loads and stores of a vector's worth of elements: contiguous, the same for all lanes, reversed, transposed by tiles, or lane by lane.
import { byteSize } from '../../core/dtype.ts';
import { range, type Index } from '../../core/index-expr.ts';
import { coefficient } from './forms.ts';
import type { Load } from './guards.ts';
import {
  condition,
  decompose,
  laneIndex,
  maskOf,
  sum,
  type Condition,
  type Form,
  type Memory,
  type Points,
} from './index-code.ts';
import type { Graph, Node } from './node.ts';
import { literal, select } from './ops.ts';
import type { StoreItem } from './statement.ts';

const SPLAT: Readonly<Record<number, string>> = { 4: 'v128.load32_splat', 8: 'v128.load64_splat' };

// Bytes 0 or 1 -> mask lanes.
const boolLanes = (g: Graph, bytes: Node): Node =>
  g.op('i32x4.gt_s', g.op('i32x4.extend_low_i16x8_s', g.op('i16x8.extend_low_i8x16_s', bytes)), g.i32x4(0));

/** Loads a vector; lanes that are no points may hold anything. */
export const lowerLoad = (p: Points, e: Load): Node => {
  const { g, lanes } = p;
  const m = p.memory(e.buffer);
  const form = decompose(p, e.index);
  const floor = m.level ?? 0;
  if (m.vector !== undefined)
    return g.load('v128.load', sum(g, form, m.vector.stride, form.constant, m.base), m.vector.offset, floor);

  const size = byteSize(m.dtype);
  const [lo, hi] = range(e.index);
  const inside = lo >= 0 && hi < m.length;
  const own = condition(p, e.guards);
  const mask = maskOf(g, own);
  const filled = (v: Node): Node => (mask === null ? v : select(g, mask, v, literal(g, e.fill, e.dtype), e.dtype));
  const safety = inside ? { uniform: null, lanes: null } : condition(p, [...e.guards, ...(e.safety ?? [])]);
  // Constant parts go into the instruction where the address without them is one.
  const fixed = lo - e.index.offset >= 0 && form.constant >= 0 && inside;
  const offset = fixed ? form.constant * size : 0;
  const constantPart = fixed ? 0 : form.constant;
  const start = (): Node => {
    if (safety.uniform === null && safety.lanes === null) return sum(g, form, size, constantPart, m.base);
    const varying: Form = { ...form, terms: form.terms.filter((t) => p.vector !== null && isVector(p, t.node)) };
    const uniform: Form = { ...form, terms: form.terms.filter((t) => !varying.terms.includes(t)) };
    if (safety.lanes === null && form.step >= 0 && form.step * (p.vector?.extent ?? 1) <= m.length) {
      const index = g.op('i32.mul', sum(g, uniform, 1, constantPart), safety.uniform!);
      return sum(g, varying, size, 0, m.base, g.times(index, size));
    }
    // Near the buffer wherever a lane is valid, and not far off it otherwise.
    const index = sum(g, form, 1, constantPart);
    const above = minMax(g, index, -lanes, 'max');
    return g.add(m.base, g.times(minMax(g, above, m.length, 'min'), size));
  };

  if (form.lanewise === null && form.step === 0) {
    // The same element for all lanes, whichever of them may read it.
    const near = (): Node => {
      const index = sum(g, form, 1, constantPart);
      return g.add(m.base, g.times(g.op('i32.mul', index, g.op('i32.lt_u', index, g.i32(m.length))), size));
    };
    const address = safety.lanes === null ? start() : near();
    if (size === 1)
      return filled(g.op('i32x4.gt_s', g.op('i32x4.splat', g.load('i32.load8_u', address, offset, floor)), g.i32x4(0)));
    return filled(g.load(SPLAT[size]!, address, offset, floor));
  }
  if (form.lanewise === null && form.step === 1) {
    const address = start();
    if (size === 1)
      return filled(
        boolLanes(g, g.load(lanes === 4 ? 'v128.load32_zero' : 'v128.load16_splat', address, offset, floor)),
      );
    return filled(g.load(size * lanes === 16 ? 'v128.load' : 'v128.load64_zero', address, offset, floor));
  }
  if (form.lanewise === null && form.step === -1 && size !== 1 && inside) {
    const address = sum(g, form, size, form.constant - (lanes - 1), m.base);
    const v = g.load(size * lanes === 16 ? 'v128.load' : 'v128.load64_zero', address, 0, floor);
    return filled(
      size === 8 ? g.shuffle(v, v, 1, 0) : lanes === 4 ? g.shuffle(v, v, 3, 2, 1, 0) : g.shuffle(v, v, 1, 0, 1, 0),
    );
  }
  return filled(gather(p, e, m, form, safety, floor));
};

const isVector = (p: Points, n: Node): boolean => n === p.at(p.vector!).node;

const minMax = (g: Graph, x: Node, bound: number, which: 'min' | 'max'): Node =>
  g.op('select', x, g.i32(bound), g.op(which === 'min' ? 'i32.lt_s' : 'i32.gt_s', x, g.i32(bound)));

const gather = (p: Points, e: Load, m: Memory, form: Form, safety: Condition, floor: number): Node => {
  const { g } = p;
  const size = byteSize(m.dtype);
  const mask = maskOf(g, safety);
  let addresses: (lane: number) => { readonly address: Node; readonly offset: number };
  const tile = p.tile;
  if (
    tile !== undefined &&
    form.lanewise === null &&
    mask === null &&
    size === 4 &&
    p.valid === 4 &&
    form.step > 0 &&
    coefficient(e.index, tile.axis) === 1
  ) {
    // Four vectors along the tile's rows, transposed; the other rows of the tile share them.
    const corner = sum(g, form, size, form.constant - tile.row, m.base);
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => g.load('v128.load', corner, k * form.step * size, floor)) as [
      Node,
      Node,
      Node,
      Node,
    ];
    const half = tile.row < 2 ? [0, 4, 1, 5] : [2, 6, 3, 7];
    return g.shuffle(
      g.shuffle(a, b, ...half),
      g.shuffle(c, d, ...half),
      ...(tile.row % 2 === 0 ? [0, 1, 4, 5] : [2, 3, 6, 7]),
    );
  }
  if (form.lanewise === null && mask === null) {
    const forward = form.step > 0;
    const address = sum(g, form, size, form.constant, m.base);
    addresses = (k) =>
      forward
        ? { address, offset: k * form.step * size }
        : { address: g.add(address, g.i32(k * form.step * size)), offset: 0 };
  } else {
    let index = laneIndex(p, form);
    if (mask !== null) index = g.op('v128.and', index, mask);
    const bytes = size === 1 ? index : g.op('i32x4.shl', index, g.i32(Math.log2(size)));
    addresses = (k) => ({ address: g.add(m.base, g.lane('i32x4.extract_lane', k, bytes)), offset: 0 });
  }
  if (size === 1) {
    let out = g.i32x4(0);
    for (let k = 0; k < p.valid; k++) {
      const { address, offset } = addresses(k);
      out = g.lane('i32x4.replace_lane', k, out, g.load('i32.load8_u', address, offset, floor));
    }
    return g.op('i32x4.gt_s', out, g.i32x4(0));
  }
  const first = addresses(0);
  let out = g.load(size === 8 ? 'v128.load64_zero' : 'v128.load32_zero', first.address, first.offset, floor);
  for (let k = 1; k < p.valid; k++) {
    const { address, offset } = addresses(k);
    out = g.loadLane(size === 8 ? 'v128.load64_lane' : 'v128.load32_lane', address, out, k, offset);
  }
  return out;
};

/** The stores of a vector's valid lanes. */
export const lowerStore = (p: Points, buffer: number, i: Index, value: Node): readonly StoreItem[] => {
  const { g, lanes, valid } = p;
  const m = p.memory(buffer);
  const form = decompose(p, i);
  if (m.vector !== undefined)
    return [
      {
        op: 'v128.store',
        address: sum(g, form, m.vector.stride, form.constant, m.base),
        offset: m.vector.offset,
        value,
        lane: 0,
      },
    ];
  const size = byteSize(m.dtype);
  const fixed = range(i)[0] - i.offset >= 0 && form.constant >= 0;
  const offset = fixed ? form.constant * size : 0;
  const bits = size * 8;
  const lane = (address: Node, k: number, at: number, v: Node): StoreItem => ({
    op: `v128.store${bits}_lane`,
    address,
    offset: at,
    value: v,
    lane: k,
  });
  let v = value;
  if (size === 1) {
    const words = g.op('i16x8.narrow_i32x4_s', value, value);
    v = g.op('v128.and', g.op('i8x16.narrow_i16x8_s', words, words), g.i32x4(0x01010101));
  }
  if (form.lanewise === null && (form.step === 1 || p.vector === null || form.step === 0)) {
    const address = sum(g, form, size, fixed ? 0 : form.constant, m.base);
    if (p.vector === null || form.step === 0) return [lane(address, 0, offset, v)];
    if (valid === lanes) {
      if (size * lanes === 16) return [{ op: 'v128.store', address, offset, value: v, lane: 0 }];
      return [{ op: `v128.store${bits * lanes}_lane`, address, offset, value: v, lane: 0 }];
    }
    return Array.from({ length: valid }, (_, k) => lane(address, k, offset + k * size, v));
  }
  if (form.lanewise === null) {
    const address = sum(g, form, size, form.constant, m.base);
    return Array.from({ length: valid }, (_, k) =>
      form.step > 0
        ? lane(address, k, k * form.step * size, v)
        : lane(g.add(address, g.i32(k * form.step * size)), k, 0, v),
    );
  }
  const index = laneIndex(p, form);
  const bytes = size === 1 ? index : g.op('i32x4.shl', index, g.i32(Math.log2(size)));
  return Array.from({ length: valid }, (_, k) => lane(g.add(m.base, g.lane('i32x4.extract_lane', k, bytes)), k, 0, v));
};
